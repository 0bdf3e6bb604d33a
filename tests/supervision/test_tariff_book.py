"""The billing run on a real store: facts in, entries out, corrections by reversal; on both databases."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text, update

from facts.errors import RowError, StoreError
from store.curve_care import compact, imports, purge, withdraw
from store.curve_lake import CurveLake
from store.database import Database, open_database
from store.tariff import StoredRulebook, add_rulebook, read_mining, read_readings
from store.tariff_money import read_entries
from store.tariff_tables import EntryRow, ReadingRow
from supervision.refusals import Refused, Unknown
from supervision.tariff.book import Plan, Run, plan, post, standing_entries
from supervision.tariff.collection import by_region, owed_on
from supervision.tariff.ledger import Entry, balance
from supervision.tariff.metered import keep, summed
from supervision.tariff.periods import decide
from supervision.tariff.rows import entry_of
from supervision.tariff.tables import Table, Taking, take_file
from tests.supervision.curves import keep_curve
from tests.supervision.filled import FIRM, OTHER, fill

AS_OF = date(2025, 12, 31)
MADE = date(2026, 1, 5)
MONTHS = [f"2025-{month:02}" for month in range(1, 13)]


@dataclass(frozen=True, slots=True)
class Took:
    """What became of a file."""

    taken: bool
    added: int
    changed: int
    unchanged: int
    errors: list[RowError]
    notices: list[str]


class Office:
    """A database with accounts, and what a person does with it."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db = db
        self.folder = folder
        self.now = 10
        folder.mkdir(exist_ok=True)
        fill(db, folder / "registry")

    def take(self, table: Table, text: str, **options: Any) -> Took:
        self.now += 1
        path = self.folder / f"{table.value}.csv"
        path.write_text(text, "utf-8")
        taking = Taking(known_ns=self.now, author="tests", **options)
        errors: list[RowError] = []
        done = take_file(self.db, path, table, taking, errors.extend)
        [file] = done.files
        changes = file.changes
        return Took(done.taken, changes.added, changes.changed, changes.unchanged, errors, done.notices)

    def post(self, made: date = MADE, lake: CurveLake | None = None, **asked: object) -> Plan:
        self.now += 1
        return post(self.db, Run(AS_OF, made, **asked), self.now, "tests", lake)

    def read(self, lake: CurveLake, month: date, known_ns: int) -> list[str | None]:
        """Sum the curves of a month, keep the readings and return their energy, by account."""
        self.now = max(self.now, known_ns)
        with self.db.writing() as connection:
            found = summed(connection, lake, month, None, known_ns, "tests")
            keep(connection, found)
        return [one.kwh for one in found.readings]

    def standing_amounts(self) -> list[tuple[str, str, Decimal]]:
        return sorted((one.account, one.month, one.line.amount) for one in self.standing())

    def afresh(self, lake: CurveLake) -> list[tuple[str, str, Decimal]]:
        """Return what a bill computed from the facts of now says, with nothing of the book."""
        with self.db.reading() as connection:
            bills = plan(connection, Run(AS_OF, MADE), lake).bills
        return sorted((one.account, one.month, line.amount) for one in bills for line in one.lines)

    def standing(self) -> list[Entry]:
        with self.db.reading() as connection:
            return standing_entries(connection)


@pytest.fixture
def office(db: Database, tmp_path: Path) -> Office:
    return Office(db, tmp_path / "office")


def readings(account: str, *kwh: str) -> str:
    return "".join(f"{account},{month},{energy}\n" for month, energy in zip(MONTHS, kwh, strict=False))


def test_a_year_is_billed_to_the_fen(office: Office) -> None:
    assert office.take(Table.READINGS, "account,month,kwh\n" + readings("ZJ1", "12345.67", "31000")).taken
    mining = "account,first,last\nZJ1,2025-01-11,2025-02-14\n"
    assert office.take(Table.MINING, mining, confirmed=True).taken
    found = office.post(why="first bill")
    # 12345.67 kWh / 31 d x 21 d x 0.50 = 4181.5979... ; 31000 / 28 x 14 x 0.50 = 7750.00
    assert [(e.line.days, e.line.amount) for e in found.entries] == [
        (21, Decimal("4181.60")),
        (14, Decimal("7750.00")),
    ]
    assert [(e.number, e.month, e.holder) for e in found.entries] == [
        (1, "2025-01", f"{FIRM} 330102"),
        (2, "2025-02", f"{FIRM} 330102"),
    ]
    assert office.post().entries == ()
    with office.db.reading() as connection:
        assert [entry_of(kept) for kept in read_entries(connection)] == list(found.entries)


