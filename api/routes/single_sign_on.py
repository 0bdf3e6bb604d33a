"""Logging in at the organisation's OpenID provider."""

import html
import logging
import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.access.gate import COOKIE, Gate
from api.access.trail import record
from api.language import TAGS, Lang, Language
from api.oidc.id_token import TokenError
from api.oidc.provider import ProviderError
from api.oidc.sign_on import CrowdedError, RefusedError, SignOn
from api.openapi import responses
from api.problems import Problem, ProblemError, Text
from api.routes.session import HINT_COOKIE, HINT_PATH, set_session
from api.threads import in_thread
from store.access import SESSION_S
from store.identities import LOG_IN_S

LOG_IN_COOKIE = "minescope_log_in"
MAX_HINT = 3500
"""Characters of an ID token that a browser keeps: with its name and rules a cookie has 4,096."""
_PATH = "/v1/session/oidc"
_AFTER = "/docs"
_TOKEN = re.compile(r"[\w-]+(\.[\w-]*){2,4}", re.ASCII)
_log = logging.getLogger("minescope.access")
_DONE = Text("You are logged in.", "您已登录。")
_GO = Text("Go on", "继续")
router = APIRouter(tags=["access"])


class BeginQuery(BaseModel):
    """Where to go afterwards."""

    model_config = ConfigDict(extra="forbid")

    leads_to: str = Field(
        _AFTER,
        pattern=r"^/([!-.0-\[\]-~][!-\[\]-~]*)?$",  # of this server: neither // nor /\ begins it
        max_length=500,
        description="Path of this server that the browser goes to afterwards.",
        examples=["/docs"],
    )


class FinishQuery(BaseModel):
    """What the provider says; it may say more, which is passed over."""

    state: str = Field(max_length=200, description="Names the log-in.")
    code: str | None = Field(None, max_length=4096, description="What the ID token is asked for with.")
    iss: str | None = Field(None, max_length=500, description="The provider (RFC 9207).")
    error: str | None = Field(None, max_length=200, description="Why there is no code.")


@router.get(
    "/v1/session/oidc",
    operation_id="beginLogIn",
    summary="Log in at the provider",
    status_code=303,
    response_class=RedirectResponse,
    response_description="The browser is sent to the provider.",
    responses=responses(
        None,
        Problem.NOT_FOUND,
        Problem.INVALID_REQUEST,
        Problem.TOO_MANY_REQUESTS,
        Problem.STORE_UNAVAILABLE,
        Problem.PROVIDER_UNAVAILABLE,
    ),
)
async def begin_log_in(request: Request, query: Annotated[BeginQuery, Query()]) -> Response:
    """Send a browser to the organisation's OpenID provider. 404 where none is set."""
    sign_on = _sign_on(request)
    gate: Gate = request.app.state.gate
    gate.spend_log_in(request)
    try:
        begun = await sign_on.begin(query.leads_to)
    except ProviderError as error:
        _log.error("%s", error)
        raise ProblemError(Problem.PROVIDER_UNAVAILABLE) from error
    except CrowdedError as error:
        raise ProblemError(Problem.TOO_MANY_REQUESTS, headers={"Retry-After": str(LOG_IN_S)}) from error
    answer = RedirectResponse(begun.url, 303)
    answer.set_cookie(
        LOG_IN_COOKIE,
        begun.browser,
        max_age=LOG_IN_S,
        path=_PATH,
        httponly=True,
        samesite="lax",  # the provider's redirect comes from another site
        secure=sign_on.is_secure,
    )
    return answer


