"""Ledgers come in: judged row by row, once however often, with what was believed before."""

import json
from pathlib import Path

import pytest
from xlsxwriter import Workbook

from facts.errors import ReadError, UsageError
from store.database import Database
from store.ledgers import Asked, LedgerStore
from supervision.ledgers.importing import Options, files_of, ledger_of
from supervision.ledgers.specs import SPECS, Ledger
from tests.store.conftest import db as db
from tests.store.conftest import postgres as postgres
from tests.store.conftest import postgres_db as postgres_db
from tests.supervision.ledgers_made import T0, code, taken, write

A, B = code(1), code(2)
LOAN = {
    "id": "L1",
    "uscc": A,
    "kind": "loan",
    "amount": "1,200,000.5",
    "granted": "2021/1/5",
    "body": "示例银行",
    "body_kind": "bank",
    "recover_by": "2022年1月5日",
}


def test_a_file_is_taken_once_and_a_change_leaves_what_was_believed(db: Database, tmp_path: Path) -> None:
    file = write(tmp_path, "support", LOAN)
    result, refused = taken(db, file)
    assert refused == []
    assert (result.files[0].changes.added, result.taken) == (1, True)
    again, _ = taken(db, file, at=T0 + 1)
    assert again.files[0].changes.unchanged == 1
    store = LedgerStore(db)
    [kept] = store.rows("support")
    assert kept.record["amount"] == "1200000.50"
    assert (kept.record["granted"], kept.record["recover_by"]) == ("2021-01-05", "2022-01-05")
    assert (kept.uscc, kept.division, kept.subject) == (A, "990101", "L1")
    write(tmp_path, "support", LOAN | {"amount": "1000000"})
    changed, _ = taken(db, file, at=T0 + 2)
    assert changed.files[0].changes.changed == 1
    assert store.rows("support")[0].record["amount"] == "1000000.00"
    [before] = store.rows("support", Asked(known_ns=T0 + 1))
    assert before.record["amount"] == "1200000.50"
    assert store.rows("support", Asked(known_ns=T0 - 1)) == []
    assert [one.known_to_ns for one in store.history("L1")] == [None, T0 + 2]
    assert [one.known_to_ns for one in store.history(A)] == [None, T0 + 2]


def test_a_dry_run_and_a_refused_row_change_nothing(db: Database, tmp_path: Path) -> None:
    good = write(tmp_path, "support", LOAN)
    result, _ = taken(db, good, options=Options(dry_run=True))
    assert (result.taken, result.files[0].changes.added) == (False, 1)
    assert LedgerStore(db).rows("support") == []
    bad = [
        LOAN | {"id": "L2", "amount": "12.345"},
        LOAN | {"id": "L3", "amount": "-1"},
        LOAN | {"id": "L4", "granted": "2021-02-30"},
        LOAN | {"id": "L5", "uscc": A[:-1] + ("0" if A[-1] != "0" else "1")},
        LOAN | {"id": "L6", "kind": "gift"},
        LOAN | {"id": "L7", "recover_by": "2020-01-05"},
        LOAN | {"id": "L1"},
    ]
    write(tmp_path, "support", LOAN, *bad)
    result, refused = taken(db, good)
    assert not result.taken
    assert [(one.row, one.column) for one in refused] == [
        *((3, "amount"), (4, "amount"), (5, "granted"), (6, "uscc"), (7, "kind"), (8, "recover_by")),
        (9, "id"),
    ]
    assert "repeats row 2" in refused[-1].why
    assert LedgerStore(db).rows("support") == []
    result, _ = taken(db, good, options=Options(accept_good=True))
    assert (result.taken, result.refused, result.files[0].changes.added) == (True, 7, 1)


def test_the_whole_of_a_source_ends_what_it_leaves_out_and_no_other_source(
    db: Database, tmp_path: Path
) -> None:
    rows = [{"uscc": A, "kind": "phone", "value": "0571-1"}, {"uscc": B, "kind": "phone", "value": "0571-1"}]
    whole = Options(whole=True, said_by="register")
    taken(db, write(tmp_path, "relations", *rows), options=whole)
    taken(db, write(tmp_path, "relations", rows[0]), at=T0 + 1, options=Options(said_by="another"))
    assert len(LedgerStore(db).rows("relations")) == 3
    result, _ = taken(db, write(tmp_path, "relations", rows[1]), at=T0 + 2, options=whole)
    assert result.files[0].changes.ended == 1
    left = {(one.uscc, one.source) for one in LedgerStore(db).rows("relations")}
    assert left == {(B, "register"), (A, "another")}


