"""Electricity accounts as a kind of the registry, on both databases."""

from pathlib import Path

import pytest
from sqlalchemy import select

from registry.power_accounts import PowerMeter, parse_ratio
from registry.uscc import completed
from store.database import Database, open_database
from store.registry import RegistryStore
from store.registry_history import history
from store.registry_tables import PowerAccountRow
from store.row_security import lock_rows, see_division
from tests.store.test_registry_import import DAY, NOON, Door, changes
from tests.store.test_row_security import plain  # noqa: F401 a fixture

CODE = completed("9", "1", "990101", "TEXT0001")
HEADER = (
    "number,uscc,site,division,customer_class,contracted_kva,ct,pt,multiplier,meters,valid_from,valid_to\n"
)
GOOD = f"3300001,{CODE},s1,330102,a,8000,150/5,10000/100,,M1;M2*60,2024-01-01,2025-01-01\n"


def filled(folder: Path, rows: str) -> Path:
    (folder / "enterprises.csv").write_text(f"uscc,name\n{CODE},示例企业甲\n", encoding="utf-8")
    sites = "id,name,division,address\ns1,一号,330102,示例路1号\ns2,二号,330203,示例路2号\n"
    (folder / "sites.csv").write_text(sites, encoding="utf-8")
    (folder / "power-accounts.csv").write_text(HEADER + rows, encoding="utf-8")
    return folder


@pytest.fixture
def door(db: Database) -> Door:
    return Door(db)


def test_an_account_ties_meters_to_a_site_and_an_enterprise_for_a_period(door: Door, tmp_path: Path) -> None:
    folder = filled(tmp_path, GOOD + f"3300001,{CODE},s2,330203,,,,,,M9,2025-01-01,\n")
    assert door.load(folder).taken
    assert door.errors == []
    first, second = RegistryStore(door.db).load().power_accounts
    assert (first.number, first.uscc, first.site, first.division) == ("3300001", CODE, "s1", "330102")
    assert (first.customer_class, first.contracted_kva, first.multiplier) == ("A", 8000.0, 3000.0)
    assert first.meters == (PowerMeter("M1", 3000.0), PowerMeter("M2", 60.0))
    assert first.valid_to_ns == second.valid_from_ns
    assert (second.contracted_kva, second.multiplier, second.valid_to_ns) == (None, 1.0, None)
    assert changes(door.load(folder, at=NOON + DAY))[-1] == (0, 0, 0, 2)


def test_a_changed_account_keeps_what_was_believed_before(door: Door, tmp_path: Path) -> None:
    door.load(filled(tmp_path, GOOD))
    door.load(filled(tmp_path, GOOD.replace("150/5", "300/5")), at=NOON + DAY)
    now, before = history(door.db, "3300001")
    assert (now["record"]["multiplier"], now["known_to_ns"]) == (6000.0, None)
    assert (before["record"]["multiplier"], before["known_to_ns"]) == (3000.0, NOON + DAY)
    assert before["record"]["meters"] == [["M1", 3000.0], ["M2", 60.0]]


@pytest.mark.parametrize(
    ("old", "new", "column", "why"),
    [
        (",s1,", ",s7,", "site", "no site 's7' is known; import it first"),
        (CODE, "91990101TEXT0009XX", "uscc", "no enterprise"),
        (",a,", ",K,", "customer_class", "'K' is none of A, B, C, D, E, F"),
        ("8000", "-8", "contracted_kva", "'-8' is no plain number above 0"),
        ("150/5", "150/0", "ct", "'0' is no plain number above 0"),
        ("10000/100,,", "10000/100,30,", "multiplier", "30 is not the product of ct and pt, 3000"),
        ("M1;M2*60", "M1;M1", "meters", "meter M1 stands there twice"),
        ("M1;M2*60", "M1;*60", "meters", "'*60' names no meter"),
        ("330102,a", "3301,a", "division", "'3301'"),
        ("2024-01-01,", "2026-01-01,", "valid_to", "the period ends before it begins"),
    ],
)
def test_a_wrong_row_is_refused_with_its_place(
    door: Door, tmp_path: Path, old: str, new: str, column: str, why: str
) -> None:
    folder = filled(tmp_path, GOOD.replace(old, new, 1))
    assert not door.load(folder).taken
    assert [(error.row, error.column) for error in door.errors] == [(2, column)]
    assert why in door.errors[0].why


def test_two_periods_of_one_account_must_not_overlap(door: Door, tmp_path: Path) -> None:
    again = GOOD.replace("2024-01-01,2025-01-01", "2024-12-31,")
    assert not door.load(filled(tmp_path, GOOD + again)).taken
    assert {error.row for error in door.errors} == {2, 3}


def test_a_registry_put_in_whole_takes_its_accounts_along(door: Door, tmp_path: Path) -> None:
    door.load(filled(tmp_path, GOOD))
    store = RegistryStore(door.db)
    held = store.load()
    store.replace(held)
    assert store.load() == held
    assert len(held.power_accounts) == 1


def test_a_region_sees_its_own_accounts(plain: str, tmp_path: Path) -> None:  # noqa: F811
    with open_database(plain) as database:
        Door(database).load(
            filled(tmp_path, GOOD + GOOD.replace("3300001", "3300002").replace("330102", "330203"))
        )
    with open_database(plain) as database:
        lock_rows(database)
        see_division("330200")
        with database.reading() as connection:
            assert connection.scalars(select(PowerAccountRow.number)).all() == ["3300002"]


def test_a_ratio_is_a_fraction_or_a_number() -> None:
    assert (parse_ratio("150/5"), parse_ratio("80"), parse_ratio("0.5")) == (30.0, 80.0, 0.5)
    with pytest.raises(ValueError, match="no plain number"):
        parse_ratio("1e3")
