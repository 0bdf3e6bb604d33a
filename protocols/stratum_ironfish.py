"""Stratum of Iron Fish (FishHash), versions 1 to 3: `body` stands where others have `params`.

Both sides number their own messages, and mining.submitted names the share's number in its body. Version 1
sent `graffiti` in mining.subscribed, version 2 in mining.submit, version 3 `xn` in mining.subscribed.
Sources: ironfish src/mining/stratum, NiceHash's FishHash page; docs/protocols/stratum-others.md.
"""

from collections.abc import Iterable
from typing import Any

from protocols.events import (
    Difficulty,
    Login,
    Notice,
    PoolEvent,
    Request,
    ShareResult,
    Submit,
    Subscribe,
    Subscribed,
)
from protocols.jsonrpc import Message, text
from protocols.stratum_session import IRONFISH, Grade, Job, Session, no_answer
from protocols.stratum_shapes import is_any_hex, is_hex, label
from protocols.targets import hashes_of_hex


def read(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read any message with `body`."""
    body: dict[str, Any] = message.body["body"]
    method = message.method
    session.decide(IRONFISH, Grade.DECLARED)
    match method:
        case "mining.subscribe":
            return _subscribe(session, message, body)
        case "mining.subscribed" if "clientId" in body:
            return [session.event(Subscribed, message)]
        case "mining.set_target" if (hashes := hashes_of_hex(body.get("target"))) is not None:
            return [session.event(Difficulty, message, hashes=hashes)]
        case "mining.notify" if is_any_hex(body.get("header")):
            return session.work(
                message, Job(IRONFISH, label(body.get("miningRequestId")), "fishhash", "IRON")
            )
        case "mining.submit" if is_any_hex(body.get("randomness")):
            session.decide(IRONFISH, Grade.SHAPE)
            session.ask(message, no_answer)
            return [session.event(Submit, message, job_id=label(body.get("miningRequestId")))]
        case "mining.submitted" if isinstance(body.get("result"), bool):
            if session.close(message.side.other, body.get("id")) is None:
                return []
            reason = text(body.get("message"))
            return [session.event(ShareResult, message, accepted=body["result"], message=reason)]
        case "mining.get_status":
            return [session.event(Request, message, method=method)]
        case "mining.wait_for_work" | "mining.status" | "mining.disconnect":
            if method == "mining.disconnect" and session.miner is message.side:
                return []  # both sides may say it
            return [session.event(Notice, message, method=method, text=text(body.get("reason")))]
    return []


def _subscribe(session: Session, message: Message, body: dict[str, Any]) -> list[PoolEvent]:
    events: list[PoolEvent] = [
        session.event(Subscribe, message, method=message.method, agent=text(body.get("agent")))
    ]
    address = text(body.get("publicAddress"))
    if address is not None:
        events.append(
            session.event(
                Login,
                message,
                method=message.method,
                user=address,
                wallet=address if is_hex(address, 64) else None,
                coin="IRON",
                worker=text(body.get("name")) or None,
            )
        )
    return events