def test_events_need_what_they_are_about_and_a_life_that_can_be(db: Database, tmp_path: Path) -> None:
    penalty = {
        "id": "P1",
        "uscc": A,
        "kind": "fine",
        "on": "2022-03-01",
        "authority": "示例局",
        "amount": "100",
    }
    write(tmp_path, "penalties", penalty)
    write(
        tmp_path, "credit", {"id": "P1", "uscc": A, "kind": "attention", "on": "2022-03-01", "authority": "x"}
    )
    result, refused = taken(db, tmp_path)
    assert [one.why for one in refused] == ["'P1' is in the ledger penalties already"]
    (tmp_path / "credit.csv").unlink()
    published = {"record": "P1", "step": "published", "on": "2022-03-05"}
    repaired = {"record": "P1", "step": "repaired", "on": "2022-06-01"}
    write(
        tmp_path,
        "record-events",
        published,
        repaired,
        {"record": "P9", "step": "published", "on": "2022-01-01"},
    )
    result, refused = taken(db, tmp_path)
    assert not result.taken
    assert [one.row for one in refused] == [4, 2, 3]
    assert "repaired on 2022-06-01 cannot follow published" in refused[1].why
    asked = {"record": "P1", "step": "repair-requested", "on": "2022-05-01"}
    write(tmp_path, "record-events", published, asked, repaired)
    assert taken(db, tmp_path)[0].taken
    write(tmp_path, "record-events", {"record": "P1", "step": "published", "on": "2022-07-01"})
    assert "cannot follow repaired" in taken(db, tmp_path)[1][0].why
    steps = [{"support": "L1", "step": "recovered", "on": "2022-01-01", "amount": "5"}]
    lone = tmp_path / "lone"
    lone.mkdir()
    assert "no support 'L1' is known" in taken(db, write(lone, "recoveries", *steps))[1][0].why
    write(lone, "support", LOAN)
    assert taken(db, lone)[1] == []
    back = {"support": "L1", "step": "reversed", "on": "2022-01-02", "amount": "6"}
    write(lone, "recoveries", *steps, back)
    [first, second] = taken(db, lone)[1]
    assert (first.row, second.row) == (2, 3)
    assert "more is reversed than was recovered, 1.00 CNY" in first.why
    [row] = LedgerStore(db).rows("recoveries")
    assert (row.uscc, row.division, row.subject) == (A, "990101", "L1")


def test_workbooks_and_json_are_read_too(db: Database, tmp_path: Path) -> None:
    with Workbook(tmp_path / "dual-control-2026.xlsx") as book:
        sheet = book.add_worksheet()
        for line, row in enumerate(
            [
                ["id", "division", "period", "points", "reason"],
                ["D1", "330000", "2026", -2.5, "新增“挖矿”项目"],
            ]
        ):
            for column, cell in enumerate(row):
                sheet.write(line, column, cell)
    flow = {
        "from_kind": "wallet", "from_id": "4" + "8" * 94, "to_kind": "exchange-account", "to_id": "ex-1",
        "authority": "公安", "document": "〔2026〕1号", "division": "330100", "coin": "XMR", "amount": "12.5",
    }  # fmt: skip
    (tmp_path / "money-flows.json").write_text(json.dumps([flow]), "utf-8")
    result, refused = taken(db, tmp_path)
    assert refused == []
    assert [one.changes.added for one in result.files] == [1, 1]
    assert LedgerStore(db).rows("dual-control")[0].record["points"] == "-2.5"
    assert LedgerStore(db).rows("money-flows")[0].record["amount"] == "12.5"
    counts = {one.ledger: (one.rows, one.known_ns) for one in LedgerStore(db).counts()}
    assert counts == {"dual-control": (1, T0), "money-flows": (1, T0)}
    narrow = {one.ledger: one.rows for one in LedgerStore(db).counts(("3301",))}
    assert narrow == {"money-flows": 1}


def test_pages_hold_every_row_once(db: Database, tmp_path: Path) -> None:
    rows = [LOAN | {"id": f"L{n}", "division": "330100" if n % 2 else "990101"} for n in range(25)]
    taken(db, write(tmp_path, "support", *rows))
    store, seen, after = LedgerStore(db), [], 0
    while after is not None:
        page, after = store.page("support", Asked(regions=("33",)), after, 5)
        seen += [one.subject for one in page]
    assert seen == [f"L{n}" for n in range(1, 25, 2)]


def test_names_of_files_tell_their_ledger(tmp_path: Path) -> None:
    assert ledger_of(Path("market.csv")) is Ledger.MARKET
    assert ledger_of(Path("Record-Events-2026.XLSX")) is Ledger.RECORD_EVENTS
    assert ledger_of(Path("marketing.csv")) is None
    with pytest.raises(ReadError):
        files_of([tmp_path], None)
    (tmp_path / "odd.csv").write_text("a\n")
    with pytest.raises(UsageError):
        files_of([tmp_path / "odd.csv"], None)
    assert set(SPECS) == set(Ledger)
