"""Carbon by dated regional factors: worked by hand; what no row covers is refused."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import SettingsError
from supervision.carbon import Factors, NoFactorError, merged, parse, shipped

FACTORS = Factors(shipped())
DAY = date(2021, 6, 1)


def test_a_day_of_the_published_province_by_hand() -> None:
    # 260 MWh x 0.5992 kg/kWh = 155,792 kg; 260,000 / 2,481 = 104.8 households
    found = FACTORS.of(Decimal(260_000), "330102", DAY)
    assert (found.kg, found.tonnes, found.households) == (155_792, Decimal("155.792"), 105)
    assert found.factor.id == "east-2021"
    assert not found.carried
    assert FACTORS.of(Decimal(1), "330102", date(2026, 1, 1)).carried


@pytest.mark.parametrize(
    ("division", "row"),
    [
        ("000000", "national-2021"),
        ("150100", "north-2021"),
        ("150402", "north-east-2021"),
        ("510000", "south-west-2021"),
        ("990101", "sample-2021"),
    ],
)
def test_the_nearest_place_that_has_a_factor_gives_it(division: str, row: str) -> None:
    assert FACTORS.on("factor", division, DAY).id == row


@pytest.mark.parametrize(("division", "day"), [("810000", DAY), ("330000", date(2019, 1, 1))])
def test_a_place_or_a_day_that_no_row_covers_is_refused_in_both_languages(division: str, day: date) -> None:
    with pytest.raises(NoFactorError) as error:
        FACTORS.of(Decimal(1), division, day)
    assert division in error.value.en
    assert f"没有 {division} 在 {day}" in error.value.told("zh")


OWN = """
[[factor]]
id = "zhejiang-2024"
divisions = ["330000"]
year = 2024
from = 2024-01-01
until = 2025-01-01
kg_per_kwh = "0.4"
mark = "V"
source = "made up"
"""


def test_an_operators_row_comes_before_the_shipped_ones_and_ends_when_it_says() -> None:
    factors = Factors(merged(shipped(), parse(OWN, "own.toml")))
    assert factors.of(Decimal(10), "330100", date(2024, 12, 31)).kg == 4
    assert factors.on("factor", "330100", date(2025, 1, 1)).id == "east-2021"
    alone = Factors([*parse(OWN, "own.toml"), *(row for row in shipped() if row.id == "national-2021")])
    with pytest.raises(NoFactorError):  # the nation's is never put in the place of a grid's
        alone.on("factor", "330100", date(2025, 1, 1))
    assert factors.on("factor", "320000", date(2025, 1, 1)).id == "east-2021"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('"0.4"', "0.4"), "kg_per_kwh: is a text such as"),
        (('"0.4"', '"-1"'), "more than 0"),
        (("330000", "33000"), "six digits"),
        (("until = 2025-01-01", "until = 2023-01-01"), "until the later one"),
        (('mark = "V"', 'mark = "X"'), "V, R or G"),
        (("year = 2024\n", ""), "year is missing"),
        (("source", "sauce"), "source is missing"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(change: tuple[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says) as error:
        parse(OWN.replace(*change), "own.toml")
    assert str(error.value).startswith("own.toml: factor 1")


def test_two_rows_of_one_place_and_day_are_refused() -> None:
    two = OWN + OWN.replace("zhejiang-2024", "again").replace("2024-01-01", "2024-06-01")
    with pytest.raises(SettingsError, match="both used on 2024-06-01"):
        Factors(parse(two, "own.toml"))


@given(st.decimals(0, 10**12, places=3), st.decimals(0, 10**12, places=3))
def test_more_energy_is_never_less_carbon_and_parts_make_the_whole(a: Decimal, b: Decimal) -> None:
    whole, one, other = (FACTORS.of(kwh, "330000", DAY).kg for kwh in (a + b, a, b))
    assert abs(whole - one - other) <= 1
    assert (a <= b) <= (one <= other)