def test_a_dry_run_adds_nothing(office: Office) -> None:
    office.take(Table.READINGS, "account,month,kwh\n" + readings("ZJ1", "1000"))
    office.take(Table.MINING, "account,first\nZJ1,2025-01-01\n", confirmed=True)
    with office.db.reading() as connection:
        assert plan(connection, Run(AS_OF, MADE)).amount == Decimal("500.00")
        assert read_entries(connection) == []


def test_only_what_a_person_confirmed_is_billed(office: Office) -> None:
    office.take(Table.READINGS, "account,month,kwh\n" + readings("ZJ1", "1000"))
    office.take(Table.MINING, "account,first,last,period\nZJ1,2025-01-01,2025-01-31,p1\n")
    assert office.post().entries == ()
    with office.db.writing() as connection:
        decide(connection, "p1", "confirmed", "seen on site", 99, "li", last=date(2025, 1, 10))
    assert office.post().amount == Decimal("161.29")  # 1000 / 31 x 10 x 0.50 = 161.2903
    with office.db.writing() as connection:
        decide(connection, "p1", "withdrawn", "a mistake", 100, "li")
    back = office.post(why="a mistake")
    assert [(e.kind, e.reverses, e.line.amount, e.why) for e in back.entries] == [
        ("reversal", 1, Decimal("-161.29"), "a mistake")
    ]
    with office.db.reading() as connection:
        assert [one.author for one in read_mining(connection)] == ["li"]


def test_a_decision_needs_a_period_and_a_reason(office: Office) -> None:
    office.take(Table.MINING, "account,first,period\nZJ1,2025-01-01,p1\n")
    with office.db.writing() as connection:
        with pytest.raises(Unknown):
            decide(connection, "p9", "confirmed", "because", 1, "li")
        for state, why, last in (
            ("confirmed", " ", None),
            ("maybe", "because", None),
            ("confirmed", "because", date(2024, 1, 1)),
        ):
            with pytest.raises(Refused):
                decide(connection, "p1", state, why, 1, "li", last=last)


def test_shaanxi_refuses_until_its_rate_is_entered(office: Office) -> None:
    office.take(Table.READINGS, "account,first,last,kwh\nSX1,2023-01-01,2023-01-31,3100\n")
    office.take(Table.MINING, "account,first\nSX1,2023-01-01\n", confirmed=True)
    found = office.post()
    assert found.entries == ()
    assert [(r.reason, r.rule, r.days) for one in found.bills for r in one.refusals] == [
        ("no-rate", "shaanxi-2022", 31)
    ]
    rule = (
        '[[rule]]\nid = "shaanxi-2022"\njurisdiction = "610000"\nrate = "0.60"\ntax = "unstated"\n'
        'scope = "share"\nvalid_from = 2022-05-01\nvalid_to = 2024-05-01\nstart = "mining"\n'
        'part_period = "daily-average"\nmarket = []\ndocument = "from the notice"\n'
        'status = "in-force"\nmark = "V"\n'
    )
    with office.db.writing() as connection:
        add_rulebook(connection, StoredRulebook(rule, [], 50, "li", "the notice is at hand"))
    assert office.post().amount == Decimal("1860.00")


def test_a_draft_bills_only_once_it_was_enacted_and_the_user_was_told(office: Office) -> None:
    office.take(Table.READINGS, "account,month,kwh\nSD1,2025-03,3100\n")
    office.take(Table.MINING, "account,first\nSD1,2025-03-01\n", confirmed=True)
    floor = office.post()
    assert (floor.amount, floor.bills[0].drafts) == (Decimal("930.00"), ("shandong-2022-draft",))
    with office.db.writing() as connection:
        add_rulebook(connection, StoredRulebook("", ["shandong-2022-draft"], 50, "li", "enacted"))
    untold = office.post(why="enacted")
    assert untold.amount == Decimal("-930.00")
    assert untold.bills[0].refusals[0].reason == "not-told"
    office.take(Table.NOTICES, "account,told\nSD1,2025-03-22\n")
    told = office.post()
    assert told.amount == Decimal("2000.00")  # 10 of 31 days x 3100 kWh x 2.00
    assert told.entries[0].line.net == Decimal("1769.91")  # / 1.13


