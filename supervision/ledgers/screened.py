"""A screening of a day, whole: findings with the participations they concern, as they are kept and shown."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.services import Services
from store.ledgers_screening import KeptFinding, ScreeningStore
from supervision.ledgers.alarms import Traded
from supervision.ledgers.gather import Book, book, places_of, relations_of, seeds_of
from supervision.ledgers.market import Leaving, leaving, listing_on
from supervision.ledgers.model import Participant
from supervision.ledgers.screening import Finding, FindingSort, Seed, Step, explain_nothing, screen
from supervision.ledgers.ties import Shared, Ties
from supervision.ledgers.weights import Weights
from supervision.tariff.rules import Rulebook

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Screened:
    """What a screening made."""

    day: date
    held: Book
    seeds: tuple[Seed, ...]
    findings: tuple[Finding, ...]
    ties: Ties
    places: Mapping[str, set[str]]
    """Divisions of enterprises."""


def screen_day(services: Services, day: date, weights: Weights, known_ns: int | None = None) -> Screened:
    """Screen all participants of a day; whoever left the market before is not among them."""
    with services.database.reading() as connection:
        held = book(connection, day, known_ns)
        ties = Ties(relations_of(connection, held), weights)
        places = places_of(connection, held)
    seeds = tuple(seeds_of(services, held))
    wanted = [one for one in held.participants if one.entered <= day]
    return Screened(day, held, seeds, tuple(screen(wanted, seeds, ties, weights)), ties, places)


def traded(done: Screened, rulebook: Rulebook) -> list[Traded]:
    """Return each finding with each participation of its enterprise, in the order of findings."""
    of: dict[str, list[Participant]] = {}
    for one in done.held.participants:
        if one.entered <= done.day:
            of.setdefault(one.uscc, []).append(one)
    return [
        Traded(
            f"{one.exchange} {one.participant}",
            one.name,
            one.division,
            finding,
            leaving(one, listing_on(done.held.lists.get(one.uscc, ()), done.day), rulebook, done.day),
            one.trades(done.day),
        )
        for finding in done.findings
        for one in sorted(of[finding.uscc], key=lambda one: (one.exchange, one.participant))
    ]


def kept(done: Screened, rulebook: Rulebook) -> list[KeptFinding]:
    """Return the findings as they are kept: one for each enterprise and division that it trades in."""
    own: dict[tuple[str, str], list[Participant]] = {}
    for one in done.held.participants:
        if one.entered <= done.day:
            own.setdefault((one.uscc, one.division), []).append(one)
    divisions: dict[str, list[str]] = {}
    for code, division in sorted(own):
        divisions.setdefault(code, []).append(division)
    return [
        KeptFinding(
            finding.uscc,
            division,
            finding.sort.value,
            finding.level,
            finding.score,
            finding_record(finding, own[finding.uscc, division], done, rulebook),
        )
        for finding in done.findings
        for division in divisions[finding.uscc]
    ]


def save(store: ScreeningStore, done: Screened, rulebook: Rulebook, weights: Weights, now_ns: int) -> int:
    """Keep a screening; return its number."""
    market = repr(
        sorted((rule.id, rule.jurisdiction, rule.market, rule.valid_from) for rule in rulebook.rules)
    )
    rules = hashlib.sha256(f"{weights.digest} {market}".encode()).hexdigest()
    mining = len({seed.uscc for seed in done.seeds})
    count = sum(one.entered <= done.day for one in done.held.participants)
    return store.save(done.day.isoformat(), now_ns, rules, count, mining, kept(done, rulebook))


def finding_record(finding: Finding, own: Iterable[Participant], done: Screened, rulebook: Rulebook) -> Json:
    """Return a finding as it is kept, with nothing masked."""
    named = dict.fromkeys(
        [
            finding.uscc,
            finding.seed.uscc,
            *(code for step in finding.steps for code in (step.begin, step.end)),
        ]
    )
    listing = listing_on(done.held.lists.get(finding.uscc, ()), done.day)
    return {
        "name": done.held.names.get(finding.uscc, ""),
        "sort": finding.sort.value,
        "level": finding.level,
        "score": round(finding.score, 6),
        "participations": [
            _participation(one, leaving(one, listing, rulebook, done.day), done.day)
            for one in sorted(own, key=lambda one: (one.exchange, one.participant))
        ],
        "seed": {
            "uscc": finding.seed.uscc,
            "probability": round(finding.seed.probability, 6),
            "listed": finding.seed.listed,
            "since": None if finding.seed.since is None else finding.seed.since.isoformat(),
            "because": finding.seed.because,
        },
        "steps": [step_record(step) for step in finding.steps],
        "enterprises": {
            code: {"name": done.held.names.get(code, ""), "divisions": sorted(done.places.get(code, ()))}
            for code in named
        },
    }


def step_record(step: Step) -> Json:
    """Return a step of a way."""
    return {
        "from": step.begin,
        "to": step.end,
        "probability": round(step.probability, 6),
        "ties": [
            {
                "kind": tie.kind,
                "name": tie.shown,
                "sharers": tie.sharers,
                "weight": round(tie.weight, 3),
                "group": tie.group,
                "hub": tie.hub,
            }
            for tie in step.ties
        ],
    }


def shared_of(record: Mapping[str, Any]) -> Shared:
    """Return a tie of a record."""
    return Shared(
        record["kind"], record["name"], record["sharers"], record["weight"], record["group"], record["hub"]
    )


def why_not(done: Screened, code: str) -> list[Step]:
    """Return what an enterprise shares with who mines although it accuses nobody."""
    return explain_nothing(code, done.seeds, done.ties)


def is_own(sort: str) -> bool:
    """Say whether a finding is about the enterprise's own mining."""
    return sort in (FindingSort.LISTED, FindingSort.MINES)


def _participation(one: Participant, by: Leaving, day: date) -> Json:
    return {
        "participant": one.participant,
        "exchange": one.exchange,
        "division": one.division,
        "accounts": list(one.accounts),
        "retailer": one.retailer or None,
        "entered": one.entered.isoformat(),
        "left": None if one.left is None else one.left.isoformat(),
        "trades": one.trades(day),
        "leaving": {
            "basis": by.basis,
            "leave_by": None if by.leave_by is None else by.leave_by.isoformat(),
            "overdue_days": by.overdue_days,
            "rule": by.rule or None,
            "document": by.document or None,
            "consequences": list(by.consequences),
        },
    }
