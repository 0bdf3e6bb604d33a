"""What shares stand for: each by the job it was found for, counted apart for each algorithm.

A pool's new difficulty is for the jobs that follow. A share whose worth or algorithm is not known counts
nothing: no hashrate is better than a wrong one. Where messages were lost, a new difficulty may have been
among them: what follows is presumed to be worth what it was before, and believed as far as its pace agrees
with the rest of the connection (`settle`).
"""

import math
import re
from collections import deque
from copy import copy
from dataclasses import dataclass

from classifier.connection import Connection, Doubt, Shares, Stint
from classifier.gateway import SPAN_LIMIT
from classifier.hashrate import Harvest
from classifier.machines_spaces import Spaces
from classifier.shares_series import Cell, Series
from classifier.talk import ALGORITHM_LIMIT, NAME_LENGTH, NAME_LIMIT, Sort, Talk
from facts.instant import NS
from protocols import events

MAX_COUNT = 65_536
"""Shares that one answer may stand for: more in one message are no miner's."""
SHOWN = 3
"""Shares of one worker from which it does not matter how many more."""
WAITING = 256
"""Open shares of one connection that carries several workers."""
PATIENCE_NS = 30 * NS
"""Pools answer a share within seconds: later, the answer was not seen."""
DOUBT_SHARES = 16
"""Shares after which a span of presumed worth is judged by itself: half or double the pace then shows."""
DOUBT_NS = 600 * NS
DOUBTS = 512
"""Spans of one connection."""
DEVIATION = 1.64
"""Standard deviations by which the pace of a span may differ: a new difficulty, not chance, in 9 of 10."""
STALE_CODES = frozenset({21})
"""Stratum's: job not found, or stale."""
OWN_STALE_CODES = {
    "stratum-bitcoin": frozenset({36, 37}),  # BTC.com: job not found, stale
    "btcagent": frozenset({36, 37}),
    "stratum-grin": frozenset({-32503}),
    "stratum-beam": frozenset({3}),
}
STALE_WORDS = re.compile(
    r"(?i:stale|expired|too[ -]late|job[ -]not[ -]found|unknown[ -](?:work|job)|invalid job ?id|outdated)"
)


@dataclass(frozen=True, slots=True)
class Yield:
    """What was found of one algorithm, and when."""

    harvest: Harvest
    first_ns: int
    last_ns: int
    away_ns: int
    submitted: int
    answered: int


def price(talk: Talk, connection: Connection, work: events.Work, at_ns: int) -> None:
    """Take what a share of this job will be worth."""
    if work.algorithm is not None and work.algorithm != connection.algorithm:
        _switch(talk, connection, work.algorithm, at_ns)
    if work.hashes is None and connection.states:
        _doubt(connection, at_ns)
    else:
        connection.states |= work.hashes is not None
        connection.hashes = work.hashes or connection.told
        _end_doubt(connection, at_ns)
        connection.presumed = None
    if connection.hashes and connection.algorithm is not None and connection.priced_ns is None:
        connection.priced_ns = at_ns


def hand_in(talk: Talk, connection: Connection, event: events.Submit, at_ns: int) -> None:
    """Count a share on its way to the pool."""
    connection.submits += 1
    if event.space is not None:
        if connection.spaces is None:
            connection.spaces = Spaces()
        connection.spaces.note(event.space)
    if event.worker and len(connection.names) < NAME_LIMIT:
        connection.names.add(event.worker)
        shown = talk.shown.get(event.worker, 0)
        if shown < SHOWN:
            if not shown and event.worker[:NAME_LENGTH] not in talk.named(Sort.WORKER):
                talk.newcomers += 1
            if shown or len(talk.shown) < NAME_LIMIT:
                talk.shown[event.worker] = shown + 1
    if len(connection.names) > 1 and event.session is None:
        if connection.waiting is None:
            connection.waiting = deque(maxlen=WAITING)
        connection.waiting.append((at_ns, event.worker))
    algorithm = connection.algorithm
    if algorithm is not None and (connection.hashes or connection.presumed):
        shares = _of(talk, connection, algorithm, at_ns)
        if shares is not None:
            shares.submitted += 1


