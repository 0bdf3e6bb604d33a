"""What reports say: figures by hand, both languages, nothing left out, the same bytes."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import IPv4Address
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.evidence import Evidence
from facts.names import Role
from facts.where import Where
from supervision.projects.events import Step
from supervision.projects.inventory import Change
from supervision.projects.metering import Counted
from supervision.projects.metering import Metered as Metered_
from supervision.projects.metering import Week as Metering
from supervision.reports.content.bulletin import bulletin, ranking
from supervision.reports.content.enterprise import enterprise
from supervision.reports.content.evaluation import evaluation
from supervision.reports.content.parts import Issue, rate
from supervision.reports.content.site import expected, looked_for, site
from supervision.reports.content.tariff import tariff
from supervision.reports.content.weekly import Point, Week, weekly
from supervision.reports.document import Chart, Document, Figure, KeyFigures, Language, Table
from supervision.reports.known import (
    Case,
    Company,
    Estimate,
    Footprint,
    Happening,
    Held,
    Hit,
    Known,
    LedgerEntry,
    Metered,
    Milestone,
    Owed,
    Place,
    Project,
    Refused,
    Scope,
    Warned,
    once,
    total,
)
from supervision.reports.words import cell, figure
from supervision.reports.writing import rendered

AS_OF = date(2026, 11, 22)  # the Sunday of 2026-W47
USCC = "91990101MADEUP01XA"


def issue(language: Language) -> Issue:
    return Issue(language, "示例省专班", datetime(2026, 11, 23, 1, 0, tzinfo=UTC))


def a_hit(number: int, **fields: object) -> Hit:
    address = IPv4Address(f"192.0.2.{number}")
    seen = Evidence(
        address,
        Role.MINER,
        "stratum.share_accepted",
        Where("farm.pcap", 12),
        1_763_800_000_000_000_000,
        (),
        40,
    )
    made = Hit(
        number,
        str(address),
        "miner",
        "confirmed",
        0.999,
        date(2026, 11, 3),
        AS_OF,
        ("stratum-bitcoin",),
        ("BTC",),
        ("pool-a",),
        ("bmminer/2.0.0",),
        False,
        Estimate(40, 36, 44),
        (("sha256d", Estimate(4.2e15, 3.9e15, 4.6e15)),),
        Estimate(140.0, 120.0, 165.0),
        (("Antminer S19 Pro", 0.7),),
        (seen,),
        ("198.51.100.7:3333",),
        USCC,
        "示例企业甲",
        "site-1",
        "990101",
        "line-1",
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def a_project(name: str, division: str, step: Step, kw: Estimate | None = None, **fields: object) -> Project:
    made = Project(
        name,
        f"{name} farm",
        USCC,
        "示例企业甲",
        f"site-{name}",
        division,
        step,
        date(2026, 11, 17),
        date(2026, 10, 1),
        kw=kw,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def owed(account: str, division: str, due: str, paid: str, waits: str, overdue: str) -> Owed:
    return Owed(
        account,
        USCC,
        "示例企业甲",
        "site-1",
        division,
        ("national-floor",),
        Decimal("1000.0"),
        Decimal(due),
        Decimal(paid),
        Decimal(waits),
        (Decimal(overdue), Decimal("0.00"), Decimal("0.00")),
        months=(("2026-10", Decimal(due), Decimal(paid)),),
    )


def everything() -> Known:
    return Known(
        Scope("990000", "示例省", AS_OF),
        (("990100", "示例市"), ("990200", "样例市")),
        (a_hit(1), a_hit(2, uscc="", enterprise="", site="", division="", evidence=())),
        (Company(USCC, "示例企业甲", "示例路1号", "有限责任公司", "I65", "存续", "generated"),),
        (Place("site-1", "一号楼", "990101", "示例路1号", 0.1, 0.2, "WGS-84", "房东", ("m-1", "m-2")),),
        (
            a_project(
                "P1",
                "990101",
                Step.VERIFIED,
                Estimate(140, 120, 165),
                machines=Estimate(40, 36, 44),
                computing={
                    "sha256d": Estimate(4.2e15, 3.9e15, 4.6e15),
                    "scrypt": Estimate(19e9, 18e9, 20e9),
                },
                evidence=("verdict:1",),
            ),
            a_project("P2", "990102", Step.NOTIFIED, None),
            a_project("P3", "990101", Step.EXITED),
            a_project("P4", "990201", Step.RELAPSED, Estimate(60, 50, 70), relapses=1),
            a_project("P5", "990201", Step.REJECTED),
            a_project("P6", "990201", Step.FOUND),
            a_project("P7", "990202", Step.FOUND, planned=True),
        ),
        (Happening("P1", "found", date(2026, 10, 1), date(2026, 10, 2), "甲", "经信", "", ("verdict:1",)),),
        (
            Milestone("P1", "990101", Step.NOTIFIED, date(2026, 11, 1), date(2026, 11, 4), "县专班"),
            Milestone("P2", "990102", Step.CUT_OFF, date(2026, 11, 12), None, "县专班"),
            Milestone("P4", "990201", Step.EXITED, date(2026, 9, 1), None, "县专班"),
            Milestone("P4", "990201", Step.EXITED, date(2027, 1, 1), None, "县专班"),
        ),
        (
            owed("1001", "990101", "300.00", "150.00", "100.00", "50.00"),
            owed("1002", "990201", "80.50", "80.50", "0.00", "0.00"),
        ),
        (Refused("1003", "no-rate", "shaanxi-2022", date(2026, 10, 1), date(2026, 10, 31), 31),),
        (Metered("1001", "site-1", "2026-10", Decimal("104160.0")),),
        (
            LedgerEntry(
                "loan",
                USCC,
                "示例企业甲",
                "示例银行",
                date(2025, 1, 1),
                None,
                Decimal("1000000.00"),
                Decimal("250000.00"),
                "recovering",
            ),
        ),
        (Case("1", "一号楼", USCC, "990101", ("open", "待分派"), AS_OF, None, ("energy", "能源部门")),),
        (
            Warned(
                "1", "relapse", ("high", "橙色"), "990201", "P4", AS_OF, ("open", "待签收"), ("again", "复燃")
            ),
        ),
        Footprint(0.5, 2400.0, ("sample factors", "示例因子")),
        {"990101": "东区", "990100": "示例市"},
    )


def a_week() -> Week:
    known = everything()
    before = {
        "P1": replace(known.projects[0], step=Step.FOUND),
        "P3": a_project("P3", "990101", Step.CUT_OFF),
        "P4": a_project("P4", "990201", Step.EXITED),
    }
    change = Change(("P2",), ("P4",), ("P3",), (("P1", Step.FOUND, Step.VERIFIED),), (("P1", 90.0, 140.0),))
    return Week(
        "2026-W47",
        known,
        before,
        change,
        (Point("2026-W46", 3, Estimate(100, 90, 110)), Point("2026-W47", 4, Estimate(200, 170, 235))),
    )


HELD = (Held("192.0.2.0/24", "line-1", "site-1", date(2020, 1, 1), None, "generated"),)


def all_of(language: Language) -> dict[str, Document]:
    known, how = everything(), issue(language)
    return {
        "weekly": weekly(a_week(), how),
        "bulletin": bulletin(known, AS_OF, how),
        "enterprise": enterprise(known, known.companies[0], HELD, how),
        "site": site(known, known.places[0], how),
        "tariff": tariff(known, how),
        "evaluation": evaluation(known, a_week().past, how),
    }


def key_figures(document: Document) -> dict[str, str]:
    return {
        name: figure(value)
        for block in document.blocks
        if isinstance(block, KeyFigures)
        for name, value in block.items
    }


def table(document: Document, name: str) -> list[list[str]]:
    found = next(block for block in document.blocks if isinstance(block, Table) and block.name == name)
    return [[cell(value, document.language) for value in row] for row in found.rows]


def two_weeks(account: str, now: float, before: float, days: int = 7, most: float | None = None) -> Metered_:
    weeks = (
        Metering(date(2026, 11, 16), now, days, now if most is None else most),
        Metering(date(2026, 11, 9), before, 7, before),
    )
    return Metered_((account,), weeks, AS_OF, now / days / 24)


def test_metered_energy_is_told_week_on_week_with_its_interval() -> None:
    one, two = two_weeks("1001", 25_200.0, 16_800.0), two_weeks("1002", 6_000.0, 8_400.0, 5, 8_400.0)
    whole = Counted({"P1": one}, {"1001": one})
    told = key_figures(weekly(replace(a_week(), counted=whole), issue("en")))
    assert told["Metered in the week before"] == "16.8 (16.6–17.0) MWh"
    assert told["Metered electricity"] == "25.2 (24.9–25.5) MWh"
    assert told["Carbon dioxide of it"] == "12.6 (12.5–12.7) t"  # 0.5 t a MWh
    assert told["Households that use as much as was metered"] == "547 (542–553)"  # 2,400 kWh a year
    # 25.2 MWh less and plus one part in a hundred; against 16.8 the other way round
    assert told["Change"] == "50.0 (47.0–53.0) %"
    document = weekly(replace(a_week(), counted=whole), issue("zh"))
    [row] = table(document, "metered")
    assert row[3:8] == [
        "1001",
        "25,200 (24,948–25,452) kWh",
        "16,800 (16,632–16,968) kWh",
        "7/7, 7/7",
        "50.0 (47.0–53.0) %",
    ]
    assert row[8:] == ["150.0 (148.5–151.5) kW", "140.0 (120.0–165.0) kW"]
    both = Counted({"P1": one, "P2": two}, {"1001": one, "1002": two})
    document = weekly(replace(a_week(), counted=both), issue("en"))
    told = key_figures(document)
    assert told["Change"] == "-"  # two days were not read: no comparison
    assert told["Accounts read whole in both weeks"] == "1"
    assert table(document, "metered")[1][4:8] == [
        "6,000 (5,940–8,484) kWh",
        "8,400 (8,316–8,484) kWh",
        "5/7, 7/7",
        "-",
    ]
    [chart] = [one for one in document.blocks if isinstance(one, Chart) and one.name == "metered_weeks"]
    assert chart.labels == ("2026-11-09", "2026-11-16")
    assert chart.series[0].values == pytest.approx((25.2, 31.2))
    assert chart.series[2].values == pytest.approx((25.452, 33.936))
    bare = weekly(a_week(), issue("en"))
    assert table(bare, "metered") == []
    note = next(one.note for one in bare.blocks if isinstance(one, Table) and one.name == "metered")
    assert note.startswith("4 of the running projects have no account")


def test_the_weekly_report_counts_what_runs_and_sums_power_end_by_end() -> None:
    document = weekly(a_week(), issue("en"))
    found = key_figures(document)
    assert found["Running projects"] == "4"  # P1, P2, P4, P6: neither gone nor planned
    assert found["Power"] == "200.0 (170.0–235.0) kW"  # 140 + 60, ends with ends
    assert found["Machines"] == "40 (36–44)"
    assert found["New this week"] == "1"
    assert found["Gone"] == "1"
    assert found["Back again"] == "1"
    assert found["Planned projects"] == "1"
    # one week of 200 kW: 33.6 MWh, half a tonne each; as many households as use 200 * 8760 / 2400
    assert found["Electricity"] == "33.6 (28.6–39.5) MWh"
    assert found["Carbon dioxide"] == "16.8 (14.3–19.7) t"
    assert found["Households that use as much"] == "730 (621–858)"
    assert [row[0] for row in table(document, "changes")] == [
        "new",
        "back",
        "gone",
        "moved on",
        "larger",
    ]
    assert table(document, "changes")[3][-1] == "from found to verified"
    rows = table(document, "regions")
    assert [row[:5] for row in rows] == [
        ["990100", "示例市", "2", "0", "1"],
        ["990200", "样例市", "2", "2", "0"],
    ]


def test_hashrates_of_different_algorithms_stand_apart() -> None:
    rows = table(weekly(a_week(), issue("en")), "computing")
    assert rows == [
        ["scrypt", "1", "19.00 (18.00–20.00) GH/s"],
        ["sha256d", "1", "4.20 (3.90–4.60) PH/s"],
    ]


def test_an_address_of_a_project_is_not_shown_as_loose() -> None:
    rows = table(weekly(a_week(), issue("en")), "addresses")
    assert [row[0] for row in rows] == ["192.0.2.2"]


def test_the_power_of_machines_behind_a_proxy_is_told_once() -> None:
    week = a_week()
    [loose] = [hit for hit in week.known.hits if hit.address == "192.0.2.2"]
    proxy = replace(loose, role="proxy", verdict=901, kw=Estimate(30.0, 25.0, 40.0))
    behind = replace(loose, verdict=902, address="192.0.2.3", behind=True, kw=Estimate(3.0, 2.0, 4.0))
    known = replace(week.known, hits=(proxy, replace(loose, kw=Estimate(9.0, 8.0, 9.5)), behind))
    document = weekly(replace(week, known=known), issue("en"))
    shown = [(row[0], row[1], row[6]) for row in table(document, "addresses")]
    assert [one[2] for one in shown] == ["30.0 (25.0–40.0) kW", "-", "-"]
    [told] = [one for one in document.blocks if isinstance(one, Table) and one.name == "addresses"]
    assert "30.0 kW (25.0–40.0)" in told.note


def test_the_bulletin_ranks_by_progress_collection_and_slippage() -> None:
    ranked = ranking(everything())
    east, west = sorted(ranked, key=lambda one: one.code)
    # 示例市: 1 of 3 confirmed projects left; 200 CNY fallen due, 150 of it paid; milestones 3, 10 days late
    assert (east.known, east.exited, east.due, east.paid) == (3, 1, Decimal("200.00"), Decimal("150.00"))
    assert (east.milestones, east.late, east.days_late) == (2, 2, 6.5)
    assert east.kept == pytest.approx(1 - 13 / 60)
    assert east.score == pytest.approx(100 * (0.4 / 3 + 0.3 * 0.75 + 0.3 * (1 - 13 / 60)))
    assert east.lags == ("collection",)
    # 样例市: none of 1 (found and rejected are not confirmed) left; all paid; one milestone missed whole
    assert (west.known, west.exited, west.milestones) == (1, 0, 1)
    assert west.score == pytest.approx(100 * (0 + 0.3 + 0))
    assert west.lags == ("progress", "slippage", "relapse")
    assert [one.code for one in ranked] == ["990100", "990200"]
    document = bulletin(everything(), AS_OF, issue("zh"))
    assert table(document, "lagging")[0][:2] == ["990200", "样例市"]
    assert key_figures(document)["应收差别电费"] == "280.50 CNY"


def test_a_region_without_anything_is_neither_ranked_nor_named() -> None:
    known = replace(everything(), regions=(*everything().regions, ("990300", "空白市")))
    last = ranking(known)[-1]
    assert (last.code, last.score, last.lags) == ("990300", None, ())
    rows = table(bulletin(known, AS_OF, issue("en")), "ranking")
    assert rows[-1][0] == "-"


@given(
    st.lists(st.tuples(st.sampled_from(["990101", "990201"]), st.sampled_from(list(Step)[:8])), max_size=20)
)
def test_leaving_never_lowers_a_regions_score(drawn: list[tuple[str, Step]]) -> None:
    projects = tuple(a_project(f"P{n}", division, step) for n, (division, step) in enumerate(drawn))
    known = replace(everything(), projects=projects, owed=(), milestones=())
    for place, project in enumerate(projects):
        if project.step in (Step.FOUND, Step.REJECTED):
            continue
        left = (*projects[:place], replace(project, step=Step.EXITED), *projects[place + 1 :])
        before = {one.code: one.score or 0.0 for one in ranking(known)}
        after = {one.code: one.score or 0.0 for one in ranking(replace(known, projects=left))}
        code = known.below(project.division)
        assert after[code] >= before[code]
    scores = [one.score for one in ranking(known) if one.score is not None]
    assert all(first >= second for first, second in pairwise(scores))


def test_the_tariff_report_adds_up_to_the_fen() -> None:
    document = tariff(everything(), issue("en"))
    found = key_figures(document)
    assert found["Due"] == "380.50 CNY"
    assert found["Paid"] == "230.50 CNY"
    assert found["Not yet due"] == "100.00 CNY"
    assert found["Overdue"] == "50.00 CNY"
    assert found["Collected of what has fallen due"] == "82.2 %"  # 230.50 of 280.50
    assert table(document, "refused")[0][-1] == "the rule in force states no rate"


def test_the_inspection_sheet_says_what_to_look_for() -> None:
    known = everything()
    machines, kw = expected(known)
    assert machines == Estimate(40, 36, 44)  # its projects know; P2 and P4 count no machines
    assert kw == Estimate(200, 170, 235)
    hidden = replace(known, projects=(), hits=(a_hit(1, encrypted=True, role="proxy", computing=()),))
    said = " ".join(looked_for(hidden, issue("en")))
    assert "gateway" in said
    assert "encrypted" in said
    assert "integrated circuits" not in said
    assert "integrated circuits" in " ".join(looked_for(known, issue("en")))
    form = table(site(known, known.places[0], issue("en")), "form")
    assert ["Reading of meter m-2", "-", "", ""] in form


def test_the_evaluation_names_no_wallet_and_no_person() -> None:
    document = evaluation(everything(), (), issue("en"))
    assert table(document, "milestones")[1][5:7] == ["-", "10"]
    titles = [c.title for block in document.blocks if isinstance(block, Table) for c in block.columns]
    assert not {"Author", "Wallet", "Agents"} & set(titles)


def test_a_hashrate_has_one_to_three_digits_before_the_point() -> None:
    assert figure(rate("sha256d", Estimate(999e12, 9e14, 1.1e15))) == "999.00 (900.00–1,100.00) TH/s"
    assert figure(rate("equihash/144_5", Estimate(55.0, 50.0, 60.0))) == "55.00 (50.00–60.00) Sol/s"
    assert figure(rate("rx/0", Estimate(0.0, 0.0, 1.0))) == "0.00 (0.00–1.00) H/s"


def test_a_sum_leaves_out_what_is_unknown_and_is_unknown_where_all_is() -> None:
    assert total([None, Estimate(1, 0, 2), Estimate(3, 2, 4)]) == Estimate(4, 2, 6)
    assert total([None]) is None
    bare = replace(everything(), footprint=None, projects=(), hits=())
    found = key_figures(
        weekly(replace(a_week(), known=bare, changed=Change((), (), (), (), ())), issue("en"))
    )
    assert found["Power"] == "-"
    assert found["Carbon dioxide"] == "-"


def test_an_address_counts_once_and_a_machine_behind_a_proxy_with_it() -> None:
    proxy = a_hit(7, role="proxy", kw=Estimate(100, 90, 110))
    twice = a_hit(8, address=proxy.address, kw=Estimate(100, 90, 110))
    behind = a_hit(9, kw=Estimate(3, 2, 4), behind=True)
    alone = a_hit(10, kw=Estimate(5, 4, 6))
    assert total(hit.kw for hit in once([twice, proxy, behind, alone])) == Estimate(105, 94, 116)
    known = replace(everything(), projects=(), hits=(twice, proxy, behind, alone))
    assert expected(known)[1] == Estimate(105, 94, 116)


def test_every_number_has_a_note_on_its_method() -> None:
    for language in ("en", "zh"):
        for document in all_of(language).values():  # type: ignore[arg-type]
            for block in document.blocks:
                if isinstance(block, KeyFigures | Chart) or (
                    isinstance(block, Table) and block.name not in ("form", "signatures")
                ):
                    assert block.note, (document.kind, getattr(block, "name", ""))


def test_chinese_reports_are_chinese() -> None:
    for document in all_of("zh").values():
        for block in document.blocks:
            if isinstance(block, Table):
                for column in block.columns:
                    assert not column.title.isascii(), (document.kind, column.title)


@pytest.mark.parametrize("kind", ["weekly", "bulletin", "enterprise", "site", "tariff", "evaluation"])
def test_both_languages_are_written_and_the_same_each_time(kind: str) -> None:
    for language in ("en", "zh"):
        document = all_of(language)[kind]  # type: ignore[arg-type]
        for wanted in ("html", "xlsx"):
            assert rendered(document, wanted) == rendered(all_of(language)[kind], wanted)  # type: ignore[arg-type]


def test_a_report_of_a_hostile_registry_is_text() -> None:
    known = everything()
    hostile = replace(known, projects=(), hits=(a_hit(1, enterprise="<img src=x onerror=alert(1)>"),))
    text = rendered(
        weekly(replace(a_week(), known=hostile, changed=Change((), (), (), (), ())), issue("en")), "html"
    ).decode()
    assert "<img" not in text


def test_figures_of_nothing_are_shown_as_unknown() -> None:
    assert figure(Figure(float("nan"), unit="kW")) == "-"
