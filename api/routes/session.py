"""Sessions of a browser: log in, say who is logged in, log out."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.access.gate import COOKIE, Anyone, Gate
from api.answers import answered
from api.language import Language
from api.models_access import SessionModel
from api.openapi import responses
from api.problems import Problem
from api.small_body import SmallBodyRoute
from store.access import SESSION_S, Account
from store.access_secrets import csrf_token

HINT_COOKIE = "minescope_id_token"
"""Where a browser keeps the ID token that the log-out of its provider asks for (single_sign_on.py)."""
HINT_PATH = "/v1/session/oidc/end"
"""The only path that it is sent to."""
router = APIRouter(tags=["access"], route_class=SmallBodyRoute)


class LogIn(BaseModel):
    """Who logs in."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=64, examples=["li"])
    password: str = Field(max_length=256, examples=["correct horse battery"])
    code: str | None = Field(
        None, max_length=16, description="One-time code, where the account has a second factor."
    )


@router.post(
    "/v1/session",
    operation_id="logIn",
    summary="Log in",
    status_code=201,
    response_model=SessionModel,
    response_description="The session's cookie is set.",
    responses=responses(
        None,
        Problem.LOGIN_REFUSED,
        Problem.CODE_WANTED,
        Problem.BODY_TOO_LARGE,
        Problem.INVALID_REQUEST,
        Problem.TOO_MANY_REQUESTS,
        Problem.STORE_UNAVAILABLE,
    ),
)
async def log_in(request: Request, lang: Language, body: LogIn) -> Response:
    """Begin a session of a browser. Programs use an API key instead.

    Changes in a session need the header `X-CSRF-Token` with the token that is answered here. A session ends
    after 30 minutes without a request, and after 8 hours in any case.
    """
    gate: Gate = request.app.state.gate
    token, account = await gate.log_in(request, body.name, body.password, body.code)
    answer = answered(request, _told(account, csrf_token(token)), lang, status=201)
    set_session(answer, token, secure=request.url.scheme == "https")
    return answer


@router.get(
    "/v1/session",
    operation_id="getSession",
    summary="Who asks",
    response_model=SessionModel,
    response_description="The account, and what it may do.",
    responses=responses({}, Problem.UNAUTHENTICATED, Problem.TOO_MANY_REQUESTS, Problem.STORE_UNAVAILABLE),
)
async def read_session(request: Request, lang: Language, asker: Anyone) -> Response:
    """Say who asks and what they may do, by key or by session."""
    token = None if "authorization" in request.headers else request.cookies.get(COOKIE)
    return answered(request, _told(asker.account, csrf_token(token) if token else None), lang)


@router.delete(
    "/v1/session",
    operation_id="logOut",
    summary="Log out",
    status_code=204,
    response_description="The session has ended.",
    responses=responses(
        None, Problem.UNAUTHENTICATED, Problem.CSRF, Problem.TOO_MANY_REQUESTS, Problem.STORE_UNAVAILABLE
    ),
)
def log_out(request: Request, asker: Anyone) -> Response:
    """End the session of the cookie; a key is not touched."""
    gate: Gate = request.app.state.gate
    if token := request.cookies.get(COOKIE):
        gate.access.end_session(token)
        gate.forget(token)
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    answer.delete_cookie(HINT_COOKIE, path=HINT_PATH, httponly=True, samesite="strict")
    return answer


def set_session(answer: Response, token: str, *, secure: bool) -> None:
    """Give a browser its session: out of reach of scripts and of other sites."""
    answer.set_cookie(COOKIE, token, max_age=SESSION_S, httponly=True, samesite="strict", secure=secure)


def _told(account: Account, csrf: str | None) -> dict[str, Any]:
    return {
        "name": account.name,
        "role": account.role.value,
        "division": account.division,
        "department": account.department.value,
        "permissions": sorted(account.may),
        "key": account.key,
        "csrf_token": csrf,
    }