@router.get(
    "/v1/session/oidc/callback",
    operation_id="finishLogIn",
    summary="Come back from the provider",
    response_class=HTMLResponse,
    response_description="The session's cookie is set; the page leads on.",
    responses=responses(
        None,
        Problem.SIGN_ON_REFUSED,
        Problem.NOT_FOUND,
        Problem.INVALID_REQUEST,
        Problem.TOO_MANY_REQUESTS,
        Problem.STORE_UNAVAILABLE,
        Problem.PROVIDER_UNAVAILABLE,
    ),
)
async def finish_log_in(request: Request, lang: Language, query: Annotated[FinishQuery, Query()]) -> Response:
    """Finish a log-in: the provider's answer is checked, and the session begins.

    An identity has the rights that the rules of the settings give to its claims, or those of the account that
    it was linked with; without either it is refused.
    """
    sign_on = _sign_on(request)
    gate: Gate = request.app.state.gate
    gate.spend_log_in(request)
    asked = record(request, None)
    asked.subject = "log-in at the provider"  # the query holds the code
    browser = request.cookies.get(LOG_IN_COOKIE, "")
    try:
        finished = await sign_on.finish(query.state, browser, query.code, query.iss)
    except ProviderError as error:
        _log.error("%s", error)
        raise ProblemError(Problem.PROVIDER_UNAVAILABLE) from error
    except (RefusedError, TokenError) as error:
        _log.warning("a log-in at the provider was refused: %s", str(error)[:300].encode("ascii", "replace"))
        raise ProblemError(Problem.SIGN_ON_REFUSED) from error
    asked.account = await gate.account_of(finished.token)
    answer = _page(finished.leads_to, lang)
    answer.delete_cookie(LOG_IN_COOKIE, path=_PATH, httponly=True, samesite="lax")
    set_session(answer, finished.token, secure=sign_on.is_secure)
    if len(finished.id_token) <= MAX_HINT:  # a longer one is no hint: the provider may ask the person
        answer.set_cookie(
            HINT_COOKIE,
            finished.id_token,
            max_age=SESSION_S,
            path=HINT_PATH,
            httponly=True,
            samesite="strict",
            secure=sign_on.is_secure,
        )
    return answer


@router.get(
    "/v1/session/oidc/end",
    operation_id="endLogIn",
    summary="Log out here and at the provider",
    status_code=303,
    response_class=RedirectResponse,
    response_description="The session here has ended; the browser is sent to the provider to end its own.",
    responses=responses(
        None,
        Problem.NOT_FOUND,
        Problem.TOO_MANY_REQUESTS,
        Problem.STORE_UNAVAILABLE,
        Problem.PROVIDER_UNAVAILABLE,
    ),
)
async def end_log_in(request: Request) -> Response:
    """End the session of the cookie, if there is one, then send the browser to the provider's log-out.

    404 where no provider is set, or where it has no log-out: then `DELETE /v1/session` is all there is. The
    session's cookie comes with requests of this site only, so no other page can end a session so.
    """
    sign_on = _sign_on(request)
    gate: Gate = request.app.state.gate
    gate.spend_log_in(request)
    try:
        url = await sign_on.log_out_url(_hint(request))
    except ProviderError as error:
        _log.error("%s", error)
        raise ProblemError(Problem.PROVIDER_UNAVAILABLE) from error
    if url is None:
        raise ProblemError(Problem.NOT_FOUND, path=request.url.path)
    token = request.cookies.get(COOKIE, "")
    account = await in_thread(gate.access.by_session, token) if token else None
    if account is not None:
        record(request, account)
        await in_thread(gate.access.end_session, token)
        gate.forget(token)
    answer = RedirectResponse(url, 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    answer.delete_cookie(HINT_COOKIE, path=HINT_PATH, httponly=True, samesite="strict")
    return answer


def _hint(request: Request) -> str | None:
    """Return the ID token that the browser kept; None where it kept none, or what cannot be one."""
    kept = request.cookies.get(HINT_COOKIE, "")
    return kept if len(kept) <= MAX_HINT and _TOKEN.fullmatch(kept) else None


def _sign_on(request: Request) -> SignOn:
    sign_on: SignOn | None = request.app.state.sign_on
    if sign_on is None:
        raise ProblemError(Problem.NOT_FOUND, path=request.url.path)
    return sign_on


def _page(leads_to: str, lang: Lang) -> Response:
    """Lead on from a page of this site: a browser sends the strict cookie with no redirect of another one."""
    path = html.escape(leads_to, quote=True)
    text = (
        f"<!doctype html><html lang='{TAGS[lang]}'><meta charset='utf-8'><title>MineScope</title>"
        f"<meta http-equiv='refresh' content='0; url={path}'>"
        f"<p>{_DONE.in_language(lang)} <a href='{path}'>{_GO.in_language(lang)}</a>"
    )
    return HTMLResponse(text, headers={"Content-Language": TAGS[lang], "Vary": "Accept-Language"})