def test_facts_of_an_unknown_account_are_refused_with_their_place(office: Office) -> None:
    text = "account,month,kwh\nZJ1,2025-01,1000\nXX,2025-01,5\nZJ1,2025-13,5\nZJ1,2025-02,-3\nZJ1,,3\n"
    done = office.take(Table.READINGS, text)
    assert not done.taken
    assert [(error.row, error.column) for error in done.errors] == [
        (3, "account"),
        (4, "month"),
        (5, "kwh"),
        (6, "first"),
    ]
    with office.db.reading() as connection:
        assert read_readings(connection) == []
    assert office.take(Table.READINGS, text, accept_good=True).added == 1


def test_readings_are_idempotent_replaced_and_never_overlap(office: Office) -> None:
    first = office.take(Table.READINGS, "account,month,kwh\nZJ1,2025-01,1000\nZJ1,2025-01,1000.0\n")
    assert (first.taken, first.added, first.unchanged) == (True, 1, 1)
    twice = office.take(Table.READINGS, "account,month,kwh\nZJ1,2025-02,10\nZJ1,2025-02,11\n")
    assert not twice.taken
    assert str(twice.errors[0]).endswith("readings.csv, row 3, column kwh: contradicts a row before it")
    again = office.take(Table.READINGS, "account,first,last,kwh\nZJ1,2025-01-01,2025-01-31,1000.00\n")
    assert (again.added, again.changed, again.unchanged) == (0, 0, 1)
    assert office.take(Table.READINGS, "account,month,kwh\nZJ1,2025-01,1001\n").changed == 1
    over = office.take(Table.READINGS, "account,first,last,kwh\nZJ1,2025-01-31,2025-02-27,5\n")
    assert not over.taken
    assert "overlaps the reading from 2025-01-01" in over.errors[0].why


def test_a_payment_counts_once_however_often_its_file_is_taken(office: Office) -> None:
    text = "account,on,amount,reference\nZJ1,2026-01-10,100.50,T1\nZJ1,2026-01-11,-0.50,T2\n"
    assert office.take(Table.PAYMENTS, text).added == 2
    assert office.take(Table.PAYMENTS, text).unchanged == 2
    wrong = office.take(Table.PAYMENTS, text.replace("100.50", "100.51"))
    assert not wrong.taken
    assert "was used for another payment: 100.50 CNY" in wrong.errors[0].why
    assert not office.take(Table.PAYMENTS, text.replace("T1", "T3").replace("100.50", "1.005")).taken


def test_regions_are_told_what_they_collected(office: Office) -> None:
    rows = "account,month,kwh\nZJ1,2025-01,1000\nZJ2,2025-01,2000\nGZ1,2025-01,500\n"
    office.take(Table.READINGS, rows)
    office.take(
        Table.MINING, "account,first\nZJ1,2025-01-01\nZJ2,2025-01-01\nGZ1,2025-01-01\n", confirmed=True
    )
    office.post()
    office.take(Table.PAYMENTS, "account,on,amount,reference\nZJ1,2026-01-10,500,T1\nZJ2,2026-01-10,250,T2\n")
    with office.db.reading() as connection:
        owed = owed_on(connection, date(2026, 1, 20))
        here = owed_on(connection, date(2026, 1, 20), "330200")
    assert [(c.division, c.accounts, c.due, c.paid, c.rate) for c in by_region(owed, 2)] == [
        ("330000", 2, Decimal("1500.00"), Decimal("750.00"), Decimal("0.5000")),
        ("520000", 1, Decimal("1000.00"), Decimal("0.00"), Decimal("0.0000")),
    ]
    assert [(one.standing.account, one.uscc, one.standing.arrears) for one in here] == [
        ("ZJ2", OTHER, Decimal("750.00"))
    ]


def test_a_new_holder_is_charged_in_the_place_of_the_old_one(db: Database, tmp_path: Path) -> None:
    office = Office(db, tmp_path / "office")
    office.take(Table.READINGS, "account,month,kwh\nZJ1,2025-01,1000\n")
    office.take(Table.MINING, "account,first\nZJ1,2025-01-01\n", confirmed=True)
    office.post()
    accounts = office.folder / "registry" / "power-accounts.csv"
    from pipeline.registry_import import Options, files_of, import_files

    text = accounts.read_text("utf-8").replace(f"ZJ1,{FIRM}", f"ZJ1,{OTHER}")
    accounts.write_text(text, "utf-8")
    assert import_files(db, files_of([accounts], None), Options(), 60, lambda errors: None).taken
    with pytest.raises(Refused, match="say why"):
        office.post()
    assert [(e.kind, e.holder) for e in office.post(why="sold").entries] == [
        ("reversal", f"{FIRM} 330102"),
        ("charge", f"{OTHER} 330102"),
    ]


