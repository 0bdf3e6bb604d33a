"""Accounts and keys, as the security administrator sees them; `minescope users` changes them."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access.gate import Gate, ToSeeAccounts
from api.answers import answered
from api.language import Language
from api.models_access import AccountsModel
from api.openapi import ASKED, responses
from api.problems import Problem
from facts.instant import rfc3339
from store.access_rules import lies_in

router = APIRouter(tags=["access"])


@router.get(
    "/v1/accounts",
    operation_id="listAccounts",
    summary="List accounts and keys",
    response_model=AccountsModel,
    response_description="Every account and every key.",
    responses=responses({}, *ASKED, Problem.STORE_UNAVAILABLE),
)
def list_accounts(request: Request, lang: Language, asker: ToSeeAccounts) -> Response:
    """List the accounts of the own region with what they may see, and their keys; nothing that opens any."""
    gate: Gate = request.app.state.gate
    users = [u for u in gate.access.users() if lies_in(u.division, asker.account.division)]
    names = {user.name for user in users}
    accounts = [
        {
            "name": user.name,
            "role": user.role.value,
            "division": user.division,
            "department": user.department.value,
            "second_factor": user.second_factor,
            "disabled": user.disabled,
            "locked_until": None if user.locked_until_ns is None else rfc3339(user.locked_until_ns),
            "created": rfc3339(user.created_ns),
        }
        for user in users
    ]
    keys = [
        {
            "account": key.user,
            "prefix": key.prefix,
            "scopes": list(key.scopes),
            "label": key.label,
            "expires": rfc3339(key.expires_ns),
            "revoked": key.revoked,
        }
        for key in gate.access.api_keys()
        if key.user in names
    ]
    return answered(request, {"accounts": accounts, "keys": keys}, lang)
