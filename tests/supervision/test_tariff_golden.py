"""The differential price of each jurisdiction, worked by hand, to the fen."""

from datetime import date
from decimal import Decimal

import pytest

from supervision.tariff.billing import Bill, backpay, bill
from supervision.tariff.facts import Account, Mining, Reading
from supervision.tariff.rules import Rulebook, shipped

BOOK = Rulebook(shipped())
WITH_DRAFT = Rulebook(shipped(), enacted=["shandong-2022-draft"])
LATER = date(2030, 1, 1)


def one_bill(account: Account, reading: Reading, book: Rulebook = BOOK) -> Bill:
    (found,) = bill(account, [reading], book, LATER).bills
    return found


def whole(division: str, reading: Reading, **more: object) -> Account:
    """An account that mines from long before to long after the reading."""
    mining = Mining(date(2019, 1, 1), date(2029, 12, 31), **more)  # type: ignore[arg-type]
    return Account("7", division, (mining,), told=date(2022, 1, 1))


# (case, division, first, after, kWh, share, amount, rule) with the sum in the comment
CASES = [
    # 123,456.7 x 0.30 = 37,037.01
    (
        "a province without a rule",
        "440300",
        (2025, 6, 1),
        (2025, 7, 1),
        "123456.7",
        "1",
        "37037.01",
        "national-floor",
    ),
    # 40 % of 10,000 x 0.30 = 1,200.00
    (
        "the floor bills the share",
        "440300",
        (2025, 6, 1),
        (2025, 7, 1),
        "10000",
        "0.4",
        "1200.00",
        "national-floor",
    ),
    # mixed use, 40 % mines: all 98,765.43 x 0.50 = 49,382.715, half up 49,382.72
    ("Zhejiang", "330102", (2025, 6, 1), (2025, 7, 1), "98765.43", "0.4", "49382.72", "zhejiang-2022"),
    # 40 % of 55,555.55 = 22,222.22 x 0.80 = 17,777.776 -> 17,777.78
    ("Hainan", "460100", (2025, 6, 1), (2025, 7, 1), "55555.55", "0.4", "17777.78", "hainan-2021"),
    # 280,000 x 1.00
    (
        "Inner Mongolia",
        "150100",
        (2025, 6, 1),
        (2025, 7, 1),
        "280000",
        "1",
        "280000.00",
        "inner-mongolia-2022",
    ),
    # mixed use: all 12,345.678 x 2.00 = 24,691.356 -> 24,691.36
    ("Sichuan", "510100", (2025, 6, 1), (2025, 7, 1), "12345.678", "0.1", "24691.36", "sichuan-2022"),
    # 7,001.5 x 2.00 = 14,003.00
    ("Guizhou", "520100", (2025, 6, 1), (2025, 7, 1), "7001.5", "1", "14003.00", "guizhou-2022"),
    # Shaanxi's two years ended on 30 April 2024: 1,000 x 0.30
    (
        "Shaanxi, after its term",
        "610100",
        (2025, 6, 1),
        (2025, 7, 1),
        "1000",
        "1",
        "300.00",
        "national-floor",
    ),
    # Sichuan's five years end on 14 April 2027: 1,000 x 0.30
    (
        "Sichuan, after its term",
        "510100",
        (2028, 6, 1),
        (2028, 7, 1),
        "1000",
        "1",
        "300.00",
        "national-floor",
    ),
]


@pytest.mark.parametrize(("case", "division", "first", "after", "kwh", "share", "amount", "rule"), CASES)
def test_a_whole_reading_period(
    case: str,
    division: str,
    first: tuple[int, int, int],
    after: tuple[int, int, int],
    kwh: str,
    share: str,
    amount: str,
    rule: str,
) -> None:
    reading = Reading(date(*first), date(*after), Decimal(kwh))
    found = one_bill(whole(division, reading, share=Decimal(share)), reading)
    assert [(line.rule, line.amount) for line in found.lines] == [(rule, Decimal(amount))]
    assert found.amount == Decimal(amount)
    assert found.refusals == ()


def test_shandong_bills_once_the_draft_is_enacted_tax_included_and_from_the_day_the_user_was_told() -> None:
    reading = Reading(date(2022, 3, 1), date(2022, 4, 1), Decimal("31000"))
    account = Account("7", "370100", (Mining(date(2022, 1, 1), None),), told=date(2022, 3, 11))
    # 1,000 kWh a day x 21 days (11 to 31 March) x 2.00 = 42,000.00; without 13 % tax 37,168.1415... ->
    # 37,168.14
    (line,) = one_bill(account, reading, WITH_DRAFT).lines
    assert (line.rule, line.days, line.amount, line.net) == (
        "shandong-2022-draft",
        21,
        Decimal("42000.00"),
        Decimal("37168.14"),
    )
    # not enacted: the floor, 31,000 x 0.30, and the draft named
    found = one_bill(account, reading)
    assert (found.amount, found.drafts) == (Decimal("9300.00"), ("shandong-2022-draft",))


def test_shandong_refuses_where_nobody_says_when_the_user_was_told() -> None:
    reading = Reading(date(2022, 3, 1), date(2022, 4, 1), Decimal("31000"))
    found = one_bill(Account("7", "370100", (Mining(date(2022, 1, 1), None),)), reading, WITH_DRAFT)
    assert found.lines == ()
    assert [(r.reason, r.days) for r in found.refusals] == [("not-told", 31)]


