"""Victims of a malware campaign: told apart wherever mining is counted against who holds the line."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from classifier.ownership_model import Kind
from facts.instant import NS, instant
from minescope.main import run
from pipeline.ownership import update
from pipeline.services import Services, build_services
from pipeline.settings import Settings
from registry.csv_import import load_sample
from store.database import open_database
from store.registry import RegistryStore
from store.ties import save_ties
from store.verdicts import VerdictStore
from supervision.ledgers.gather import read_book, seeds_of
from supervision.projects.kept import Held
from supervision.projects.seen import sightings
from supervision.projects.sightings import propose
from supervision.tariff.periods import propose as periods
from supervision.victims import sighted
from supervision.warnings.gather import signals
from tests.store.test_campaigns import PLACES, mining, ties

SEEN_NS = 1_772_352_000 * NS  # 2026-03-01T08:00:00Z
FARM = "192.0.2.20"
"""Of the same enterprise as the first victim: forty machines of its own."""


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    settings = Settings(home=tmp_path)
    told = [tie for n, at in enumerate(PLACES) for tie in ties(at, "0xaa", f"E{n}", (Kind.AGENT, "m/1"))]
    found = [mining(at, "randomx", 1, 0.12) for at in PLACES] + [mining(FARM, "sha256d", 40, 130.0)]
    then = {"first_seen_ns": SEEN_NS - 60 * NS, "last_seen_ns": SEEN_NS}
    with open_database(settings.database_url) as database:
        RegistryStore(database).replace(load_sample())
        save_ties(database, {"a.pcap": told})
        VerdictStore(database).save("r", SEEN_NS, [replace(one, **then) for one in found])
        update(database)
    with build_services(settings) as opened:
        yield opened


def test_victims_are_proposed_as_nothing_and_told_apart(services: Services) -> None:
    found = propose(sightings(services))
    assert [one.addresses for one in found.proposals] == [(FARM,)]
    assert [str(one.verdict.address) for one in found.victims] == list(PLACES)
    told = sighted(found.victims[0], "en")
    assert told["because"].startswith(("victim of a campaign, not billed", "probably a victim of a campaign"))
    assert told["cluster"].startswith("c-")
    assert told["probability"] >= 0.5


def test_victims_are_not_billed_until_a_person_says_so(services: Services) -> None:
    with services.database.writing() as connection:
        found = periods(services, connection, SEEN_NS, "tests")
        assert [one.address for one in found.victims] == list(PLACES)
        assert periods(services, connection, SEEN_NS, "tests", with_victims=True).victims == ()


def test_an_enterprise_whose_line_has_a_victim_is_no_miner_in_the_screening(services: Services) -> None:
    seeds = seeds_of(services, read_book(services.database, date(2026, 3, 2)))
    assert [one.because for one in seeds] == [FARM]


def test_a_campaign_is_one_warning_a_division_and_no_new_mining(services: Services) -> None:
    nothing = Held((), (), (), ())
    told = list(signals(nothing, {}, sightings(services), instant(SEEN_NS)))
    assert [one.texts["uscc"] for one in told if one.kind == "hit"] == ["91990101MADEUP0132"]
    victims = [one for one in told if one.kind == "victim"]
    assert sum(one.figures["addresses"] for one in victims) == len(PLACES)
    assert len({one.division for one in victims}) == len(victims)


def test_the_terminal_says_so_in_both_languages(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["tariff", "propose", "--lang", "zh"]) == 0
    out = capsys.readouterr().out
    assert "受害者" in out
    assert PLACES[1] in out
    assert run(["projects", "propose"]) == 1
    out = capsys.readouterr().out
    assert "not billed" in out
    assert out.splitlines()[0].startswith("project\tpower\tdivision")
