"""The gate: who asks, whether they may, and what for. A route names the permission that it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Header, Request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from api.access.refusals import Refusals
from api.access.remembered import Remembered
from api.access.trail import record
from api.problems import Problem, ProblemError
from api.threads import in_thread
from store.access import AccessStore, Account, Denied
from store.access_rules import EVERYTHING_FOUND, WHOLE_COUNTRY, AccountRole, Department, Permission
from store.access_secrets import csrf_token, token_digest
from store.audit import AuditStore
from store.audit_writer import AuditWriter
from store.row_security import see_division

COOKIE = "minescope_session"
MIN_PURPOSE, MAX_PURPOSE = 3, 200
"""Characters of a stated purpose."""
RATE = "60000/minute"
"""Requests of one account."""
STRANGER_RATE = "120/minute"
"""Requests of one client address that named nobody."""
LOGIN_RATE = "10/minute"
"""Log-ins tried from one client address, and for one name."""
_GRANTED = 10_000  # accounts whose granted requests are remembered at most
_USERS = b"users"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Mode(StrEnum):
    """Who is let in."""

    CLOSED = "closed"
    """Accounts only."""
    OPEN = "open"
    """Whoever reaches the port: for one person on one machine."""
    UNTIL_USERS = "until-users"
    """As OPEN while there is no account, then as CLOSED."""


LOCAL = Account("local", AccountRole.ANALYST, WHOLE_COUNTRY, Department.OTHER, EVERYTHING_FOUND)
"""The person at a machine without accounts."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and what for."""

    account: Account
    purpose: str


