"""Screening of who trades power: who mines, and who is in disguise or attached to another (伪装、挂靠).

From every enterprise known to mine, ways are followed over what enterprises share. The probability of a way
is that of its beginning times that of each step; of all ways to a participant the most probable one is told,
step by step, with every tie, how many share it and what it weighs. What many share says nothing.
"""

import heapq
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from supervision.ledgers.model import Participant, RelationKind
from supervision.ledgers.ties import Shared, Ties
from supervision.ledgers.weights import Weights

Level = Literal["certain", "strong", "suspected", "watch"]


class FindingSort(StrEnum):
    """What a participant is."""

    LISTED = "listed"
    """It stands on the mining list itself."""
    MINES = "mines"
    """Mining was found on its own lines, and no list names it yet: it trades as something else."""
    ATTACHED = "attached"
    """挂靠: it has accounts, meters, lines or places in common with who mines, or trades for it."""
    DISGUISED = "disguised"
    """伪装: it has persons, wallets or addresses in common with who mines."""


@dataclass(frozen=True, slots=True)
class Seed:
    """An enterprise known to mine."""

    uscc: str
    probability: float
    """Of the list: 1. Of traffic: that of its strongest verdict."""
    listed: bool
    since: date | None
    because: str
    """Document of the list, or address of the verdict."""


@dataclass(frozen=True, slots=True)
class Step:
    """Two enterprises that have something in common."""

    begin: str
    end: str
    """Nearer to the participant."""
    probability: float
    ties: tuple[Shared, ...]
    """Heaviest first; hubs with a weight of 0."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one participant."""

    uscc: str
    sort: FindingSort
    level: Level
    score: float
    """Probability, 0 to 1, that it is or belongs to who mines."""
    seed: Seed
    """Where its way begins: itself where it mines."""
    steps: tuple[Step, ...]
    """From the seed to the participant; empty where it mines itself."""


_ATTACHING = frozenset(
    {
        *(RelationKind.ACCOUNT.value, RelationKind.METER.value, RelationKind.LINE.value),
        *(RelationKind.SITE.value, RelationKind.PARTNER.value),
    }
)


def screen(
    participants: Iterable[Participant], seeds: Iterable[Seed], ties: Ties, weights: Weights
) -> list[Finding]:
    """Return findings at `watch` or above, the most probable first; one for each enterprise.

    Of several seeds of one enterprise the list counts before traffic, and the earlier before the later.
    """
    best: dict[str, Seed] = {}
    for seed in sorted(seeds, key=lambda s: (not s.listed, -s.probability, s.since or date.max, s.because)):
        best.setdefault(seed.uscc, seed)
    wanted = {one.uscc for one in participants}
    ways = _ways(best, ties, weights)
    found = []
    for code in wanted:
        if (way := ways.get(code)) is None:
            continue
        steps, begin = tuple(way.steps()), best[way.begin]
        level = level_of(way.probability, weights)
        if steps:
            sort = _sort(steps)
        elif begin.listed:
            sort, level = FindingSort.LISTED, "certain"
        else:
            sort = FindingSort.MINES
        found.append(Finding(code, sort, level, way.probability, begin, steps))
    return sorted(found, key=lambda one: (-one.score, one.uscc))


def explain_nothing(code: str, seeds: Iterable[Seed], ties: Ties) -> list[Step]:
    """Return what an enterprise shares with enterprises known to mine although it accuses nobody: hubs."""
    found = []
    for seed in sorted({one.uscc for one in seeds} - {code}):
        step = _step(seed, code, ties)
        if step.ties:
            found.append(step)
    return sorted(found, key=lambda step: -step.probability)


def level_of(score: float, weights: Weights) -> Level:
    """Return the level of a probability."""
    if score >= weights.strong:
        return "strong"
    return "suspected" if score >= weights.suspected else "watch"


def probability(log_odds: float) -> float:
    """Return the probability of log-odds in nats."""
    return 1 / (1 + math.exp(-log_odds)) if log_odds > -700 else 0.0


@dataclass(frozen=True, slots=True)
class _Way:
    """The best way found to an enterprise."""

    begin: str
    probability: float
    last: Step | None
    before: "_Way | None"

    def steps(self) -> list[Step]:
        way: _Way | None = self
        found: list[Step] = []
        while way is not None and way.last is not None:
            found.append(way.last)
            way = way.before
        return found[::-1]


def _ways(seeds: Mapping[str, Seed], ties: Ties, weights: Weights) -> dict[str, _Way]:
    """Return the most probable way to each enterprise that is reached at `watch` or above.

    Ways grow from the most probable one; an enterprise may be left again with fewer steps, since a longer
    way may not go on where a shorter one may.
    """
    found: dict[str, _Way] = {}
    fewest: dict[str, int] = {}
    waiting: list[tuple[float, int, str, tuple[str, ...], _Way]] = []

    def wait(code: str, way: _Way, steps: int, told: tuple[str, ...]) -> None:
        """Keep a way in order; `told` names it, so that no two are equal and rows' order changes nothing."""
        heapq.heappush(waiting, (-way.probability, steps, code, told, way))

    for code, seed in sorted(seeds.items()):
        if seed.probability >= weights.watch:
            wait(code, _Way(code, seed.probability, None, None), 0, (code,))
    while waiting:
        _, steps, code, told, way = heapq.heappop(waiting)
        if fewest.get(code, weights.steps + 1) <= steps:
            continue
        fewest[code] = steps
        found.setdefault(code, way)
        if steps == weights.steps:
            continue
        came_from = way.last.begin if way.last else None
        for other in sorted(ties.neighbours(code, came_from)):
            if fewest.get(other, weights.steps + 1) <= steps + 1:
                continue
            step = _step(code, other, ties, came_from)
            if (score := way.probability * step.probability) >= weights.watch:
                wait(other, _Way(way.begin, score, step, way), steps + 1, (*told, other))
    return found


def _step(begin: str, end: str, ties: Ties, came_from: str | None = None) -> Step:
    shared = tuple(ties.between(begin, end, came_from))
    return Step(begin, end, probability(ties.log_odds(shared)), shared)


def _sort(steps: Iterable[Step]) -> FindingSort:
    """Return what a way makes of its end: the heaviest tie of any step decides."""
    heaviest = max((tie for step in steps for tie in step.ties), key=lambda tie: tie.weight)
    return FindingSort.ATTACHED if heaviest.kind in _ATTACHING else FindingSort.DISGUISED
