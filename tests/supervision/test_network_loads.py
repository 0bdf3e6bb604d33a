"""What the network tells of as loads beside a plant's fall."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from facts.endpoint import parse_address
from facts.instant import nanoseconds
from facts.names import Level, Role
from facts.verdict import Power, Verdict
from registry.answers import Attribution
from supervision.power.network_loads import network_loads
from supervision.power.private_line import Plant, watch
from supervision.projects.sightings import Sighting

FIRST, DAYS = date(2026, 1, 1), 120
PLACE = "990101"


def sighting(number: int, site: str, on: int, kw: float | None, certain: bool = True) -> Sighting:
    at = nanoseconds(datetime(2026, 1, 1, 4, tzinfo=UTC) + timedelta(days=on))
    verdict = Verdict(
        "a.pcap", parse_address(f"192.0.2.{number}"), Role.MINER, Level.CONFIRMED, 0.9, (), (), (), False, (),
        at, at, (), (), None, (), (), (), power=None if kw is None else Power(kw, kw * 0.7, kw * 1.4),
    )  # fmt: skip
    return Sighting(number, verdict, Attribution(certain, "甲", "U", "l", site, PLACE, "road 1"))


SEEN = [
    sighting(1, "old", 0, 50.0),
    sighting(2, "new", 82, 60.0),
    sighting(3, "new", 90, 40.0),
    sighting(4, "unknown", 84, None),
    sighting(5, "several", 84, 100.0, certain=False),
]


def test_a_site_draws_from_the_day_it_was_seen_and_what_began_with_the_probe_is_none() -> None:
    [one] = network_loads(SEEN, FIRST, DAYS)
    assert (one.name, one.place) == ("new", PLACE)
    assert np.flatnonzero(one.kw).tolist() == list(range(82, DAYS))
    assert one.kw[-1] == pytest.approx(100.0)
    assert network_loads([], FIRST, DAYS) == []


def test_a_plant_that_loses_as_much_when_a_site_begins_to_mine_is_suspected() -> None:
    rng = np.random.default_rng(3)
    water = 0.75 + 0.05 * rng.random(DAYS)
    fed = np.where(np.arange(DAYS) >= 80, 100.0, 0.0) * 24
    plant = Plant("p", water * 1_000 * 24 - fed, water, None, "hydro", PLACE)
    loads = network_loads(SEEN, FIRST, DAYS)
    [fall] = watch([plant], loads, FIRST)
    assert fall.suspected
    assert fall.load == "new"
    assert abs((fall.day - FIRST).days - 80) <= 2
    elsewhere = [replace(one, place="990202") for one in loads]
    assert not any(one.suspected for one in watch([plant], elsewhere, FIRST))
