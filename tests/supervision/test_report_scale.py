"""A report of a province with 5,000 hits, in time: `pytest -m prove`."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from time import process_time

import pytest

from facts.instant import NS, nanoseconds
from facts.verdict import Hashrate, Machines, Power
from registry.model import Assignment, Enterprise, RegistryData, Site
from registry.uscc import completed
from store.database import open_database
from store.registry import RegistryStore
from store.verdicts import VerdictStore
from supervision.projects.events import Event, Step
from supervision.projects.inventory import Measured
from supervision.projects.inventory import Power as Watts
from supervision.projects.kept import add_event, add_measure, open_project
from supervision.projects.project import Particulars, Project, project_id
from supervision.reports.asked import Asked, Kind, settled
from supervision.reports.making import documents
from supervision.reports.writing import FORMATS, rendered
from tests.store.made import verdict

KNOWN = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
HITS, FIRMS, OTHERS, PROJECTS = 5_000, 2_500, 50_000, 1_500
CEILING_S = 30


@pytest.mark.prove
def test_a_report_of_5000_hits_takes_half_a_minute_at_most(tmp_path: Path) -> None:
    base = int(IPv4Address("198.18.0.0"))
    firms = [completed("9", "1", "990101", f"{n:08d}") for n in range(FIRMS)]
    counties = ("990101", "990102", "990221")
    data = RegistryData(
        tuple(Enterprise(code, f"示例企业{n}", "示例路", "generated") for n, code in enumerate(firms)),
        tuple(
            Site(f"s{n}", f"场所{n}", counties[n % 3], "示例路", None, None, None, "generated")
            for n in range(FIRMS)
        ),
        tuple(
            Assignment(
                IPv4Network((base + n, 32)), f"l{n}", firms[n % FIRMS], f"s{n % FIRMS}", 0, None, "generated"
            )
            for n in range(HITS + OTHERS)
        ),
    )
    at = nanoseconds(KNOWN) - NS * 86_400
    hits = [
        verdict(
            str(IPv4Address(base + n)),
            first_seen_ns=at,
            last_seen_ns=at + 600 * NS,
            hashrate=(Hashrate("sha256d", 1e14 + n, 0.9e14, 1.2e14 + n),),
            machines=Machines(3, 2, 5, False, "workers"),
            power=Power(9.0, 7.0, 12.0),
        )
        for n in range(HITS)
    ]
    with open_database(f"sqlite:///{tmp_path}/province.db") as db:
        RegistryStore(db).replace(data, nanoseconds(KNOWN) - NS)
        VerdictStore(db).save("march", nanoseconds(KNOWN), hits)
        with db.writing() as connection:
            for n in range(PROJECTS):
                name = project_id(firms[n], f"s{n}")
                place = counties[n % 3]
                project = Project(name, "running", firms[n], f"s{n}", "", place, KNOWN, "甲", "energy")
                found = Event(
                    0, name, Step.FOUND, KNOWN.date(), KNOWN, "甲", "energy", "", (f"verdict:{n + 1}",)
                )
                open_project(connection, project, Particulars(name, KNOWN, "甲", f"项目{n}"), found)
                kw = Watts(18.0, 14.0, 24.0)
                size = Measured(name, KNOWN.date(), KNOWN, None, {"sha256d": Watts(2e14, 1e14, 3e14)}, kw, ())
                add_measure(connection, project, size, "甲")
                later = KNOWN + timedelta(days=1)
                step = Event(0, name, Step.VERIFIED, later.date(), later, "甲", "energy", "", ())
                add_event(connection, project, step)
        for kind in Kind:
            subject = {Kind.ENTERPRISE: firms[0], Kind.SITE: "s0"}.get(kind, "")
            asked = settled(
                Asked(kind, "990000", subject, as_of=(KNOWN + timedelta(days=5)).date()),
                (KNOWN + timedelta(days=9)).date(),
            )
            began = process_time()
            [document] = documents(db, asked, KNOWN)
            gathered = process_time() - began
            sizes = {one: len(rendered(document, one)) for one in FORMATS}
            spent = process_time() - began
            print(f"{kind}: {gathered:.1f} s gathered, {spent:.1f} s in all, {sizes}")
            assert spent <= CEILING_S