def test_shaanxi_has_no_rate_and_says_so() -> None:
    reading = Reading(date(2023, 6, 1), date(2023, 7, 1), Decimal("1000"))
    found = one_bill(whole("610100", reading), reading)
    assert found.amount == Decimal("0.00")
    assert [(r.reason, r.rule, r.first, r.last, r.days) for r in found.refusals] == [
        ("no-rate", "shaanxi-2022", date(2023, 6, 1), date(2023, 6, 30), 30)
    ]


def test_sichuan_counts_from_the_day_of_issue_and_nothing_before_it() -> None:
    reading = Reading(date(2022, 4, 1), date(2022, 5, 1), Decimal("10000"))
    # mining since 2021; 15 to 30 April are 16 of 30 days: 10,000 / 30 x 16 x 2.00 = 10,666.666... ->
    # 10,666.67
    (line,) = one_bill(whole("510100", reading), reading).lines
    assert (line.first, line.days, line.amount) == (date(2022, 4, 15), 16, Decimal("10666.67"))
    march = Reading(date(2022, 3, 1), date(2022, 4, 1), Decimal("10000"))
    assert bill(whole("510100", march), [march], BOOK, LATER).bills == ()


def test_part_of_a_reading_period_is_its_daily_average_times_the_days() -> None:
    # Read from 7 to 6: 30 days with 45,678.9 kWh; mining from 20 June to 3 July, both inclusive: 14 days.
    # 45,678.9 / 30 x 14 = 21,316.82 kWh x 0.50 = 10,658.41
    reading = Reading(date(2025, 6, 7), date(2025, 7, 7), Decimal("45678.9"))
    account = Account("7", "330100", (Mining(date(2025, 6, 20), date(2025, 7, 3)),))
    found = one_bill(account, reading)
    (line,) = found.lines
    assert (line.days, line.kwh, line.amount) == (14, Decimal("21316.8200"), Decimal("10658.41"))
    assert found.month == "2025-07"


def test_a_reading_period_that_a_new_rule_divides() -> None:
    # Zhejiang, 28 days of February 2022, 2,800 kWh: 13 days at 0.30 on the 50 % that mine, then 15 days at
    # 0.50 on all. 100 x 13 x 0.5 x 0.30 = 195.00; 100 x 15 x 0.50 = 750.00
    reading = Reading(date(2022, 2, 1), date(2022, 3, 1), Decimal("2800"))
    found = one_bill(whole("330100", reading, share=Decimal("0.5")), reading)
    assert [(line.rule, line.days, line.amount) for line in found.lines] == [
        ("national-floor", 13, Decimal("195.00")),
        ("zhejiang-2022", 15, Decimal("750.00")),
    ]


def test_inner_mongolia_counts_three_months_where_nobody_knows_since_when() -> None:
    # Found on 15 May 2025 and stopped that day: 15 February to 15 May.
    readings = [
        Reading(date(2025, 2, 1), date(2025, 3, 1), Decimal("2800")),  # 14 of 28 days: 1,400.00
        Reading(date(2025, 3, 1), date(2025, 4, 1), Decimal("3100")),  # 3,100.00
        Reading(date(2025, 4, 1), date(2025, 5, 1), Decimal("3000")),  # 3,000.00
        Reading(date(2025, 5, 1), date(2025, 6, 1), Decimal("3100")),  # 15 of 31 days: 1,500.00
    ]
    mining = Mining(None, date(2025, 5, 15), found=date(2025, 5, 15))
    found = bill(Account("7", "150100", (mining,)), readings, BOOK, LATER).bills
    assert [one.amount for one in found] == [
        Decimal("1400.00"),
        Decimal("3100.00"),
        Decimal("3000.00"),
        Decimal("1500.00"),
    ]
    # a rule without such a default refuses, and names the missing fact
    other = bill(Account("7", "330100", (mining,)), readings, BOOK, LATER).bills
    assert {r.reason for one in other for r in one.refusals} == {"start-unknown"}
    assert sum(one.amount for one in other) == Decimal("50.00")  # 15 May itself: 3,100 / 31 x 0.50


def test_inner_mongolia_back_pay_with_twice_its_amount_as_penalty() -> None:
    rule = next(rule for rule in shipped() if rule.id == "inner-mongolia-2022")
    # 123,456 kWh x (0.4873 - 0.2500) = 29,296.1088 -> 29,296.11; twice that 58,592.22
    assert backpay(Decimal("123456"), Decimal("0.2373"), rule) == (Decimal("29296.11"), Decimal("58592.22"))
    floor = next(rule for rule in shipped() if rule.id == "national-floor")
    assert backpay(Decimal("100"), Decimal("0.1"), floor) == (Decimal("10.00"), Decimal("0"))


@pytest.mark.parametrize(
    ("rule", "market"),
    [
        ("hainan-2021", ("barred", "leave-by-date", "grid-purchase")),
        ("inner-mongolia-2022", ("barred", "leave-on-listing")),
        ("sichuan-2022", ("barred", "list-to-exchange")),
    ],
)
def test_what_follows_for_market_trading(rule: str, market: tuple[str, ...]) -> None:
    assert next(found for found in shipped() if found.id == rule).market == market
