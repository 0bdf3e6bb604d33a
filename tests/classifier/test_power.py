"""Kilowatts from hashrate: a table that an operator extends, a mixture that says what it does not know."""

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.hashrate import Harvest, interval
from classifier.power import each_hashes, power
from classifier.power_table import YEAR_NS, Catalogue, read, recognised, shipped
from facts.errors import RowError
from facts.instant import NS, nanoseconds
from facts.verdict import Hashrate, Machines, Power

ROW = (
    '{ name = "Own 1", algorithm = "sha256d", kind = "asic", maker = "own", hashes = 1e12, watts = 500, '
    'released = "2020-01", source = "nameplate", as_of = "2026-01", mark = "V" }'
)


def at(year: int, month: int = 7) -> int:
    return nanoseconds(datetime(year, month, 1, tzinfo=UTC))


def rate(algorithm: str, value: float, low: float = 0.9, high: float = 1.1, mined_s: int = 3_600) -> Hashrate:
    return Hashrate(algorithm, value, value * low, value * high, 1_000, mined_ns=mined_s * NS)


def counted(number: int) -> Machines:
    return Machines(number, number, number, True, "sessions")


def drawn(
    rates: Sequence[Hashrate], machines: int | None = None, said: Sequence[str] = (), year: int = 2023
) -> Power:
    found = power(rates, None if machines is None else counted(machines), said, at(year, 5), shipped())
    assert found is not None
    return found


# -- the table --


def test_every_row_has_a_source_and_a_date() -> None:
    for one in shipped().machines:
        assert one.source
        assert one.as_of
        assert one.mark in ("V", "C", "R")
        assert one.maker in shipped().makers


def test_the_table_agrees_with_what_was_published() -> None:
    joules = {one.name: one.joules * 1e12 for one in shipped().of("sha256d")}
    for name, published in {
        "Antminer S9": 98, "Antminer S17": 45, "Whatsminer M20S": 48, "Whatsminer M21S": 66,
        "Avalon 1066": 65, "Avalon 1246": 38, "Antminer S19": 34, "Antminer S19 Pro": 29.5,
        "Antminer S19j Pro": 29.5,
        "Whatsminer M30S": 38, "Whatsminer M30S++": 32.8, "Antminer S19 XP": 21.5, "Whatsminer M50": 29,
        "Whatsminer M66": 19.9, "Antminer S21": 17.5,
    }.items():  # fmt: skip
        assert joules[name] == pytest.approx(published, rel=0.02)
    (l7,) = (one for one in shipped().of("scrypt") if one.name == "Antminer L7")
    assert l7.joules * 1e6 == pytest.approx(0.36, rel=0.01)  # joules a megahash


@pytest.mark.parametrize(("year", "month", "published"), [(2018, 7, 89.0), (2023, 5, 33.0)])
def test_the_fleets_mean_is_near_the_published_one(year: int, month: int, published: float) -> None:
    found = power([rate("sha256d", 1e18)], None, (), at(year, month), shipped())
    assert found is not None
    assert found.value * 1e3 / 1e18 * 1e12 == pytest.approx(published, rel=0.15)
    assert found.low < published * 1e3 < found.high


def test_an_operators_rows_come_first_and_replace() -> None:
    own = read(f"[machines]\nrows = [ {ROW} ]\n", "own.toml", shipped())
    assert own.machines[0].name == "Own 1"
    assert len(own.machines) == len(shipped().machines) + 1
    replaced = ROW.replace("Own 1", "Antminer S9")
    again = read(f"[machines]\nrows = [ {replaced} ]\n", "own.toml", shipped())
    assert len(again.machines) == len(shipped().machines)
    assert again.machines[0].joules == 5e-10
    assert again.overhead == shipped().overhead
    site = read("[site]\noverhead = [1.0, 1.0]\n", "own.toml", shipped())
    assert site.overhead == (1.0, 1.0)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[machines\n", "row 1"),
        ("[sites]\n", "row 1"),
        ("[site]\noverhead = [2, 1]\n", "column overhead"),
        ("[site]\nfarm_from = 0\n", "column farm_from"),
        (f"[machines]\nrows = [ {ROW}, {ROW.replace('500', '-1')} ]\n", "row 2, column watts"),
        (f"[machines]\nrows = [ {ROW.replace('2020-01', '2020')} ]\n", "row 1, column released"),
        (f"[machines]\nrows = [ {ROW.replace('asic', 'fpga')} ]\n", "row 1, column kind"),
        (f"[machines]\nrows = [ {ROW.replace('watts', 'volts')} ]\n", "row 1, column watts"),
        (f"[machines]\nrows = [ {ROW.replace(' }', ', colour = 1 }')} ]\n", "row 1, column colour"),
        (f"[machines]\nrows = [ {ROW.replace(' }', ', spread = 2 }')} ]\n", "row 1, column spread"),
        ("[machines]\nrows = [ 1 ]\n", "row 1"),
    ],
)
def test_a_wrong_row_is_named(text: str, place: str) -> None:
    with pytest.raises(RowError, match=place):
        read(text, "own.toml", shipped())


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ("rack1-s19jpro-07", {"Antminer S19j Pro"}),
        ("S19J Pro", {"Antminer S19j Pro"}),
        ("antminer s9", {"Antminer S9"}),
        ("whatsminer m30s++", {"Whatsminer M30S++"}),
        ("m30s", {"Whatsminer M30S"}),
        ("s19", {"Antminer S19"}),
        ("us19001", set()),
        ("rig1", set()),
        ("M30S_1", {"Whatsminer M30S"}),
    ],
)
def test_models_are_read_from_agents_and_rig_names(text: str, models: set[str]) -> None:
    assert recognised(shipped().of("sha256d"), [text]) == models


