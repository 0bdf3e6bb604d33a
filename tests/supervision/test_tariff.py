"""The differential price: rules as data, bills, and the book that corrects itself."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervision.tariff.arrears import Payment, standing_on
from supervision.tariff.billing import ReadingsOverlap, bill
from supervision.tariff.facts import Account, Mining, Reading, digest
from supervision.tariff.ledger import Entry, balance, corrections, standing
from supervision.tariff.rules import Rulebook, RuleError, merged, parse, shipped

BOOK = Rulebook(shipped())
AS_OF = date(2026, 1, 1)
YEAR = [date(2025, month, 1) for month in range(1, 13)] + [date(2026, 1, 1)]


def readings(*kwh: str) -> list[Reading]:
    return [Reading(a, b, Decimal(e)) for a, b, e in zip(YEAR, YEAR[1:], kwh, strict=False)]


RULE = """
[[rule]]
id = "own"
jurisdiction = "440300"
rate = "0.45"
tax = "included"
scope = "account"
valid_from = 2023-01-01
start = "mining"
part_period = "daily-average"
document = "深发改〔2023〕1号"
status = "in-force"
mark = "V"
"""


def test_a_city_may_raise_what_its_province_asks() -> None:
    book = Rulebook(merged(shipped(), parse(RULE, "own.toml")))
    assert (rule := book.on("440305", date(2024, 1, 1))) is not None
    assert rule.id == "own"
    assert (rule := book.on("440100", date(2024, 1, 1))) is not None
    assert rule.id == "national-floor"
    assert book.on("440305", date(2020, 1, 1)) is None


@pytest.mark.parametrize(
    ("line", "instead", "says"),
    [
        ('rate = "0.45"', "rate = 0.45", 'own.toml: rule 1 (own): rate is a text such as "0.30"'),
        ('rate = "0.45"', 'rate = "0,45"', "rate is no number: '0,45'"),
        ('rate = "0.45"', 'rate = "-1"', "rate is more than 0"),
        ('"440300"', '"4403"', "jurisdiction: a division code is six digits"),
        ('scope = "account"', 'scope = "all"', "scope is one of account, share, not 'all'"),
        ("2023-01-01", '"2023"', "valid_from is a date"),
        ('mark = "V"', 'mark = "V"\nvalid_to = 2022-01-01', "valid_to is not after valid_from"),
        ('mark = "V"', 'mark = "V"\ncolour = "red"', "no field 'colour'"),
        ('mark = "V"', 'mark = "V"\nmarket = ["gone"]', "not 'gone'"),
        ('mark = "V"', 'mark = "V"\nunknown_months = 0', "unknown_months is a whole number from 1"),
        ("[[rule]]", "[[rules]]", "holds [[rule]] tables and nothing else"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(line: str, instead: str, says: str) -> None:
    with pytest.raises(RuleError) as error:
        parse(RULE.replace(line, instead), "own.toml")
    assert says in str(error.value)


def test_a_rule_below_the_floor_is_refused() -> None:
    with pytest.raises(RuleError, match=r"own: 0\.29 is below the floor of 0\.30"):
        Rulebook(merged(shipped(), parse(RULE.replace("0.45", "0.29"), "own.toml")))


def test_two_rules_of_one_jurisdiction_on_one_day_are_refused() -> None:
    twice = RULE + RULE.replace('"own"', '"other"').replace("2023-01-01", "2024-01-01")
    with pytest.raises(RuleError, match="own and other are both in force on 2024-01-01"):
        Rulebook(merged(shipped(), parse(twice, "own.toml")))


def test_readings_that_overlap_are_refused() -> None:
    account = Account("7", "330100", (Mining(date(2025, 1, 1), None),))
    twice = [
        Reading(date(2025, 1, 1), date(2025, 2, 2), Decimal(1)),
        Reading(date(2025, 2, 1), date(2025, 3, 1), Decimal(1)),
    ]
    with pytest.raises(ReadingsOverlap, match="readings from 2025-01-01 and 2025-02-01 overlap"):
        bill(account, twice, BOOK, AS_OF)


def test_days_that_mine_without_a_reading_are_named() -> None:
    account = Account("7", "330100", (Mining(date(2025, 2, 10), None),))
    parts = [readings("100", "100", "100")[place] for place in (0, 2)]
    assert bill(account, parts, BOOK, AS_OF).unmetered == ((date(2025, 2, 10), date(2025, 2, 28)),)


DAYS = st.integers(0, 364).map(lambda n: date(2025, 1, 1) + timedelta(days=n))
SHARES = st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("0.37")])


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    mining = []
    for _ in range(draw(st.integers(0, 3))):
        first, last = sorted(draw(st.tuples(DAYS, DAYS)))
        open_end = draw(st.booleans())
        unknown = draw(st.integers(0, 3)) == 0
        mining.append(Mining(None if unknown else first, None if open_end else last, last, draw(SHARES)))
    division = draw(st.sampled_from(["330100", "440300", "150100", "510100", "460100", "370100"]))
    return Account(draw(st.sampled_from("12")), division, tuple(mining), told=date(2025, 3, 1))


KWH = st.decimals(0, 10**6, places=2, allow_nan=False, allow_infinity=False)


@given(accounts(), st.lists(KWH, min_size=12, max_size=12))
def test_a_bill_is_never_more_than_its_energy_at_its_rate_and_days_are_counted_once(
    account: Account, kwh: list[Decimal]
) -> None:
    for found in bill(account, readings(*map(str, kwh)), BOOK, AS_OF).bills:
        days = sum(line.days for line in found.lines) + sum(gone.days for gone in found.refusals)
        assert days <= found.reading.days
        for line in found.lines:
            exact = Fraction(found.reading.kwh) * line.days / found.reading.days * Fraction(line.share)
            assert abs(Fraction(line.amount) - exact * Fraction(line.rate)) <= Fraction(1, 200)
            assert line.days == (line.last - line.first).days + 1


@settings(max_examples=60)
@given(st.lists(st.tuples(accounts(), st.lists(KWH, min_size=12, max_size=12)), min_size=1, max_size=5))
def test_a_year_billed_again_after_corrections_equals_the_bill_computed_afresh(
    versions: list[tuple[Account, list[Decimal]]],
) -> None:
    book: list[Entry] = []
    for n, (account, kwh) in enumerate(versions):
        account = replace(account, number="1")
        fresh = [
            (one, digest(account, one.reading))
            for one in bill(account, readings(*map(str, kwh)), BOOK, AS_OF).bills
        ]
        before = len(book)
        book += corrections(book, fresh, ["1"], date(2026, 1, n + 1), "corrected")
        assert [entry.number for entry in book] == list(range(1, len(book) + 1))
        stands = sorted(((entry.period, entry.line) for entry in standing(book)), key=repr)
        wanted = [((o.reading.first, o.reading.after), line) for o, _ in fresh for line in o.lines]
        assert stands == sorted(wanted, key=repr)
        assert balance(book) == sum((one.amount for one, _ in fresh), Decimal(0))
        assert not corrections(book, fresh, ["1"], date(2026, 2, 1))
        assert all(entry.made == date(2026, 1, n + 1) for entry in book[before:])


def test_three_corrections_of_a_year_by_hand() -> None:
    """12 months of 1,000 kWh in Zhejiang at 0.50 are 6,000; then the start moves, a reading grows, it
    stops."""
    kwh = ["1000"] * 12
    stages = [
        (Mining(date(2025, 1, 1), None), kwh, "6000.00"),
        (Mining(date(2025, 3, 1), None), kwh, "5000.00"),
        (Mining(date(2025, 3, 1), None), [*kwh[:5], "1500", *kwh[6:]], "5250.00"),
        # to 15 September: March to August 3,250, and half of September 250
        (Mining(date(2025, 3, 1), date(2025, 9, 15)), [*kwh[:5], "1500", *kwh[6:]], "3500.00"),
    ]
    book: list[Entry] = []
    for n, (mining, energy, due) in enumerate(stages):
        account = Account("1", "330100", (mining,))
        fresh = [
            (one, digest(account, one.reading)) for one in bill(account, readings(*energy), BOOK, AS_OF).bills
        ]
        book += corrections(book, fresh, ["1"], date(2026, 1, n + 1))
        assert balance(book) == Decimal(due)
    # 12 charges; 2 months taken back; June replaced; September replaced and 3 months taken back
    assert [entry.kind for entry in book].count("reversal") == 2 + 1 + 4
    assert len(book) == 12 + 2 + 2 + 5


def test_payments_settle_the_oldest_month_and_arrears_have_an_age() -> None:
    account = Account("1", "330100", (Mining(date(2025, 1, 1), None),))
    fresh = [(one, "") for one in bill(account, readings(*["1000"] * 4), BOOK, AS_OF).bills]
    book = corrections([], fresh, ["1"], date(2025, 5, 1))
    paid = [
        Payment("1", date(2025, 5, 2), Decimal("700.00")),
        Payment("1", date(2025, 6, 1), Decimal("1.00")),
    ]
    (found,) = standing_on(date(2025, 5, 10), book, paid)
    # 500 a month, due on 16 February, 16 March, 16 April, 16 May: 700 paid leaves 300 of February, 500 of
    # March.
    assert [month.owed for month in found.months] == [Decimal(0), Decimal(300), Decimal(500), Decimal(500)]
    assert (found.not_yet_due, found.overdue) == (Decimal(500), (Decimal(500), Decimal(300), Decimal(0)))
    assert found.collected == Decimal("0.35")
    (later,) = standing_on(date(2025, 9, 1), book, [*paid, Payment("1", date(2025, 8, 1), Decimal("2000"))])
    assert (later.arrears, later.credit, later.collected) == (Decimal(0), Decimal("701.00"), Decimal(1))
