"""The monthly bulletin: regions ranked by progress, collection and slippage; those that lag are named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from supervision.projects.events import Step
from supervision.reports.content.parts import (
    HOURS_A_YEAR,
    Issue,
    carbon,
    columns,
    document,
    figure,
    money,
    share,
    unknown,
)
from supervision.reports.document import (
    Block,
    Cell,
    Chart,
    Document,
    Figure,
    Heading,
    KeyFigures,
    Paragraph,
    Series,
    Table,
)
from supervision.reports.known import Known, total


@dataclass(frozen=True, slots=True)
class Measure:
    """How regions are compared; an operator's settings. Weights need not add up to 1."""

    progress: float = 0.4
    collection: float = 0.3
    slippage: float = 0.3
    late_days: int = 30
    """A milestone that is later than this counts as missed whole."""
    behind: float = 0.1
    """Progress that is behind the whole region's by more than this lags."""
    least_collected: Decimal = Decimal("0.95")
    """Less of what has fallen due, paid, lags."""


DEFAULT = Measure()


@dataclass(frozen=True, slots=True)
class Ranked:
    """One region of the bulletin."""

    code: str
    name: str
    known: int
    """Projects confirmed so far; those looked into and found not to mine are left out."""
    exited: int
    relapsed: int
    due: Decimal
    """Surcharge that has fallen due, CNY."""
    paid: Decimal
    milestones: int
    """That have fallen due."""
    late: int
    days_late: float
    """Mean over those that have fallen due."""
    kept: float | None
    """1 where every milestone was in time, 0 where all are missed; None without milestones due."""
    score: float | None
    """0 to 100; None where nothing can be compared."""
    lags: tuple[str, ...]
    """`progress`, `collection`, `slippage`, `relapse`."""

    @property
    def progress(self) -> float | None:
        """Part of the known projects that have left."""
        return None if not self.known else self.exited / self.known

    @property
    def collected(self) -> Decimal | None:
        """Part of what has fallen due that was paid."""
        return None if not self.due else self.paid / self.due


def ranking(known: Known, measure: Measure = DEFAULT) -> list[Ranked]:
    """Return the regions below, best first; those of one score in order of their code, unranked ones last."""
    whole = _judged(known, "", known.scope.region_name, measure, None)
    found = [_judged(known, code, name, measure, whole.progress) for code, name in known.regions]
    return sorted(found, key=lambda one: (one.score is None, -(one.score or 0.0), one.code))


def _judged(known: Known, code: str, name: str, measure: Measure, whole: float | None) -> Ranked:
    """Judge one region; code "" is all of them."""
    day = known.scope.as_of

    def own(division: str) -> bool:
        return not code or known.below(division) == code

    counted = [
        project
        for project in known.projects
        if not project.planned and project.step not in (Step.FOUND, Step.REJECTED) and own(project.division)
    ]
    exited = sum(project.step is Step.EXITED for project in counted)
    relapsed = sum(project.step is Step.RELAPSED for project in counted)
    accounts = [one for one in known.owed if own(one.division)]
    due = sum((one.due - one.not_yet_due for one in accounts), Decimal("0.00"))
    paid = sum((one.due - one.not_yet_due - one.arrears for one in accounts), Decimal("0.00"))
    fallen = [stone for stone in known.milestones if stone.due <= day and own(stone.division)]
    late = [stone.late(day) for stone in fallen]
    kept = None
    if late:
        kept = 1 - sum(min(days, measure.late_days) for days in late) / measure.late_days / len(late)
    progress = exited / len(counted) if counted else None
    collected = paid / due if due else None
    parts = [
        (measure.progress, progress),
        (measure.collection, None if collected is None else float(collected)),
        (measure.slippage, kept),
    ]
    held = [(weight, part) for weight, part in parts if part is not None]
    weights = sum(weight for weight, _ in held)
    score = 100 * sum(weight * part for weight, part in held) / weights if weights else None
    lags = []
    if progress is not None and whole is not None and progress < whole - measure.behind:
        lags.append("progress")
    if collected is not None and collected < measure.least_collected:
        lags.append("collection")
    if any(stone.late(day) > measure.late_days and stone.done is None for stone in fallen):
        lags.append("slippage")
    if relapsed:
        lags.append("relapse")
    return Ranked(
        code,
        name,
        len(counted),
        exited,
        relapsed,
        due,
        paid,
        len(fallen),
        sum(days > 0 for days in late),
        sum(late) / len(late) if late else 0.0,
        kept,
        score,
        tuple(lags),
    )


def bulletin(known: Known, month: date, issue: Issue, measure: Measure = DEFAULT) -> Document:
    """Return the bulletin of the month in which `month` lies."""
    said = month.strftime("%Y-%m")
    return document(
        issue,
        known,
        "bulletin",
        issue.say("Exit of mining projects: monthly bulletin", "虚拟货币“挖矿”整治月度通报"),
        issue.say(f"Month {said}", f"{month.year}年{month.month}月"),
        _blocks(known, ranking(known, measure), issue, measure),
        ((issue.say("Month", "月份"), said),),
    )


