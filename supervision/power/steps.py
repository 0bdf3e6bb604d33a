"""Lasting steps of a load, and its switching: rows of machines come on in blocks of equal kilowatts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from supervision.power.curves import SLOTS, Floats

SPAN = 3
"""Days on each side of a lasting step."""
LEAST = 0.04
"""A step, beside the 95th percentile: a block of a farm of 25 rows."""
MOST_BLOCKS = 24
"""Blocks that the largest step of an account is taken to be made of, at most."""


def daily_steps(kw: Floats, p95: Floats) -> dict[str, Floats]:
    """Return `steps_up steps_down step_size step_equal step_sharp`, each (n,) float32; kw (n, days, 96).

    The level of a day is the median of its hours; a lasting step is a change between the medians of the
    three days before and after, beyond three times the usual change, at its local maximum.
    """
    n, days, _ = kw.shape
    hourly: Floats = of_fours(kw.reshape(n, days, 24, 4), np.add).astype(np.float32) / np.float32(4)
    level = _middle(hourly, 2)
    filled = _carried(level)
    padded = np.pad(filled, ((0, 0), (SPAN, SPAN)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, SPAN, axis=1)
    medians = np.median(windows, axis=2)  # window i covers days i - SPAN .. i - 1
    change = (medians[:, SPAN : SPAN + days] - medians[:, :days]).astype(np.float32)
    size = np.abs(change) / np.maximum(p95[:, None], 1e-6)
    usual = 1.4826 * np.median(size, axis=1)
    far = size > np.maximum(LEAST, 3 * usual)[:, None]
    near = np.lib.stride_tricks.sliding_window_view(
        np.pad(size, ((0, 0), (SPAN - 1, SPAN - 1))), 2 * SPAN - 1, axis=1
    )
    before = np.pad(size, ((0, 0), (1, 0)))[:, :days]
    tops = far & (size >= near.max(axis=2)) & (size > before)  # of equal neighbours the first
    tops[:, :SPAN] = False
    tops[:, days - SPAN + 1 :] = False
    up, down = tops & (change > 0), tops & (change < 0)
    month = 30 / days
    some = tops.any(axis=1)
    sizes = np.where(tops, size, np.float32(np.nan))
    median = np.full(n, np.nan, np.float32)
    if some.any():
        median[some] = np.nanmedian(sizes[some], axis=1)
    return {
        "steps_up": up.sum(axis=1) * np.float32(month),
        "steps_down": down.sum(axis=1) * np.float32(month),
        "step_size": median,
        "step_equal": _equal(sizes, tops),
        "step_sharp": _sharp(hourly.reshape(n, -1), tops, change),
    }


def of_fours(values: NDArray[Any], by: np.ufunc) -> NDArray[Any]:
    """Return `by` over a last axis of four: a quarter of what a reduction over so short an axis takes."""
    return np.asarray(by(by(by(values[..., 0], values[..., 1]), values[..., 2]), values[..., 3]))


def _middle(values: Floats, axis: int) -> Floats:
    """Return the lower median along an axis; NaN where a value is missing is left to the last place."""
    ordered = np.sort(values, axis=axis)
    count = np.isfinite(ordered).sum(axis=axis, keepdims=True)
    place = np.maximum((count - 1) // 2, 0)
    return np.asarray(np.take_along_axis(ordered, place, axis=axis).squeeze(axis), np.float32)


def _carried(level: Floats) -> Floats:
    """Fill days without a level with that of the day before, the first ones with the first known."""
    known = np.isfinite(level)
    place = np.where(known, np.arange(level.shape[1])[None, :], 0)
    np.maximum.accumulate(place, axis=1, out=place)
    made = np.take_along_axis(level, place, axis=1)
    first = np.take_along_axis(level, known.argmax(axis=1)[:, None], axis=1)
    return np.asarray(np.nan_to_num(np.where(np.isfinite(made), made, first), nan=0.0), np.float32)


def _equal(sizes: Floats, tops: NDArray[np.bool_]) -> Floats:
    """Return (n,) mean distance of each step from a whole number of blocks, of a block (0 to 0.5); the
    block is the one of the largest step / 1, 2, 3 ... that fits best, with a price for small blocks, which
    always fit. NaN below three steps.
    """
    n = sizes.shape[0]
    count = tops.sum(axis=1)
    made = np.full(n, np.nan, np.float32)
    rows = np.flatnonzero(count >= 3)
    if rows.size == 0:
        return made
    own = np.nan_to_num(sizes[rows])
    largest = own.max(axis=1, keepdims=True)
    best = np.full(rows.size, np.inf, np.float32)
    for blocks in range(1, MOST_BLOCKS + 1):
        ratio = own / (largest / blocks)
        off = np.abs(ratio - np.rint(ratio)) + (ratio < 0.5)  # below half a block it is none
        mean = np.where(own > 0, off, 0).sum(axis=1) / count[rows]
        best = np.minimum(best, mean + 0.01 * blocks)
    made[rows] = best
    return made


def _sharp(hourly: Floats, tops: NDArray[np.bool_], change: Floats) -> Floats:
    """Return (n,) the mean part of a lasting change that its sharpest hour makes; NaN without a step."""
    made = np.full(hourly.shape[0], np.nan, np.float32)
    row, day = np.nonzero(tops)
    if row.size == 0:
        return made
    jumps = np.diff(hourly, axis=1, prepend=hourly[:, :1])
    hours = np.clip(day[:, None] * 24 + np.arange(-24, 72)[None, :], 0, hourly.shape[1] - 1)
    signed = np.nan_to_num(jumps[row[:, None], hours]) * np.sign(change[row, day])[:, None]
    part = np.clip(signed.max(axis=1) / np.maximum(np.abs(change[row, day]), 1e-6), 0, 2)
    total = np.bincount(row, part, hourly.shape[0])
    count = np.bincount(row, minlength=hourly.shape[0])
    has = count > 0
    made[has] = (total[has] / count[has]).astype(np.float32)
    return made


def switching(filled: Floats, known: NDArray[np.bool_], p95: Floats, days: int) -> dict[str, Floats]:
    """Return `edges edge_time`, each (n,) float32: large changes within an hour, and how their hour scatters.

    The scatter is circular, of rises and falls apart, in hours; NaN below ten edges.
    """
    n = filled.shape[0]
    lag = 4
    change = filled[:, lag:] - filled[:, :-lag]
    both = known[:, lag:] & known[:, :-lag]
    limit = 0.3 * np.maximum(p95, 1e-6)[:, None]
    large = both & (np.abs(change) > limit)
    begins = large.copy()
    begins[:, 1:] &= ~large[:, :-1]
    row, slot = np.nonzero(begins)
    rises = change[row, slot] > 0
    angle = (slot % SLOTS) * (2 * np.pi / SLOTS)
    scatter = np.full(n, np.nan)
    count = np.bincount(row, minlength=n)
    lengths = np.zeros(n)
    for way in (rises, ~rises):
        x = np.bincount(row[way], np.cos(angle[way]), n)
        y = np.bincount(row[way], np.sin(angle[way]), n)
        lengths += np.hypot(x, y)
    enough = count >= 10
    resultant = np.clip(lengths[enough] / count[enough], 1e-6, 1 - 1e-9)
    scatter[enough] = np.sqrt(-2 * np.log(resultant)) * 24 / (2 * np.pi)
    return {"edges": (count / days).astype(np.float32), "edge_time": scatter.astype(np.float32)}
