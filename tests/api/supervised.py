"""A store with a project, its plan, a warning and a case in the west, and mining in the east, proposed."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from facts.instant import instant
from facts.verdict import Hashrate, Machines, Power
from pipeline.services import Services
from store.access_rules import WHOLE_COUNTRY
from supervision.cases.kept import open_case
from supervision.exits.kept import add_plan
from supervision.exits.plan import draft, shipped_categories
from supervision.projects.events import Event, Step
from supervision.projects.kept import add_event, add_measure, open_project
from supervision.projects.opening import By, confirmed
from supervision.projects.project import project_id
from supervision.projects.seen import sightings
from supervision.projects.sightings import propose
from supervision.warnings.acts import Actor
from supervision.warnings.watch import read_watch, watch
from tests.api.stored import MINER, NODE, SEEN_NS, SOME, verdict

EAST = "203.0.113.50"
"""At a second site, whose mining nobody confirmed yet."""
MINING = (
    verdict(
        MINER,
        hashrate=(Hashrate("rx/0", 40_000.0, 35_000.0, 46_000.0, 400),),
        machines=Machines(8, 8, 8, True, "workers"),
        power=Power(120.0, 100.0, 150.0),
    ),
    *SOME[1:],
    verdict(EAST, score=0.97, power=Power(900.0, 700.0, 1200.0)),
)
WEST = project_id("91990101MADEUP048L", "site-west-1")
NOW_NS = SEEN_NS + 40 * 86_400 * 10**9
"""40 days after the traffic."""
ALL = Actor("zhang", "supervisor", WHOLE_COUNTRY, "development-reform", everything=True)


def supervise(services: Services, home: Path) -> None:
    """Open the project of the west, verify it, plan its exit, warn, and open a case."""
    now = instant(NOW_NS)
    found = propose(sightings(services)).proposals
    [one] = [one for one in found if one.project == WEST]
    by = By("li", "cyberspace", now - timedelta(days=35))
    opening = confirmed(one, by)
    assert opening.event is not None
    verified = Event(
        0, WEST, Step.VERIFIED, date(2026, 3, 7), now - timedelta(days=34), "li", "cyberspace", "seen"
    )
    category = shipped_categories()[0]
    plan = draft(
        category, WEST, date(2026, 3, 8), "西区发展改革局", "wang", "development-reform", verified.known
    )
    with services.database.writing() as connection:
        open_project(connection, opening.project, opening.particulars, opening.event)
        if opening.measured is not None:
            add_measure(connection, opening.project, opening.measured, "li")
        add_event(connection, opening.project, verified)
        add_plan(connection, opening.project, replace(plan, known=now - timedelta(days=33)))
        open_case(
            connection,
            replace(ALL, department="cyberspace"),
            "990102",
            "西区机房",
            NOW_NS,
            project=WEST,
        )
    watch(services, read_watch(home), lambda: NOW_NS)


__all__ = ["EAST", "MINER", "MINING", "NODE", "NOW_NS", "WEST", "supervise"]
