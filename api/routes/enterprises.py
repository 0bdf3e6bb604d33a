"""The file of an enterprise."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.access.gate import ToReadFiles
from api.access.view import View
from api.answers import answered
from api.deps import Served
from api.file_parts import FILE_PROBLEMS, found_json, held_json, shown_verdicts, site_json
from api.language import Language
from api.models_files import EnterpriseFileModel
from api.openapi import responses
from api.problems import Problem, ProblemError
from facts.names import Level
from store.access_rules import lies_in
from store.files import FileStore
from store.verdicts import HitFilter

router = APIRouter(tags=["files"])


@router.get(
    "/v1/enterprises/{uscc}",
    operation_id="getEnterprise",
    summary="The file of an enterprise",
    response_model=EnterpriseFileModel,
    response_description="Its addresses, sites, verdicts with evidence, decisions.",
    responses=responses({}, *FILE_PROBLEMS),
)
def read_enterprise(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    uscc: Annotated[
        str,
        Path(
            description="Unified social credit code.",
            pattern="^[0-9A-HJ-NPQRTUWXY]{18}$",
            examples=["91990001MA0000001R"],
        ),
    ],
) -> Response:
    """Return what is held on an enterprise: all its addresses, where they end, what was found of them."""
    file = FileStore(services.database).enterprise(uscc)
    division = asker.account.division
    sites = [] if file is None else [site for site in file.sites if lies_in(site.division, division)]
    # Without a line it stands nowhere yet: that is the whole country's to see.
    if file is None or not (sites or (not file.sites and lies_in(None, division))):
        raise ProblemError(Problem.UNKNOWN_RECORD)
    view = View(services, asker.account)
    here = {site.id for site in sites}
    shown = shown_verdicts(services, view, HitFilter(Level.CLEARED, uscc=uscc))
    body = {
        "type": "enterprise",
        "uscc": file.uscc,
        "name": file.name,
        "address": file.address,
        "legal_form": file.legal_form,
        "industry": file.industry,
        "status": file.status,
        "source": file.source,
        "sites": [site_json(site) for site in sites],
        "assignments": [held_json(one) for one in file.held if one.site in here],
        "more": file.more,
        **found_json(services, view, shown, lang),
    }
    return answered(request, body, lang)
