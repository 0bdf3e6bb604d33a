"""Parts that several reports share: figures with their units, carbon, computing power, the closing note."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from classifier.phrases import render
from facts.evidence import Evidence
from supervision.projects.events import Step
from supervision.projects.words import STEPS
from supervision.reports.document import (
    Align,
    Block,
    Cell,
    Column,
    Document,
    Figure,
    Heading,
    KeyFigures,
    Language,
    Paragraph,
    Table,
)
from supervision.reports.known import Estimate, Footprint, Known, Project, named, total
from supervision.reports.words import NOTHING

HOURS_A_WEEK, HOURS_A_YEAR = 168, 8_760
_PREFIXES = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_SOLUTIONS = frozenset({"equihash", "beamhash", "cuckoo", "cuckatoo"})
"""Families of algorithms whose pace is counted in solutions."""


ROLES = {"miner": "矿机", "proxy": "矿场网关", "solo_miner": "独立挖矿"}
LEVELS = {"confirmed": "确认", "likely": "很可能"}


@dataclass(frozen=True, slots=True)
class Issue:
    """Who publishes a report, in which language, and the time written into its files."""

    language: Language
    publisher: str
    made: datetime
    """UTC."""

    def say(self, english: str, chinese: str) -> str:
        """Return the text in the report's language."""
        return english if self.language == "en" else chinese

    def step(self, step: Step) -> str:
        """Return the word for a step of a project's life."""
        return self.say(*STEPS[step.value])

    def role(self, role: str) -> str:
        """Return the word for a role that mines."""
        return self.say(role, ROLES.get(role, role))

    def level(self, level: str) -> str:
        """Return the word for a level."""
        return self.say(level, LEVELS.get(level, level))

    def sentence(self, evidence: Evidence) -> str:
        """Return one piece of evidence as a sentence."""
        return render(evidence, self.language)

    def join(self, parts: Iterable[str]) -> str:
        """Return a list in words."""
        return ("、" if self.language == "zh" else ", ").join(parts)


def document(
    issue: Issue,
    known: Known,
    kind: str,
    title: str,
    subtitle: str,
    blocks: Iterable[Block],
    facts: tuple[tuple[str, str], ...] = (),
) -> Document:
    """Return a report of a region."""
    scope = known.scope
    region = (issue.say("Region", "地区"), f"{scope.region} {scope.region_name}".rstrip())
    return Document(
        kind=kind,
        title=title,
        subtitle=subtitle,
        language=issue.language,
        as_of=scope.as_of,
        made=issue.made,
        publisher=issue.publisher,
        blocks=tuple(_untwinned((*blocks, *closing(issue)))),
        facts=(region, *facts),
    )


