"""Days that were told more than once: by two rows of a file, by two pieces of it, or by an earlier import.

Point by point: what says the same is dropped and counted, what fills a gap is taken, what says another thing
is refused and named, unless it is to take the place of what was held.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from store.curve_lake import KEY
from supervision.meters.days import POINTS
from supervision.meters.pieces import ROW

Floats = NDArray[np.float64]

HELD: Final = 0
"""The row number of what the lake holds."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Points of a row that say another thing than what stands."""

    row: int
    slot: int
    """The first of them."""
    count: int
    says: float
    stands: float
    held: bool
    """Whether the lake stands against it, or a row of the same file."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of rows."""

    frame: pl.DataFrame
    """One row for each key that has anything new, with the columns that came in; `row_no` the first's."""
    points: Floats
    """(n, 96) of `frame`."""
    clashes: list[Clash]
    repeated: int
    """Points told once more."""
    replaced: int
    """Points that took the place of what was held."""
    unchanged: int
    """Keys that told nothing new."""


def merge(rows: pl.DataFrame, points: Floats, *, replace: bool) -> Merged:
    """Merge rows with KEY, `row_no` (HELD for what the lake has), `energy` and `bridged`, and their points.

    Rows without register have NaN in `register` and 0 in `register_at`.
    """
    order = rows.with_row_index("place").sort(*KEY, ROW, "place")
    place = order["place"].to_numpy()
    rows, points = order.drop("place"), points[place]
    group = rows.select(pl.struct(KEY).rle_id()).to_series().to_numpy().astype(np.int64)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    rank = np.arange(len(group)) - starts[group]
    numbers = rows[ROW].to_numpy()
    held = numbers == HELD

    total = points[starts].copy()
    from_held = np.repeat(held[starts][:, None], POINTS, axis=1) & ~np.isnan(total)
    own = np.nansum(points, axis=1) / 4.0
    loose = rows["energy"].to_numpy() - own  # energy of bridged gaps
    bridged = rows["bridged"].to_numpy().astype(np.int64)
    energy, bridges = own[starts].copy(), bridged[starts].copy()
    extra = loose[starts].copy()
    changed = ~held[starts]
    register, register_at = (rows[name].to_numpy().astype(np.float64) for name in ("register", "register_at"))
    last, last_at = register[starts].copy(), register_at[starts].copy()
    clashes: list[Clash] = []
    repeated = replaced = 0
    for turn in range(1, int(rank.max(initial=0)) + 1):
        at = np.flatnonzero(rank == turn)
        g = group[at]
        before, new = total[g], points[at]
        both = ~np.isnan(before) & ~np.isnan(new)
        same = both & (before.astype(np.float32) == new.astype(np.float32))
        repeated += int(same.sum())
        other = both & ~same
        allowed = other & from_held[g] if replace else np.zeros_like(other)
        replaced += int(allowed.sum())
        refused = other & ~allowed
        for k in np.flatnonzero(refused.any(axis=1)).tolist():
            slot = int(np.argmax(refused[k]))
            clashes.append(
                Clash(
                    int(numbers[at[k]]),
                    slot,
                    int(refused[k].sum()),
                    float(new[k, slot]),
                    float(before[k, slot]),
                    bool(from_held[g[k], slot]),
                )
            )
        fills = np.isnan(before) & ~np.isnan(new)
        taken = fills | allowed
        energy[g] += np.where(taken, new - np.where(allowed, before, 0.0), 0.0).sum(axis=1) / 4.0
        total[g] = np.where(taken, new, before)
        from_held[g] &= ~taken
        _bridge(g, fills, bridges, extra, bridged[at], loose[at], np.isnan(total[g]).sum(axis=1))
        later = (register_at[at] > 0) & (register_at[at] >= last_at[g])
        changed[g] |= (
            taken.any(axis=1) | (bridges[g] != bridged[starts][g]) | (later & (last[g] != register[at]))
        )
        last[g] = np.where(later, register[at], last[g])
        last_at[g] = np.where(later, register_at[at], last_at[g])
    first = rows[starts.tolist()].with_columns(
        energy=pl.Series(np.round(energy + extra, 4)),
        bridged=pl.Series(bridges.astype(np.uint8)),
        register=pl.Series(last),
        register_at=pl.Series(last_at.astype(np.uint8)),
    )
    return Merged(
        first.filter(pl.Series(changed)),
        total[changed],
        clashes,
        repeated,
        replaced,
        int((~changed).sum()),
    )


def _bridge(
    g: NDArray[np.int64],
    fills: NDArray[np.bool_],
    bridges: NDArray[np.int64],
    extra: Floats,
    more: NDArray[np.int64],
    energy: Floats,
    gaps: NDArray[np.int64],
) -> None:
    """Keep the energy of bridged gaps true: a filled gap is bridged no more, and none is bridged twice."""
    filled = np.minimum(fills.sum(axis=1), bridges[g])
    share = np.divide(extra[g], bridges[g], out=np.zeros(len(g)), where=bridges[g] > 0)
    bridges[g] -= filled
    extra[g] -= share * filled
    room = np.clip(gaps - bridges[g], 0, None)
    taken = np.minimum(more, room)
    extra[g] += np.divide(energy * taken, more, out=np.zeros(len(g)), where=more > 0)
    bridges[g] += taken
