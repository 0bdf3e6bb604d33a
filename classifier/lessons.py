"""Lessons: what an event teaches of a conversation beside its fact (witnesses.py): names, machines, shares.

Each keeps what one kind of event tells, and returns False where a name or an algorithm did not fit.
"""

from collections.abc import Callable, Mapping
from typing import Any

from classifier.connection import Connection
from classifier.gateway import note
from classifier.shares import earn, hand_in, named, price, refuse
from classifier.talk import Sort, Talk
from protocols import events

Lesson = Callable[[Talk, Connection, Any, int], bool]


def _subscribe(talk: Talk, _: Connection, event: events.Subscribe, __: int) -> bool:
    return talk.name(Sort.AGENT, event.agent) & talk.name(Sort.POOL_HOST, event.pool_host)


def _login(talk: Talk, connection: Connection, event: events.Login, at_ns: int) -> bool:
    if event.session is not None:
        note(talk, connection, event.session, at_ns)
    named(talk, connection, event, at_ns)
    kept = talk.name(Sort.AGENT, event.agent) & talk.name(Sort.WALLET, event.wallet)
    if len(event.algorithms) == 1:
        kept &= talk.name(Sort.ALGORITHM, event.algorithms[0])
    return kept & talk.name(Sort.WORKER, event.worker) & talk.name(Sort.PAYOUT, event.coin)


def _difficulty(_: Talk, connection: Connection, event: events.Difficulty, __: int) -> bool:
    connection.told = event.hashes
    return True


def _work(talk: Talk, connection: Connection, event: events.Work, at_ns: int) -> bool:
    connection.works += 1
    if connection.first_work_ns is None:
        connection.first_work_ns = at_ns
    price(talk, connection, event, at_ns)
    return talk.name(Sort.ALGORITHM, event.algorithm) & talk.name(Sort.COIN, event.coin)


def _submit(talk: Talk, connection: Connection, event: events.Submit, at_ns: int) -> bool:
    if event.session is not None:
        note(talk, connection, event.session, at_ns)
    hand_in(talk, connection, event, at_ns)
    return talk.name(Sort.WORKER, event.worker)


def _share_result(talk: Talk, connection: Connection, event: events.ShareResult, at_ns: int) -> bool:
    if event.accepted:
        return earn(talk, connection, event, at_ns)
    refuse(talk, connection, event, at_ns)
    return True


def _request(talk: Talk, connection: Connection, event: events.Request, at_ns: int) -> bool:
    if event.session is not None:  # a machine of a farm's gateway takes its leave
        note(talk, connection, event.session, at_ns, leaves=True)
    return True


def _reported(_: Talk, connection: Connection, event: events.ReportedHashrate, __: int) -> bool:
    connection.reported = event.hashrate
    return True


LESSONS: Mapping[type[events.PoolEvent], Lesson] = {
    events.Subscribe: _subscribe,
    events.Login: _login,
    events.Difficulty: _difficulty,
    events.Work: _work,
    events.Submit: _submit,
    events.ShareResult: _share_result,
    events.Request: _request,
    events.ReportedHashrate: _reported,
}
"""Events that are not named here tell no more than their fact."""
