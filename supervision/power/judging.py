"""Accounts judged group by group: what the model says of each, and why."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from registry.power_accounts import PowerAccount
from supervision.power.curves import Curves
from supervision.power.features import NAMES, features
from supervision.power.model import Model, explained, score
from supervision.power.words import Reason, reasons

NOTHING = ("none", "unknown")
"""Levels of accounts of which nothing is told unless it is asked for."""
_LOG_KW = NAMES.index("log_kw")


@dataclass(frozen=True, slots=True)
class Judged:
    """One account."""

    account: PowerAccount
    level: str
    """`likely`, `suspected`, `unusual`, `none` or `unknown`."""
    probability: float
    """Of mining, at the base rate; NaN where nothing could be told, as the others."""
    log_odds: float
    unusual: float
    kw: float
    """Mean load."""
    reasons: tuple[Reason, ...]
    """Heaviest first; only of accounts of which something is told."""


def judged(
    some: Iterable[tuple[Sequence[PowerAccount], Curves]], model: Model, base_rate: float, threads: int = 1
) -> Iterator[Judged]:
    """Yield every account of some groups, in their order; `threads` work on the curves of a group."""
    with ThreadPoolExecutor(threads) as pool:
        for accounts, curves in some:
            rows = features(curves, each=pool.map)
            scores = score(rows, model, base_rate, explain=False)
            levels = [scores.level(i) for i in range(len(accounts))]
            told = [i for i, level in enumerate(levels) if level not in NOTHING]
            parts = dict(zip(told, explained(rows[told], model), strict=True))
            for i, (account, level) in enumerate(zip(accounts, levels, strict=True)):
                yield Judged(
                    account,
                    level,
                    float(scores.probability[i]),
                    float(scores.log_odds[i]),
                    float(scores.unusual[i]),
                    float(10 ** rows[i, _LOG_KW]),
                    reasons(rows[i], parts[i]) if i in parts else (),
                )