def test_the_book_cannot_be_changed(office: Office) -> None:
    office.take(Table.READINGS, "account,month,kwh\nZJ1,2025-01,1000\n")
    office.take(Table.MINING, "account,first\nZJ1,2025-01-01\n", confirmed=True)
    office.post()
    for change in (delete(EntryRow), update(EntryRow).values(amount_fen=0), delete(ReadingRow)):
        with pytest.raises(StoreError, match="added and never changed"), office.db.writing() as connection:
            connection.execute(change)


def test_an_account_that_cannot_be_placed_keeps_its_charges(office: Office) -> None:
    office.take(Table.READINGS, "account,month,kwh\nZJ1,2025-01,1000\nZJ2,2025-01,1000\n")
    office.take(Table.MINING, "account,first\nZJ1,2025-01-01\nZJ2,2025-01-01\n", confirmed=True)
    office.post()
    with office.db.writing() as connection:
        connection.execute(text("DELETE FROM power_accounts WHERE number = 'ZJ1'"))
    found = office.post()
    assert [(fault.account, fault.why) for fault in found.faults] == [
        ("ZJ1", "no record of account ZJ1 on 2025-01-31")
    ]
    assert found.entries == ()
    assert balance(office.standing()) == Decimal("1000.00")


_ENERGY = st.integers(0, 10**9).map(lambda n: f"{n // 100}.{n % 100:02}")
_PLACES = {"ZJ": "330102", "SC": "513225", "GZ": "520102"}
_SITES = {"ZJ": "hz", "SC": "aba", "GZ": "gy"}
_EXAMPLES = 8
_DAYS = st.integers(-400, 364).map(lambda n: date(2025, 1, 1) + timedelta(days=n))


@st.composite
def _fact(draw: st.DrawFn) -> tuple[Table, str]:
    """A file that changes one fact; `{n}` stands for the number of the example."""
    account = draw(st.sampled_from(sorted(_PLACES))) + "{n}"
    if draw(st.booleans()):
        month, kwh = draw(st.sampled_from(MONTHS)), draw(_ENERGY)
        return Table.READINGS, f"account,month,kwh\n{account},{month},{kwh}\n"
    first, length = draw(_DAYS), draw(st.one_of(st.none(), st.integers(0, 300)))
    last = "" if length is None else (first + timedelta(days=length)).isoformat()
    share = draw(st.sampled_from(["", "0.5", "0.333333"]))
    return Table.MINING, f"account,first,last,share,period\n{account},{first},{last},{share},p-{account}\n"


