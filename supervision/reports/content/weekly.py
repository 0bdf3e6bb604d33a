"""The weekly report: what the inventory holds at the end of a week, and what changed since the one before."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from supervision.projects.events import Step
from supervision.projects.inventory import Change, week_before, week_end
from supervision.projects.metering import Counted
from supervision.reports.content.energy import NOTHING, energy, unread
from supervision.reports.content.parts import (
    HOURS_A_WEEK,
    Issue,
    carbon,
    columns,
    computing_table,
    document,
    figure,
    project_columns,
    project_rows,
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
from supervision.reports.known import Estimate, Hit, Known, Project, named, once, total


@dataclass(frozen=True, slots=True)
class Point:
    """One week of the past."""

    week: str
    running: int
    kw: Estimate | None


@dataclass(frozen=True, slots=True)
class Week:
    """What a weekly report is made of."""

    week: str
    """ISO week, `2026-W47`."""
    known: Known
    """Projects as they stood at the end of the week."""
    before: Mapping[str, Project]
    """Projects as they stood at the end of the week before, by id, as is known now."""
    changed: Change
    past: tuple[Point, ...]
    """Weeks up to this one, oldest first."""
    counted: Counted = NOTHING
    """What the meters of the running projects counted, by weeks, the latest first."""


def weekly(week: Week, issue: Issue) -> Document:
    """Return the weekly report."""
    say, known = issue.say, week.known
    end = week_end(week.week)
    made = document(
        issue,
        known,
        "weekly",
        say("Mining projects: weekly change of the inventory", "虚拟货币“挖矿”项目清单周报"),
        say(
            f"Week {week.week}, compared with {week_before(week.week)}",
            f"{week.week}周，与{week_before(week.week)}周相比",
        ),
        _blocks(week, issue),
        (
            (say("Week", "统计周"), week.week),
            (say("Ends", "周末日期"), end.isoformat()),
        ),
    )
    return replace(made, unread=unread(issue, week.counted))


def _blocks(week: Week, issue: Issue) -> Iterator[Block]:
    say, known, changed = issue.say, week.known, week.changed
    running = [project for project in known.projects if project.running]
    planned = [project for project in known.projects if project.planned]
    kw = total(project.kw for project in running)
    unmeasured = sum(project.kw is None for project in running)
    yield Heading(say("Overview", "总体情况"))
    yield KeyFigures(
        (
            (say("Running projects", "在运项目"), Figure(len(running))),
            (say("New this week", "本周新增"), Figure(len(changed.new))),
            (say("Back again", "死灰复燃"), Figure(len(changed.back))),
            (say("Gone", "本周退出"), Figure(len(changed.gone))),
            (say("Planned projects", "拟建项目"), Figure(len(planned))),
            (say("Machines", "机器总数"), figure(total(p.machines for p in running)) or unknown()),
            (say("Power", "用电功率"), figure(kw, "kW", 1) or unknown("kW")),
        ),
        say(
            f"Projects are counted from their events up to {week_end(week.week)}; both weeks as known on the "
            f"as-of date. Power is the sum over projects; {unmeasured} of the running ones have no estimate "
            "and are not in it.",
            f"项目数按截至{week_end(week.week)}的事件统计，两周均以数据截止日已知情况为准。"
            f"功率为各项目之和，其中{unmeasured}个在运项目无估算值，未计入。",
        ),
    )
    yield Heading(say("Estimated energy and carbon of one week", "一周估算用电与碳排放"))
    yield carbon(issue, known.footprint, kw, HOURS_A_WEEK)
    yield Heading(say("Metered energy, week on week", "计量电量环比"))
    yield from energy(issue, known, running, week.counted)
    if len(week.past) > 1:
        yield from _past(week, issue)
    yield Heading(say("What changed", "本周变动"))
    yield from _changes(week, issue)
    yield Heading(say("By region", "分地区情况"))
    yield from _regions(week, issue, running)
    yield Heading(say("Computing power", "算力"))
    yield computing_table(issue, running)
    yield Heading(say("Inventory", "项目清单"))
    yield Table(
        "inventory",
        say("Running and planned projects", "在运及拟建项目"),
        project_columns(issue),
        project_rows(issue, known, [*running, *planned]),
        say(
            "Machines, computing power and power as last measured before the end of the week. Evidence names "
            "verdicts and readings by their numbers in the store.",
            "机器数、算力及功率为周末前最近一次测算值。依据为库中判定及读数的编号。",
        ),
    )
    yield from _unassigned(issue, known)


def _past(week: Week, issue: Issue) -> Iterator[Block]:
    say = issue.say
    labels = tuple(point.week for point in week.past)
    note = say("Each week as is known on the as-of date.", "各周均以数据截止日已知情况为准。")
    running = Series(say("running", "在运"), tuple(float(point.running) for point in week.past))
    yield Chart(
        "weeks",
        say("Running projects by week", "各周在运项目数"),
        "lines",
        labels,
        (running,),
        say("projects", "个"),
        note,
    )
    if any(point.kw for point in week.past):
        picks: tuple[tuple[str, Callable[[Estimate], float]], ...] = (
            (say("power", "功率"), lambda kw: kw.value),
            (say("low", "下限"), lambda kw: kw.low),
            (say("high", "上限"), lambda kw: kw.high),
        )
        series = tuple(
            Series(name, tuple(None if point.kw is None else pick(point.kw) for point in week.past))
            for name, pick in picks
        )
        yield Chart("power_weeks", say("Power by week", "各周功率"), "lines", labels, series, "kW", note)


def _changes(week: Week, issue: Issue) -> Iterator[Block]:
    say, known, changed = issue.say, week.known, week.changed
    by_id = {project.id: project for project in known.projects}
    rows: list[tuple[Cell, ...]] = []
    kinds: tuple[tuple[str, tuple[str, ...]], ...] = (
        (say("new", "新增"), changed.new),
        (say("back", "复燃"), changed.back),
        (say("gone", "退出"), changed.gone),
    )
    for what, names in kinds:
        rows += [_change_row(issue, known, what, by_id[name], "") for name in names if name in by_id]
    for name, was, now in changed.moved:
        said = say(
            f"from {issue.step(was)} to {issue.step(now)}", f"由{issue.step(was)}变为{issue.step(now)}"
        )
        rows.append(_change_row(issue, known, say("moved on", "状态变化"), by_id[name], said))
    for name, old, new in changed.grown:
        said = say(f"from {old:,.1f} to {new:,.1f} kW", f"由{old:,.1f}千瓦变为{new:,.1f}千瓦")
        what = say("larger", "规模扩大") if new > old else say("smaller", "规模缩小")
        rows.append(_change_row(issue, known, what, by_id[name], said))
    yield Table(
        "changes",
        say("Changes against the week before", "与上周相比的变动"),
        columns(
            say("Change", "变动"),
            say("Project", "项目编号"),
            say("Enterprise", "企业"),
            say("Division", "区划"),
            say("State", "状态"),
            (say("Power", "功率"), "number"),
            say("Details", "说明"),
        ),
        rows,
        say(
            "A size has changed where the intervals of both weeks do not overlap.",
            "仅当两周的区间不重叠时，才认定规模发生变化。",
        ),
    )
    if changed.back:
        again = issue.join(by_id[name].enterprise or name for name in changed.back if name in by_id)
        yield Paragraph(
            say(
                f"Mining again after having left: {again}. These go to the county first.",
                f"退出后再次“挖矿”：{again}，请所在县（区）优先处置。",
            )
        )


def _change_row(issue: Issue, known: Known, what: str, project: Project, said: str) -> tuple[Cell, ...]:
    return (
        what,
        project.id,
        project.enterprise or project.uscc,
        named(known, project.division),
        issue.step(project.step),
        figure(project.kw, "kW", 1),
        said or project.name,
    )


def _regions(week: Week, issue: Issue, running: Sequence[Project]) -> Iterator[Block]:
    say, known = issue.say, week.known
    rows: list[tuple[Cell, ...]] = []
    charted: list[tuple[str, float]] = []
    for code, name in _with_rest(known, issue):
        own = [project for project in running if known.below(project.division) == code]
        was = [p for p in week.before.values() if p.running and known.below(p.division) == code]
        exited = sum(p.step is Step.EXITED and known.below(p.division) == code for p in known.projects)
        kw = total(project.kw for project in own)
        rows.append((code, name, len(own), len(own) - len(was), exited, figure(kw, "kW", 1)))
        if kw is not None:
            charted.append((name or code, kw.value))
    yield Table(
        "regions",
        say("Projects and power by region", "各地区项目与功率"),
        columns(
            say("Code", "代码"),
            say("Region", "地区"),
            (say("Running", "在运"), "number"),
            (say("Change", "较上周"), "number"),
            (say("Exited so far", "累计退出"), "number"),
            (say("Power", "功率"), "number"),
        ),
        rows,
        say("By the division of the project's site.", "按项目场所所在区划统计。"),
    )
    if charted:
        yield Chart(
            "power_regions",
            say("Power by region", "各地区功率"),
            "bars",
            tuple(name for name, _ in charted),
            (Series("kW", tuple(value for _, value in charted)),),
            "kW",
            say("Middle of the interval.", "取区间中值。"),
        )


def _with_rest(known: Known, issue: Issue) -> list[tuple[str, str]]:
    """Return the regions below, and the region itself where a project lies in none of them."""
    found = list(known.regions)
    if any(known.below(project.division) == known.scope.region for project in known.projects):
        found.append((known.scope.region, issue.say("no smaller division known", "未细分")))
    return found


def _unassigned(issue: Issue, known: Known) -> Iterator[Block]:
    say = issue.say
    in_projects = {
        int(said.removeprefix("verdict:"))
        for project in known.projects
        for said in project.evidence
        if said.startswith("verdict:") and said.removeprefix("verdict:").isdigit()
    }
    sites = {(project.uscc, project.site) for project in known.projects if project.site}
    loose = [
        hit for hit in known.hits if hit.verdict not in in_projects and (hit.uscc, hit.site) not in sites
    ]
    counted = {(hit.verdict, hit.address) for hit in once(known.hits)}
    loose_kw = total(hit.kw for hit in loose if (hit.verdict, hit.address) in counted)
    yield Heading(say("Addresses that mine and belong to no project yet", "尚未纳入项目的“挖矿”地址"))
    yield Table(
        "addresses",
        say("To be followed up", "待核查"),
        columns(
            say("Address", "地址"),
            say("Role", "角色"),
            say("Level", "级别"),
            say("Enterprise", "企业"),
            say("Division", "区划"),
            say("Last seen", "最近发现"),
            (say("Power", "功率"), "number"),
            say("Heaviest evidence", "主要依据"),
        ),
        [loose_row(issue, known, hit, counts=(hit.verdict, hit.address) in counted) for hit in loose],
        say(
            "Judged likely or more; the enterprise is named where one holder alone is possible. Each "
            "address tells its power once, and machines behind a proxy have theirs in the proxy's row: these "
            f"figures may be added up, to {_kw_text(loose_kw)}.",
            "判定级别为“很可能”及以上；仅当持有人唯一时列出企业。每个地址的功率只列一次，代理之后的机器计入代理所在行，"
            f"故本列可相加，合计{_kw_text(loose_kw)}。",
        ),
    )


def _kw_text(kw: Estimate | None) -> str:
    return "-" if kw is None else f"{kw.value:,.1f} kW ({kw.low:,.1f}–{kw.high:,.1f})"


def loose_row(issue: Issue, known: Known, hit: Hit, *, counts: bool) -> tuple[Cell, ...]:
    """Return the row of an address that mines; its power only where no other row tells it."""
    return (
        hit.address,
        issue.role(hit.role),
        issue.level(hit.level),
        hit.enterprise,
        named(known, hit.division),
        hit.last,
        figure(hit.kw, "kW", 1) if counts else None,
        issue.sentence(hit.evidence[0]) if hit.evidence else "",
    )
