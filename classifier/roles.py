"""Roles: what a client's conversations, taken together, show it to be.

What tells a miner from a prober is behaviour, not numbers: a miner that gets work has no reason to leave and
stays, or submits. So each conversation has a stance, and a client that leaves one service after another,
committing to none of them or to few, sweeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from classifier.gateway import at_once
from classifier.kinds import Kind
from classifier.talk import ACCOUNTLESS, PROOFS, STAY_NS, Course, Fact, Talk
from facts.endpoint import Endpoint
from facts.names import Level, Role

SOLO = "getblocktemplate"
"""The protocol in which a solo miner asks a full node for work."""

FAILOVER = 3
"""Services that a failover list commonly holds: leaving the fourth is no failover any more."""
MANY = 10
"""Services beyond which no configuration of one miner is known to go."""


class Stance(IntEnum):
    """How far one conversation went, from least to most."""

    ATTEMPT = 0
    """Nothing came back that only a pool sends."""
    ONE_SIDED = 1
    """Only the pool's side is in the capture."""
    TOUCHED = 2
    """The pool answered; the miner named no account and did not stay."""
    NAMED = 3
    """It named an account and got an answer, or got work that needs none, or stayed nameless, or was given
    work in a connection whose beginning the capture lacks."""
    COMMITTED = 4
    """It submitted a share, or stayed: with an account, or in a connection older than the capture."""


def stance(talk: Talk) -> Stance:
    """Return how far a conversation went."""
    if not talk.exchange:
        return Stance.ONE_SIDED if talk.proved else Stance.ATTEMPT
    stayed = Fact.WORK in talk.seen and talk.stayed_ns >= STAY_NS
    named = talk.logged_in or talk.protocol in ACCOUNTLESS
    begun = bool(talk.course & Course.PICKED_UP)
    if Fact.SUBMIT in talk.seen or (stayed and (named or begun)):
        return Stance.COMMITTED
    if stayed or begun or (named and not PROOFS.isdisjoint(talk.seen)):
        return Stance.NAMED
    return Stance.TOUCHED


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one client did at all its services."""

    talks: tuple[tuple[Talk, Stance], ...]
    """In order of time, then of address."""
    services: int
    """Distinct services (address and port) that it spoke to."""
    left: int
    """Those that it left without a share and without staying."""
    sweep: Kind | None
    """The kind of evidence that leaving so many is, if any."""

    @property
    def sweeps(self) -> bool:
        """Whether it left more services than a failover list explains."""
        return self.sweep in (Kind.PROBER_SEVERAL, Kind.PROBER_MANY)

    @property
    def committed(self) -> bool:
        """Whether it mined at any service."""
        return any(one is Stance.COMMITTED for _, one in self.talks)

    def basis(self, solo: bool) -> tuple[Talk, ...]:
        """Return the conversations that a verdict of miner (or solo miner) rests on: where it went furthest.

        What a sweeping client touched or named is no mining beside a service that it really mines at.
        """
        own = [(talk, one) for talk, one in self.talks if (talk.protocol == SOLO) is solo]
        best = max((one for _, one in own), default=Stance.ATTEMPT)
        if best is Stance.COMMITTED and not self.sweeps:
            best = Stance.NAMED
        return tuple(talk for talk, one in own if one >= best)

    def role_in(self, talk: Talk, one: Stance) -> Role | None:
        """Return the client's role in one conversation; None for an attempt."""
        if one <= Stance.ATTEMPT:
            return None
        if self.sweeps and one is not Stance.COMMITTED:
            return Role.PROBER
        return Role.SOLO_MINER if talk.protocol == SOLO else Role.MINER


