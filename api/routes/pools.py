"""The file of a pool."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.access.gate import ToReadFiles
from api.access.view import View
from api.answers import answered
from api.deps import Served
from api.file_parts import FILE_PROBLEMS, found_json
from api.language import Language
from api.models_files import PoolFileModel
from api.openapi import responses
from api.problems import Problem, ProblemError
from facts.names import Role
from pipeline.lookup import attributed
from store.files import FileStore

router = APIRouter(tags=["files"])


@router.get(
    "/v1/pools/{name}",
    operation_id="getPool",
    summary="The file of a pool",
    response_model=PoolFileModel,
    response_description="Its addresses, and who works for it.",
    responses=responses({}, *FILE_PROBLEMS),
)
def read_pool(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    name: Annotated[
        str,
        Path(description="Name of the pool, as verdicts tell it.", max_length=200, examples=["example-pool"]),
    ],
) -> Response:
    """Return which addresses are a pool, and who of those that the account may see works for it."""
    found = FileStore(services.database).pool_verdicts(name, services.verdicts)
    view = View(services, asker.account)
    shown = view.verdicts(found, attributed(services, found))
    if not shown:
        raise ProblemError(Problem.UNKNOWN_RECORD)
    own = [one for one in shown if one[0].verdict.role is Role.POOL]
    coins = {coin for stored, _ in shown for coin in stored.verdict.coins}
    body = {
        "type": "pool",
        "name": name,
        "coins": sorted(coins),
        "addresses": sorted({view.address(str(stored.verdict.address)) for stored, _ in own}),
        **found_json(services, view, shown, lang),
    }
    return answered(request, body, lang)
