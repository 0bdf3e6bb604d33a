"""How much an address mines: hashrate, machines and power, from the conversations that a verdict rests on."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from classifier.hashrate import WHOLE, Coverage, Harvest, coverage, estimated, factors, gamma_quantile
from classifier.hashrate_unpriced import with_unpriced
from classifier.machines_count import machines_of, most_at_once, stints
from classifier.power import power
from classifier.power_table import Catalogue
from classifier.shares import Yield, yields
from classifier.shares_series import Cell, Series, merged
from classifier.talk import Course, Sort, Talk
from classifier.tidy import tidy
from facts.endpoint import Address
from facts.instant import NS
from facts.names import Role
from facts.verdict import Hashrate, Machines, Pace, Power

PAUSE_NS = 600 * NS
"""Without a connection for longer, a miner has stopped; for less, it reconnects."""
ROWS = 256
"""Of one curve: beyond, each worker has one row for its whole time, those with the most shares first."""
_Row = tuple[int, int, str | None, Cell]
"""Begin and end, nanoseconds; worker, None for all together; counts."""
_LOST = Course.MINER_LOST | Course.POOL_UNHEARD
MEASURED = frozenset({Role.MINER, Role.SOLO_MINER, Role.PROXY})


@dataclass(frozen=True, slots=True)
class Quantities:
    """What a verdict says of how much."""

    hashrate: tuple[Hashrate, ...] = ()
    machines: Machines | None = None
    power: Power | None = None
    rigs: tuple[str, ...] = ()


def quantities(
    address: Address, role: Role, basis: Sequence[Talk], catalogue: Callable[[], Catalogue]
) -> Quantities:
    """Measure what the conversations of a verdict show; nothing in them is changed.

    `catalogue` is asked only where shares were counted.
    """
    if role not in MEASURED:
        return Quantities()
    above = [talk for talk in basis if talk.miner == address]
    below = [talk for talk in basis if talk.miner != address]
    rates = hashrates(above or below)
    if not rates and not any(talk.machines or stints(talk) for talk in basis):
        return Quantities(rigs=_rigs(basis))
    at_ns = max(talk.last_ns for talk in basis)
    agents = tidy(name for talk in basis for name in talk.named(Sort.AGENT))
    rigs = _rigs(basis)
    table = catalogue()
    machines = machines_of(above, below, rates, agents, at_ns, table)
    drawn = power(rates, machines, (*agents, *rigs), at_ns, table)
    return Quantities(rates, machines, drawn, rigs)


def hashrates(talks: Sequence[Talk]) -> tuple[Hashrate, ...]:
    """Estimate each algorithm from all shares, over the time in which it was mined; none are summed."""
    by_algorithm: dict[str, list[tuple[Talk, Yield]]] = defaultdict(list)
    for talk in talks:
        for algorithm, found in yields(talk).items():
            by_algorithm[algorithm].append((talk, found))
    if not by_algorithm:
        return ()
    spans = _spans(talks)
    rates = []
    series: Series | None = None
    for algorithm, group in sorted(by_algorithm.items()):
        first = min(found.first_ns for _, found in group)
        last = max(found.last_ns for _, found in group)
        away = sum(found.away_ns for _, found in group) + _idle(spans, first, last)
        cover = _coverage(group)
        harvest = _sum([found.harvest for _, found in group])
        harvest = with_unpriced(
            harvest, [one for talk, _ in group for one in stints(talk)], algorithm, first, last
        )
        rate = estimated(algorithm, harvest, last - first - away, cover)
        if rate is None:
            continue
        if series is None:
            series = merged(talk.series for talk in talks if talk.series is not None)
        reported = _reported(algorithm, talks)
        curve = _curve(algorithm, series, first, last, _heard(talks), spans, cover)
        rates.append(replace(rate, reported=reported, series=curve))
    return tuple(rates)


def _sum(parts: Sequence[Harvest]) -> Harvest:
    if len(parts) == 1:
        return parts[0]
    return Harvest(
        sum(one.shares for one in parts),
        sum(one.hashes for one in parts),
        sum(one.squared for one in parts),
        sum(one.rejected for one in parts),
        sum(one.stale for one in parts),
        sum(one.stale_hashes for one in parts),
        sum(one.imputed for one in parts),
        sum(one.doubt for one in parts),
    )


def _coverage(group: Sequence[tuple[Talk, Yield]]) -> Coverage:
    course = 0
    for talk, _ in group:
        course |= talk.course
    if not course & _LOST:
        return WHOLE
    return coverage(
        sum(found.submitted for _, found in group),
        sum(found.answered for _, found in group),
        bool(course & Course.MINER_LOST),
        bool(course & Course.POOL_UNHEARD),
        any(talk.machines for talk, _ in group),
    )


def _spans(talks: Sequence[Talk]) -> list[tuple[int, int]]:
    """Return when any connection mined, in order and apart."""
    apart: list[tuple[int, int]] = []
    for first, last in sorted((one.first_ns, one.last_ns) for talk in talks for one in stints(talk)):
        if apart and first <= apart[-1][1] + PAUSE_NS:
            apart[-1] = (apart[-1][0], max(last, apart[-1][1]))
        else:
            apart.append((first, last))
    return apart


def _idle(spans: Sequence[tuple[int, int]], first: int, last: int) -> int:
    """Return how much of a time no connection mined in."""
    idle = 0
    for (_, end), (begin, _) in pairwise(spans):
        idle += max(0, min(begin, last) - max(end, first))
    return idle


def _reported(algorithm: str, talks: Sequence[Talk]) -> float | None:
    """Return what the machines that mine at the same time say of themselves, in sum."""
    told = [
        (one.first_ns, one.last_ns, one.reported)
        for talk in talks
        for one in stints(talk)
        if one.reported is not None and one.algorithm == algorithm
    ]
    return most_at_once(told) if told else None


def _heard(talks: Sequence[Talk]) -> dict[str, int]:
    heard: dict[str, int] = {}
    for talk in talks:
        for worker, at_ns in talk.heard.items():
            heard[worker] = min(at_ns, heard.get(worker, at_ns))
    return heard


def _curve(
    algorithm: str,
    series: Series,
    first: int,
    last: int,
    heard: dict[str, int],
    spans: Sequence[tuple[int, int]],
    cover: Coverage,
) -> tuple[Pace, ...]:
    """Return the rates by bucket, of all together and, where there are several, of each worker."""
    width_ns, paused = series.width_ns, len(spans) > 1
    cells = [
        (start, start + width_ns, worker, cell)
        for of, worker, start, cell in series.cells()
        if of == algorithm
    ]
    rows: list[_Row]
    if len({worker for _, _, worker, _ in cells}) <= 1:  # one worker is all there is
        rows = [(start, end, None, cell) for start, end, _, cell in cells]
    else:
        rows = _by_worker(cells, first, last)
    paces = []
    for start, end, worker, cell in sorted(rows, key=lambda row: (row[0], row[2] is not None, row[2] or "")):
        begin = max(start, first, heard.get(worker, first) if worker is not None else first)
        end = min(end, last)
        lasted = end - begin - (_idle(spans, begin, end) if paused else 0)
        if lasted > 0:
            paces.append(_pace(worker, begin, lasted, cell, cover))
    return tuple(paces)


def _by_worker(cells: Sequence[_Row], first: int, last: int) -> list[_Row]:
    """Return the buckets of all together, and those of each worker; where these are more than ROWS, each
    worker's whole time in one, of those with the most shares."""
    together: dict[int, Cell] = {}
    width_ns = cells[0][1] - cells[0][0]
    for start, _, _, cell in cells:
        together.setdefault(start, Cell()).take(cell)
    rows: list[_Row] = [(start, start + width_ns, None, cell) for start, cell in together.items()]
    named = [row for row in cells if row[2] is not None]
    if len(rows) + len(named) <= ROWS:
        return rows + named
    whole: dict[str | None, Cell] = {}
    for _, _, worker, cell in named:
        whole.setdefault(worker, Cell()).take(cell)
    most = sorted(whole, key=lambda worker: (-whole[worker].shares, worker or ""))
    return rows + [(first, last, worker, whole[worker]) for worker in most[: ROWS - len(rows)]]


def _pace(worker: str | None, begin: int, lasted: int, cell: Cell, cover: Coverage) -> Pace:
    each_s = NS / lasted
    value = cell.hashes * each_s
    stale = cell.stale_hashes * each_s
    if cell.squared:
        low, high = factors(cell.hashes * cell.hashes / cell.squared)
        low, high = value * low / cover.high, (value + stale) * high / cover.low
    else:  # of stale shares alone: at most what is found in 1 of 40 such times
        low, high = 0.0, gamma_quantile(0.975, 1.0) * stale / max(cell.stale, 1) / cover.low
    seconds = lasted / NS
    return Pace(
        worker, begin, seconds, cell.shares, cell.rejected, cell.stale, value / cover.value, low, high
    )


def _rigs(basis: Sequence[Talk]) -> tuple[str, ...]:
    return tidy(name for talk in basis for name in talk.named(Sort.WORKER))
