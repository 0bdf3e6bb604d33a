"""Browser mining: CryptoNote jobs for web pages, as JSON messages over WebSocket, in two vocabularies.

CoinHive's (`type` and `params`; its clones, deepMiner, coin-hive-stratum): auth, authed, job, submit,
hash_accepted, error, banned. webminerpool's (`identifier`): handshake, job, solved, hashsolved, error.
The words are common ones, so structure decides, as in protocols/stratum_cryptonote.py. Messages have no ids:
a pool answers shares in their order, and what it says of a share counts only while one is open.
Sources: docs/protocols/browser-mining.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from protocols.events import Login, LoginResult, Notice, PoolEvent, ShareResult, Submit, Subscribe
from protocols.jsonrpc import MAX_PENDING, Message, text
from protocols.stratum_cryptonote import job_of
from protocols.stratum_session import Grade, Session
from protocols.stratum_shapes import is_hex, label
from protocols.targets import hashes_of_cryptonote
from protocols.wallets import read_account

PROTOCOL = "browser-mining"

_MODES = ("anonymous", "user", "token")
"""What CoinHive's `type` of an account may be."""

Reader = Callable[[Message], Iterable[PoolEvent]]


class BrowserMining:
    """One connection of a web page with its pool."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._login = False
        """Whether a login waits for its answer."""
        self._shares = 0
        """Shares that wait for theirs."""
        self._types: dict[str, Reader] = {
            "auth": self._auth,
            "authed": self._authed,
            "job": self._params_job,
            "submit": self._params_submit,
            "hash_accepted": self._hash_accepted,
            "error": self._params_failure,
            "banned": self._params_failure,
        }
        self._identifiers: dict[str, Reader] = {
            "handshake": self._handshake,
            "job": self._body_job,
            "solved": self._body_submit,
            "hashsolved": self._accepted,
            "error": self._body_failure,
        }

    def reader(self, message: Message) -> Reader | None:
        """Return what reads a message; None for one of neither vocabulary."""
        body = message.body
        word = body.get("identifier")
        if isinstance(word, str):
            return self._identifiers.get(word)
        word = body.get("type")
        if isinstance(word, str) and isinstance(body.get("params"), dict):
            return self._types.get(word)
        return None

    def gap(self) -> None:
        """Forget what was asked: its answer may be what was lost."""
        self._login = False
        self._shares = 0

    def _auth(self, message: Message) -> Iterable[PoolEvent]:
        """Read auth {site_key, type, user, goal, version}; deepMiner names the account userID."""
        params: dict[str, Any] = message.params
        key, user = params.get("site_key"), params.get("user")
        if isinstance(key, str) and key:
            sure = params.get("type") in _MODES or read_account(key).wallet is not None
            return self._named(message, "auth", key, user if isinstance(user, str) else None, sure)
        key = params.get("userID")
        if isinstance(key, str) and key and "version" in params:
            return self._named(message, "auth", key, None, sure=False)
        return []

    def _handshake(self, message: Message) -> Iterable[PoolEvent]:
        """Read handshake {pool, login, password, userid, version} or {loginid, userid, version}."""
        body = message.body
        pool, login, worker = body.get("pool"), body.get("login"), body.get("userid")
        if not isinstance(pool, str) or not isinstance(login, str):
            pool, login = None, body.get("loginid")
        if not isinstance(login, str) or not isinstance(worker, str) or type(body.get("version")) is not int:
            return []
        told = self._named(message, "handshake", login, worker, sure=True)
        if pool:
            host = self._session.event(Subscribe, message, method="handshake", pool_host=text(pool))
            return [host, *told]
        return told

    def _named(
        self, message: Message, method: str, user: str, worker: str | None, sure: bool
    ) -> list[PoolEvent]:
        """Tell of a login; hold it back where the words alone could be another program's."""
        session = self._session
        account = read_account(user)
        fields: dict[str, Any] = {
            "method": method,
            "user": text(user),
            "wallet": text(account.wallet),
            "coin": account.coin,
            "worker": text(worker) or text(account.worker) or None,
        }
        if sure or session.protocol == PROTOCOL:
            session.decide(PROTOCOL, Grade.DECLARED)
            session.held = None
            event = session.event(Login, message, **fields)
            self._login = True
            return [event]
        session.held = Login(protocol=PROTOCOL, side=message.side, offset=message.offset, **fields)
        self._login = True
        return []

    def _authed(self, message: Message) -> Iterable[PoolEvent]:
        """Read authed {token, hashes}: the account's token, and its hashes so far."""
        params: dict[str, Any] = message.params
        if not self._login or "token" not in params or type(params.get("hashes")) is not int:
            return []
        self._session.decide(PROTOCOL, Grade.DECLARED)
        event = self._session.event(LoginResult, message, accepted=True)
        self._login = False
        return [*self._session.release(), event]

    def _params_job(self, message: Message) -> Iterable[PoolEvent]:
        return self._job(message, message.params)

    def _body_job(self, message: Message) -> Iterable[PoolEvent]:
        return self._job(message, message.body)

    def _job(self, message: Message, fields: dict[str, Any]) -> Iterable[PoolEvent]:
        job = job_of(fields)
        if job is None:
            return []
        algorithm = algorithm_of(fields.get("algo"), fields.get("variant"))
        hashes = hashes_of_cryptonote(fields["target"], algorithm)
        job = replace(job, protocol=PROTOCOL, algorithm=algorithm, hashes=hashes)
        told = self._session.work(message, job)
        self._login = False
        return told

    def _params_submit(self, message: Message) -> Iterable[PoolEvent]:
        return self._submit(message, message.params)

    def _body_submit(self, message: Message) -> Iterable[PoolEvent]:
        return self._submit(message, message.body)

    def _submit(self, message: Message, fields: dict[str, Any]) -> Iterable[PoolEvent]:
        """Read a share {job_id, nonce, result}."""
        job_id, nonce = label(fields.get("job_id")), fields.get("nonce")
        if job_id is None or not is_hex(fields.get("result"), 64) or not is_hex(nonce, 8):
            return []
        self._session.decide(PROTOCOL, Grade.SHAPE)
        event = self._session.event(Submit, message, job_id=job_id)
        self._shares = min(self._shares + 1, MAX_PENDING)
        return [*self._session.release(), event]

    def _hash_accepted(self, message: Message) -> Iterable[PoolEvent]:
        """Read hash_accepted {hashes}: the count of all hashes so far, not of this share's."""
        return self._accepted(message) if type(message.params.get("hashes")) is int else []

    def _accepted(self, message: Message) -> Iterable[PoolEvent]:
        if not self._shares:
            return []
        event = self._session.event(ShareResult, message, accepted=True)
        self._shares -= 1
        return [event]

    def _params_failure(self, message: Message) -> Iterable[PoolEvent]:
        """Read error {error}, and banned {banned}, which proxies make of any error of their pool."""
        return self._failure(message, message.params.get("error") or message.body["type"])

    def _body_failure(self, message: Message) -> Iterable[PoolEvent]:
        """Read error {param}; the name of the key is not certain."""
        body = message.body
        words = (
            body[key] for key in ("param", "error", "message", "reason") if isinstance(body.get(key), str)
        )
        return self._failure(message, next(words, None))

    def _failure(self, message: Message, words: object) -> Iterable[PoolEvent]:
        """Tell what a failure answers: the login, or else the oldest open share, or else nothing."""
        session = self._session
        if session.protocol != PROTOCOL:
            if self._login:
                session.held = None  # refused before anything proved what it was
                self._login = False
            return []
        said = text(words)
        if self._login:
            event: PoolEvent = session.event(LoginResult, message, accepted=False, message=said)
            self._login = False
        elif self._shares:
            event = session.event(ShareResult, message, accepted=False, message=said)
            self._shares -= 1
        else:
            event = session.event(Notice, message, method="error", text=said)
        return [event]


def algorithm_of(algo: object, variant: object) -> str | None:
    """Name an algorithm as miners do: `cn/1` of algo `cn` and variant 1; None where no variant is certain.

    Jobs without `algo` are CryptoNight's; a variant of -1 leaves it to the blob.
    """
    name = text(algo, 32) or "cn"
    if "/" in name:
        return name
    if type(variant) is int and 0 <= variant < 100:
        return f"{name}/{variant}"
    if isinstance(variant, str) and variant.isalnum() and len(variant) <= 8:
        return f"{name}/{variant}"
    return name if text(algo, 32) else None
