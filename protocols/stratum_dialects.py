"""Every method of every line-JSON dialect, with its reader; and how an answer finds its request.

`read` is the one door to all dialects: the TCP reader of protocols/stratum.py goes through it, and so does
whatever else carries the same messages.
"""

from collections.abc import Iterable

from facts.errors import ParseError
from protocols import stratum_cryptonote as cryptonote
from protocols import stratum_ethereum as ethereum
from protocols import stratum_ethproxy as ethproxy
from protocols import stratum_mining as mining
from protocols import stratum_others as others
from protocols.events import PoolEvent
from protocols.jsonrpc import Message
from protocols.stratum_session import Contradiction, Reader, Session


def _login(session: Session, message: Message) -> Iterable[PoolEvent]:
    if isinstance(message.params, dict):
        return cryptonote.login(session, message)
    return others.beam_login(session, message)


def _job(session: Session, message: Message) -> Iterable[PoolEvent]:
    if "input" in message.body:
        return others.beam_job(session, message)
    return others.grin_job(session, message) or cryptonote.job(session, message)


def _submit(session: Session, message: Message) -> Iterable[PoolEvent]:
    if not isinstance(message.params, dict):
        session.ask(message, None)
        return []
    if "edge_bits" in message.params:
        return others.grin_submit(session, message)
    return cryptonote.submit(session, message)


REQUESTS: dict[str, Reader] = {
    "mining.configure": mining.configure,
    "mining.subscribe": mining.subscribe,
    "mining.authorize": mining.authorize,
    "mining.notify": mining.notify,
    "mining.set_difficulty": mining.set_difficulty,
    "mining.set_target": mining.set_target,
    "mining.submit": mining.submit,
    "mining.set_extranonce": mining.notice,
    "mining.set_version_mask": mining.notice,
    "mining.reconnect": mining.notice,
    "mining.suggest_difficulty": mining.request,
    "mining.suggest_target": mining.request,
    "mining.extranonce.subscribe": mining.request,
    "mining.get_transactions": mining.request,
    "mining.capabilities": mining.request,
    "mining.ping": mining.ping,
    "mining.noop": ethereum.either,
    "mining.bye": ethereum.either,
    "mining.hello": ethereum.hello,
    "mining.set": ethereum.set_parameters,
    "mining.hashrate": ethereum.hashrate,
    "client.reconnect": mining.client_notice,
    "client.show_message": mining.client_notice,
    "client.get_version": mining.client_notice,
    "set_extranonce": mining.client_notice,
    "login": _login,
    "job": _job,
    "submit": _submit,
    "keepalived": cryptonote.other,
    "getjob": cryptonote.other,
    "block_template": cryptonote.other,
    "getjobtemplate": others.grin_get_job,
    "solution": others.beam_solution,
    "result": others.beam_result,
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
            return others.iron_fish(session, message)
        return ()
    reader = REQUESTS.get(message.method or "")
    if reader is None:
        session.ask(message, None)
        return ()
    return reader(session, message)
