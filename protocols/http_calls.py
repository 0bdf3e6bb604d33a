"""What the dialects of mining over HTTP share: who asks, what was asked, and what came back.

A stream has one `Visit`. A dialect's reader turns a request into events and, where an answer is awaited, a
`Call`; the call's own reader turns the answer into events. Events carry the offset of the HTTP message.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from protocols.events import Login, PoolEvent, Refused, ReportedHashrate, ShareResult, Subscribe
from protocols.http_body import Body
from protocols.http_head import Head
from protocols.jsonrpc import Message, failure_of, number, text
from protocols.parser import Side
from protocols.targets import hashes_of_target
from protocols.wallets import read_account

GETWORK = "getwork"
TEMPLATE = "getblocktemplate"
CHIA = "stratum-chia"

MAX_USERS = 64
"""Accounts remembered of one stream, so that each is told once."""
MAX_BASIC = 1024
"""Characters of a Basic credential that are decoded."""

_COOKIE = "__cookie__"  # the user name of a node's own password file: no account
_WALLET_IN_URL = re.compile(
    r"(?<![0-9A-Za-z])(0[xX][0-9a-fA-F]{40})(?:[/.@:+]([\w-]{1,64}))?(?![0-9A-Za-z])", re.ASCII
)

_E = TypeVar("_E", bound=PoolEvent)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    head: Head
    side: Side
    message: Message
    """Its JSON; for a request without, an empty object."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `message` is None where the body is no JSON that could be read whole."""

    head: Head
    side: Side
    body: Body
    message: Message | None


@dataclass(frozen=True, slots=True)
class Call:
    """A mining request that waits for its answer."""

    protocol: str
    method: str
    id: object
    answer: "Callable[[Call, Reply], Iterable[PoolEvent]]"

    def event(self, kind: type[_E], reply: Reply, /, **fields: Any) -> _E:
        """Make an event of the answer."""
        return kind(protocol=self.protocol, side=reply.side, offset=reply.head.offset, **fields)


def event(kind: type[_E], protocol: str, asked: Asked, /, **fields: Any) -> _E:
    """Make an event of a request."""
    return kind(protocol=protocol, side=asked.side, offset=asked.head.offset, **fields)


class Visit:
    """What is known of the miner of one stream."""

    def __init__(self) -> None:
        self.templates = False
        """Whether block templates were asked for here."""
        self._told: set[tuple[str, str]] = set()
        self._hashrate = 0.0

    def introduced(self, protocol: str) -> None:
        """Learn that the miner introduced itself in the message."""
        self._first(protocol, "")

    def introduce(
        self, asked: Asked, protocol: str, *, wallet: bool = False, method: str = ""
    ) -> list[PoolEvent]:
        """Tell what the head says of the miner, once: account, program, hashrate.

        The account is the user of Basic authorization (the password is not kept), else, where `wallet`, the
        wallet in the URL.
        """
        head, method = asked.head, asked.message.method or method or asked.head.method
        agent = text(head.value("user-agent")) or None
        found: list[PoolEvent] = []
        user, worker = basic_user(head), None
        if user is None and wallet and (named := _WALLET_IN_URL.search(head.target)) is not None:
            user, worker = named.group(), named.group(2)
        if user is not None and self._first(protocol, user):
            self._first(protocol, "")
            found.append(login(asked, protocol, user, worker, agent))
        elif agent is not None and self._first(protocol, ""):
            found.append(event(Subscribe, protocol, asked, method=method, agent=agent))
        hashrate = number(head.value("x-mining-hashrate"))
        if hashrate and hashrate != self._hashrate:
            self._hashrate = hashrate
            found.append(event(ReportedHashrate, protocol, asked, hashrate=hashrate))
        return found

    def _first(self, protocol: str, user: str) -> bool:
        if (protocol, user) in self._told or len(self._told) >= MAX_USERS:
            return False
        self._told.add((protocol, user))
        return True


def login(
    asked: Asked, protocol: str, user: str, worker: str | None = None, agent: str | None = None
) -> Login:
    """Tell of an account; `worker` where it stands apart, else it is what follows the account."""
    account = read_account(user)
    return event(
        Login,
        protocol,
        asked,
        method=asked.message.method or asked.head.method,
        user=text(user),
        wallet=text(account.wallet),
        coin=account.coin,
        worker=text(worker or account.worker) or None,
        agent=agent,
    )


def worker_of(head: Head) -> str | None:
    """Return the worker that the user of Basic authorization names."""
    user = basic_user(head)
    return text(read_account(user).worker) or None if user else None


def basic_user(head: Head) -> str | None:
    """Return the user name of Basic authorization (RFC 7617); None for none."""
    scheme, _, credential = head.value("authorization").partition(" ")
    if scheme.lower() != "basic" or len(credential) > MAX_BASIC:
        return None
    try:
        plain = base64.b64decode(credential.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    user = plain.partition(b":")[0].decode("utf-8", "replace")
    return user if user and user != _COOKIE else None


def refusal(call: Call, reply: Reply) -> list[PoolEvent]:
    """Read the refusal of a request: an error of JSON-RPC, else the status of HTTP; nothing for neither."""
    failure = failure_of(reply.message.error) if reply.message is not None else None
    if failure is not None:
        code, words = failure.code, failure.message
    elif reply.head.status >= 400:
        code, words = reply.head.status, text(reply.head.reason) or None
    else:
        return []
    return [call.event(Refused, reply, method=call.method, code=code, message=words)]


def share_refusal(call: Call, reply: Reply) -> list[PoolEvent]:
    """Read the refusal of a share; nothing where it was not refused in so many words."""
    return [
        call.event(ShareResult, reply, accepted=False, code=told.code, message=told.message)
        for told in refusal(call, reply)
        if isinstance(told, Refused)
    ]


def hashes_of_bits(bits: str) -> float | None:
    """Return the expected hashes for a block, of `nBits` as 8 hex digits, highest byte first."""
    compact = int(bits, 16)
    size, mantissa = compact >> 24, compact & 0x7FFFFF
    if compact & 0x800000 or not 3 <= size <= 32:
        return None
    return hashes_of_target(mantissa << 8 * (size - 3))
