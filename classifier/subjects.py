"""Subjects: all that a casebook remembers, by the address that it is about."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from classifier.contacts import Contact, Contacts
from classifier.talk import Talk
from facts.endpoint import Address, Endpoint

Call = tuple[tuple[Address, Endpoint], Contact]
"""A client and a service, and what was seen of their encrypted connections."""


@dataclass(slots=True)
class Subject:
    """All that is known of one address."""

    above: list[Talk]
    """Conversations in which it is the miner."""
    below: list[Talk]
    """Conversations in which it is the pool."""
    calls: list[Call]
    """Encrypted ones, in which it is the client."""
    served: list[Call]
    """Encrypted ones, in which it is the service."""
    node: bool = False
    """Whether it took part in a conversation between nodes."""
    asked: bool = False
    """Whether it looked up a pool's name."""


def subjects(
    talks: Iterable[Talk], nodes: Iterable[Address], contacts: Contacts
) -> defaultdict[Address, Subject]:
    """Return what is known of every address with a witness; whoever else is asked for has none."""
    found: defaultdict[Address, Subject] = defaultdict(lambda: Subject([], [], [], []))
    for talk in talks:
        found[talk.miner].above.append(talk)
        found[talk.pool.address].below.append(talk)
    for address in nodes:
        found[address].node = True
    for call in contacts.found().items():
        client, server = call[0]
        found[client].calls.append(call)
        found[server.address].served.append(call)
    for address in contacts.askers():
        found[address].asked = True  # a look-up alone is a witness too
    return found
