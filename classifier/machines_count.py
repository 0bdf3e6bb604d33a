"""How many machines mine behind an address: exactly where the protocol numbers them, else as an interval.

Connections that mine at the same time, worker names, and kinds of software are counted; names of workers
that no share has shown yet are estimated (machines_unseen.py); and where all of them together could not
reach the hashrate, or are a guess, the hashrate itself tells. docs/quantities.md explains each.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from classifier.connection import Stint
from classifier.gateway import at_once
from classifier.machines_unseen import chao, unseen
from classifier.power import each_hashes
from classifier.power_table import Catalogue
from classifier.shares import stint
from classifier.talk import Course, Sort, Talk
from facts.verdict import Hashrate, Machines

HIDDEN = 1.5
"""How far the hashrate must exceed what the machines counted can do before it tells of others."""
FEW = 3
"""Machines up to which any excess tells: one rig beyond the largest that is sold is two."""
VAGUE = 1.5
"""How far the upper end of a count lies above it before the hashrate is asked as well."""
_Z = 1.959964


def stints(talk: Talk) -> list[Stint]:
    """Return what each connection tells in which mining went on, ended ones and live ones."""
    live = [stint(one) for one in talk.connections.values() if one.works or one.submits]
    return [*talk.stints, *live]


def most_at_once(spans: Iterable[tuple[int, int, float]]) -> float:
    """Return the greatest sum of the weights of (first, last, weight) that overlap."""
    moments = sorted(
        moment for first, last, weight in spans for moment in ((first, 0, weight), (last, 1, -weight))
    )
    now = most = 0.0
    for _, _, change in moments:
        now += change
        most = max(most, now)
    return most


def machines_of(
    above: Sequence[Talk],
    below: Sequence[Talk],
    rates: Sequence[Hashrate],
    agents: Sequence[str],
    at_ns: int,
    catalogue: Catalogue,
) -> Machines | None:
    """Return the machines of one address: the miner of `above`, the proxy that `below` get work from."""
    found = _own(above)
    if below:
        found = _served(below, found)
    if found is None or found.exact:
        return found
    guessed = not below and found.basis == "workers" and unseen(above)[1] > 0
    return _by_hashrate(found, rates, agents, at_ns, catalogue, guessed)


def _own(talks: Sequence[Talk]) -> Machines | None:
    """Count the machines that speak in conversations of one address."""
    numbered = [talk for talk in talks if talk.machines]
    plain = [talk for talk in talks if not talk.machines]
    counted = _numbered(numbered) if numbered else None
    named = _plain(plain)
    if counted is None or named is None:
        return counted or named
    return Machines(
        counted.value + named.value,
        counted.low + named.low,
        counted.high + named.high,
        False,
        counted.basis,
    )


def _numbered(talks: Sequence[Talk]) -> Machines:
    """Count the numbers of a farm's gateway: exactly, where every registration is in the capture."""
    count = at_once(talks)
    whole = not any(talk.course & (Course.MISSED_START | Course.MINER_LOST) for talk in talks)
    if whole or count == 0:
        return Machines(count, count, count, whole, "sessions")
    shares = sum(one.submitted for talk in talks for one in talk.shares.values()) / count
    # Who registered before shows itself by a share: with k a machine on average, but for e^-k of them.
    unseen = math.exp(-max(shares, 0.1))
    wide = math.exp(-max(shares, 0.1) / 2)
    # With less than a share a machine the guess would be mostly of the unseen: then only the end tells.
    value = round(count / (1 - unseen)) if shares >= 1 else count
    return Machines(value, count, math.ceil(count / (1 - wide)), False, "sessions")


def _plain(talks: Sequence[Talk]) -> Machines | None:
    """Count connections at once, names, and parts of the search space."""
    spans = [_spans(talk) for talk in talks]
    one_service = round(max(map(most_at_once, spans), default=0.0))
    together = round(most_at_once(span for part in spans for span in part))
    names = {name for talk in talks for name in talk.named(Sort.WORKER)}
    if not together and not names:
        return None
    low = max(one_service, 1)  # one machine may mine at two services at once, not twice at one
    value, high = max(low, min(len(names), max(together, low))), max(together, len(names), low)
    if len(names) > 1:
        value = max(value, len(names)) if together <= low else value
        more, most = unseen(talks)
        value, high = max(value, round(len(names) + more)), max(high, math.ceil(len(names) + most))
    spread = [
        one.spaces for talk in talks for one in stints(talk) if _tells_spaces(talk) and one.spaces[0] > 1
    ]
    basis = "workers" if len(names) >= low else "connections"
    if spread and sum(found for found, _, _ in spread) > len(names):
        basis = "spaces"
        more, most = chao(sum(once for _, once, _ in spread), sum(twice for _, _, twice in spread))
        value, high = max(value, round(low + more)), max(high, math.ceil(low + most))
    products = {_product(agent) for talk in talks for agent in talk.named(Sort.AGENT)}
    high = max(high, value, len(products))
    return Machines(value, min(low, value), high, False, basis)


