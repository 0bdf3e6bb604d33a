"""Risk warnings: rules as data, one warning for many signals, levels that rise with time, who may do what."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import RowError, SettingsError
from store.ledgers_screening import KeptFinding
from supervision.refusals import Forbidden, Refused
from supervision.tariff.arrears import Month
from supervision.tariff.arrears import Standing as Money
from supervision.tariff.collection import Owed
from supervision.warnings.acts import Actor, act
from supervision.warnings.chain import trading, unpaid
from supervision.warnings.life import RISING, Entry, Head, Standing, again, escalations, first, stand
from supervision.warnings.rules import parse, sentence, shipped
from supervision.warnings.signals import SIGNALS, Signal, read_signals

BOOK = shipped()
START = datetime(2026, 3, 1, tzinfo=UTC)


def hours(n: float) -> datetime:
    return START + timedelta(hours=n)


def signal(kw: float = 20.0, *evidence: str, at: datetime = START, division: str = "330102") -> Signal:
    texts = {"project": "pj-1", "enterprise": "甲", "site": "s1", "known": "no"}
    return Signal("hit", division, at, texts, {"kw": kw, "hits": 1.0}, evidence or ("verdict:1",))


RULE = next(rule for rule in BOOK.rules if rule.id == "new-mining")


def raised(kw: float = 20.0, division: str = "330102") -> list[Entry]:
    return [replace(first(BOOK, RULE, signal(kw, division=division), START), number=1, warning=1)]


def standing(entries: list[Entry]) -> Standing:
    return stand(Head(1, RULE.id, "project=pj-1", "330102", "pj-1", START), entries)


@pytest.mark.parametrize(
    ("kw", "score", "severity"),
    [(5.0, 45, "medium"), (10.0, 55, "medium"), (100.0, 70, "high"), (1000.0, 90, "critical")],
)
def test_the_score_by_hand_and_its_severity(kw: float, score: int, severity: str) -> None:
    held = standing(raised(kw))
    assert (held.score, held.severity, held.owner, held.level) == (score, severity, "cyberspace", "county")
    assert held.deadline == START + timedelta(days=10)
    assert not RULE.holds(replace(signal(), texts={**signal().texts, "known": "yes"}))


def test_the_sentence_in_both_languages() -> None:
    held = standing(raised(1234.0))
    told = sentence(RULE.en, held.texts, held.figures)
    assert told == "Mining at a place that is in no inventory: 甲 s1, 1 address, 1,234 kW"
    assert sentence(RULE.zh, {}, {}) == "清单外发现挖矿"
    assert sentence(RULE.en, {}, {"hits": 11.0}).endswith("11 addresses")
    lone = {"hits": 1.0}
    assert sentence(RULE.zh, {"site": "示例路1号"}, lone) == "清单外发现挖矿： 示例路1号，1 个地址"
    assert sentence(RULE.en, {"site": "s1"}, lone) == (
        "Mining at a place that is in no inventory: s1, 1 address"
    )


def test_the_same_facts_say_nothing_new_and_new_ones_are_counted() -> None:
    held = standing(raised())
    assert again(BOOK, RULE, signal(), held, hours(1)) is None
    more = again(BOOK, RULE, signal(20.0, "verdict:1", "verdict:2"), held, hours(1))
    assert isinstance(more, Entry)
    assert more.kind == "repeated"
    assert again(BOOK, RULE, signal(), None, START) == "new"
    graver = again(BOOK, RULE, signal(2000.0), held, hours(1))  # known facts that have become graver
    assert isinstance(graver, Entry)
    after = standing([*raised(), replace(graver, number=2)])
    assert (after.severity, after.count) == ("critical", 2)


def test_what_was_resolved_stays_quiet_within_its_window_unless_it_is_graver() -> None:
    done = [*raised(), Entry(2, 1, "resolved", hours(5), "li", "cyberspace", {"note": "x"})]
    held = standing(done)
    quiet = again(BOOK, RULE, signal(20.0, "verdict:2", at=hours(24)), held, hours(24))
    assert isinstance(quiet, Entry)
    assert standing([*done, quiet]).state == "resolved"
    graver = again(BOOK, RULE, signal(5000.0, "verdict:2", at=hours(24)), held, hours(24))
    assert isinstance(graver, Entry)
    assert (graver.kind, standing([*done, graver]).state) == ("reopened", "open")
    late = signal(20.0, "verdict:3", at=START + timedelta(days=31))
    assert again(BOOK, RULE, late, held, START + timedelta(days=31)) == "new"


def test_levels_rise_by_hand() -> None:
    # 72 h at the county, 48 h at the city, 24 h at the province; the centre keeps it
    entries = raised()
    assert escalations(standing(entries), hours(71)) == ()
    [one] = escalations(standing(entries), hours(72))
    assert (one.record["level"], one.at) == ("city", hours(72))
    three = escalations(standing(entries), hours(1000))
    assert [(each.record["level"], each.at) for each in three] == [
        ("city", hours(72)), ("province", hours(120)), ("central", hours(144)),
    ]  # fmt: skip
    # acknowledged: it has until its deadline of ten days, then rises again
    taken = [*entries, Entry(2, 1, "acknowledged", hours(10), "li", "cyberspace", {})]
    assert escalations(standing(taken), hours(239)) == ()
    [late, *_] = escalations(standing(taken), hours(241))
    assert (late.record, late.at) == ({"level": "city", "why": "deadline"}, hours(240))
    assert standing(raised(division="330000")).level == "province"


@given(st.lists(st.integers(1, 400), max_size=6))
def test_it_does_not_matter_how_often_time_is_looked_at(steps: list[int]) -> None:
    entries, now = raised(), 0
    for step in steps:
        now += step
        entries += escalations(standing(entries), hours(now))
    assert entries[1:] == list(escalations(standing(raised()), hours(now)))
    levels = [entry.record["level"] for entry in entries]
    assert levels == list(RISING[: len(levels)])


LI = Actor("li", "analyst", "330102", "cyberspace")


@pytest.mark.parametrize(
    ("actor", "action", "refused"),
    [
        (LI, "acknowledge", None),
        (replace(LI, division="330103"), "acknowledge", "another region"),
        (replace(LI, department="energy"), "acknowledge", "cyberspace answers for it"),
        (replace(LI, department="development-reform"), "acknowledge", None),
        (replace(LI, department="energy"), "note", None),
        (LI, "assign", "a supervisor assigns"),
        (replace(LI, role="supervisor", division="330000"), "assign", None),
        (LI, "reopen", "cannot be told to reopen"),
    ],
)
def test_who_may_do_what(actor: Actor, action: str, refused: str | None) -> None:
    def done() -> Entry:
        return act(standing(raised()), actor, action, hours(1), "why", assignee="wang")

    if refused is None:
        assert done().author == "li"
        return
    with pytest.raises(Refused, match=refused) as error:
        done()
    assert error.value.told("zh")


def test_what_has_risen_is_answered_by_its_level() -> None:
    held = standing([*raised(), *escalations(standing(raised()), hours(72))])
    with pytest.raises(Forbidden, match="risen to the level city"):
        act(held, LI, "acknowledge", hours(73))
    assert act(held, LI, "note", hours(73), "on our way").kind == "noted"
    taken = act(held, replace(LI, division="330100"), "acknowledge", hours(73))
    assert standing([*raised(), *escalations(standing(raised()), hours(72)), taken]).state == "acknowledged"


def test_what_is_not_paid_and_who_trades_become_signals() -> None:
    months = (
        Month("2026-01", date(2026, 2, 15), Decimal("100.00"), Decimal("100.00")),
        Month("2026-02", date(2026, 3, 15), Decimal("300.00"), Decimal("50.50")),
        Month("2026-03", date(2026, 4, 15), Decimal("70.00"), Decimal("0.00")),  # not due yet
    )
    money = Money("3300001", months, Decimal(470), Decimal("150.50"), Decimal(0), Decimal(70), ())
    [one] = unpaid([Owed(money, "U1", "330102")], date(2026, 3, 20), START)
    assert (one.figures["cny"], one.figures["days_overdue"]) == (249.5, 5.0)
    assert one.evidence == ("bill:3300001/2026-02",)
    assert not list(unpaid([Owed(money, "U1", "330102")], date(2026, 3, 15), START))
    found = [
        KeptFinding("U1", "330102", "mines", "certain", 0.97, {"name": "甲"}),
        KeptFinding("U2", "330102", "attached", "possible", 0.4, {"name": "乙"}),
    ]
    [market] = trading(found, START)
    [rule] = [rule for rule in BOOK.rules if rule.holds(market)]
    assert (rule.id, rule.weigh(market)) == ("market-participant", 80)


OWN = """
[[rule]]
id = "relapse"
off = true

