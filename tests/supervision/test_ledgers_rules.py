"""Support, market deadlines, publication and repair, flows of money, points: by hand and by property."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.ledgers import values
from supervision.ledgers.flows import Flows, span
from supervision.ledgers.market import leaving, listing_on
from supervision.ledgers.model import (
    Flow,
    InstitutionKind,
    Listed,
    NodeKind,
    Participant,
    Penalty,
    Points,
    RecordEvent,
    RecordStep,
    Recovery,
    RecoveryStep,
    Support,
    SupportKind,
)
from supervision.ledgers.points import accounts, ranking
from supervision.ledgers.records import AFTER, State, fault, fined
from supervision.ledgers.records import standing_on as record_on
from supervision.ledgers.support import (
    SupportState,
    by_body,
    by_kind,
    financial,
    given_while_listed,
    standing_on,
    totals,
)
from supervision.tariff.rules import Rulebook
from supervision.tariff.rules import shipped as rules
from tests.supervision.ledgers_made import code

A = code(1)
D = date(2022, 6, 30)
DAY = timedelta(days=1)
DAYS = st.dates(date(2020, 1, 1), date(2026, 12, 31))
AMOUNTS = st.decimals(0, 10**9, places=2)
R = RecoveryStep
EMPTY = Decimal("0.00")


def support(**fields: object) -> Support:
    given = {
        "id": "L1",
        "uscc": A,
        "kind": SupportKind.LOAN,
        "amount": Decimal("1000000.00"),
        "granted": date(2021, 1, 1),
        "body": "示例银行",
        "body_kind": InstitutionKind.BANK,
        "division": "330000",
        "stop_by": None,
        "recover_by": date(2022, 3, 31),
        "document": "",
    }
    return Support(**(given | fields))  # type: ignore[arg-type]


def step(kind: RecoveryStep, on: date, amount: str = "0.00") -> Recovery:
    return Recovery("L1", kind, on, Decimal(amount))


def test_a_loan_comes_back_in_parts_and_is_overdue_from_the_day_after() -> None:
    steps = [
        step(R.PLANNED, date(2021, 12, 31), "400000"),
        step(R.RECOVERED, date(2021, 12, 20), "350000.10"),
        step(R.RECOVERED, date(2022, 2, 1), "100000.00"),
        step(R.REVERSED, date(2022, 2, 5), "100000.00"),
    ]
    on_the_day = standing_on(date(2021, 12, 31), support(), steps)
    assert on_the_day is not None
    assert (on_the_day.state, on_the_day.overdue) == (SupportState.RUNNING, EMPTY)
    after = standing_on(date(2022, 1, 1), support(), steps)
    assert after is not None
    assert (after.state, after.overdue) == (SupportState.OVERDUE, Decimal("49999.90"))
    assert (after.overdue_since, after.overdue_days(date(2022, 1, 1))) == (date(2022, 1, 1), 1)
    between = standing_on(date(2022, 2, 3), support(), steps)
    assert between is not None
    assert (between.state, between.recovered) == (SupportState.RUNNING, Decimal("450000.10"))
    late = standing_on(D, support(), steps)
    assert late is not None
    assert (late.recovered, late.outstanding) == (Decimal("350000.10"), Decimal("649999.90"))
    assert (late.due, late.overdue) == (Decimal("1000000.00"), Decimal("649999.90"))
    assert late.overdue_days(D) == (D - date(2021, 12, 31)).days
    off = standing_on(D, support(), [*steps, step(R.WRITTEN_OFF, D, "649999.90")])
    assert off is not None
    assert (off.state, off.outstanding, off.written_off) == (
        SupportState.SETTLED,
        EMPTY,
        Decimal("649999.90"),
    )
    assert standing_on(date(2020, 12, 31), support(), steps) is None


def test_a_benefit_ends_by_a_day_and_is_recovered_only_where_that_is_wanted() -> None:
    rent = support(kind=SupportKind.RENT, recover_by=None, stop_by=date(2022, 1, 31))
    assert [
        (one.state, one.outstanding)
        for day in (date(2022, 1, 31), date(2022, 2, 1))
        if (one := standing_on(day, rent, []))
    ] == [(SupportState.RUNNING, EMPTY), (SupportState.STILL_GIVEN, EMPTY)]
    stopped = standing_on(D, rent, [step(R.STOPPED, date(2022, 1, 20))])
    assert stopped is not None
    assert (stopped.state, stopped.stopped) == (SupportState.STOPPED, date(2022, 1, 20))
    claimed = standing_on(D, support(kind=SupportKind.SUBSIDY), [])
    assert claimed is not None
    assert claimed.state is SupportState.OVERDUE
    repaid = standing_on(D, support(stop_by=D - DAY), [step(R.RECOVERED, D, "1000000.01")])
    assert repaid is not None
    assert (repaid.state, repaid.excess) == (SupportState.SETTLED, Decimal("0.01"))


STEPS = st.lists(
    st.builds(Recovery, st.sampled_from(["L1", "L2"]), st.sampled_from(list(R)), DAYS, AMOUNTS), max_size=8
)


@given(AMOUNTS, DAYS, st.none() | DAYS, st.none() | DAYS, STEPS, DAYS, st.sampled_from(list(SupportKind)))
def test_amounts_always_add_up(amount, granted, stop_by, recover_by, steps, day, kind) -> None:
    one = support(amount=amount, granted=granted, stop_by=stop_by, recover_by=recover_by, kind=kind)
    standing = standing_on(day, one, steps)
    assert (standing is None) == (granted > day)
    if standing is None:
        return
    came = standing.recovered + standing.written_off
    assert EMPTY <= standing.outstanding <= amount
    assert EMPTY <= standing.overdue <= min(max(standing.due, EMPTY), standing.outstanding or amount)
    assert standing.excess == max(EMPTY, came - amount)
    if standing.outstanding and came >= 0:
        assert standing.outstanding + came == amount
    assert (standing.state is SupportState.OVERDUE) == (standing.overdue > 0) == bool(standing.overdue_since)
    if standing.overdue_since:
        assert standing.overdue_since <= day
    for value in (standing.recovered, standing.outstanding, standing.due, standing.overdue):
        assert value.as_tuple().exponent == -2
    foreign = [step for step in steps if step.support == "L1"]
    assert standing_on(day, one, foreign[::-1]) == standing
    both = totals([standing, standing])
    assert both.outstanding == 2 * standing.outstanding
    assert by_kind([standing])[kind].amount == amount


def test_new_support_after_the_listing_is_named_and_earlier_or_later_is_not() -> None:
    listed = Listed(A, "", "330000", (), date(2022, 1, 10), date(2022, 5, 1), None, "名单")
    granted = [date(2022, 1, 9), date(2022, 1, 10), date(2022, 1, 11), date(2022, 4, 30), date(2022, 5, 1)]
    late = given_while_listed([support(granted=on) for on in granted], {A: [listed]})
    assert [one.support.granted for one in late] == [date(2022, 1, 11), date(2022, 4, 30)]
    assert given_while_listed([support(granted=date(2022, 2, 1))], {code(2): [listed]}) == []


def test_payment_institutions_are_among_the_financial_bodies() -> None:
    pays = support(body_kind=InstitutionKind.PAYMENT)
    lets = support(body_kind=InstitutionKind.LANDLORD, kind=SupportKind.RENT)
    standings = [one for each in (pays, lets) if (one := standing_on(D, each, []))]
    assert [one.support.body_kind for one in financial(standings)] == [InstitutionKind.PAYMENT]
    assert list(by_body(standings)) == [InstitutionKind.PAYMENT, InstitutionKind.LANDLORD]


def participant(division: str, **fields: object) -> Participant:
    given = {
        "participant": "p",
        "exchange": "示例交易中心",
        "uscc": A,
        "name": "",
        "kind": "",
        "division": division,
        "accounts": (),
        "retailer": "",
        "entered": date(2021, 1, 1),
        "left": None,
        "leave_by": None,
    }
    return Participant(**(given | fields))  # type: ignore[arg-type]


def on_list(listed: date, **fields: object) -> Listed:
    given = {"delisted": None, "leave_by": None, "document": "名单"} | fields
    return Listed(A, "", "000000", (), listed, **given)  # type: ignore[arg-type]


LISTED = on_list(date(2022, 3, 1))


@pytest.mark.parametrize(
    ("division", "listing", "basis", "by", "rule"),
    [
        ("150100", LISTED, "on-listing", date(2022, 3, 1), "inner-mongolia-2022"),
        ("150100", on_list(date(2022, 1, 1)), "on-listing", date(2022, 1, 26), "inner-mongolia-2022"),
        ("150100", None, "not-named", None, "inner-mongolia-2022"),
        ("460100", LISTED, "not-named", None, "hainan-2021"),
        ("460100", on_list(date(2022, 3, 1), leave_by=D), "named", D, "hainan-2021"),
        ("510100", LISTED, "barred", date(2022, 4, 15), "sichuan-2022"),
        ("520100", LISTED, "not-named", None, "guizhou-2022"),
        ("330100", LISTED, "barred", date(2022, 3, 1), "national-floor"),
        ("110100", LISTED, "barred", date(2022, 3, 1), "national-floor"),
    ],
)  # fmt: skip
def test_each_jurisdictions_day_to_leave_by(division, listing, basis, by, rule) -> None:
    """As the notices have it: Hainan names a date, Inner Mongolia the list; Sichuan bars."""
    found = leaving(participant(division), listing, Rulebook(rules()), D)
    assert (found.basis, found.leave_by, found.rule) == (basis, by, rule)
    assert found.overdue_days == (0 if by is None else (D - by).days)
    gone = leaving(participant(division, left=D), listing, Rulebook(rules()), D)
    assert gone.overdue_days == 0


def test_hainan_buys_by_the_grid_company_and_the_earlier_day_counts() -> None:
    both = participant("460100", leave_by=date(2022, 4, 30))
    found = leaving(both, on_list(date(2022, 3, 1), leave_by=date(2022, 5, 31)), Rulebook(rules()), D)
    assert found.leave_by == date(2022, 4, 30)
    assert found.consequences == ("barred", "leave-by-date", "grid-purchase")
    early = leaving(participant("330000"), LISTED, Rulebook(rules()), date(2021, 1, 1))
    assert (early.basis, early.leave_by, early.overdue_days) == ("no-rule", None, 0)
    assert listing_on([LISTED, on_list(date(2022, 4, 1))], D) == on_list(date(2022, 4, 1))
    assert listing_on([on_list(date(2022, 4, 1), delisted=D)], D) is None


def event(kind: RecordStep, on: date) -> RecordEvent:
    return RecordEvent("P1", kind, on, "示例局", "")


PENALTY = Penalty("P1", A, "fine", date(2022, 3, 1), "示例局", "330000", "", Decimal("50000.00"))
E = RecordStep


def test_a_record_is_published_repaired_and_forgotten_by_events() -> None:
    events = [
        event(E.PUBLISHED, date(2022, 3, 5)),
        event(E.REPAIR_ASKED, date(2022, 5, 1)),
        event(E.REPAIR_REFUSED, date(2022, 5, 20)),
        event(E.REPAIR_ASKED, date(2022, 6, 1)),
        event(E.REPAIRED, date(2022, 6, 15)),
    ]
    assert fault(PENALTY.on, events) is None
    seen = {
        day: (one.state, one.public)
        for day in (date(2022, 3, 1), date(2022, 3, 5), date(2022, 5, 30), date(2022, 6, 14), D)
        if (one := record_on(day, PENALTY, events))
    }
    assert list(seen.values()) == [
        (State.DECIDED, False),
        (State.PUBLISHED, True),
        (State.REPAIR_REFUSED, True),
        (State.REPAIR_ASKED, True),
        (State.REPAIRED, False),
    ]
    assert record_on(date(2022, 2, 28), PENALTY, events) is None
    until = Penalty("P1", A, "attention", PENALTY.on, "示例局", "330000", "", None, date(2022, 4, 30))
    over = record_on(D, until, events[:1])
    assert over is not None
    assert (over.state, over.since, over.public) == (State.ENDED, date(2022, 4, 30), False)
    revoked = record_on(D, PENALTY, [*events, event(E.REVOKED, date(2022, 6, 20))])
    held = record_on(D, PENALTY, events)
    assert revoked is not None
    assert held is not None
    assert fined([revoked, held]) == Decimal("50000.00")


@given(st.lists(st.tuples(st.sampled_from(list(E)), DAYS), max_size=6))
def test_a_life_is_possible_exactly_where_each_step_may_follow(steps) -> None:
    events = [event(kind, on) for kind, on in steps]
    found = fault(date(2020, 1, 1), events)
    order = {kind: place for place, kind in enumerate(E)}
    before = None
    possible = True
    for kind, _ in sorted(steps, key=lambda one: (one[1], order[one[0]])):
        possible = possible and kind in AFTER[before]
        before = kind
    assert (found is None) == possible
    assert fault(date(2020, 1, 1), events[::-1]) == found or not possible


def flow(begin: tuple[NodeKind, str], end: tuple[NodeKind, str], **fields: object) -> Flow:
    given = {
        "institution": "",
        "institution_kind": None,
        "holder": "",
        "coin": "XMR",
        "amount": None,
        "first_on": None,
        "last_on": None,
        "authority": "公安",
        "document": "d",
        "source": "s",
        "division": "330000",
    }
    return Flow(*begin, *end, **(given | fields))  # type: ignore[arg-type]


WALLET, EXCHANGE = (NodeKind.WALLET, "4wallet"), (NodeKind.EXCHANGE_ACCOUNT, "ex-1")
PAYMENT, OTHER = (NodeKind.PAYMENT_ACCOUNT, "pay-1"), (NodeKind.BANK_ACCOUNT, "bank-1")


def test_a_wallet_is_followed_to_its_holder_with_who_says_so() -> None:
    steps = [
        flow(WALLET, EXCHANGE, authority="示例公安局", first_on=date(2022, 1, 1), last_on=date(2022, 2, 1)),
        flow(EXCHANGE, PAYMENT, institution_kind=InstitutionKind.PAYMENT, authority="示例支付公司"),
        flow(PAYMENT, OTHER, holder=A, authority="示例银行", last_on=date(2022, 3, 1)),
        flow(OTHER, PAYMENT),
    ]
    for order in permutations(steps):
        graph = Flows(order)
        [chain] = graph.onward(WALLET)
        assert (chain.begin, chain.end, chain.holder) == (WALLET, OTHER, A)
        assert chain.authorities == ("示例公安局", "示例支付公司", "示例银行")
        assert chain.in_time is None
        assert span(chain) == (date(2022, 1, 1), date(2022, 3, 1))
        assert graph.reaching(A) == [chain]
        assert list(graph.holders_of("4wallet")) == [A]
        assert graph.wallets() == ["4wallet"]
    assert Flows(steps).reaching(code(2)) == []


def test_steps_that_contradict_each_other_in_time_are_not_joined() -> None:
    early = flow(EXCHANGE, OTHER, holder=A, last_on=date(2021, 12, 31))
    chains = Flows([flow(WALLET, EXCHANGE, first_on=date(2022, 1, 1)), early]).onward(WALLET)
    assert [chain.end for chain in chains] == [EXCHANGE]


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda e: e[0] != e[1]), max_size=20))
def test_chains_end_whatever_the_circles(edges) -> None:
    graph = Flows([flow((NodeKind.WALLET, str(a)), (NodeKind.WALLET, str(b))) for a, b in edges])
    for start in range(8):
        for chain in graph.onward((NodeKind.WALLET, str(start))):
            nodes = [chain.begin, *((one.to_kind, one.to_id) for one in chain.steps)]
            assert len(set(nodes)) == len(nodes)
            assert chain.begin[1] == str(start)
            assert all(one.to_id == two.from_id for one, two in pairwise(chain.steps))
            longer = [one.steps for one in graph.back(chain.end)]
            assert any(chain.steps == steps[-len(chain.steps) :] for steps in longer)


def test_points_are_summed_by_region_and_period() -> None:
    def points(number: int, division: str, period: str, value: str) -> Points:
        return Points(str(number), division, period, Decimal(value), "新增", "", "", "")

    entries = [
        points(1, "330100", "2026", "-2.5"),
        points(2, "330102", "2026-Q3", "-1"),
        points(3, "330200", "2026", "0.5"),
        points(4, "330200", "2025", "-9"),
    ]
    found = {(one.division, one.period): one.total for one in accounts(entries, 2026)}
    assert found == {
        ("330100", "2026"): Decimal("-2.5"),
        ("330102", "2026-Q3"): Decimal("-1"),
        ("330200", "2026"): Decimal("0.5"),
    }
    assert ranking(entries, 2026, ["330200", "330100", "330300"]) == [
        ("330100", Decimal("-3.5")),
        ("330300", Decimal(0)),
        ("330200", Decimal("0.5")),
    ]


@given(st.integers(0, 10**14))
def test_amounts_are_read_exactly_however_they_are_written(fen: int) -> None:
    amount = Decimal(fen).scaleb(-2)
    for text in (f"{amount:.2f}", f"{amount:,.2f}"):
        assert values.parse_amount(text) == amount
    if fen % 100 == 0:
        assert values.parse_amount(str(fen // 100)) == amount


@given(DAYS)
def test_days_are_read_in_three_ways(day: date) -> None:
    texts = (
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.isoformat()}T00:00:00",
    )
    assert {values.parse_day(text) for text in texts} == {day}


@pytest.mark.parametrize("text", ["1.005", "1,00", "-1", "1e3", "", "１２", "NaN", "1,0000", "12,34,567"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        values.parse_amount(text)


@pytest.mark.parametrize("text", ["2022-2-30", "2022-13-01", "20220101", "2022-01-01T08:00:00", "1900-01-01"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"day|between"):
        values.parse_day(text)


def test_other_values() -> None:
    assert values.parse_percent("33.4%") == Decimal("33.4")
    assert values.parse_points("-2.5") == Decimal("-2.5")
    assert values.parse_quantity("0.000000000000000001") == Decimal(1).scaleb(-18)
    assert values.parse_period("2026-Q4") == "2026-Q4"
    for parse, text in (
        (values.parse_percent, "0"),
        (values.parse_percent, "101"),
        (values.parse_points, "two"),
        (values.parse_quantity, "-1"),
        (values.parse_period, "2026-13"),
    ):
        with pytest.raises(ValueError, match="is no"):
            parse(text)