def earn(talk: Talk, connection: Connection, result: events.ShareResult, at_ns: int) -> bool:
    """Count an accepted share, or several; False where its algorithm is one too many."""
    worker = _worker(connection, result, at_ns)
    apart = result.hashes is not None
    hashes = result.hashes if apart else connection.hashes
    algorithm = result.algorithm or connection.algorithm
    presumed = not hashes and connection.presumed is not None and algorithm == connection.algorithm
    if presumed:
        hashes = connection.presumed
    if not hashes or algorithm is None or not 1 <= result.count <= MAX_COUNT:
        return True
    at_ns = connection.left_ns.get(algorithm, at_ns)  # late, of an algorithm that was left: found before that
    shares = _of(talk, connection, algorithm, at_ns, apart and not presumed)
    if shares is None:
        return False
    shares.answered += result.count
    cell = _cell(talk, algorithm, worker, at_ns)
    whole = round(hashes)
    cell.shares += result.count
    cell.hashes += result.count * whole
    cell.squared += result.count * whole * whole
    if presumed and _presume(connection, result.count, at_ns):
        shares.last_ns = max(shares.last_ns, at_ns)
        return True
    start = connection.first_work_ns if apart or connection.priced_ns is None else connection.priced_ns
    shares.add(hashes, at_ns if start is None else start, at_ns, result.count)
    if algorithm == connection.algorithm:
        connection.shares += result.count
        connection.earned += result.count * whole
    return True


def refuse(talk: Talk, connection: Connection, result: events.ShareResult, at_ns: int) -> None:
    """Count a share that the pool did not take, stale ones apart."""
    worker = _worker(connection, result, at_ns)
    algorithm = result.algorithm or connection.algorithm
    if algorithm is None or not 1 <= result.count <= MAX_COUNT:
        return
    shares = talk.shares.get(algorithm)
    if shares is None:
        return
    cell = _cell(talk, algorithm, worker, at_ns)
    shares.answered += result.count
    if is_stale(result):
        hashes = round(result.hashes or connection.hashes or connection.presumed or 0.0) * result.count
        shares.stale += result.count
        shares.stale_hashes += hashes
        cell.stale += result.count
        cell.stale_hashes += hashes
    else:
        shares.rejected += result.count
        cell.rejected += result.count


def is_stale(result: events.ShareResult) -> bool:
    """Tell a share that came too late from one that is wrong."""
    if result.code in STALE_CODES or result.code in OWN_STALE_CODES.get(result.protocol, ()):
        return True
    return STALE_WORDS.search(result.message or "") is not None


def named(talk: Talk, connection: Connection, event: events.Login, at_ns: int) -> None:
    """Keep which worker logged in, and when."""
    worker = event.worker
    if not worker:
        return
    if event.session is not None:
        connection.numbered[event.session % SESSIONS_NAMED] = worker
    elif len(connection.names) < NAME_LIMIT:
        connection.names.add(worker)
    if len(talk.heard) < NAME_LIMIT or worker in talk.heard:
        talk.heard[worker] = min(at_ns, talk.heard.get(worker, at_ns))


SESSIONS_NAMED = 1 << 16
"""Numbers that one connection's machines have (BTCAgent)."""


def leave(talk: Talk, connection: Connection, last_ns: int) -> None:
    """Close the books of a connection that has ended."""
    algorithm = connection.algorithm
    shares = talk.shares.get(algorithm) if algorithm is not None else None
    if shares is not None:
        shares.last_ns = max(shares.last_ns, last_ns)
        _settle_into(shares, connection, last_ns)
    if (connection.works or connection.submits) and len(talk.stints) < SPAN_LIMIT:
        talk.stints.append(stint(connection))


def stint(connection: Connection) -> Stint:
    """Return what a connection tells of its machines, ended or not."""
    first, last = connection.first_ns, connection.last_ns
    spaces = (1, 0, 0) if connection.spaces is None else connection.spaces.seen()
    one = connection
    return Stint(
        *(first, last, len(one.names), one.algorithm, one.reported, spaces),
        *(one.priced_ns, one.shares, one.earned, one.submits),
    )


def yields(talk: Talk) -> dict[str, Yield]:
    """Return what was found of each algorithm, live connections included; nothing is changed by it."""
    found = {}
    for algorithm, total in talk.shares.items():
        for connection in talk.connections.values():
            if connection.doubts and connection.algorithm == algorithm:
                if total is talk.shares[algorithm]:
                    total = copy(total)
                for part in settle(connection, connection.last_ns):
                    _book(total, part, connection)
        harvest = Harvest(
            total.count,
            total.hashes,
            total.squared,
            total.rejected,
            total.stale,
            total.stale_hashes,
            total.imputed,
        )
        found[algorithm] = Yield(
            harvest, total.first_ns, total.last_ns, total.away_ns, total.submitted, total.answered
        )
    return found


