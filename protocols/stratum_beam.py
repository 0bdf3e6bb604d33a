"""Stratum of Beam (BeamHash): no params, every key in the object itself; ids are those of the jobs.

The pool answers with method `result` under the id of the login or of the job that a solution was for.
NiceHash puts `nonceprefix` into each job. Sources: Beam's pow/stratum, NiceHash's Beam page;
docs/protocols/stratum-others.md.
"""

from collections.abc import Iterable

from protocols.events import Login, LoginResult, Notice, PoolEvent, ShareResult, Submit
from protocols.jsonrpc import Message, number, small, text
from protocols.stratum_session import BEAM, Asked, Grade, Job, Session, no_answer
from protocols.stratum_shapes import height, is_any_hex, is_hex, label
from protocols.wallets import read_account

_MANTISSA = 24
"""Bits of a packed difficulty that follow its leading one; the bits above them are the exponent."""
_MAX_EXPONENT = 80
"""No share is worth 2^80 solutions: what is above is no difficulty."""
_NONCE = 16
"""Hex digits of the nonce."""
_LEAST_OUTPUT = 200
"""Hex digits that a solution has at least: BeamHash's 32 indices of 25 bits; versions add some bytes."""


def login(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read {id: "login", method: "login", api_key}."""
    key = message.body.get("api_key")
    if not isinstance(key, str) or message.id != "login":
        return []
    session.decide(BEAM, Grade.DECLARED)
    session.ask(message, no_answer)
    account = read_account(key)
    return [
        session.event(
            Login,
            message,
            method="login",
            user=text(key),
            wallet=text(account.wallet),
            worker=text(account.worker),
        )
    ]


def job(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read {id, method: "job", input, difficulty, height}."""
    body = message.body
    if not is_hex(body.get("input"), 64) or number(body.get("difficulty")) is None:
        return []
    return session.work(
        message,
        Job(
            BEAM,
            label(message.id),
            "beamhash",
            "BEAM",
            height(body.get("height")),
            hashes=solutions(body.get("difficulty")),
        ),
    )


def solutions(packed: object) -> float | None:
    """Return the expected solutions of a packed difficulty: (1 + mantissa / 2^24) * 2^exponent."""
    value = small(packed)
    if value is None or not 0 <= value < _MAX_EXPONENT << _MANTISSA:
        return None
    exponent, mantissa = divmod(value, 1 << _MANTISSA)
    return (1 + mantissa / (1 << _MANTISSA)) * 2.0**exponent


def solution(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read {id, method: "solution", nonce, output}."""
    nonce, output = message.body.get("nonce"), message.body.get("output")
    if not is_hex(nonce, _NONCE) or not isinstance(output, str) or len(output) < _LEAST_OUTPUT:
        return []
    if not is_any_hex(output):
        return []
    session.decide(BEAM, Grade.SHAPE)
    session.ask(message, no_answer)
    return [session.event(Submit, message, job_id=label(message.id))]


def result(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read {id, method: "result", code, description}: 0 success, 1 accepted, else refused.

    It answers the oldest open login or solution of its id; one that answers nothing says nothing.
    """
    code, words = small(message.body.get("code")), text(message.body.get("description"))
    if session.protocol != BEAM or code is None:
        return []
    asked: Asked | None = session.asked(message)
    if asked is None:
        return []
    session.answered(message)
    if asked.method == "login":
        return [session.event(LoginResult, message, accepted=code == 0, message=words)]
    accepted = code in (0, 1)
    return [
        session.event(ShareResult, message, accepted=accepted, code=None if accepted else code, message=words)
    ]


def cancel(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read {id, method: "cancel"}: that job is void."""
    if session.protocol != BEAM:
        return []
    return [session.event(Notice, message, method="cancel", text=label(message.id))]
