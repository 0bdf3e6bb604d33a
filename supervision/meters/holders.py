"""Whose a row of a meter file is: accounts and meters of the registry, with their ratios, day by day."""

from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from registry.power_accounts import PowerAccount
from supervision.meters.days import DAY_NS, EPOCH, ZONE_NS
from supervision.meters.forms import By
from supervision.meters.pieces import ROW

_SCHEMA: Final[dict[str, Any]] = {
    "name": pl.String(),  # an account's number, or a meter's
    "begin": pl.Int32(),  # first day, counted from 1970
    "end": pl.Int32(),  # exclusive
    "account": pl.String(),
    "meter": pl.String(),
    "of": pl.UInt8(),
    "ratio": pl.Float64(),
}
_NEVER: Final = 1 << 30
_HALF_NS: Final = DAY_NS // 2


class Holders:
    """The registry, as rows of meter files need it."""

    def __init__(self, accounts: Iterable[PowerAccount], by: By) -> None:
        rows: list[tuple[Any, ...]] = []
        for one in accounts:
            # A day belongs to who has the account at its noon: periods begin at midnight, or nearly so.
            begin = (one.valid_from_ns + ZONE_NS + _HALF_NS) // DAY_NS
            end = _NEVER if one.valid_to_ns is None else (one.valid_to_ns + ZONE_NS + _HALF_NS) // DAY_NS
            begin, end = max(min(begin, _NEVER), -_NEVER), max(min(end, _NEVER), -_NEVER)
            if by is By.ACCOUNT:
                rows.append((one.number, begin, end, one.number, "", 1, one.multiplier))
                continue
            rows += [
                (meter.number, begin, end, one.number, meter.number, len(one.meters), meter.multiplier)
                for meter in one.meters
            ]
        self._table = pl.DataFrame(rows, schema=_SCHEMA, orient="row").unique()
        self._names = self._table["name"].unique()
        self._by = by

    def resolved(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
        """Return the rows with `account`, `meter`, `of` and `ratio`, and (row, why) of those without.

        `rows` have `row_no`, `name` and `date` (Date), and several may have one row_no (a row of a file is
        one name and one day here).
        """
        day = pl.col("date").to_physical()
        joined = rows.join(self._table, on="name", maintain_order="left")
        held = joined.filter((day >= pl.col("begin")) & (day < pl.col("end"))).drop("begin", "end")
        several = held.filter(pl.col(ROW).is_duplicated())
        if len(several):
            held = held.filter(~pl.col(ROW).is_duplicated())
        lost: list[tuple[int, str]] = []
        if len(held) < len(rows):
            rest = rows.join(held.select(ROW), on=ROW, how="anti")
            twice, known = set(several[ROW].to_list()), set(rest["name"].to_list()) & set(self._names)
            for at, name, date in rest.select(ROW, "name", "date").iter_rows():
                if at in twice:
                    why = f"the registry says different things of {name!r} on {date}"
                elif self._by is By.METER:
                    why = (
                        f"the registry has no record of meter of a power account {name!r} on {date}"
                        if name in known
                        else f"the registry has no meter of a power account {name!r}; import it first"
                    )
                elif name in known:
                    why = f"the registry has no record of power account {name!r} on {date}"
                else:
                    why = f"the registry has no power account {name!r}; import it first"
                lost.append((at, why))
        return held, lost


def day_number(date: Any) -> int:
    """Return days since 1970."""
    return int((date - EPOCH).days)
