"""How much, in words: three digits, an interval, both languages."""

import re
from dataclasses import replace

import pytest

from facts.verdict import Hashrate, Machines, Power
from minescope.how_much import WORDS, hashes, lines, number
from minescope.language import Lang
from tests.store.made import verdict

RATE = Hashrate("sha256d", 63.65e12, 51.8e12, 77.4e12, 100)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0 H/s"), (300.24, "300 H/s"), (4_100, "4.10 kH/s"), (999.6, "1.00 kH/s"),
        (63.65e12, "63.6 TH/s"), (2.039e15, "2.04 PH/s"), (1e21, "1.00 ZH/s"), (5e24, "5,000 ZH/s"),
    ],
)  # fmt: skip
def test_hashes_have_three_digits_and_a_prefix(value: float, said: str) -> None:
    assert hashes(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0.00012, "0.00012"), (3.375, "3.38"), (60.72, "60.7"), (2236.74, "2,237"), (0, "0")]
)
def test_numbers_have_three_digits(value: float, said: str) -> None:
    assert number(value) == said


def test_everything_known_is_a_line_in_both_languages() -> None:
    told = replace(
        verdict(),
        hashrate=(replace(RATE, reported=70e12),),
        machines=Machines(12, 10, 15, False, "connections"),
        power=Power(60.7, 44.0, 90.1),
    )
    assert lines(told, Lang.EN) == [
        "sha256d 63.6 TH/s (51.8 TH/s to 77.4 TH/s), says 70.0 TH/s of itself",
        "12 machines (10 to 15)",
        "60.7 kW (44.0 to 90.1), 1,457 kWh a day",
    ]
    assert lines(told, Lang.ZH)[1:] == [
        "12 台机器（10 至 15）",
        "60.7 千瓦（44.0 至 90.1），每天 1,457 千瓦时",
    ]


def test_little_power_is_told_in_watts_and_one_machine_as_one() -> None:
    told = replace(
        verdict(), hashrate=(), machines=Machines(1, 1, 1, False, "workers"), power=Power(0.06, 0.03, 0.1)
    )
    assert lines(told, Lang.EN) == ["1 machine", "60.0 W (30.0 to 100), 1.44 kWh a day"]


def test_what_is_not_known_is_not_said() -> None:
    assert lines(replace(verdict(), hashrate=()), Lang.EN) == []


def test_both_languages_say_the_same_things() -> None:
    for english, chinese in WORDS.values():
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", chinese))
        assert re.search("[\u4e00-\u9fff]", chinese)