class Gate:
    """Lets requests in; used from the event loop's thread."""

    def __init__(
        self,
        access: AccessStore,
        audit: AuditStore,
        writer: AuditWriter,
        mode: Mode,
        clock: Callable[[], int],
        rate: str = RATE,
    ) -> None:
        self.access = access
        self.audit = audit
        self.writer = writer
        self.clock = clock
        self.refusals = Refusals(writer, clock)
        self._mode = mode
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._rate = parse(rate)
        self._stranger_rate = parse(STRANGER_RATE)
        self._login_rate = parse(LOGIN_RATE)
        self._grant = max(1, self._rate.amount // 1000)
        self._granted: dict[str, int] = {}
        self._accounts = Remembered[Account](clock)
        self._has_users = Remembered[bool](clock)

    async def admit(self, request: Request, permission: Permission | None, stated: str | None) -> Asker:
        """Return who asks. Raises ProblemError: 401, 403, 400 without a purpose, or 429.

        None as permission: any account, and no purpose is needed, since nothing is looked up.
        """
        account = await self._account(request)
        asked = record(request, account)
        if permission is not None and permission not in account.may:
            raise ProblemError(Problem.FORBIDDEN, permission=permission.value)
        if permission is not None:
            asked.purpose = read_purpose(stated)
        self._spend_of(account, request)
        see_division(account.division)
        return Asker(account, asked.purpose)

    async def log_in(
        self, request: Request, name: str, password: str, code: str | None
    ) -> tuple[str, Account]:
        """Return a new session's token and whose it is. Raises ProblemError."""
        self.spend_log_in(request)
        self._spend(self._login_rate, "log-in as", name)
        asked = record(request, None)
        asked.subject = f"log-in as {name[:64]}"
        token = await in_thread(self.access.log_in, name, password, code)
        if isinstance(token, Denied):
            # One sentence for all that is wrong: who guesses learns nothing of names, and locks stay silent.
            raise ProblemError(Problem.CODE_WANTED if token is Denied.CODE else Problem.LOGIN_REFUSED)
        account = asked.account = await self.account_of(token)
        return token, account

    async def account_of(self, token: str) -> Account:
        """Return whose new session it is. Raises ProblemError where it was closed meanwhile."""
        account = await in_thread(self.access.by_session, token)
        if account is None:
            raise ProblemError(Problem.LOGIN_REFUSED)
        return account

    def spend_log_in(self, request: Request) -> None:
        """Spend one log-in of a client address. Raises ProblemError."""
        self._spend(self._login_rate, "log-in from", _client(request))

    def forget(self, token: str) -> None:
        """Remember a token no longer: its session has ended."""
        self._accounts.forget(token_digest(token))

    async def _account(self, request: Request) -> Account:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme:
            if scheme.lower() == "bearer" and (
                account := await self._remember(token.strip(), self.access.by_key)
            ):
                return account
        elif token := request.cookies.get(COOKIE, ""):
            if account := await self._remember(token, self.access.by_session):
                if request.method not in _SAFE and request.headers.get("x-csrf-token") != csrf_token(token):
                    record(request, account)
                    raise ProblemError(Problem.CSRF)
                return account
        elif await self._is_open():
            return LOCAL
        client = _client(request)
        self._spend(self._stranger_rate, "stranger", client)
        self.refusals.count(Problem.UNAUTHENTICATED.value.name, client)
        raise ProblemError(Problem.UNAUTHENTICATED, headers={"WWW-Authenticate": 'Bearer realm="minescope"'})

    async def _remember(self, token: str, find: Callable[[str], Account | None]) -> Account | None:
        return await self._accounts.of(token_digest(token), partial(find, token))

    async def _is_open(self) -> bool:
        if self._mode is Mode.UNTIL_USERS and await self._has_users.of(_USERS, self.access.has_users):
            self._mode = Mode.CLOSED
        return self._mode is not Mode.CLOSED

    def _spend_of(self, account: Account, request: Request) -> None:
        """Spend one request of an account; asked for a thousandth of its rate at a time, which is cheaper.

        What is beyond leaves no entry of its own, but is counted: a program that asks fills no disk.
        """
        left = self._granted.get(account.actor, 0)
        if left == 0:
            if len(self._granted) >= _GRANTED:
                self._granted.clear()
            left = self._grant
            if not self._limiter.hit(self._rate, "account", account.actor, cost=left):
                left = 1
                try:
                    self._spend(self._rate, "account", account.actor)
                except ProblemError:
                    del request.state.asked
                    raise
        self._granted[account.actor] = left - 1

    def _spend(self, rate: Any, *who: str) -> None:
        if not self._limiter.hit(rate, *who):
            self.refusals.count(Problem.TOO_MANY_REQUESTS.value.name, who[-1])
            raise ProblemError(Problem.TOO_MANY_REQUESTS, headers={"Retry-After": "10"})


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def read_purpose(stated: str | None) -> str:
    """Read X-Purpose: UTF-8, or percent-encoded UTF-8. Raises ProblemError where it says nothing."""
    try:
        purpose = unquote_to_bytes((stated or "").encode("latin-1")).decode("utf-8")
    except UnicodeError:
        purpose = stated or ""
    purpose = " ".join(purpose.split())
    if not MIN_PURPOSE <= len(purpose) <= MAX_PURPOSE or not purpose.isprintable():
        raise ProblemError(Problem.PURPOSE_MISSING, least=MIN_PURPOSE, most=MAX_PURPOSE)
    return purpose


def needs(permission: Permission | None) -> Any:
    """Return the dependency of a route that only those with a permission may call."""
    if permission is None:

        async def known(request: Request) -> Asker:
            gate: Gate = request.app.state.gate
            return await gate.admit(request, None, None)

        known.permission = None  # type: ignore[attr-defined]  # the table of routes is read from here
        return Depends(known)

    async def admitted(
        request: Request,
        purpose: Annotated[
            str | None,
            Header(
                alias="X-Purpose",
                description="Why you ask: a case number or a reason, 3 to 200 characters, kept in the audit.",
                examples=["case 2026-017"],
            ),
        ] = None,
    ) -> Asker:
        gate: Gate = request.app.state.gate
        return await gate.admit(request, permission, purpose)

    admitted.permission = permission  # type: ignore[attr-defined]
    return Depends(admitted)


ToLookUp = Annotated[Asker, needs(Permission.LOOKUP)]
ToListHits = Annotated[Asker, needs(Permission.HITS)]
ToReadFiles = Annotated[Asker, needs(Permission.FILES)]
ToReadEvidence = Annotated[Asker, needs(Permission.EVIDENCE)]
ToExport = Annotated[Asker, needs(Permission.EXPORT)]
ToDecide = Annotated[Asker, needs(Permission.DECIDE)]
ToKeepLists = Annotated[Asker, needs(Permission.LISTS)]
ToWatchProbes = Annotated[Asker, needs(Permission.PROBES)]
ToReadAudit = Annotated[Asker, needs(Permission.AUDIT)]
ToSeeAccounts = Annotated[Asker, needs(Permission.ACCOUNTS)]
Anyone = Annotated[Asker, needs(None)]
"""Any account."""
