"""What judged loads and ledgers say becomes warnings by itself: once, in both languages."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np

from facts.instant import instant
from pipeline.services import build_services
from pipeline.settings import Settings
from store.power import LINE, RECONCILIATION, SCORE, USE, Found, Run, keep
from supervision.ledgers.alarms import Alarm
from supervision.power.found import of_fall, of_reconciled
from supervision.power.output import Enterprise, beside_peers
from supervision.power.private_line import Fall
from supervision.power.uses import of_uses
from supervision.reconcile import Finding, SiteHours, reconcile
from supervision.reconcile_shape import Reason
from supervision.warnings.books import alarming
from supervision.warnings.kept import WarningStore
from supervision.warnings.rules import sentence, shipped
from supervision.warnings.watch import read_watch, watch
from tests.supervision.filled import FIRM, fill

NOW_NS = 1_790_000_000 * 10**9
BOOK = shipped()


def score(account: str, chance: float, level: str) -> Found:
    record = {"probability": chance, "log_odds": 9.0, "unusual": 0.1, "reasons": []}
    return Found(account, FIRM, "hz", "330102", level, chance, 800.0, record)


def run(kind: str, as_of: str = "2026-03-31") -> Run:
    return Run(kind, "2026-01-01", as_of, "abc", {}, 2, 1, "li")


def told(home: Path) -> dict[str, tuple[str, str, str]]:
    """Return by rule what stands: division, and the sentence in both languages."""
    with build_services(Settings(home=home, registry=None)) as services:
        found = {}
        for one in WarningStore(services.database).page("000000"):
            held = one.standing
            rule = BOOK.rule(held.head.rule)
            assert rule is not None
            words = (sentence(way, held.texts, held.figures) for way in (rule.en, rule.zh))
            found[rule.id] = (held.head.division, *words)
        return found


def test_judged_loads_are_warned_of_without_any_file(tmp_path: Path) -> None:
    hours = np.full(24 * 10, 100.0)
    hidden = reconcile(SiteHours("hz", hours, hours * 0.9, hours * 1.1, hours * 3))
    hidden = replace(hidden, finding=Finding.HIDDEN)
    agree = replace(hidden, site="nb", finding=Finding.AGREE)
    low = Reason("joules_too_few", (("value", 3.0), ("least", 10.0)))
    first = "2026-03-01T00:00:00Z"
    with build_services(Settings(home=tmp_path, registry=None)) as services:
        fill(services.database, tmp_path / "registry")
        with services.database.writing() as connection:
            keep(connection, run(SCORE), [score("ZJ1", 0.995, "likely"), score("ZJ2", 0.2, "suspected")])
            keep(
                connection,
                run(RECONCILIATION),
                [
                    of_reconciled(hidden, (FIRM, "330102"), None, first),
                    of_reconciled(agree, ("", ""), None, first),
                    of_reconciled(replace(agree, site="xa"), ("", "610102"), low, first),
                ],
            )
            fall = Fall("示例水电", date(2026, 3, 1), 1900.0, 800.0, 1000.0, 0.2, 9.0, "peers", "hz", 850.0)
            keep(connection, run(LINE), [of_fall(fall, "513225")])
            trade = [Enterprise(f"firm-{n:02}", "C3216", 2e5, 1e6, None) for n in range(30)]
            uses = beside_peers([*trade, Enterprise(FIRM, "C3216", 9e6, 1e6, None)])
            keep(connection, run(USE), of_uses(uses, {FIRM: "330102"}, {FIRM: 12_000.0}, {"firm-01": "high"}))
        done = watch(services, read_watch(tmp_path), lambda: NOW_NS)
        assert done.scanned.raised == 5
        again = watch(services, read_watch(tmp_path), lambda: NOW_NS)
        assert (again.scanned.raised, again.scanned.repeated) == (0, 0)
        with services.database.writing() as connection:  # the next month says so once more
            keep(connection, run(SCORE, "2026-04-30"), [score("ZJ1", 0.995, "likely")])
        later = watch(services, read_watch(tmp_path), lambda: NOW_NS)
        assert (later.scanned.raised, later.scanned.repeated) == (0, 1)
    found = told(tmp_path)
    assert set(found) == {"power-anomaly", "reconcile-alarm", "private-line", "high-use"}
    assert found["power-anomaly"] == (
        "330102",
        "Power is used as a farm uses it and no traffic shows mining: account ZJ1, 800 kW",
        "用电曲线疑似矿场而流量未见挖矿：户号 ZJ1，约 800 千瓦",
    )
    assert found["high-use"] == (
        "330102",
        f"High use with low output: 示例企业甲 {FIRM}: 9 kWh/CNY: 45 times as much energy for each yuan of "
        "output as the median 0.2 of 30 peers of C3216",
        f"高耗低产：示例企业甲 {FIRM}：单位产值电耗 9 kWh/CNY，为同行业 C3216（30 家）中位数 0.2 的 45 倍",
    )
    assert found["private-line"][2] == (
        "电厂 示例水电 疑似专线供电：自 2026-03-01 起少送约 1,900 千瓦；同期新增负荷：hz，850 千瓦"
    )
    with build_services(Settings(home=tmp_path, registry=None)) as services:
        every = WarningStore(services.database).page("000000")
        keys = {one.standing.head.key for one in every}
        assert {"site=hz verdict=hidden_machines", "site=xa verdict=joules_too_few"} <= keys
        [one] = [one for one in every if "hidden" in one.standing.head.key]
        rule = BOOK.rule("reconcile-alarm")
        assert rule is not None
        assert "存在未识别或加密的矿机" in sentence(rule.zh, one.standing.texts, one.standing.figures)


def test_alarms_of_the_ledgers_have_their_rules() -> None:
    def alarm(kind: str, severity: str, /, **params: str) -> Alarm:
        told = tuple({"name": "甲", **params}.items())
        return Alarm(kind, severity, FIRM, "330102", "L-1", date(2026, 3, 1), told)  # type: ignore[arg-type]

    made = list(
        alarming(
            [
                alarm("support.after-listing", "high", amount=str(Decimal("2000000.00"))),
                alarm("support.overdue", "high", id="L-1", kind="loan", overdue="5", days="91"),
                alarm("record.not-published", "low", id="L-1", on="2026-01-01"),
                alarm("market.trades-after-deadline", "high", days="9", leave_by="2026-02-01"),
                alarm("market.attached", "high"),  # the screening's own signal warns of it
            ],
            instant(NOW_NS),
        )
    )
    rules = [[rule.id for rule in BOOK.rules if rule.holds(one)] for one in made]
    assert rules == [["new-support"], ["ledger-support"], ["ledger-record"], ["ledger-market"]]
    scores = [BOOK.rule(names[0]).weigh(one) for names, one in zip(rules, made, strict=True)]  # type: ignore[union-attr]
    assert scores == [80, 65, 30, 65]
    assert sentence("{says_zh}", made[3].texts, {}) == "甲 超过退出期限（2026-02-01）9 天仍参与市场交易"
    assert len({one.evidence for one in made}) == len(made)
