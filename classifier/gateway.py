"""Farm gateways (BTCAgent): one connection to a pool that speaks for many machines, each by its number."""

from collections.abc import Iterable

from classifier.connection import Connection
from classifier.machines import SESSIONS, Machines
from classifier.talk import Sort, Talk

SPAN_LIMIT = 4096
"""Connections of one conversation whose machines are kept; an agent holds a handful, one after another."""


def note(talk: Talk, connection: Connection, number: int, at_ns: int, leaves: bool = False) -> None:
    """Keep that the machine of this number spoke, or that it left."""
    if connection.machines is None:
        if len(talk.machines) >= SPAN_LIMIT:
            return
        connection.machines = Machines(at_ns)
        talk.machines.append(connection.machines)
    if leaves:
        connection.machines.leave(number % SESSIONS, at_ns)
    else:
        connection.machines.hear(number % SESSIONS, at_ns)


def at_once(talks: Iterable[Talk]) -> int:
    """Return how many machines spoke at once: connections one after another carry the same ones."""
    spans = [one for talk in talks for one in talk.machines]
    moments = sorted(
        [(one.first_ns, 0, one.most) for one in spans] + [(one.last_ns, 1, -one.most) for one in spans]
    )
    now = most = 0
    for _, _, change in moments:
        now += change
        most = max(most, now)
    return most


def workers(talks: Iterable[Talk]) -> int | None:
    """Return the miners behind these conversations: machines by their numbers, others by their names."""
    talks = list(talks)
    names = {name for talk in talks if not talk.machines for name in talk.named(Sort.WORKER)}
    return at_once(talks) + len(names) or None
