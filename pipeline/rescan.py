"""Past traffic judged anew: days of the flow lake against the clocks and the model of today.

A day of a probe is scanned when its files, the clocks that tell of it, or the model are others than when it
was scanned last. What is found is saved day by day, so that a rescan that was broken off goes on from there.
A day of which the lake keeps flow records but the packets of none is judged in the reduced form
(docs/reduced.md).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby

import numpy as np

from classifier.casebook import Casebook
from classifier.clocks import Clock
from classifier.encrypted import Shape, Standing
from classifier.reduced_evidence import verdicts_of
from classifier.weights import shipped
from facts.evidence import Evidence
from facts.instant import NS, nanoseconds, rfc3339
from facts.verdict import Verdict
from pipeline.machine_table import table_at_hand
from pipeline.pool_list import pool_names
from store.clocks import ClockStore
from store.database import Database
from store.lake import Damaged, Lake, LakeFile, Wanted
from store.lake_columns import FLOWS, PACKETS
from store.rhythms import RhythmStore
from store.verdicts import VerdictStore

RULES = "2"
"""Of the judging in this file and in classifier/encrypted*.py: another number scans everything again."""
MARGIN_NS = 600 * NS
"""Clocks tell of a day if they tell of it or of so long before or after it."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What became of one day of a probe."""

    day: date
    probe: str
    flows: int
    """Candidates; 0 where it was not scanned."""
    reduced: int
    """Dependencies that were judged by counts alone."""
    verdicts: tuple[Verdict, ...]
    damaged: tuple[Damaged, ...]
    fresh: bool
    """Whether it was scanned now; it was not where nothing is new."""


class Rescan:
    """One run over the lake. Iterate it; each day is saved before it is told."""

    def __init__(
        self,
        database: Database,
        lake: Lake,
        started_ns: int,
        because: Callable[[Evidence], str],
        *,
        wanted: Wanted,
        shape: Shape | None,
        model: str,
        everything: bool = False,
        reduced: bool = False,
        sampling: float = 1.0,
    ) -> None:
        """`started_ns` names the run; `model` is the identity of the model behind `shape`; `everything`: also
        what was scanned with the same clocks and model before; `reduced`: judge by counts alone also on days
        that have rhythms, what has none; `sampling`: one packet in so many was counted in flow records."""
        self._database = database
        self._lake = lake
        self._started_ns = started_ns
        self._because = because
        self._wanted = wanted
        self._shape = shape
        self._model = model
        self._everything = everything
        self._reduced = reduced
        self._sampling = sampling

    def __iter__(self) -> Iterator[Scanned]:
        """Yield each day of each probe, in their order; of one probe the earlier day tells the later one."""
        rhythms, clocks = RhythmStore(self._database), ClockStore(self._database)
        scanned = rhythms.scanned()
        packets = self._lake.files(PACKETS, self._wanted)
        kept = {(file.probe, file.day) for file in packets}
        counts = [
            file
            for file in self._lake.files(FLOWS, self._wanted)
            if self._reduced or (file.probe, file.day) not in kept
        ]
        by_probe = sorted(
            [*packets, *counts], key=lambda file: (file.probe, file.day, file.table != PACKETS, file.path)
        )
        for probe, group in groupby(by_probe, lambda file: file.probe):
            earlier: dict[tuple[object, object], Standing] = {}
            for day, files in groupby(group, lambda file: file.day):
                part = list(files)
                first_ns = nanoseconds(datetime(day.year, day.month, day.day, tzinfo=UTC))
                last_ns = first_ns + 86_400 * NS
                known = clocks.all(first_ns - MARGIN_NS, last_ns + MARGIN_NS)
                names = [f"{file.path.name} {file.size}" for file in part if file.table == PACKETS]
                names += self._counted(part)
                version = self._version(names, known, first_ns - MARGIN_NS, last_ns + MARGIN_NS)
                if not self._everything and scanned.get((day.isoformat(), probe)) == version:
                    yield Scanned(day, probe, 0, 0, (), (), fresh=False)
                    continue
                before = rhythms.before(first_ns) if not earlier else list(earlier.values())
                by_counts = any(file.table == FLOWS for file in part)
                done, standings = self._day(day, probe, known, before, by_counts)
                for one in standings:
                    earlier[one.client, one.server] = one
                rhythms.keep(standings, again=True)
                rhythms.scanned_now(day.isoformat(), probe, version)
                yield done

    def _counted(self, files: Sequence[LakeFile]) -> list[str]:
        """Return what tells files that are judged by counts, and how, from others; nothing without any."""
        names = [f"{file.path.name} {file.size}" for file in files if file.table == FLOWS]
        if not names:
            return []
        from classifier.reduced import loaded

        return [*names, f"{loaded().identity} 1:{self._sampling:g}"]

    def _day(
        self,
        day: date,
        probe: str,
        clocks: Sequence[Clock],
        before: Sequence[Standing],
        by_counts: bool,
    ) -> tuple[Scanned, list[Standing]]:
        source = f"lake:date={day.isoformat()}/probe={probe}"
        casebook = Casebook(source, pool_names(), machines=table_at_hand())
        casebook.remember(before)
        count, damaged = 0, list[Damaged]()
        for flows, packets, left_out in self._lake.rhythms(Wanted(day, day, probe)):
            count += len(flows)
            damaged += left_out
            for one, rows in _windows(flows, packets):
                casebook.hear(one, rows, [source], clocks, self._shape)
        verdicts = list(casebook.verdicts())
        reduced = 0
        if by_counts:
            from pipeline.reduced import judged  # and with it the loops and the model

            told = judged(self._lake, Wanted(day, day, probe), source, self._sampling)
            reduced = told.judged
            damaged += [one for one in told.damaged if one not in damaged]
            known = {one.address for one in verdicts}
            verdicts += [
                one for one in verdicts_of(told.counted, source, shipped()) if one.address not in known
            ]
        run = f"rescan {rfc3339(self._started_ns)}"
        VerdictStore(self._database).save(run, self._started_ns, verdicts, self._because, [source])
        done = Scanned(day, probe, count, reduced, tuple(verdicts), tuple(damaged), fresh=True)
        return done, casebook.standings()

    def _version(self, files: Sequence[str], clocks: Sequence[Clock], first_ns: int, last_ns: int) -> str:
        digest = hashlib.sha256(f"{RULES} {self._model}".encode())
        for name in files:
            digest.update(name.encode() + b"\0")
        for clock in clocks:
            instants = clock.within(first_ns, last_ns)
            if len(instants):
                digest.update(f"{clock.name}\0{clock.coin}\0{clock.told}\0".encode())
                digest.update(instants.astype("<i8").tobytes())
        return digest.hexdigest()


WINDOW_NS = 3_600 * NS
"""Length of the windows that a day is judged in: four of a probe's, so that slow clocks tell enough."""


def _windows(flows: np.ndarray, packets: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the flows and packets of each hour, flows without enough of them left out."""
    if not len(packets):
        return
    hour = packets["at_ns"] // WINDOW_NS
    for number in np.unique(hour).tolist():
        rows = packets[hour == number]
        counts = np.bincount(rows["flow"], minlength=len(flows))
        chosen = counts >= LEAST
        rows = rows[chosen[rows["flow"]]]
        places = np.cumsum(chosen) - 1
        rows["flow"] = places[rows["flow"]]
        yield flows[chosen], rows


LEAST = 16
"""Packets of an hour from which a flow is judged in it, as of candidates."""