[[rule]]
id = "own"
signal = "prober"
key = ["address"]
score = 10
window_days = 5
owner = "energy"
deadline_days = 3
escalate_h = [1, 2, 3]
en = "{address} {peers}"
zh = "{address}"
"""


def test_an_operators_rules_lie_over_the_shipped_ones() -> None:
    book = parse(OWN, "warnings.toml", BOOK)
    assert book.rule("relapse") is None
    own = book.rule("own")
    assert own is not None
    assert own.owner == "energy"
    assert len(book.rules) == len(BOOK.rules)
    assert {rule.signal for rule in BOOK.rules} == set(SIGNALS)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"prober"', '"gossip"', "signal is one of"),
        ('["address"]', '["kw"]', "key holds some of"),
        ('"energy"', '"nobody"', "owner is one of"),
        ("[1, 2, 3]", "[1, 2]", "three whole numbers"),
        ("{peers}", "{kw}", "no field 'kw' of prober"),
        ("{peers}", "{peers.__class__}", "no field"),
        ("score = 10", "score = -1", "score is a whole number from 0"),
        ("score = 10\n", "", "score is missing"),
        ("score = 10", "score = 10\nsize = 3", "no field 'size'"),
        ("score = 10", 'score = 10\nwhen = [{field="peers", equals="x"}]', "a condition is at_least"),
        ('id = "relapse"', 'id = "nothing"', "no such rule that could be off"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(old: str, new: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as error:
        parse(OWN.replace(old, new), "warnings.toml", BOOK)
    assert str(error.value).startswith("warnings.toml: rule ")


@given(st.text(max_size=80))
def test_any_line_is_a_signal_or_an_error_with_its_place(text: str) -> None:
    line = text.replace("\n", " ")
    for one in read_signals([line], "x.ndjson"):
        assert isinstance(one, RowError)
        assert "x.ndjson, row 1" in str(one)
