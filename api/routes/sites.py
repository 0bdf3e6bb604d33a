"""The file of a site."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.access.gate import ToReadFiles
from api.access.view import View
from api.answers import answered
from api.deps import Served
from api.file_parts import FILE_PROBLEMS, found_json, held_json, shown_verdicts, site_json
from api.language import Language
from api.models_files import SiteFileModel
from api.openapi import responses
from api.problems import Problem, ProblemError
from api.selection import Shown
from facts.names import Level
from store.access_rules import lies_in
from store.files import FileStore
from store.verdicts import HitFilter

router = APIRouter(tags=["files"])


MAX_PREFIXES = 64
"""Prefixes of a site whose verdicts are listed."""


@router.get(
    "/v1/sites/{site_id}",
    operation_id="getSite",
    summary="The file of a site",
    response_model=SiteFileModel,
    response_description="Where it is, whose lines end there, what was found.",
    responses=responses({}, *FILE_PROBLEMS),
)
def read_site(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    site_id: Annotated[str, Path(description="Id of the site.", max_length=100, examples=["site-0001"])],
) -> Response:
    """Return what is held on a site."""
    file = FileStore(services.database).site(site_id)
    if file is None or not lies_in(file.site.division, asker.account.division):
        raise ProblemError(Problem.UNKNOWN_RECORD)
    view = View(services, asker.account)
    prefixes = list(dict.fromkeys(one.prefix for one in file.held))[:MAX_PREFIXES]
    shown: dict[int, Shown] = {}
    for prefix in prefixes:
        for stored, held in shown_verdicts(services, view, HitFilter(Level.CLEARED, prefix=prefix)):
            if held.site == site_id:
                shown[stored.id] = stored, held
    body = {
        **site_json(file.site),
        "type": "site",
        "enterprises": [{"uscc": uscc, "name": name} for uscc, name in file.enterprises],
        "assignments": [held_json(one) for one in file.held],
        "more": file.more or len({one.prefix for one in file.held}) > MAX_PREFIXES,
        **found_json(services, view, list(shown.values()), lang),
    }
    return answered(request, body, lang)
