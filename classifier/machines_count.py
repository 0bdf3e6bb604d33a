"""How many machines mine behind an address: exactly where the protocol numbers them, else as an interval.

Connections that mine at the same time, worker names, and kinds of software are counted; names of workers
that no share has shown yet are estimated from those seen once and twice (Chao 1987); and where all of them
together could not reach the hashrate, the hashrate itself tells. docs/quantities.md explains each.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from classifier.connection import Stint
from classifier.gateway import at_once
from classifier.power import each_hashes
from classifier.power_table import Catalogue
from classifier.shares import stint
from classifier.talk import Course, Sort, Talk
from facts.verdict import Hashrate, Machines

HIDDEN = 1.5
"""How far the hashrate must exceed what the machines counted can do before it tells of others."""
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
    return _not_below_hashrate(found, rates, agents, at_ns, catalogue)


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
        seen, more, most = _unseen(talks, names)
        value, high = max(value, round(seen + more)), max(high, math.ceil(seen + most))
    spread = [
        one.spaces for talk in talks for one in stints(talk) if _tells_spaces(talk) and one.spaces[0] > 1
    ]
    basis = "workers" if len(names) >= low else "connections"
    if spread and sum(found for found, _, _ in spread) > len(names):
        basis = "spaces"
        more, most = _more(sum(once for _, once, _ in spread), sum(twice for _, _, twice in spread))
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


def _unseen(talks: Sequence[Talk], names: set[str]) -> tuple[int, float, float]:
    """Return (names seen, names not yet seen, the 95 % end of those), from names seen once and twice.

    Only where the capture began in mid-stream, or a proxy names its workers by their shares alone: else every
    worker has logged in before its eyes.
    """
    missed = any(Course.MISSED_START in talk.course for talk in talks)
    if not missed and sum(talk.newcomers for talk in talks) < 2:
        return len(names), 0.0, 0.0
    counts: Counter[str] = Counter()
    for talk in talks:
        counts.update(talk.shown)
    once, twice = (sum(1 for n in counts.values() if n == times) for times in (1, 2))
    more, most = _more(once, twice)
    if not missed and 2 * once > counts.total():
        more = most = 0.0  # hardly anyone seen twice: anybody's guess; the hashrate tells better
    return len(names), more, most


def _more(once: int, twice: int) -> tuple[float, float]:
    """Return how many were not seen at all, and the 95 % end, from those seen once and twice (Chao 1987)."""
    more = once * (once - 1) / (2 * (twice + 1))
    if more <= 0:
        return 0.0, 0.0
    deviation = math.sqrt(
        more
        + once * (2 * once - 1) ** 2 / (4 * (twice + 1) ** 2)
        + once**2 * twice * (once - 1) ** 2 / (4 * (twice + 1) ** 4)
    )
    return more, more * math.exp(_Z * math.sqrt(math.log1p((deviation / more) ** 2)))


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


def _not_below_hashrate(
    found: Machines, rates: Sequence[Hashrate], agents: Sequence[str], at_ns: int, catalogue: Catalogue
) -> Machines:
    """Return the machines that the hashrate needs, where those counted could not reach it."""
    value = low = high = 0.0
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
    if low <= HIDDEN * found.high:
        return found
    low = max(low, found.low)
    return Machines(round(max(value, low)), round(low), math.ceil(max(high, value)), False, "hashrate")


def _product(agent: str) -> str:
    return agent.split("/")[0].split(" ")[0].lower()
