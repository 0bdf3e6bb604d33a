"""Mining periods proposed from hits: whose they are, where they begin and end, what was decided already."""

from dataclasses import replace
from datetime import date, timedelta

from registry.power_accounts import PowerAccount
from store.tariff import StoredMining
from supervision.meters.days import day_start_ns
from supervision.tariff.periods import Seen, proposals

DAY = timedelta(days=1)
FIRST = date(2025, 3, 1)


def account(number: str, site: str = "s1", since: date = date(2020, 1, 1)) -> PowerAccount:
    return PowerAccount(number, "U", site, "330102", "A", None, 1.0, (), day_start_ns(since), None, "t")


def hit(number: int, first: date, days: int = 1, site: str = "s1") -> Seen:
    return Seen(number, f"192.0.2.{number}", "L1", "U", site, first, first + DAY * (days - 1))


def proposed(
    hits: list[Seen], accounts: list[PowerAccount], held: list[StoredMining] | None = None
) -> list[StoredMining]:
    return proposals(hits, accounts, held or [], 1, "tests")


def days(found: list[StoredMining]) -> list[tuple[str, str | None, str | None]]:
    return [(one.account, one.first_day, one.last_day) for one in found]


def test_hits_near_each_other_are_one_period_and_far_ones_are_two() -> None:
    hits = [hit(2, FIRST + DAY * 20, 3), hit(1, FIRST), hit(3, FIRST + DAY * 80)]
    found = proposed(hits, [account("A1")])
    assert days(found) == [("A1", "2025-03-01", "2025-03-23"), ("A1", "2025-05-20", "2025-05-20")]
    assert [one.state for one in found] == ["proposed", "proposed"]
    assert found[0].evidence["verdicts"] == [1, 2]


def test_a_long_hit_reaches_over_shorter_ones_within_it() -> None:
    hits = [hit(1, FIRST, 100), hit(2, FIRST + DAY), hit(3, FIRST + DAY * 110)]
    assert days(proposed(hits, [account("A1")])) == [("A1", "2025-03-01", "2025-06-19")]


def test_another_site_and_an_account_that_came_later_are_left_out() -> None:
    hits = [hit(1, FIRST)]
    assert proposed(hits, [account("A1", site="s2"), account("A2", since=FIRST + DAY)]) == []


def test_of_several_accounts_at_a_site_each_is_proposed_and_says_so() -> None:
    found = proposed([hit(1, FIRST)], [account("A1"), account("A2")])
    assert [one.account for one in found] == ["A1", "A2"]
    assert all("the site has 2 accounts" in one.because for one in found)


def test_what_was_decided_is_not_proposed_again_and_what_follows_is() -> None:
    [first] = proposed([hit(1, FIRST, 10)], [account("A1")])
    assert proposed([hit(1, FIRST, 10)], [account("A1")], [first]) == []
    longer = [hit(1, FIRST, 10), hit(2, FIRST + DAY * 12, 3)]
    [again] = proposed(longer, [account("A1")], [first])
    assert (again.period, again.last_day) == (first.period, "2025-03-15")
    for state in ("confirmed", "rejected"):
        decided = replace(first, state=state)
        assert days(proposed(longer, [account("A1")], [decided])) == [("A1", "2025-03-13", "2025-03-15")]
    going_on = replace(first, state="confirmed", last_day=None)
    assert proposed(longer, [account("A1")], [going_on]) == []
