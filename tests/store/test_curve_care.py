"""The lake of curves cared for: merged, purged, withdrawn; what was known stays readable."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facts.errors import StoreError, UsageError
from store.curve_care import compact, imports, purge, withdraw
from store.curve_lake import CURVES, CurveLake
from tests.supervision.curves import keep_curve

FIRST, AFTER = date(2026, 3, 30), date(2026, 4, 3)
DAYS = (AFTER - FIRST).days


def flat(kw: float) -> np.ndarray:
    return np.full((DAYS, 96), kw, np.float32)


def batch_of(account: str, known_ns: int) -> str:
    return f"{account}-0-{known_ns}"


def told(lake: CurveLake, known_ns: int | None = None) -> list[list[float]]:
    found = lake.curves(["A", "B", "C"], FIRST, AFTER, known_ns=known_ns)
    return np.nan_to_num(found[:, :, 0], nan=-1).tolist()


@pytest.fixture
def lake(tmp_path: Path) -> CurveLake:
    keep_curve(tmp_path, "B", FIRST, flat(2.0), 10)
    keep_curve(tmp_path, "A", FIRST, flat(1.0), 20)
    keep_curve(tmp_path, "B", FIRST, flat(3.0), 30)
    return CurveLake(tmp_path)


def test_a_merged_month_says_what_its_files_said_at_every_time(lake: CurveLake) -> None:
    times = (None, 5, 10, 20, 29, 30)
    before = [told(lake, at) for at in times]
    energy = [lake.energy(["A", "B"], FIRST, AFTER, known_ns=at).rows() for at in times]
    done = compact(lake)
    assert (done.files, done.made, done.removed) == (6, 2, 0)
    assert [len(lake.files(month)) for month in lake.months()] == [1, 1]
    assert [told(lake, at) for at in times] == before
    assert [lake.energy(["A", "B"], FIRST, AFTER, known_ns=at).rows() for at in times] == energy
    assert all(lake.has_batch(batch_of(*one)) for one in (("B", 10), ("A", 20), ("B", 30)))
    again = compact(lake)
    assert (again.files, again.made, again.removed) == (0, 0, 6)
    keep_curve(lake.root, "C", FIRST, flat(9.0), 40)
    assert compact(lake).files == 4
    assert told(lake)[2] == [9.0] * DAYS
    assert [told(lake, at)[:2] for at in times] == [one[:2] for one in before]
    assert [one.batch for one in imports(lake)] == [
        batch_of(*one) for one in (("B", 10), ("A", 20), ("B", 30), ("C", 40))
    ]


@pytest.mark.parametrize("merged", [False, True])
def test_a_wrong_import_is_taken_back_and_stays_readable(lake: CurveLake, merged: bool) -> None:
    if merged:
        compact(lake)
    with pytest.raises(UsageError, match=batch_of("B", 30)):
        withdraw(lake, batch_of("B", 10), 50, "wrong ratio")
    done = withdraw(lake, batch_of("B", 30), 50, "wrong ratio")
    assert (done.restored, done.gone) == (DAYS, 0)
    assert told(lake) == [[1.0] * DAYS, [2.0] * DAYS, [-1.0] * DAYS]
    assert told(lake, 49)[1] == [3.0] * DAYS
    first = withdraw(lake, batch_of("A", 20), 60, "not ours")
    assert (first.restored, first.gone) == (0, DAYS)
    assert told(lake)[0] == [-1.0] * DAYS
    assert lake.energy(["A"], FIRST, AFTER).rows() == []  # not a day of nothing used: nothing known
    assert len(lake.energy(["A"], FIRST, AFTER, known_ns=59)) == DAYS
    with pytest.raises(UsageError, match="withdrawn before"):
        withdraw(lake, batch_of("A", 20), 70, "again")
    with pytest.raises(UsageError, match="no import"):
        withdraw(lake, "nobody", 70, "again")
    compact(lake)
    assert told(lake) == [[-1.0] * DAYS, [2.0] * DAYS, [-1.0] * DAYS]
    assert [one.withdraws for one in imports(lake)][-2:] == [batch_of("B", 30), batch_of("A", 20)]
    assert imports(lake)[-1].source == "not ours"
    keep_curve(lake.root, "A", FIRST, flat(7.0), 80)  # the right one, later
    assert told(lake)[0] == [7.0] * DAYS


def test_several_imports_are_taken_back_one_after_the_other(lake: CurveLake) -> None:
    keep_curve(lake.root, "B", FIRST, flat(4.0), 40)
    with pytest.raises(UsageError, match=batch_of("B", 40)):
        withdraw(lake, batch_of("B", 30), 50, "wrong")
    assert withdraw(lake, batch_of("B", 40), 50, "wrong").restored == DAYS
    assert told(lake)[1] == [3.0] * DAYS
    compact(lake)
    assert withdraw(lake, batch_of("B", 30), 60, "wrong").restored == DAYS
    assert told(lake)[1] == [2.0] * DAYS
    assert withdraw(lake, batch_of("B", 10), 70, "wrong").gone == DAYS
    assert told(lake)[1] == [-1.0] * DAYS
    assert [told(lake, at)[1][0] for at in (10, 30, 40, 50, 60, 70)] == [2.0, 3.0, 4.0, 3.0, 2.0, -1.0]


def test_old_months_go_whole(lake: CurveLake) -> None:
    count, size = purge(lake, "2026-04")
    assert (count, size > 0, lake.months()) == (3, True, ["2026-04"])
    assert told(lake)[0] == [-1.0, -1.0, 1.0, 1.0]


def test_a_damaged_file_stops_a_merge_and_nothing_is_lost(lake: CurveLake) -> None:
    path = next((lake.root / CURVES / "month=2026-03").glob("*.parquet"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match="damaged"):
        compact(lake)
    path.write_bytes(whole)
    assert told(lake)[1] == [3.0] * DAYS


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.sampled_from("ABC"), st.integers(0, 3), st.integers(1, 4), st.booleans()),
        min_size=1,
        max_size=8,
    )
)
def test_any_order_of_imports_and_merges_reads_as_without_merges(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int, bool]]
) -> None:
    plain, cared = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("cared")
    for number, (account, skip, days, merging) in enumerate(steps, 1):
        for root in (plain, cared):
            kw = np.full((days, 96), float(number), np.float32)
            keep_curve(root, account, FIRST + timedelta(days=skip), kw, number)
        if merging:
            compact(CurveLake(cared))
    for at in (None, *range(len(steps) + 1)):
        assert told(CurveLake(cared), at) == told(CurveLake(plain), at)


def test_who_scores_many_accounts_is_told_what_is_not_merged(lake: CurveLake) -> None:
    from supervision.power.reading import MOST_POINTS, unmerged

    many = MOST_POINTS // 96
    assert unmerged(lake, 10, FIRST, AFTER) == 0
    assert unmerged(lake, many, FIRST, AFTER) == 2
    assert unmerged(lake, many, FIRST, date(2026, 4, 1)) == 1
    compact(lake)
    assert unmerged(lake, many, FIRST, AFTER) == 0
