"""Imports on both databases: what is taken, what is refused and why, what is remembered."""

import json
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from facts.endpoint import packed16
from facts.errors import RowError
from pipeline.registry_import import Form, ImportResult, Options, files_of, import_files
from registry.uscc import completed
from store.database import Database, open_database
from store.registry_tables import AssignmentRow, EnterpriseRow, HistoryRow, ImportRow, NatBlockRow, SiteRow

CODE = completed("9", "1", "990101", "TEXT0001")
OTHER = completed("9", "1", "990101", "TEXT0002")
DAY = 86_400_000_000_000
NOON = 1_700_000_000_000_000_000

FILES = {
    "enterprises.csv": f"uscc,name,industry\n{CODE},示例企业甲,I6410\n{OTHER},示例企业乙,\n",
    "sites.csv": "id,name,division,address,meters,landlord\ns1,一号,990101,示例路1号,M1;M2,房东\n",
    "lines.csv": f"line,account,uscc,site,valid_from,valid_to\nL1,a1,{CODE},s1,2024-01-01,\n",
    "assignments.csv": "prefix,line,uscc,site,valid_from,valid_to\n"
    f"192.0.2.0/24,L9,{OTHER},s1,2024-01-01,\n"
    "198.51.100.0/24,L1,,,2024-01-01,2024-06-01\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tables"
    made.mkdir()
    for name, text in FILES.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


class Door:
    def __init__(self, db: Database) -> None:
        self.db = db
        self.errors: list[RowError] = []

    def load(self, *paths: Path, at: int = NOON, form: Form | None = None, **options: object) -> ImportResult:
        self.errors.clear()

        def refuse(errors: Sequence[RowError]) -> None:
            self.errors.extend(errors)

        return import_files(self.db, files_of(paths, form), Options(**options), at, refuse)

    def count(self, table: type) -> int:
        with self.db.reading() as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def door(db: Database) -> Door:
    return Door(db)


def changes(result: ImportResult) -> list[tuple[int, int, int, int]]:
    return [(c.added, c.changed, c.ended, c.unchanged) for c in (file.changes for file in result.files)]


def test_a_folder_is_taken_and_taking_it_again_changes_nothing(door: Door, folder: Path) -> None:
    first = door.load(folder)
    assert (first.taken, first.refused, door.errors) == (True, 0, [])
    assert changes(first) == [(2, 0, 0, 0), (1, 0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0)]
    again = door.load(folder, at=NOON + DAY)
    assert changes(again) == [(0, 0, 0, 2), (0, 0, 0, 1), (0, 0, 0, 1), (0, 0, 0, 2)]
    assert door.count(HistoryRow) == 0
    assert door.count(ImportRow) == 8
    with door.db.reading() as connection:
        assert connection.scalar(select(SiteRow.meters)) == ["M1", "M2"]
        assert set(connection.scalars(select(EnterpriseRow.known_from_ns))) == {NOON}


def test_what_changes_goes_to_the_history_with_both_its_times(door: Door, folder: Path) -> None:
    door.load(folder)
    path = folder / "assignments.csv"
    path.write_text(
        path.read_text()
        .replace("L9,", "L9,")
        .replace(f"{OTHER},s1,2024-01-01,", f"{OTHER},s1,2024-01-01,2024-09-01")
    )
    assert changes(door.load(path, at=NOON + DAY)) == [(0, 1, 0, 1)]
    with door.db.reading() as connection:
        old = connection.execute(select(HistoryRow.__table__)).mappings().one()
        now = connection.scalars(
            select(AssignmentRow.known_from_ns).where(AssignmentRow.valid_to_ns.is_not(None))
        ).all()
    assert (old["kind"], old["key"]) == ("assignments", "192.0.2.0/24")
    assert (old["known_from_ns"], old["known_to_ns"], old["valid_to_ns"]) == (NOON, NOON + DAY, None)
    assert old["record"]["line"] == "L9"
    assert sorted(now) == [NOON, NOON + DAY]


def test_a_whole_file_ends_what_its_source_does_not_say_any_more(door: Door, folder: Path) -> None:
    door.load(folder)
    path = folder / "assignments.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:2]) + "\n")
    assert changes(door.load(path, at=NOON + DAY, whole=True)) == [(0, 0, 1, 1)]
    assert (door.count(AssignmentRow), door.count(HistoryRow)) == (1, 1)


def test_one_refused_row_keeps_everything_out_unless_the_good_ones_are_asked_for(
    door: Door, folder: Path
) -> None:
    with (folder / "assignments.csv").open("a") as file:
        file.write(f"203.0.113.1/24,L,{CODE},s1,2024-01-01,\n")  # 4: host bits
        file.write(f"203.0.113.0/24,L,{CODE},s9,2024-01-01,\n")  # 5: unknown site
        file.write("203.0.113.0/24,L7,,,2024-01-01,\n")  # 6: unknown line
        file.write(f"192.0.2.0/24,L9,{OTHER},s1,2024-01-01,\n")  # 7: repeats 2
        file.write(f"2001:db8::/32,A,{CODE},s1,2024-01-01,\n")  # 8 and 9 contradict each other
        file.write(f"2001:db8::/32,B,{CODE},s1,2024-03-01,\n")
    result = door.load(folder)
    assert (result.taken, result.refused) == (False, 6)
    assert sorted((error.row, error.column) for error in door.errors) == [
        (4, "prefix"),
        (5, "site"),
        (6, "line"),
        (7, "prefix"),
        (8, "valid_from"),
        (9, "valid_from"),
    ]
    assert door.count(EnterpriseRow) == door.count(ImportRow) == 0
    result = door.load(folder, accept_good=True)
    assert (result.taken, result.refused) == (True, 6)
    assert door.count(AssignmentRow) == 2


def test_a_dry_run_finds_the_same_and_changes_nothing(door: Door, folder: Path) -> None:
    result = door.load(folder, dry_run=True)
    assert (result.taken, result.refused, changes(result)[0]) == (False, 0, (2, 0, 0, 0))
    assert door.count(EnterpriseRow) == 0


def test_a_period_that_overlaps_one_held_is_refused_until_that_one_is_ended(
    door: Door, folder: Path, tmp_path: Path
) -> None:
    door.load(folder)
    later = tmp_path / "assignments.csv"
    row = f"192.0.2.0/24,L2,{CODE},s1,2025-01-01,,assignments.csv\n"
    head = "prefix,line,uscc,site,valid_from,valid_to,source\n"
    later.write_text(head + row)
    assert not door.load(later).taken
    assert "end that one first" in door.errors[0].why
    later.write_text(head + f"192.0.2.0/24,L9,{OTHER},s1,2024-01-01,2025-01-01,assignments.csv\n" + row)
    assert changes(door.load(later)) == [(1, 1, 0, 0)]


def test_names_with_backslashes_and_every_kind_of_text_come_back(door: Door, tmp_path: Path) -> None:
    name = 'C:\\示例\\x00 "甲", 乙'
    path = tmp_path / "enterprises.json"
    path.write_text(json.dumps([{"uscc": CODE, "name": name, "status": "存续"}]), encoding="utf-8")
    assert door.load(path).taken
    assert changes(door.load(path)) == [(0, 0, 0, 1)]
    with door.db.reading() as connection:
        assert connection.scalars(select(EnterpriseRow.name)).one() == name


NAT_LOG = """\
<134>1 2026-03-01T08:00:00Z cgn1 nat event=assign private=100.64.0.7 public=203.0.113.9 ports=1024-1535
<134>1 2026-03-01T08:05:00Z cgn1 nat event=withdraw private=100.64.0.7 public=203.0.113.9 ports=1024-1535
<134>1 2026-03-01T08:05:30Z cgn1 nat event=assign private=100.64.0.8 public=203.0.113.9 ports=1024-1535
<134>1 2026-03-01T08:06:00Z cgn1 nat event=withdraw private=100.64.0.9 public=203.0.113.9 ports=2048-2559
<30>1 2026-03-01T08:06:01Z cgn1 other - - - link up
"""


def test_a_cgnat_log_goes_on_where_the_one_before_ended(door: Door, tmp_path: Path) -> None:
    log = tmp_path / "nat-log-1.txt"
    log.write_text(NAT_LOG)
    result = door.load(log, said_by="cgn1", accept_good=True, realm="cgn")
    assert [(error.row, "nobody" in error.why or "no line" in error.why) for error in door.errors] == [
        (4, True)
    ]
    assert changes(result) == [(2, 0, 0, 0)]
    assert any("1 lines are no port-block messages" in notice for notice in result.notices)
    more = tmp_path / "nat-log-2.txt"
    more.write_text(
        "2026-03-01T09:00:00+00:00 cgn1 RT_NAT: RT_SRC_NAT_PBA_RELEASE: Subscriber 100.64.0.8 used/maximum "
        "[0/8] blocks, releases port block [1024-1535] from 203.0.113.9 in source pool p lsys_id: 0\n"
    )
    assert changes(door.load(more, said_by="cgn1", realm="cgn")) == [(0, 1, 0, 0)]
    for each in (log, more):  # again, in any order: nothing new
        assert changes(door.load(each, said_by="cgn1", realm="cgn", accept_good=True))[0][:3] == (0, 0, 0)
    with door.db.reading() as connection:
        rows = connection.execute(
            select(NatBlockRow.private_address, NatBlockRow.valid_to_ns).order_by(NatBlockRow.valid_from_ns)
        ).all()
    assert [str(row[0]) for row in rows] == ["100.64.0.7", "100.64.0.8"]
    assert all(row[1] is not None for row in rows)
    assert packed16(ip_address("100.64.0.7")) == packed16(rows[0][0])


def test_rows_that_are_held_are_found_by_their_key_and_not_by_reading_all(tmp_path: Path) -> None:
    """Steps of SQLite's machine of a second import of the same file: four times the rows, no more than six
    times the steps (sixteen and more where each row reads all others)."""
    rows = {n: f"10.{n >> 8}.{n & 255}.0/24,L{n},,,2024-01-01,\n" for n in range(4_000)}
    steps = {}
    for count in (1_000, 4_000):
        path = tmp_path / "assignments.csv"
        lines = "".join(f"L{n},{CODE},s1,2024-01-01\n" for n in range(count))
        (tmp_path / "lines.csv").write_text("line,uscc,site,valid_from\n" + lines, "utf-8")
        for name in ("enterprises.csv", "sites.csv"):
            (tmp_path / name).write_text(FILES[name], "utf-8")
        text = "prefix,line,uscc,site,valid_from,valid_to\n" + "".join(rows[n] for n in range(count))
        path.write_text(text, "utf-8")
        with open_database(f"sqlite:///{tmp_path / f'{count}.db'}") as database:
            door = Door(database)
            assert door.load(tmp_path).taken
            seen = 0

            def step() -> int:
                nonlocal seen
                seen += 1
                return 0

            def watched(connection: Any, record: object, proxy: object, step: Any = step) -> None:
                connection.set_progress_handler(step, 100)

            event.listen(database.engine, "checkout", watched)
            again = door.load(path, at=NOON + DAY)
            assert [file.changes.unchanged for file in again.files] == [count]
            steps[count] = seen
    assert steps[1_000] > 100
    assert steps[4_000] < 6 * steps[1_000]