def _untwinned(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks; the title of a table that says what the heading right above it says is left out."""
    above = ""
    for block in blocks:
        yield replace(block, title="") if isinstance(block, Table) and block.title == above else block
        above = block.text if isinstance(block, Heading) else ""


def closing(issue: Issue) -> tuple[Block, ...]:
    """Return what stands at the end of every report: how to read its figures."""
    return (
        Heading(issue.say("How to read the figures", "数据说明")),
        Paragraph(
            issue.say(
                "All figures are as known at the end of the as-of date, China's time (UTC+8); what was "
                "learned "
                "later is not in them, and the same date gives them again. Estimates are followed by their "
                "interval: hashrate 95 %, from the number and difficulty of accepted shares; power 90 %, "
                "from "
                "the hashrate and the efficiency of machines that fit it. Intervals of sums are the sums of "
                "their ends. Hashrates of different algorithms are never added up. An address is named "
                "with an "
                "enterprise only where the registry leaves one possible holder for all the time it was seen.",
                "全部数据截至数据截止日（北京时间，UTC+8）当日结束时已掌握的情况，此后获知的信息不计入，"
                "以同一日期可重新生成同样的数据。估算值后附区间：算力为95%置信区间，依据被接受的份额数量与难度；"
                "功率为90%区间，依据算力及相符机型的能效。合计值的区间为各区间端点之和。不同算法的算力不相加。"
                "仅当登记信息在全部观测时段内只指向唯一持有人时，才将地址归属到企业。",
            )
        ),
    )


def columns(*titles: str | tuple[str, Align] | Column) -> tuple[Column, ...]:
    """Return columns from their titles; a pair names how it is aligned."""
    return tuple(
        one if isinstance(one, Column) else Column(one) if isinstance(one, str) else Column(*one)
        for one in titles
    )


def figure(estimate: Estimate | None, unit: str = "", digits: int = 0) -> Figure | None:
    """Return an estimate as a figure; None where there is none."""
    if estimate is None:
        return None
    return Figure(estimate.value, estimate.low, estimate.high, unit, digits)


def unknown(unit: str = "") -> Figure:
    """Return a figure that shows that a number is not known."""
    return Figure(float("nan"), unit=unit)


def rate(algorithm: str, estimate: Estimate) -> Figure:
    """Return a hashrate with the prefix that leaves one to three digits before the point."""
    scale, prefix = next(
        ((scale, prefix) for scale, prefix in _PREFIXES if estimate.value >= scale), _PREFIXES[-1]
    )
    unit = f"{prefix}Sol/s" if algorithm.split("/")[0] in _SOLUTIONS else f"{prefix}H/s"
    part = estimate.times(1 / scale)
    return Figure(part.value, part.low, part.high, unit, 2)


def money(amount: Decimal) -> Figure:
    """Return an amount of CNY, exact to the fen."""
    return Figure(amount, unit="CNY", digits=2)


def share(part: float | Decimal, whole: float | Decimal) -> Figure | None:
    """Return a part of a whole in percent; None of nothing."""
    return None if not whole else Figure(Decimal(str(part)) * 100 / Decimal(str(whole)), unit="%", digits=1)


def computing_table(issue: Issue, projects: Iterable[Project], name: str = "computing") -> Table:
    """Return computing power by algorithm over projects."""
    parts: dict[str, list[Estimate]] = {}
    for project in projects:
        for algorithm, estimate in project.computing.items():
            parts.setdefault(algorithm, []).append(estimate)
    rows: list[tuple[Cell, ...]] = []
    for algorithm in sorted(parts):
        summed = total(parts[algorithm])
        assert summed is not None
        rows.append((algorithm, len(parts[algorithm]), _written(rate(algorithm, summed))))
    return Table(
        name,
        issue.say("Computing power by algorithm", "分算法算力"),
        columns(
            issue.say("Algorithm", "算法"),
            (issue.say("Projects", "项目数"), "number"),
            (issue.say("Computing power", "算力"), "number"),
        ),
        rows,
        issue.say(
            "Hashrate from accepted shares, corrected for what the capture missed; a project may have "
            "several "
            "algorithms; they are never added up.",
            "由被接受的份额推算，并对采集遗漏作修正；一个项目可有多种算法，不同算法不相加。",
        ),
    )


def _written(value: Figure) -> str:
    """Return a figure as text: rows of one column with different units cannot share a unit."""
    from supervision.reports.words import figure as words

    return words(value)


def computing(issue: Issue, rates: Mapping[str, Estimate]) -> str:
    """Return hashrates by algorithm in one cell."""
    said = (f"{name} {_written(rate(name, rates[name]))}" for name in sorted(rates))
    return issue.join(said) or NOTHING


def carbon(issue: Issue, footprint: Footprint | None, kw: Estimate | None, hours: float) -> KeyFigures:
    """Return estimated power over some hours as energy, carbon dioxide and households."""
    energy = None if kw is None else kw.times(hours / 1000)
    note = issue.say(
        f"Estimated power times {hours:,.0f} hours of running without a break.",
        f"按估算功率连续运行{hours:,.0f}小时计算。",
    )
    names = (
        issue.say("Electricity", "用电量"),
        issue.say("Carbon dioxide", "二氧化碳排放"),
        issue.say("Households that use as much", "相当于居民户数"),
    )
    items, factors = footprint_of(issue, footprint, energy, hours, names)
    return KeyFigures(items, note + factors)


def footprint_of(
    issue: Issue,
    footprint: Footprint | None,
    energy: Estimate | None,
    hours: float,
    names: tuple[str, str, str],
) -> tuple[tuple[tuple[str, Figure], ...], str]:
    """Return energy (MWh, taken in some hours), its carbon dioxide and households by these names, and a note
    on the factors."""
    electricity = names[0], figure(energy, "MWh", 1) or unknown("MWh")
    if footprint is None:
        note = issue.say(
            " No emission factor is held for this region and date, so carbon is not stated.",
            "该地区及日期没有可用的排放因子，故不列碳排放。",
        )
        return (electricity, (names[1], unknown("t")), (names[2], unknown())), note
    tonnes = homes = None
    if energy is not None:
        tonnes = energy.times(footprint.tonnes_per_mwh)
        homes = energy.times(1000 / footprint.households_kwh * HOURS_A_YEAR / hours)
    note = issue.say(
        f" Factors: {footprint.tonnes_per_mwh:g} t CO2 per MWh, {footprint.households_kwh:g} kWh a household "
        f"and year ({footprint.source[0]}).",
        f"因子：每兆瓦时{footprint.tonnes_per_mwh:g}吨二氧化碳，每户每年{footprint.households_kwh:g}千瓦时"
        f"（{footprint.source[1]}）。",
    )
    if footprint.carried:
        note += issue.say(
            " The factor is of an earlier year: no newer one is held.", "因子为以前年度值，尚无新值。"
        )
    carbon_figure = figure(tonnes, "t", 1) or unknown("t")
    return (electricity, (names[1], carbon_figure), (names[2], figure(homes) or unknown())), note


def project_rows(issue: Issue, known: Known, projects: Iterable[Project]) -> list[tuple[Cell, ...]]:
    """Return the rows of a table of projects, for `PROJECT_COLUMNS`."""
    return [
        (
            project.id,
            project.enterprise or project.uscc or NOTHING,
            project.name,
            named(known, project.division),
            issue.say("planned", "拟建") if project.planned else issue.step(project.step),
            project.since,
            figure(project.machines),
            computing(issue, project.computing),
            figure(project.kw, "kW", 1),
            issue.say(*project.size),
            issue.join(project.evidence[:4]),
        )
        for project in projects
    ]


def project_columns(issue: Issue) -> tuple[Column, ...]:
    """Return the columns of a table of projects."""
    return columns(
        issue.say("Project", "项目编号"),
        issue.say("Enterprise", "企业"),
        issue.say("Name", "名称"),
        issue.say("Division", "区划"),
        issue.say("State", "状态"),
        issue.say("Since", "起始"),
        (issue.say("Machines", "机器数"), "number"),
        issue.say("Computing power", "算力"),
        (issue.say("Power", "功率"), "number"),
        issue.say("Class", "等级"),
        issue.say("Evidence", "依据"),
    )
