"""Every method of every line-JSON dialect, with its reader; and how an answer finds its request.

`read` is the one door to all dialects: the TCP reader of protocols/stratum.py goes through it, and so does
whatever else carries the same messages.
"""

from collections.abc import Iterable

from facts.errors import ParseError
from protocols import stratum_alephium as alephium
from protocols import stratum_beam as beam
from protocols import stratum_cryptonote as cryptonote
from protocols import stratum_ethereum as ethereum
from protocols import stratum_ethproxy as ethproxy
from protocols import stratum_grin as grin
from protocols import stratum_handshake as handshake
from protocols import stratum_ironfish as ironfish
from protocols import stratum_mining as mining
from protocols import stratum_notices as notices
from protocols.events import PoolEvent
from protocols.jsonrpc import Message
from protocols.stratum_session import Contradiction, Reader, Session


def _login(session: Session, message: Message) -> Iterable[PoolEvent]:
    if isinstance(message.params, dict):
        return cryptonote.login(session, message)
    return beam.login(session, message)


def _job(session: Session, message: Message) -> Iterable[PoolEvent]:
    if "input" in message.body:
        return beam.job(session, message)
    return grin.job(session, message) or cryptonote.job(session, message)


def _submit(session: Session, message: Message) -> Iterable[PoolEvent]:
    if not isinstance(message.params, dict):
        return handshake.submit(session, message)
    if "edge_bits" in message.params or isinstance(message.params.get("pow"), dict):
        return grin.submit(session, message)
    return cryptonote.submit(session, message)


REQUESTS: dict[str, Reader] = {
    "mining.configure": mining.configure,
    "mining.subscribe": mining.subscribe,
    "mining.authorize": mining.authorize,
    "mining.notify": mining.notify,
    "mining.set_difficulty": mining.set_difficulty,
    "mining.set_target": mining.set_target,
    "mining.submit": mining.submit,
    "mining.set_extranonce": notices.notice,
    "mining.set_version_mask": notices.notice,
    "mining.reconnect": notices.notice,
    "mining.suggest_difficulty": notices.request,
    "mining.suggest_target": notices.request,
    "mining.extranonce.subscribe": notices.request,
    "mining.get_transactions": notices.request,
    "mining.capabilities": notices.request,
    "mining.ping": notices.ping,
    "mining.noop": ethereum.either,
    "mining.bye": ethereum.either,
    "mining.hello": ethereum.hello,
    "mining.set": ethereum.set_parameters,
    "mining.hashrate": ethereum.hashrate,
    "client.reconnect": notices.client_notice,
    "client.show_message": notices.client_notice,
    "client.get_version": notices.get_version,
    "set_extranonce": notices.set_extranonce,
    "notify": mining.bare,
    "set_difficulty": mining.bare,
    "pong": notices.pong,
    "mining.pong": notices.pong,
    "mining.print": notices.client_notice,
    "mining.set_cleanjobs": alephium.clean_jobs,
    "connection.set_gzip": alephium.set_gzip,
    "alph_submitHashrate": alephium.hashrate,
    "agent.get_capabilities": notices.agent_capabilities,
    "login": _login,
    "job": _job,
    "submit": _submit,
    "keepalived": cryptonote.other,
    "getjob": cryptonote.other,
    "block_template": cryptonote.other,
    "getjobtemplate": grin.get_job,
    "keepalive": grin.other,
    "status": grin.other,
    "solution": beam.solution,
    "result": beam.result,
    "cancel": beam.cancel,
    "eth_submitLogin": ethproxy.login,
    "eth_getWork": ethproxy.get_work,
    "eth_submitWork": ethproxy.submit,
    "eth_submitHashrate": ethproxy.hashrate,
}
"""Method -> its reader. A method that is not here belongs to no mining dialect, and says nothing."""

_WORK_ASKED = ("eth_getWork", "mining.subscribe")
"""Requests that a pushed job answers; to any other with the same id it is no answer."""


def read(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Return what one message says. Raises ParseError where it contradicts the conversation."""
    decided = session.protocol, session.grade
    try:
        return _request(session, message) if message.method is not None else _response(session, message)
    except ParseError as error:
        session.protocol, session.grade = decided  # what is not believed decides nothing
        if isinstance(error, Contradiction):
            return [session.contradict(message)]
        raise


def _response(session: Session, message: Message) -> Iterable[PoolEvent]:
    asked = session.asked(message)
    if isinstance(message.result, list) and (asked is None or asked.answer is not None):
        work = ethproxy.pushed(session, message, asked)
        if work:
            if asked is not None and asked.method in _WORK_ASKED:
                session.answered(message)
            return work
    if asked is None:
        return cryptonote.unasked(session, message)
    session.answered(message)
    return asked.answer(session, message, asked) if asked.answer is not None else ()


def _request(session: Session, message: Message) -> Iterable[PoolEvent]:
    if message.params is None and isinstance(message.body.get("body"), dict):
        if message.method is not None and message.method.startswith("mining."):
            return ironfish.read(session, message)
        return ()
    reader = REQUESTS.get(message.method or "")
    if reader is None:
        session.ask(message, None)
        return ()
    return reader(session, message)