# -- power --


def test_an_algorithm_without_a_machine_has_no_power() -> None:
    assert power([rate("cn/r", 1e3)], counted(1), (), at(2020), shipped()) is None
    both = [rate("sha256d", 1e14), rate("never-heard-of", 1e3)]
    assert power(both, None, (), at(2023), shipped()) is None
    assert power([], counted(3), (), at(2023), shipped()) is None
    assert power([rate("sha256d", 1e9)], None, (), at(2011), shipped()) is None  # of before all of them


def test_what_is_known_of_the_machines_narrows_the_interval() -> None:
    alone = drawn([rate("sha256d", 1.1e16)])
    with_count = drawn([rate("sha256d", 1.1e16)], 100)
    named = drawn([rate("sha256d", 1.1e16)], 100, ["bmminer/2.0.0", "s19pro-17"])
    widths = [one.high / one.low for one in (alone, with_count, named)]
    assert widths == sorted(widths, reverse=True)
    assert named.models[0][0] == "Antminer S19 Pro"
    assert named.low < 100 * 3.250 < named.high
    assert named.high / named.low < 1.7


def test_the_hashrate_of_one_machine_tells_old_from_new() -> None:
    old, new = drawn([rate("sha256d", 13.5e12)], 1), drawn([rate("sha256d", 140e12)], 1)
    assert old.models[0][0] == "Antminer S9"
    assert old.low < 1.323 < old.high
    assert new.low < 3.010 < new.high
    assert old.value / 13.5 > 2 * new.value / 140


def test_a_site_is_a_farm_from_twenty_machines_on() -> None:
    few, many = drawn([rate("sha256d", 1.9e15)], 19), drawn([rate("sha256d", 2e15)], 20)
    assert few.overhead == (1.0, 1.0)
    assert many.overhead == (1.02, 1.15)
    assert many.value / few.value == pytest.approx(20 / 19 * 1.085, rel=0.01)


def test_kilowatts_of_algorithms_side_by_side_add_up() -> None:
    one, other = drawn([rate("sha256d", 1e15)]), drawn([rate("scrypt", 9.5e10)])
    both = drawn([rate("scrypt", 9.5e10), rate("sha256d", 1e15)])
    assert both.value == pytest.approx(one.value + other.value)
    assert both.low > one.low + other.low  # both ends are not met at once
    assert both.high < one.high + other.high


def test_algorithms_one_after_another_share_the_time() -> None:
    one, other = drawn([rate("ethash", 6e8, mined_s=1_800)]), drawn([rate("kawpow", 3e8, mined_s=1_800)])
    turns = drawn([rate("ethash", 6e8, mined_s=1_000), rate("kawpow", 3e8, mined_s=3_000)])
    assert turns.value < one.value + other.value


def test_a_cpu_is_no_farm() -> None:
    found = drawn([rate("rx/0", 15_000)], 1, ["XMRig/6.21.0"])
    assert 0.05 < found.low < found.value < found.high < 0.5


