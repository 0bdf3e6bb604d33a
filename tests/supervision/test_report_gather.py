"""Reports read from a store: as known on a date, whatever came later; the same on both databases."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert

from facts.endpoint import parse_address
from facts.instant import NS, nanoseconds
from facts.names import Level, Role
from facts.verdict import Hashrate, Machines, Power
from pipeline.registry_import import Options, files_of, import_files
from registry.attribution import Attributor
from registry.csv_import import load_sample
from registry.model import RegistryData
from store.access_tables import DecisionRow
from store.database import Database
from store.registry import RegistryStore
from store.tariff import StoredMining, StoredReading, add_facts
from store.verdicts import VerdictStore
from supervision.exits.kept import add_plan
from supervision.exits.plan import Milestone, Plan
from supervision.projects.events import Event, Step
from supervision.projects.inventory import Measured
from supervision.projects.inventory import Power as Watts
from supervision.projects.kept import add_event, add_measure, open_project
from supervision.projects.project import Particulars, Project, project_id
from supervision.refusals import Refused, Unknown
from supervision.reports import believed
from supervision.reports.asked import Asked, Kind, last_sunday, settled
from supervision.reports.document import Document, KeyFigures, Table
from supervision.reports.gather import gather, gather_enterprise, gather_site, gather_week
from supervision.reports.making import documents, made_at
from supervision.reports.writing import rendered, write
from tests.store.made import verdict
from tests.supervision.curves import keep_curve

KNOWN = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
SEEN_NS = nanoseconds(datetime(2026, 3, 9, 4, 0, tzinfo=UTC))
AS_OF = date(2026, 3, 15)  # a Sunday
TODAY = date(2026, 4, 20)
MADE = datetime(2026, 3, 16, tzinfo=UTC)
UNIT = load_sample()


def mined(address: str, **fields: object) -> object:
    return verdict(
        address,
        first_seen_ns=SEEN_NS,
        last_seen_ns=SEEN_NS + 600 * NS,
        hashrate=(Hashrate("sha256d", 1e15, 0.9e15, 1.1e15),),
        machines=Machines(10, 9, 12, False, "workers"),
        power=Power(33.0, 28.0, 40.0),
        **fields,
    )


def holder_of(address: str) -> tuple[str, str, str]:
    held = Attributor(UNIT).during(parse_address(address), SEEN_NS, SEEN_NS)
    assert held.uscc
    assert held.site
    return held.uscc, held.site, held.division or ""


def opened(db: Database, address: str, known: datetime = KNOWN, kw: float = 33.0) -> Project:
    """Open a project of who holds an address, found the day before it became known."""
    uscc, site, division = holder_of(address)
    name = project_id(uscc, site)
    project = Project(name, "running", uscc, site, "", division, known, "甲", "industry-it")
    about = Particulars(name, known, "甲", f"project at {site}", "示例企业")
    found = Event(0, name, Step.FOUND, (known - timedelta(days=1)).date(), known, "甲", "industry-it", "", ())
    with db.writing() as connection:
        open_project(connection, project, about, found)
        size = Measured(
            name,
            known.date(),
            known,
            Watts(10, 9, 12),
            {"sha256d": Watts(1e15, 0.9e15, 1.1e15)},
            Watts(kw, kw * 0.9, kw * 1.1),
            ("verdict:1",),
        )
        add_measure(connection, project, size, "甲")
    return project


def step(db: Database, project: Project, what: Step, on: date, known: datetime) -> None:
    with db.writing() as connection:
        add_event(connection, project, Event(0, project.id, what, on, known, "甲", "energy", "", ()))


@pytest.fixture
def filled(db: Database) -> Database:
    RegistryStore(db).replace(UNIT, nanoseconds(KNOWN) - NS)
    hits = [mined("192.0.2.200"), mined("192.0.2.70"), mined("203.0.113.130")]
    VerdictStore(db).save("march", nanoseconds(KNOWN), hits)  # type: ignore[arg-type]
    project = opened(db, "192.0.2.200")
    step(db, project, Step.VERIFIED, date(2026, 3, 11), KNOWN + timedelta(days=1))
    plan = Plan(
        project.id,
        KNOWN + timedelta(days=2),
        "甲",
        "energy",
        "small",
        "县专班",
        (Milestone(Step.CUT_OFF, date(2026, 3, 13), "县"), Milestone(Step.EXITED, date(2026, 5, 1), "县")),
    )
    with db.writing() as connection:
        add_plan(connection, project, plan)
    return db


def report(db: Database, kind: Kind, **fields: object) -> Document:
    asked = Asked(kind, **({"region": "990000", "as_of": AS_OF} | fields))  # type: ignore[arg-type]
    return next(iter(documents(db, settled(asked, TODAY), MADE)))


def rows(document: Document, name: str) -> int:
    return len(next(one for one in document.blocks if isinstance(one, Table) and one.name == name).rows)


def test_a_week_is_read_from_the_store(filled: Database) -> None:
    week = gather_week(filled, "990000", "2026-W11", AS_OF)
    uscc, site, division = holder_of("192.0.2.200")
    assert [(one.uscc, one.site, one.division, one.step) for one in week.known.projects] == [
        (uscc, site, division, Step.VERIFIED)
    ]
    assert week.changed.new == (week.known.projects[0].id,)
    assert week.known.projects[0].kw is not None
    assert week.known.projects[0].size[0]
    # contradicting sources name several holders: the address is told, nobody is named
    assert [(one.address, one.uscc) for one in week.known.hits] == [
        ("192.0.2.70", holder_of("192.0.2.70")[0]),
        ("192.0.2.200", uscc),
        ("203.0.113.130", ""),
    ]
    assert [(one.step, one.late(AS_OF)) for one in week.known.milestones] == [
        (Step.CUT_OFF, 2),
        (Step.EXITED, 0),
    ]
    assert week.known.footprint is not None
    assert [code for code, _ in week.known.regions] == ["990100", "990200"]


def test_what_comes_later_changes_no_report_of_an_earlier_date(filled: Database, tmp_path: Path) -> None:
    asked = [
        {"kind": Kind.WEEKLY},
        {"kind": Kind.BULLETIN},
        {"kind": Kind.EVALUATION},
        {"kind": Kind.TARIFF},
        {"kind": Kind.ENTERPRISE, "subject": holder_of("192.0.2.200")[0], "region": "000000"},
        {"kind": Kind.SITE, "subject": holder_of("192.0.2.200")[1], "region": "000000"},
    ]
    before = [rendered(report(filled, **one), "html") for one in asked]  # type: ignore[arg-type]
    later = KNOWN + timedelta(days=20)
    late_ns = nanoseconds(later)
    # Replayed again with another result, decided, imported anew with other holders, new projects, events,
    # a plan with other dates, bills: nothing of it was known on the date.
    store = VerdictStore(filled)
    store.save("april", late_ns, [mined("192.0.2.200", level=Level.CLEARED), mined("192.0.2.14")])  # type: ignore[list-item]
    with filled.writing() as connection:
        connection.execute(
            insert(DecisionRow).values(
                address=parse_address("192.0.2.70"),
                decision="reject",
                reason="a laboratory",
                by_name="甲",
                at_ns=late_ns,
            )
        )
    uscc, site, _ = holder_of("192.0.2.200")
    folder = tmp_path / "registry"
    folder.mkdir()
    (folder / "enterprises.csv").write_text(f"uscc,name,address\n{uscc},改名有限公司,新址\n", "utf-8")
    (folder / "sites.csv").write_text(f"id,name,division,address\n{site},迁址,990221,新址\n", "utf-8")
    (folder / "lines.csv").write_text(f"line,uscc,site,valid_from\nl-new,{uscc},{site},2026-01-01\n", "utf-8")
    (folder / "assignments.csv").write_text(
        "prefix,line,valid_from,source\n192.0.2.200,l-new,2026-03-01,other\n", "utf-8"
    )
    taken = import_files(filled, files_of([folder], None), Options(), late_ns, lambda errors: None)
    assert taken.taken
    project = opened(filled, "192.0.2.70", later)
    first = holder_of("192.0.2.200")
    old = Project(project_id(*first[:2]), "running", *first[:2], "", first[2], KNOWN, "甲", "industry-it")
    step(filled, old, Step.EXITED, date(2026, 3, 12), later)  # true earlier, known later
    with filled.writing() as connection:
        plan = Plan(
            old.id,
            later,
            "甲",
            "energy",
            "small",
            "县",
            (Milestone(Step.EXITED, date(2027, 1, 1), "县"),),
            "why",
        )
        add_plan(connection, old, plan)
        size = Measured(project.id, later.date(), later, None, {}, Watts(99, 98, 100), ())
        add_measure(connection, project, size, "甲")
        add_facts(
            connection,
            [StoredReading("1", "990101", "2026-02-01", "2026-03-01", "5", "bill", "s", late_ns, "甲")],
        )
    assert [rendered(report(filled, **one), "html") for one in asked] == before  # type: ignore[arg-type]
    told = report(filled, Kind.WEEKLY, as_of=later.date() + timedelta(days=1), week="2026-W11")
    assert rendered(told, "html") != before[0]
    assert rows(told, "inventory") == 0  # it had left by then, as is known now


def test_the_registry_is_believed_as_it_was(db: Database) -> None:
    RegistryStore(db).replace(UNIT, 1_000)
    addresses = [
        "192.0.2.70",
        "192.0.2.200",
        "203.0.113.130",
        "198.51.100.200",
        "2001:db8:1::5",
        "100.64.0.1",
    ]
    with db.reading() as connection:
        part = believed.of_addresses(connection, {parse_address(one) for one in addresses}, 1_000)
        assert believed.of_addresses(connection, {parse_address(addresses[0])}, 999) == RegistryData()
    whole, subset = Attributor(UNIT), Attributor(part)
    for one in addresses:
        for at in (0, SEEN_NS // 2, SEEN_NS):
            address = parse_address(one)
            assert subset.during(address, at, at + NS) == whole.during(address, at, at + NS), one


def test_an_enterprise_and_a_site_have_a_file_each(filled: Database) -> None:
    uscc, site, _ = holder_of("192.0.2.200")
    file = gather_enterprise(filled, uscc, AS_OF)
    assert [one.address for one in file.known.hits] == ["192.0.2.200"]
    assert file.known.companies[0].uscc == uscc
    assert site in {one.id for one in file.known.places}
    assert "192.0.2.200/32" in {one.prefix for one in file.held}
    assert len(file.known.projects) == 1
    sheet = gather_site(filled, site, AS_OF)
    assert [one.id for one in sheet.known.places] == [site]
    assert [one.address for one in sheet.known.hits] == ["192.0.2.200"]
    with pytest.raises(Unknown):
        gather_site(filled, "no-such-site", AS_OF)
    with pytest.raises(Unknown):
        gather_site(filled, site, AS_OF, "990200")  # it lies elsewhere
    with pytest.raises(Unknown):
        gather_enterprise(filled, uscc, date(2026, 3, 1))  # before it was known


def test_a_rejected_address_is_in_no_report(filled: Database) -> None:
    with filled.writing() as connection:
        for decision, days in (("reject", 1), ("confirm", 2), ("reject", 3)):
            at = nanoseconds(KNOWN + timedelta(days=days))
            row = {"decision": decision, "reason": "seen", "by_name": "甲", "at_ns": at}
            connection.execute(insert(DecisionRow).values(address=parse_address("192.0.2.70"), **row))

    def told(day: date) -> bool:
        return "192.0.2.70" in {one.address for one in gather(filled, "990000", day).hits}

    assert [told(date(2026, 3, 10 + days)) for days in range(4)] == [True, False, True, False]


def test_what_cannot_be_billed_is_told(filled: Database) -> None:
    known = nanoseconds(KNOWN)
    with filled.writing() as connection:
        add_facts(
            connection,
            [
                StoredMining(
                    "p", "77", "990101", "confirmed", "2026-02-01", None, None, "1", "", [], known, "甲"
                )
            ],
        )
        add_facts(
            connection,
            [StoredReading("77", "990101", "2026-02-01", "2026-03-01", "5", "bill", "s", known, "甲")],
        )
    assert (
        gather(filled, "990000", AS_OF).refused == ()
    )  # nobody knows where the account is: not the region's


def test_a_region_sees_its_own(filled: Database) -> None:
    _, _, division = holder_of("192.0.2.200")
    elsewhere = "990200" if division.startswith("9901") else "990100"
    assert gather(filled, elsewhere, AS_OF).projects == ()
    assert "192.0.2.200" not in {one.address for one in gather(filled, elsewhere, AS_OF).hits}
    assert len(gather(filled, division[:4] + "00", AS_OF).projects) == 1


def test_files_are_the_same_for_the_same_date(filled: Database, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        for language in ("zh", "en"):
            write(report(filled, Kind.WEEKLY, languages=(language,)), folder, ("html", "xlsx"))
    assert sorted(path.name for path in one.iterdir()) == [
        f"weekly-990000-2026-W11-2026-03-15-{language}.{kind}"
        for language in ("en", "zh")
        for kind in ("html", "json", "xlsx")
    ]
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()


def test_metered_energy_of_a_past_week_stays_what_it_was(filled: Database, tmp_path: Path) -> None:
    uscc, site, division = holder_of("192.0.2.200")
    known, later = nanoseconds(KNOWN), nanoseconds(KNOWN + timedelta(days=30))
    header = "number,uscc,site,division,multiplier,valid_from,meters,valid_to"
    (tmp_path / "power-accounts.csv").write_text(
        f"{header}\n77,{uscc},{site},{division},,2020-01-01,M-77,\n", "utf-8"
    )
    taken = import_files(filled, files_of([tmp_path], None), Options(), known, lambda errors: None)
    assert taken.taken
    lake = tmp_path / "lake"
    kw = np.repeat(np.array([50.0] * 7 + [75.0] * 7, np.float32)[:, None], 96, axis=1)
    keep_curve(lake, "77", date(2026, 3, 2), kw, known)
    asked = Asked(Kind.WEEKLY, "990000", week="2026-W11", as_of=AS_OF, languages=("zh", "en"))

    def made() -> list[bytes]:
        told = documents(filled, settled(asked, TODAY), MADE, lake)
        return [rendered(one, kind) for one in told for kind in ("html", "docx", "xlsx", "pdf")]

    first = made()
    assert "50.0 (47.0–53.0) %" in first[0].decode()  # 12,600 kWh beside 8,400
    assert "12,600 (12,474–12,726) kWh" in first[4].decode()
    keep_curve(lake, "77", date(2026, 3, 2), kw * 3, later)  # corrected readings, and another holder
    (tmp_path / "power-accounts.csv").write_text(
        f"{header}\n77,{uscc},elsewhere,{division},,2020-01-01,M-77,\n", "utf-8"
    )
    (tmp_path / "sites.csv").write_text(
        f"id,name,division,address\nelsewhere,x,{division},示例路9号\n", "utf-8"
    )
    assert import_files(filled, files_of([tmp_path], None), Options(), later, lambda errors: None).taken
    assert made() == first


def test_a_damaged_file_of_curves_is_named_and_the_report_made_of_the_rest(
    filled: Database, tmp_path: Path
) -> None:
    uscc, site, division = holder_of("192.0.2.200")
    known = nanoseconds(KNOWN)
    (tmp_path / "power-accounts.csv").write_text(
        "number,uscc,site,division,multiplier,valid_from,meters\n"
        f"77,{uscc},{site},{division},,2020-01-01,M-77\n78,{uscc},{site},{division},,2020-01-01,M-78\n",
        "utf-8",
    )
    assert import_files(filled, files_of([tmp_path], None), Options(), known, lambda errors: None).taken
    lake, first = tmp_path / "lake", date(2026, 3, 2)
    keep_curve(lake, "77", first, np.full((14, 96), 50.0, np.float32), known)
    there = set((lake / "curves").glob("*/*.parquet"))
    keep_curve(lake, "78", first, np.full((14, 96), 20.0, np.float32), known + 1)
    [lost] = set((lake / "curves").glob("*/*.parquet")) - there
    asked = settled(Asked(Kind.WEEKLY, "990000", week="2026-W11", as_of=AS_OF, languages=("zh", "en")), TODAY)
    whole = list(documents(filled, asked, MADE, lake))
    assert [one.unread for one in whole] == [(), ()]
    content = lost.read_bytes()
    for damage in (
        content[: len(content) // 2],
        content[:200] + b"\0" * (len(content) - 400) + content[-200:],
    ):
        lost.write_bytes(damage)
        chinese, english = documents(filled, asked, MADE, lake)
        [said] = english.unread
        assert said.startswith(f"curves/month=2026-03/{lost.name}: damaged: ")
        assert said.endswith("; what it says of 2026-03 is not in the report")
        assert "已损坏" in chinese.unread[0]
        tables = {one.name: one for one in english.blocks if isinstance(one, Table)}
        [[name, month, why]] = tables["unread_curves"].rows
        assert (name, month) == (f"curves/month=2026-03/{lost.name}", "2026-03")
        assert why
        assert str(tmp_path) not in str(why)
        assert tables["uncovered"].rows == [  # nobody ever told of the first of March
            ("77", 1, date(2026, 3, 1), date(2026, 3, 1)),
            ("78", 15, date(2026, 3, 1), date(2026, 3, 15)),
        ]
        [key] = [
            one for one in english.blocks if isinstance(one, KeyFigures) and "Counted by meters" in one.note
        ]
        told = dict(key.items)
        assert told["Accounts read whole in both weeks"].value == 1
        for kind in ("html", "docx", "xlsx", "pdf"):
            assert rendered(english, kind)
    lost.write_bytes(content)
    assert [rendered(one, "html") for one in documents(filled, asked, MADE, lake)] == [
        rendered(one, "html") for one in whole
    ]


def test_what_is_left_open_follows_from_the_rest() -> None:
    today = date(2026, 11, 26)
    week = settled(Asked(Kind.WEEKLY, "330000"), today)
    assert (week.week, week.as_of) == ("2026-W47", today)
    named = settled(Asked(Kind.WEEKLY, "330000", week="2026-W47"), today)
    assert named.as_of == date(2026, 11, 22)  # the end of the week: the same command says the same later
    now = settled(Asked(Kind.WEEKLY, "330000", week="2026-W48"), today)
    assert now.as_of == today
    month = settled(Asked(Kind.BULLETIN, "330000", month="2026-02"), today)
    assert month.as_of == date(2026, 2, 28)
    assert settled(Asked(Kind.BULLETIN, "330000"), today).month == "2026-11"
    assert last_sunday(date(2026, 11, 22)) == date(2026, 11, 22)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": Kind.WEEKLY, "region": "123456"},
        {"kind": Kind.WEEKLY, "region": "x"},
        {"kind": Kind.WEEKLY, "week": "2026-47"},
        {"kind": Kind.WEEKLY, "week": "2026-W60"},
        {"kind": Kind.WEEKLY, "month": "2026-11"},
        {"kind": Kind.BULLETIN, "month": "2026-13"},
        {"kind": Kind.TARIFF, "week": "2026-W47"},
        {"kind": Kind.SITE},
        {"kind": Kind.WEEKLY, "as_of": date(2030, 1, 1)},
    ],
)
def test_what_makes_no_sense_is_refused_in_both_languages(fields: dict[str, object]) -> None:
    with pytest.raises(Refused) as raised:
        settled(Asked(**({"region": "330000"} | fields)), date(2026, 11, 26))  # type: ignore[arg-type]
    assert raised.value.en != raised.value.zh


def test_the_time_in_files_is_that_of_the_environment() -> None:
    now = datetime(2026, 11, 26, 1, 2, 3, 4, tzinfo=UTC)
    assert made_at({}, now) == datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)
    assert made_at({"SOURCE_DATE_EPOCH": "0"}, now) == datetime(1970, 1, 1, tzinfo=UTC)
    for wrong in ("-1", "soon", "²", "9" * 20):
        with pytest.raises(Exception, match="SOURCE_DATE_EPOCH"):
            made_at({"SOURCE_DATE_EPOCH": wrong}, now)


def test_roles_that_do_not_mine_make_no_hit(filled: Database) -> None:
    VerdictStore(filled).save(
        "nodes",
        nanoseconds(KNOWN),
        [mined("192.0.2.9", role=Role.NODE, source="b.pcap")],  # type: ignore[list-item]
    )
    assert "192.0.2.9" not in {one.address for one in gather(filled, "000000", AS_OF).hits}