def _blocks(known: Known, ranked: Sequence[Ranked], issue: Issue, measure: Measure) -> Iterator[Block]:
    say = issue.say
    whole = _judged(known, "", known.scope.region_name, measure, None)
    running = [project for project in known.projects if project.running]
    kw = total(project.kw for project in running)
    yield Heading(say("Overview", "总体情况"))
    yield KeyFigures(
        (
            (say("Projects confirmed so far", "累计核实项目"), Figure(whole.known)),
            (say("Exited", "已退出"), Figure(whole.exited)),
            (say("Progress", "退出进度"), share(whole.exited, whole.known) or unknown("%")),
            (say("Relapsed", "死灰复燃"), Figure(whole.relapsed)),
            (say("Power still running", "在运功率"), figure(kw, "kW", 1) or unknown("kW")),
            (say("Surcharge fallen due", "应收差别电费"), money(whole.due)),
            (say("Collected", "征收率"), share(whole.paid, whole.due) or unknown("%")),
            (say("Milestones due", "应完成节点"), Figure(whole.milestones)),
            (say("Late", "逾期节点"), Figure(whole.late)),
        ),
        say(
            "Counted from events, bills, payments and milestones up to the as-of date. Progress is the "
            "part of "
            "the projects confirmed so far that has left.",
            "按截至数据截止日的事件、账单、缴费与时间节点统计。退出进度为已退出项目占累计核实项目的比例。",
        ),
    )
    yield Heading(say("One year of what still runs", "在运项目年用电与碳排放"))
    yield carbon(issue, known.footprint, kw, HOURS_A_YEAR)
    yield Heading(say("Ranking of the regions", "地区排名"))
    yield _table(ranked, issue, measure)
    if scored := [one for one in ranked if one.score is not None]:
        yield Chart(
            "scores",
            say("Score by region", "各地区得分"),
            "bars",
            tuple(one.name or one.code for one in scored),
            (Series(say("score", "得分"), tuple(one.score for one in scored)),),
            say("points", "分"),
            say("Of 100, as in the table.", "满分100，同表。"),
        )
    yield Heading(say("Regions that lag", "进度滞后地区"))
    yield from _lagging(ranked, issue, measure)


def _table(ranked: Sequence[Ranked], issue: Issue, measure: Measure) -> Table:
    say = issue.say
    rows: list[tuple[Cell, ...]] = [
        (
            place if one.score is not None else None,
            one.code,
            one.name,
            None if one.score is None else Figure(one.score, digits=1),
            one.known,
            one.exited,
            share(one.exited, one.known),
            one.relapsed,
            money(one.due),
            share(one.paid, one.due),
            one.milestones,
            one.late,
            Figure(one.days_late, digits=1) if one.milestones else None,
        )
        for place, one in enumerate(ranked, 1)
    ]
    weights = f"{measure.progress:g} : {measure.collection:g} : {measure.slippage:g}"
    return Table(
        "ranking",
        say("Regions, best first", "各地区排名"),
        columns(
            (say("Rank", "名次"), "number"),
            say("Code", "代码"),
            say("Region", "地区"),
            (say("Score", "得分"), "number"),
            (say("Projects", "核实项目"), "number"),
            (say("Exited", "已退出"), "number"),
            (say("Progress", "进度"), "number"),
            (say("Relapsed", "复燃"), "number"),
            (say("Due", "应收"), "number"),
            (say("Collected", "征收率"), "number"),
            (say("Milestones", "节点"), "number"),
            (say("Late", "逾期"), "number"),
            (say("Days late", "平均逾期天数"), "number"),
        ),
        rows,
        say(
            f"Score of 100: progress, collection and milestones kept, weighted {weights}; a part that a "
            "region "
            f"has nothing of is left out. A milestone is kept less for each day late, not at all after "
            f"{measure.late_days} days, against the date first promised. Collection counts what has fallen "
            "due.",
            f"满分100：退出进度、征收率、节点完成率按{weights}加权，地区没有的部分不计。"
            f"节点以原定期限为准，每逾期一天扣分，逾期满{measure.late_days}天不得分。征收率只计已到期部分。",
        ),
    )


def _lagging(ranked: Sequence[Ranked], issue: Issue, measure: Measure) -> Iterator[Block]:
    say = issue.say
    lagging = [one for one in reversed(ranked) if one.lags]
    if not lagging:
        yield Paragraph(say("No region lags.", "无滞后地区。"))
        return
    texts = {
        "progress": say(
            f"progress more than {measure.behind:.0%} behind the whole",
            f"退出进度低于总体{measure.behind:.0%}以上",
        ),
        "collection": say(
            f"less than {measure.least_collected:.0%} of what has fallen due was collected",
            f"到期差别电费征收率低于{measure.least_collected:.0%}",
        ),
        "slippage": say(
            f"milestones open more than {measure.late_days} days after their date",
            f"存在逾期超过{measure.late_days}天未完成的节点",
        ),
        "relapse": say("projects mine again", "存在项目死灰复燃"),
    }
    yield Paragraph(
        say("Named for lagging: ", "通报进度滞后地区：")
        + issue.join(one.name or one.code for one in lagging)
        + say(".", "。")
    )
    yield Table(
        "lagging",
        say("Why they are named", "通报原因"),
        columns(say("Code", "代码"), say("Region", "地区"), say("Reasons", "原因")),
        [
            (
                one.code,
                one.name,
                ("；" if issue.language == "zh" else "; ").join(texts[lag] for lag in one.lags),
            )
            for one in lagging
        ],
        say("Last in the ranking first; the rules are settings.", "按排名由后至前；规则可配置。"),
    )