def _spans(talk: Talk) -> list[tuple[int, int, float]]:
    """Return when each connection mined, and the machines behind it."""
    tells = _tells_spaces(talk)
    return [
        (one.first_ns, one.last_ns, float(max(1, one.names, one.spaces[0] if tells else 1)))
        for one in stints(talk)
    ]


def _tells_spaces(talk: Talk) -> bool:
    """Whether parts of the search space are machines: in CryptoNote, threads divide it likewise, so there
    only below a program that names itself a proxy."""
    if talk.protocol != "stratum-cryptonote":
        return True
    return any("proxy" in agent.lower() for agent in talk.named(Sort.AGENT))


def _served(below: Sequence[Talk], own: Machines | None) -> Machines | None:
    """Count who gets work from a proxy; what it tells the pool of them counts where it tells of more."""
    by_miner: dict[object, list[Talk]] = {}
    for talk in below:
        by_miner.setdefault(talk.miner, []).append(talk)
    counts = [one for one in map(_own, by_miner.values()) if one is not None]
    if not counts:
        return own
    value, low, high = (sum(getattr(one, name) for one in counts) for name in ("value", "low", "high"))
    if own is not None and own.value > value:
        low = min(max(own.low, low), own.value)
        return Machines(own.value, low, max(own.high, high), own.exact, own.basis)
    if own is not None:
        high = max(high, own.high)
    return Machines(value, low, high, False, "addresses" if len(counts) > 1 else counts[0].basis)


def _by_hashrate(
    found: Machines,
    rates: Sequence[Hashrate],
    agents: Sequence[str],
    at_ns: int,
    catalogue: Catalogue,
    guessed: bool,
) -> Machines:
    """Return the machines that the hashrate needs, where those counted could not reach it.

    `guessed`: workers that have not shown themselves are part of the count.
    """
    value = low = high = usual = 0.0
    for rate in rates:
        each = each_hashes(rate.algorithm, agents, at_ns, catalogue)
        if each is None:
            return found
        median, least, most = each
        value, low, high = (
            max(value, rate.value / median),
            max(low, rate.low / most),
            max(high, rate.high / least),
        )
        usual = max(usual, rate.low / median)
    if low <= (HIDDEN if found.high > FEW else 1.0) * found.high:
        if guessed:
            return _with_hashrate(found, value, low, high)
        # Usual machines would take more: perhaps they are, behind one name.
        return replace(found, high=math.ceil(high)) if usual > HIDDEN * found.high else found
    low = max(low, found.low)
    return Machines(round(max(value, low)), round(low), math.ceil(max(high, value)), False, "hashrate")


def _with_hashrate(found: Machines, value: float, low: float, high: float) -> Machines:
    """Return a vague count of names together with what the hashrate needs, each weighing as it is sure.

    Both are taken as normal in logarithms. Where they contradict each other the range spans both; what was
    seen at once is the least in any case.
    """
    if found.high <= VAGUE * found.value or not 0 < low < high:
        return found
    counted, needed = math.log(found.value), math.log(max(value, low))
    of_count, of_need = math.log(found.high / found.value) / _Z, math.log(high / low) / (2 * _Z)
    if abs(counted - needed) > 2 * math.hypot(of_count, of_need):
        return replace(found, high=max(found.high, math.ceil(high)))
    weights = of_count**-2 + of_need**-2
    middle = (counted * of_count**-2 + needed * of_need**-2) / weights
    apart = _Z / math.sqrt(weights)
    least = max(found.low, round(math.exp(middle - apart)))
    best = max(round(math.exp(middle)), least)
    return replace(found, value=best, low=least, high=max(math.ceil(math.exp(middle + apart)), best))


def _product(agent: str) -> str:
    return agent.split("/")[0].split(" ")[0].lower()
