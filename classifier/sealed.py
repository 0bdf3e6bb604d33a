"""Mining under encryption that a parser followed by sizes: the same facts, in words and weights of their own.

What was not read is never called read: such a talk is an exchange, but not one read in both directions, so
`likely` is the most that it makes.
"""

from collections.abc import Mapping

from classifier.kinds import Kind
from classifier.talk import Fact, Talk

SEALED_KINDS: Mapping[Fact, Kind] = {
    Fact.SUBSCRIBE: Kind.SEALED_HANDSHAKE,
    Fact.SUBSCRIBED: Kind.SEALED_HANDSHAKE,
    Fact.LOGIN: Kind.SEALED_HANDSHAKE,
    Fact.LOGIN_ACCEPTED: Kind.SEALED_HANDSHAKE,
    Fact.WORK: Kind.SEALED_JOB,
    Fact.SHARE_ACCEPTED: Kind.SEALED_SHARE,
}
"""Of the miner and of the pool alike: the sizes of one side mean nothing without those of the other."""
DATUM = "datum"
"""The protocol whose first header is read, and nothing behind it."""


def sealed_kind(talk: Talk, fact: Fact) -> Kind | None:
    """Return the kind of evidence that a fact of a sealed talk is."""
    kind = SEALED_KINDS.get(fact)
    return Kind.SEALED_LINK if kind is not None and talk.protocol == DATUM else kind