def test_how_many_machines_a_hashrate_needs() -> None:
    found = each_hashes("sha256d", ("s21-3",), at(2025), shipped())
    assert found is not None
    median, least, most = found
    assert median == 200e12
    assert least <= median <= most
    assert each_hashes("cn/r", (), at(2025), shipped()) is None
    rig = each_hashes("kawpow", ("t-rex/0.26",), at(2023), shipped())
    assert rig is not None
    assert rig[2] > 500e6  # a rig holds a dozen cards


@given(
    st.sampled_from(["sha256d", "scrypt", "ethash", "rx/0", "kheavyhash"]),
    st.floats(1e3, 1e19),
    st.none() | st.integers(1, 10**5),
    st.integers(2018, 2027),
    st.lists(st.sampled_from(["s9", "btminer", "XMRig/6", "rig1", "l7"]), max_size=3),
)
def test_power_is_an_interval_around_its_value(
    algorithm: str, value: float, machines: int | None, year: int, said: list[str]
) -> None:
    found = power(
        [rate(algorithm, value)], counted(machines) if machines else None, said, at(year), shipped()
    )
    if found is None:
        assert not any(one.released <= year + 1 - 1970 for one in shipped().of(algorithm))
        return
    assert 0 <= found.low <= found.value <= found.high < math.inf
    assert sum(part for _, part in found.models) <= 1.002  # each rounded


# -- coverage --

AGENTS = {
    "antminer": ["bmminer/2.0.0", "cgminer/4.12", "vnish/1.2"],
    "whatsminer": ["btminer/3", "cgminer/4.11.1"],
    "gpu": ["lolMiner/1.6", "PhoenixMiner/6", "t-rex/0.26"],
    "cpu": ["XMRig/6.21.0"],
}


def fleet(chance: random.Random, table: Catalogue) -> tuple[float, Power] | None:
    """Return kilowatts of a made-up fleet, and what is said of them; None where it has no machine yet.

    Any model sold in the six years before, alone or with others; tuned, mixed, half of it behind proxies. Not
    drawn by the probabilities that the estimate goes by.
    """
    algorithm = chance.choice(
        ["sha256d"] * 3 + ["scrypt", "ethash", "rx/0", "kheavyhash", "equihash", "kawpow"]
    )
    year = chance.uniform(2018.5, 2026.8)
    since = year - 1970
    rows = [one for one in table.of(algorithm) if since - 6 < one.released <= since]
    if not rows:
        return None
    number = chance.choice([1, 1, 2, 5, 20, 100, 1_000])
    picked = [chance.choice(rows) for _ in range(min(chance.choice([1, 1, 1, 2, 3]), number))]
    hashes = watts = 0.0
    said = []
    for one in picked:
        cards = chance.choice([1, 4, 6, 8]) if one.kind == "gpu" else 1
        own = one.hashes * cards * (number // len(picked)) * math.exp(chance.gauss(0, 0.1))
        hashes += own
        watts += own * one.joules * math.exp(chance.gauss(0, one.spread))
        if chance.random() < 0.25:
            said.append(f"{one.name.split()[-1].lower()}-01")
        if chance.random() < 0.7:
            said.append(chance.choice(AGENTS.get(one.maker, ["cgminer/4.11.1"])))
    machines = number // len(picked) * len(picked)
    shares = chance.choice([30, 100, 1_000])
    seen = max(3, round(chance.gauss(shares, math.sqrt(shares))))
    figures = interval(Harvest(seen, seen * 10**9, seen * 10**18), NS)
    value, low, high = (hashes * one / (shares * 10**9) for one in figures)
    known = counted(machines) if chance.random() < 0.7 else None
    farm = known is not None and machines >= table.farm_from
    overhead = chance.uniform(*table.overhead) if farm else 1.0
    told = Hashrate(algorithm, value, low, high, seen, mined_ns=NS)
    found = power([told], known, said, int(since * YEAR_NS), table)
    return None if found is None else (watts * overhead / 1_000, found)


@pytest.mark.parametrize("fleets", [600, pytest.param(20_000, marks=pytest.mark.prove)])
def test_the_interval_of_the_power_holds_the_truth_nine_times_in_ten(fleets: int) -> None:
    chance = random.Random(9)
    held = runs = 0
    ratios = []
    while runs < fleets:
        made = fleet(chance, shipped())
        if made is not None:
            truth, found = made
            runs += 1
            held += found.low <= truth <= found.high
            ratios.append(found.value / truth)
    middle = sorted(ratios)[runs // 2]
    print(f"power of {runs} fleets: {held / runs:.1%} within the interval, median {middle:.2f}")
    assert held >= 0.90 * runs
    assert 0.9 < middle < 1.15