def settle(connection: Connection, end_ns: int) -> list[tuple[Doubt, int]]:
    """Judge the spans of presumed worth: (span, 0) where it is believed, else (span, hashes to impute).

    A span whose pace differs from the pace of the certain shares beyond chance had another difficulty: its
    shares count nothing, and the time is taken to have yielded what the rest of the connection did.
    """
    spans = [(one, (end_ns if one.end_ns < 0 else one.end_ns) - one.start_ns) for one in connection.doubts]
    spans = [(one, lasted) for one, lasted in spans if lasted > 0]
    certain_ns = 0
    if connection.priced_ns is not None:
        certain_ns = end_ns - connection.priced_ns - sum(lasted for _, lasted in spans)
    if connection.shares < 2 or certain_ns <= 0:
        return [(one, 0) for one, _ in spans]
    judged = []
    for one, lasted in spans:
        expected = connection.earned * lasted / certain_ns / one.hashes  # shares, at the certain pace
        ratio = expected / connection.shares
        apart = 2 * (math.sqrt(one.shares + 0.375) - math.sqrt(expected + 0.375 * ratio))
        agrees = abs(apart) <= DEVIATION * math.sqrt(1 + ratio)
        judged.append((one, 0 if agrees else max(1, connection.earned * lasted // certain_ns)))
    return judged


def _settle_into(shares: Shares, connection: Connection, end_ns: int) -> None:
    _end_doubt(connection, end_ns)
    for part in settle(connection, end_ns):
        _book(shares, part, connection)
    connection.doubts, connection.presumed = [], None


def _book(shares: Shares, part: tuple[Doubt, int], connection: Connection) -> None:
    span, imputed = part
    if imputed:
        shares.imputed += imputed
    elif span.shares:
        start = span.start_ns if connection.priced_ns is None else connection.priced_ns
        shares.add(span.hashes, start, span.end_ns, span.shares)


def _doubt(connection: Connection, at_ns: int) -> None:
    """Begin to presume: what a share is worth now may have been among what was lost."""
    if connection.presumed is None and connection.hashes:
        connection.presumed = connection.hashes
        connection.doubts.append(Doubt(at_ns, -1, connection.hashes))
    connection.hashes = None


def _presume(connection: Connection, count: int, at_ns: int) -> bool:
    """Count shares of presumed worth; False where there is no span for them."""
    if not connection.doubts or connection.doubts[-1].end_ns >= 0:
        return False
    span = connection.doubts[-1]
    span.shares += count
    full = span.shares >= DOUBT_SHARES or at_ns - span.start_ns >= DOUBT_NS
    if full and len(connection.doubts) < DOUBTS:
        span.end_ns = max(at_ns, span.start_ns)
        connection.doubts.append(Doubt(span.end_ns, -1, span.hashes))
    return True


def _end_doubt(connection: Connection, at_ns: int) -> None:
    if connection.doubts and connection.doubts[-1].end_ns < 0:
        connection.doubts[-1].end_ns = max(at_ns, connection.doubts[-1].start_ns)


def _of(talk: Talk, connection: Connection, algorithm: str, at_ns: int, apart: bool = False) -> Shares | None:
    """Return the counts of an algorithm; None where it is one too many."""
    shares = talk.shares.get(algorithm)
    if shares is None and len(talk.shares) < ALGORITHM_LIMIT:
        start = connection.first_work_ns if apart or connection.priced_ns is None else connection.priced_ns
        shares = talk.shares[algorithm] = Shares(at_ns if start is None else start)
    return shares


def _cell(talk: Talk, algorithm: str, worker: str | None, at_ns: int) -> Cell:
    if talk.series is None:
        talk.series = Series()
    return talk.series.cell(algorithm, worker, at_ns)


def _worker(connection: Connection, result: events.ShareResult, at_ns: int) -> str | None:
    """Return whose share was answered: by its number, as the only one, or in the order of submission."""
    if result.session is not None:
        return connection.numbered.get(result.session % SESSIONS_NAMED)
    if len(connection.names) == 1:
        return next(iter(connection.names))
    waiting = connection.waiting
    if waiting is None:
        return None
    while waiting and at_ns - waiting[0][0] > PATIENCE_NS:
        waiting.popleft()
    return waiting.popleft()[1] if waiting else None


def _switch(talk: Talk, connection: Connection, algorithm: str, at_ns: int) -> None:
    """Go over to another algorithm: its time is not that of the one before.

    Time away is known where one connection is all there is; several may well be at different algorithms.
    """
    before = connection.algorithm
    old = talk.shares.get(before) if before is not None else None
    if old is not None:
        _settle_into(old, connection, at_ns)
        old.last_ns = max(old.last_ns, at_ns)
    connection.algorithm, connection.priced_ns = algorithm, None
    connection.shares = connection.earned = 0
    connection.doubts, connection.presumed = [], None
    connection.hashes, connection.states = None, False
    if before is None:
        return
    if len(connection.left_ns) < ALGORITHM_LIMIT:
        connection.left_ns[before] = at_ns
    left = connection.left_ns.pop(algorithm, None)
    new = talk.shares.get(algorithm)
    if left is not None and new is not None and len(talk.connections) == 1:
        new.away_ns += at_ns - left
