"""Nimiq's pool protocol, of the years in which it was mined: JSON over WebSocket, `message` names each one.

register, registered, settings, new-block (to nano and dumb clients), share, balance, payout, error. The pool
says nothing of a good share. Targets are for Argon2d, 2^240 at difficulty 1. Sources: the pool protocol in
Nimiq's developer reference, its mining pool; docs/protocols/browser-mining.md.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any

from protocols.events import Difficulty, Login, LoginResult, Notice, PoolEvent, Request, ShareResult, Submit
from protocols.jsonrpc import MAX_PENDING, Message, small, text
from protocols.stratum_session import Grade, Job, Session
from protocols.targets import hashes_of_target
from protocols.wallets import quick_coins_of

PROTOCOL = "stratum-nimiq"
ALGORITHM = "argon2d"
COIN = "NIM"
MODES = ("nano", "smart", "dumb")
HEADER = 146
"""Bytes of a block header: version 2, four hashes of 32, then nBits, height, timestamp, nonce of 4 each."""
HEIGHT_AT = 134

Reader = Callable[[Message], Iterable[PoolEvent]]


class Nimiq:
    """One connection of a miner with its pool."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._registering = False
        self._shares = 0
        """Shares since the last that was refused: an error answers one of them."""
        self._hashes: float | None = None
        self._readers: dict[str, Reader] = {
            "register": self._register,
            "registered": self._registered,
            "settings": self._settings,
            "new-block": self._new_block,
            "share": self._share,
            "payout": self._payout,
            "error": self._error,
        }

    def reader(self, message: Message) -> Reader | None:
        """Return what reads a message; None for one that is not Nimiq's."""
        word = message.body.get("message")
        return self._readers.get(word) if isinstance(word, str) and message.method is None else None

    def gap(self) -> None:
        """Forget what was asked: its answer may be what was lost."""
        self._registering = False
        self._shares = 0

    def _register(self, message: Message) -> Iterable[PoolEvent]:
        """Read {mode, address, deviceId, deviceData, genesisHash}."""
        body = message.body
        address = _address(body.get("address"))
        if address is None or body.get("mode") not in MODES:
            return []
        device = body.get("deviceData")
        data: dict[str, Any] = device if isinstance(device, dict) else {}
        self._session.decide(PROTOCOL, Grade.DECLARED)
        event = self._session.event(
            Login,
            message,
            method="register",
            user=text(body["address"]),
            wallet=address,
            coin=COIN,
            worker=text(data.get("deviceName")) or None,
            agent=text(data.get("minerVersion")) or None,
        )
        self._registering = True
        return [event]

    def _registered(self, message: Message) -> Iterable[PoolEvent]:
        if not self._registering:
            return []
        event = self._session.event(LoginResult, message, accepted=True)
        self._registering = False
        return [event]

    def _settings(self, message: Message) -> Iterable[PoolEvent]:
        """Read {address, extraData, target, targetCompact, nonce}: the pool's address, a share's target."""
        body = message.body
        compact, extra = small(body.get("targetCompact")), _decoded(body.get("extraData"))
        hashes = hashes_of_target(_target(compact)) if compact is not None else None
        if hashes is None or extra is None or _address(body.get("address")) is None:
            return []
        self._session.decide(PROTOCOL, Grade.SHAPE)
        event = self._session.event(Difficulty, message, hashes=hashes)
        self._hashes = hashes
        return [event]

    def _new_block(self, message: Message) -> Iterable[PoolEvent]:
        """Read {bodyHash, accountsHash, previousBlock} (nano), or {blockHeader} (dumb)."""
        body = message.body
        previous = _decoded(body.get("previousBlock"))
        if previous is not None and len(previous) >= HEADER:
            hashes = (_decoded(body.get(key)) for key in ("bodyHash", "accountsHash"))
            if any(one is None or len(one) != 32 for one in hashes):
                return []
            height = _height(previous) + 1
        else:
            header = _decoded(body.get("blockHeader"))
            if header is None or len(header) != HEADER:
                return []
            height = _height(header)
        job = Job(PROTOCOL, None, ALGORITHM, COIN, height, clean=True, hashes=self._hashes)
        return self._session.work(message, job)

    def _share(self, message: Message) -> Iterable[PoolEvent]:
        """Read {block} (nano), {blockHeader, minerAddrProof, ...} (smart), or {nonce} (dumb)."""
        body = message.body
        block, header = _decoded(body.get("block")), _decoded(body.get("blockHeader"))
        whole = (block is not None and len(block) > HEADER) or (header is not None and len(header) == HEADER)
        known = self._session.protocol == PROTOCOL and small(body.get("nonce")) is not None
        if not whole and not known:
            return []
        self._session.decide(PROTOCOL, Grade.SHAPE)
        event = self._session.event(Submit, message)
        self._shares = min(self._shares + 1, MAX_PENDING)
        return [event]

    def _payout(self, message: Message) -> Iterable[PoolEvent]:
        if self._session.protocol != PROTOCOL or not isinstance(message.body.get("proof"), str):
            return []
        return [self._session.event(Request, message, method="payout")]

    def _error(self, message: Message) -> Iterable[PoolEvent]:
        """Read {reason}: of a registration, or `invalid share: ...` of a share."""
        session, reason = self._session, text(message.body.get("reason"))
        if session.protocol != PROTOCOL or reason is None:
            return []
        if self._registering:
            event: PoolEvent = session.event(LoginResult, message, accepted=False, message=reason)
            self._registering = False
        elif self._shares and reason.startswith(("invalid share", "too old")):
            event = session.event(ShareResult, message, accepted=False, message=reason)
            self._shares -= 1
        else:
            event = session.event(Notice, message, method="error", text=reason)
        return [event]


def _address(value: object) -> str | None:
    """Return an address without its spaces, where its check digits are right."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    address = value.replace(" ", "")
    return address if quick_coins_of(address) == (COIN,) else None


def _target(compact: int) -> int:
    """Return the target of its compact form, a byte of length and three of digits; 0 where it is none."""
    size, digits = compact >> 24, compact & 0xFF_FFFF
    return digits << 8 * (size - 3) if 3 <= size <= 32 else 0


def _decoded(value: object) -> bytes | None:
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None


def _height(header: bytes) -> int:
    return int.from_bytes(header[HEIGHT_AT : HEIGHT_AT + 4], "big")
