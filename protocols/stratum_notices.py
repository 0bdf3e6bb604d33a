"""What both parties of the `mining.*` vocabulary say beside work and shares: notices, pings, questions.

Some of it is said by other programs as well (client.reconnect, pong), and counts only where mining is spoken.
Sources: docs/protocols/stratum-bitcoin.md; of BTCAgent's question docs/protocols/btcagent.md.
"""

import re
from collections.abc import Iterable

from protocols import stratum_ethproxy as ethproxy
from protocols.events import Notice, PoolEvent, Request, Subscribe, Subscribed
from protocols.jsonrpc import Message, text
from protocols.stratum_session import BITCOIN, BTCAGENT, KASPA, Asked, Grade, Session, no_answer
from protocols.stratum_shapes import is_any_hex, label

_BLOCK = re.compile(r"equihash ([A-Za-z0-9]{1,10}) block ([0-9]{1,12})\b", re.ASCII)
"""What a pool shows to miners of Verus."""
_CAPABILITIES = frozenset({"verrol", "subres"})
"""Of BTCAgent and its pools: version rolling, responses to shares."""


def request(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read another request of a miner: it says no more than that it was made."""
    session.decide(BITCOIN, Grade.WORDS)
    session.ask(message, ethproxy.refused)
    return [session.event(Request, message, method=message.method)]


def notice(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read another message of a pool: mining.set_extranonce, mining.set_version_mask, ..."""
    session.decide(BITCOIN, Grade.WORDS)
    session.ask(message, no_answer)
    return [session.event(Notice, message, method=message.method, text=_words(message.params))]


def client_notice(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read client.reconnect, client.show_message and the like, where mining is spoken already."""
    session.ask(message, None)
    if session.grade == Grade.NOTHING:
        return []
    event = session.event(Notice, message, method=message.method, text=_words(message.params))
    if event.method == "client.show_message" and (block := _BLOCK.search(event.text or "")) is not None:
        session.announced = (block.group(1).upper(), int(block.group(2)))
    return [event]


def get_version(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read client.get_version, where mining is spoken already: a pool asks who the miner is."""
    if session.grade == Grade.NOTHING:
        session.ask(message, None)
        return []
    event = session.event(Notice, message, method="client.get_version")
    session.ask(message, version_answer)
    return [event]


def version_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read the agent."""
    agent = text(message.result)
    return [session.event(Subscribe, message, method=asked.method, agent=agent)] if agent else []


def set_extranonce(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read Kaspa's set_extranonce, where mining is spoken already; NiceHash answers mining.subscribe so."""
    asked = session.asked(message)
    if asked is None or asked.method != "mining.subscribe":
        return client_notice(session, message)
    params = message.params
    if not isinstance(params, list) or len(params) != 2 or not is_any_hex(params[0]):
        return []
    session.answered(message)
    session.decide(KASPA, Grade.DECLARED)
    return [session.event(Subscribed, message)]


def ping(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read mining.ping, which either side may send."""
    if session.miner is message.side:
        return request(session, message)
    return notice(session, message)


def pong(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read `pong`, ESP-Miner's answer to mining.ping: a request of its own under the ping's id."""
    session.answered(message)
    return []


def agent_capabilities(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read agent.get_capabilities [[capabilities]]: BTCAgent's first words, where it names one of its own."""
    if not _capable(message.params):
        session.ask(message, None)
        return []
    session.begun = True
    session.decide(BTCAGENT, Grade.AGENT)
    event = session.event(Subscribe, message, method="agent.get_capabilities")
    session.ask(message, capabilities_answer)
    return [event]


def capabilities_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read {capabilities: [...]}."""
    result = message.result
    if isinstance(result, dict) and _capable(result.get("capabilities")):
        return [session.event(Subscribed, message)]
    return ethproxy.refused(session, message, asked)


def _capable(names: object) -> bool:
    if isinstance(names, list) and len(names) == 1 and isinstance(names[0], list):
        names = names[0]
    return isinstance(names, list) and any(isinstance(name, str) and name in _CAPABILITIES for name in names)


def _words(params: object) -> str | None:
    """Return what a pool's message says: its strings and numbers, joined by blanks."""
    if isinstance(params, dict):
        params = list(params.values())
    elif isinstance(params, str):
        params = [params]  # AlephiumStratum
    if not isinstance(params, list):
        return None
    said = [str(part) for part in params[:8] if isinstance(part, str) or (type(part) is int and label(part))]
    return text(" ".join(said)) or None