def behaviour(talks: Sequence[Talk]) -> Behaviour:
    """Look at all conversations of one client."""
    ordered = sorted(talks, key=_by_time)
    staged = tuple((talk, stance(talk)) for talk in ordered)
    furthest: dict[Endpoint, Stance] = {}
    kept: set[Endpoint] = set()
    still: set[Endpoint] = set()
    latest_ns = max(talk.last_ns for talk, _ in staged)
    for talk, one in staged:
        if talk.quoted:
            continue
        furthest[talk.pool] = max(one, furthest.get(talk.pool, Stance.ATTEMPT))
        if one is Stance.NAMED and talk is staged[-1][0]:
            kept.add(talk.pool)  # it may have settled there when the capture ended
        if one is Stance.NAMED and talk.course & Course.OPEN and latest_ns - talk.last_ns <= STAY_NS:
            still.add(talk.pool)  # and there, as several machines behind one address do
    if len(still) < MANY:
        kept |= still
    kept |= {pool for pool, one in furthest.items() if one in (Stance.COMMITTED, Stance.ONE_SIDED)}
    left = len(furthest) - len(kept)
    return Behaviour(staged, len(furthest), left, _sweep(left, len(furthest)))


def _sweep(left: int, services: int) -> Kind | None:
    """A client that keeps to half its services or more does not sweep, however long its list is."""
    if left < 2 or left * 2 <= services:
        return None
    if left <= FAILOVER:
        return Kind.PROBER_FEW
    return Kind.PROBER_SEVERAL if left < MANY else Kind.PROBER_MANY


def miner_ceiling(basis: Sequence[Talk]) -> Level:
    """Return the best level that these conversations allow a miner."""
    if any(talk.two_way and not _glanced(talk) for talk in basis):
        return Level.CONFIRMED
    return Level.LIKELY if any(talk.proved and not _glanced(talk) for talk in basis) else Level.SUSPECTED


def _glanced(talk: Talk) -> bool:
    """Whether a node's template was looked at once, as explorers and monitors do: who mines alone goes on
    asking, every few seconds or at the end of a long poll."""
    work = talk.seen.get(Fact.WORK)
    return talk.protocol == SOLO and Fact.SUBMIT not in talk.seen and (work is None or work.count < 2)


def pool_ceiling(basis: Sequence[Talk], encrypted: bool) -> Level:
    """Return the best level that these conversations allow a pool; who was only asked is none."""
    if any(talk.two_way for talk in basis):
        return Level.CONFIRMED
    if any(talk.proved for talk in basis):
        return Level.LIKELY
    return Level.SUSPECTED if encrypted else Level.CLEARED


def pool_basis(talks: Sequence[Talk]) -> list[Talk]:
    """Return what a verdict of pool rests on: exchanges, else its own words, else attempts."""
    ordered = sorted(talks, key=_by_time)
    return [talk for talk in ordered if talk.exchange] or [talk for talk in ordered if talk.proved] or ordered


def gives_templates(talks: Sequence[Talk]) -> bool:
    """Tell a full node whose owner mines alone: templates are all that it was asked for, and it gave some."""
    return any(talk.proved for talk in talks) and all(talk.protocol == SOLO for talk in talks)


def forwards(below: Sequence[Talk], above: Sequence[Talk]) -> bool:
    """Tell a proxy: miners get work from it (`below`) while it gets work from another pool (`above`)."""
    served = [talk for talk in below if stance(talk) >= Stance.NAMED]
    if not served:
        return False
    first, last = min(talk.first_ns for talk in served), max(talk.last_ns for talk in served)
    return any(
        talk.first_ns <= last and first <= talk.last_ns and talk.pool.address != talk.miner
        for talk in above
        if stance(talk) >= Stance.NAMED and (Fact.WORK in talk.seen or Fact.SUBMIT in talk.seen)
    )


def gathers(above: Sequence[Talk]) -> bool:
    """Tell a farm's gateway: several machines speak to a pool through one connection, each by its number."""
    return any(at_once([talk]) >= 2 and stance(talk) >= Stance.NAMED for talk in above)


def _by_time(talk: Talk) -> tuple[object, ...]:
    address = talk.pool.address
    return (
        talk.first_ns, address.version, int(address), talk.pool.port, talk.family, talk.transport,
        talk.miner.version, int(talk.miner),
    )  # fmt: skip
