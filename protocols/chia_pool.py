"""Chia's pool protocol where it is spoken in plain HTTP: farmers bring partials, proofs of space.

Pools speak it over TLS, so plain messages are met behind a gateway that ends TLS, or where a farmer was set
so. Space is farmed, nothing is hashed: no message tells hashes. Source: pool-reference, SPECIFICATION.md;
docs/protocols/stratum-chia.md.
"""

from collections.abc import Iterable
from typing import Any

from protocols.events import (
    Difficulty,
    Login,
    LoginResult,
    PoolEvent,
    Refused,
    ShareResult,
    Submit,
)
from protocols.http_calls import CHIA, Asked, Call, Reply, Visit, event
from protocols.jsonrpc import number, small, text
from protocols.stratum_shapes import is_any_hex, is_hex
from protocols.wallets import quick_coins_of

PATHS = frozenset({"farmer", "partial"})
"""Last parts of the paths at which farmers speak; `pool_info` tells none from who only compares pools."""

Told = tuple[list[PoolEvent], Call | None]


def path_of(target: str) -> str:
    """Return the last part of a request's path."""
    return target.partition("?")[0].rpartition("/")[2]


def asked(visit: Visit, request: Asked) -> Told | None:
    """Read one request; None where it is none of these, or not in the shape of one."""
    method, path = request.head.method, path_of(request.head.target)
    if path == "farmer" and method == "GET" and "launcher_id=" in request.head.target:
        return [], Call(CHIA, "farmer", None, _farmer)
    payload = request.message.body.get("payload")
    if not isinstance(payload, dict) or not _is_0x(payload.get("launcher_id"), 64):
        return None
    if path == "partial" and method == "POST":
        return _partial(visit, request, payload)
    if path == "farmer" and method in ("POST", "PUT") and type(payload.get("authentication_token")) is int:
        return _login(visit, request, payload)
    return None


def _is_0x(value: object, digits: int) -> bool:
    return isinstance(value, str) and is_hex(value.removeprefix("0x"), digits)


def _login(visit: Visit, request: Asked, payload: dict[str, Any]) -> Told:
    """{launcher_id, authentication_token, authentication_public_key, payout_instructions, ...}."""
    visit.introduced(CHIA)
    payout = payload.get("payout_instructions")
    wallet = payout if isinstance(payout, str) and quick_coins_of(payout) == ("XCH",) else None
    told = event(
        Login,
        CHIA,
        request,
        method=f"{request.head.method} /farmer",
        user=text(payload["launcher_id"]),
        wallet=text(wallet),
        coin="XCH",
        agent=text(request.head.value("user-agent")) or None,
    )
    return [told], Call(CHIA, "farmer", None, _login_answer)


def _partial(visit: Visit, request: Asked, payload: dict[str, Any]) -> Told | None:
    """{launcher_id, proof_of_space {challenge, proof, size, ...}, sp_hash, harvester_id, ...}."""
    proof = payload.get("proof_of_space")
    if not isinstance(proof, dict) or not _is_0x(payload.get("sp_hash"), 64):
        return None
    if not isinstance(proof.get("proof"), str) or not is_any_hex(proof["proof"].removeprefix("0x")):
        return None
    harvester = payload.get("harvester_id")
    told: list[PoolEvent] = visit.introduce(request, CHIA, method="POST /partial")
    share = event(Submit, CHIA, request, job_id=text(payload["sp_hash"]), worker=text(harvester) or None)
    return [*told, share], Call(CHIA, "partial", None, _partial_answer)


def _body(reply: Reply) -> dict[str, Any]:
    return reply.message.body if reply.message is not None else {}


def _refused(call: Call, reply: Reply) -> list[PoolEvent]:
    body = _body(reply)
    code = small(body.get("error_code"))
    if code is None:
        return []
    words = text(body.get("error_message"))
    return [call.event(Refused, reply, method=call.method, code=code, message=words)]


def _farmer(call: Call, reply: Reply) -> Iterable[PoolEvent]:
    """{authentication_public_key, payout_instructions, current_difficulty, current_points}."""
    body = _body(reply)
    difficulty = number(body.get("current_difficulty"))
    if difficulty is None or "current_points" not in body or "payout_instructions" not in body:
        return _refused(call, reply)
    return [call.event(Difficulty, reply, difficulty=difficulty)]


def _login_answer(call: Call, reply: Reply) -> Iterable[PoolEvent]:
    """{welcome_message} to a new farmer; to a change, which of its values were taken."""
    body = _body(reply)
    if isinstance(body.get("welcome_message"), str):
        return [call.event(LoginResult, reply, accepted=True, message=text(body["welcome_message"]))]
    if body.get("payout_instructions") is True or body.get("authentication_public_key") is True:
        return [call.event(LoginResult, reply, accepted=True)]
    return [
        call.event(LoginResult, reply, accepted=False, message=told.message)
        for told in _refused(call, reply)
        if isinstance(told, Refused)
    ]


def _partial_answer(call: Call, reply: Reply) -> Iterable[PoolEvent]:
    """{new_difficulty} accepts; {error_code, error_message} refuses."""
    difficulty = number(_body(reply).get("new_difficulty"))
    if difficulty is not None:
        return [
            call.event(ShareResult, reply, accepted=True),
            call.event(Difficulty, reply, difficulty=difficulty),
        ]
    return [
        call.event(ShareResult, reply, accepted=False, code=told.code, message=told.message)
        for told in _refused(call, reply)
        if isinstance(told, Refused)
    ]