class _Years(Office):
    """A store with an account in three provinces for each example: the book itself is never emptied."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.folder, self.now = db, folder, 10
        folder.mkdir()
        extra = "".join(
            f"{province}{n},{FIRM},{_SITES[province]},{code},,2020-01-01,,\n"
            for n in range(50, 50 + 4 * _EXAMPLES)
            for province, code in _PLACES.items()
        )
        fill(db, folder / "registry", extra)


def test_a_year_after_three_corrections_is_the_bill_computed_afresh(db: Database, tmp_path: Path) -> None:
    examples = iter(range(50, 50 + 4 * _EXAMPLES))
    with open_database(f"sqlite:///{tmp_path}/fresh.db") as other:
        corrected, fresh = _Years(db, tmp_path / "corrected"), _Years(other, tmp_path / "fresh")

        @settings(max_examples=_EXAMPLES, phases=[Phase.generate])
        @given(
            energy=st.lists(st.lists(_ENERGY, min_size=12, max_size=12), min_size=3, max_size=3),
            begun=st.lists(_DAYS, min_size=3, max_size=3),
            changes=st.lists(_fact(), min_size=3, max_size=3),
        )
        def holds(energy: list[list[str]], begun: list[date], changes: list[tuple[Table, str]]) -> None:
            n = next(examples)
            numbers = tuple(f"{province}{n}" for province in sorted(_PLACES))
            year = "".join(readings(number, *kwh) for number, kwh in zip(numbers, energy, strict=True))
            mining = "".join(f"{one},{first},p-{one}\n" for one, first in zip(numbers, begun, strict=True))
            facts = [
                (Table.READINGS, "account,month,kwh\n" + year),
                (Table.MINING, "account,first,period\n" + mining),
                *((table, rows.replace("{n}", str(n))) for table, rows in changes),
            ]
            for place, (table, rows) in enumerate(facts):
                for office in (corrected, fresh):
                    assert office.take(table, rows, confirmed=True).taken
                if place:
                    corrected.post(why="corrected", accounts=numbers)
            fresh.post(accounts=numbers)
            found = []
            for office in (corrected, fresh):
                with office.db.reading() as connection:
                    every = [entry_of(kept) for kept in read_entries(connection, numbers)]
                    stands = standing_entries(connection, numbers)
                assert balance(every) == balance(stands)
                found.append(sorted((e.account, e.period, e.month, str(e.line), e.holder) for e in stands))
            assert found[0] == found[1]

        holds()
        with db.reading() as connection:
            numbered = [kept.number for kept in read_entries(connection)]
        assert numbered == list(range(1, len(numbered) + 1))
        assert len(numbered) > 12 * _EXAMPLES


@pytest.mark.parametrize("merged", [False, True])
def test_bills_from_curves_that_are_withdrawn_are_reversed_and_what_comes_instead_is_billed(
    office: Office, tmp_path: Path, merged: bool
) -> None:
    lake = CurveLake(tmp_path / "lake")
    office.take(Table.MINING, "account,first\nZJ1,2025-01-01\nSC1,2025-01-01\n", confirmed=True)
    whole = np.full((59, 96), 10.0)  # 240 kWh a day: 7,440 in January, 6,720 in February
    keep_curve(lake.root, "ZJ1", date(2025, 1, 1), whole, known_ns=20)
    keep_curve(lake.root, "SC1", date(2025, 1, 1), whole, known_ns=21)
    assert office.read(lake, date(2025, 1, 1), 30) == ["7440", "7440"]
    assert office.read(lake, date(2025, 2, 1), 31) == ["6720", "6720"]
    first = office.post(lake=lake, why="first")
    assert first.amount == Decimal("35400.00")  # 14,160 kWh x (0.50 + 2.00)
    assert office.post(lake=lake).entries == ()
    if merged:
        compact(lake)
    [wrong] = [one.batch for one in imports(lake) if one.known_ns == 20]
    withdraw(lake, wrong, 40, "another meter's readings")
    office.now = 41
    with office.db.reading() as connection:
        said = plan(connection, Run(AS_OF, MADE), lake, 41, "tests")
    assert [(one.account, one.first_day, one.kwh) for one in said.recounted] == [
        ("ZJ1", "2025-01-01", None),
        ("ZJ1", "2025-02-01", None),
    ]
    with pytest.raises(Refused, match="say why"):
        office.post(lake=lake)
    gone = office.post(lake=lake, why="curves withdrawn")
    assert [(e.kind, e.account, e.reverses, e.line.amount) for e in gone.entries] == [
        ("reversal", "ZJ1", 3, Decimal("-3720.00")),
        ("reversal", "ZJ1", 4, Decimal("-3360.00")),
    ]
    with office.db.reading() as connection:
        assert {one.account for one in read_readings(connection)} == {"SC1"}
        assert len(read_readings(connection, known_ns=39)) == 4  # as it was believed
    assert office.post(lake=lake).recounted == ()
    keep_curve(lake.root, "ZJ1", date(2025, 1, 1), whole[:31] / 2, known_ns=50)
    assert office.read(lake, date(2025, 1, 1), 60) == ["3720"]
    assert [(e.kind, e.line.amount) for e in office.post(lake=lake, why="anew").entries] == [
        ("charge", Decimal("1860.00"))
    ]
    assert office.standing_amounts() == office.afresh(lake)


def test_corrected_curves_are_billed_anew_and_purged_ones_stand(office: Office, tmp_path: Path) -> None:
    lake = CurveLake(tmp_path / "lake")
    office.take(Table.MINING, "account,first\nZJ1,2025-01-01\nSC1,2025-01-01\n", confirmed=True)
    for place, number in enumerate(("ZJ1", "SC1")):
        keep_curve(lake.root, number, date(2025, 1, 1), np.full((59, 96), 10.0), known_ns=20 + place)
    for month in (1, 2):
        office.read(lake, date(2025, month, 1), 30 + month)
    office.post(lake=lake, why="first")
    keep_curve(lake.root, "ZJ1", date(2025, 2, 1), np.full((28, 96), 5.0), known_ns=50)
    anew = office.post(lake=lake, why="a wrong ratio")
    assert [(e.kind, e.month, e.line.amount) for e in anew.entries] == [
        ("reversal", "2025-02", Decimal("-3360.00")),
        ("charge", "2025-02", Decimal("1680.00")),
    ]
    assert office.standing_amounts() == office.afresh(lake)
    purge(lake, "2025-02")
    assert office.post(lake=lake).entries == ()
    assert office.read(lake, date(2025, 1, 1), 70) == []  # retention took the curves, not the bill
    assert office.post(lake=lake).entries == ()
