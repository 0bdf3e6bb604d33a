"""The export for an outside evaluation: all projects, events, milestones and bills, in one book."""

from collections.abc import Iterator

from supervision.reports.content.bulletin import DEFAULT, Measure, ranking
from supervision.reports.content.parts import (
    HOURS_A_YEAR,
    Issue,
    carbon,
    columns,
    computing_table,
    document,
    figure,
    project_columns,
    project_rows,
    share,
    unknown,
)
from supervision.reports.content.tables import cases_table, events_table, ledger_table, owed_table
from supervision.reports.content.weekly import Point
from supervision.reports.document import Block, Chart, Document, Figure, Heading, KeyFigures, Series, Table
from supervision.reports.known import Known, named, total


def evaluation(known: Known, past: tuple[Point, ...], issue: Issue, measure: Measure = DEFAULT) -> Document:
    """Return the export. `past`: weeks up to the as-of date, oldest first.

    Wallets, accounts at pools and names of machines are left out: an evaluator needs none of them.
    """
    say = issue.say
    return document(
        issue,
        known,
        "evaluation",
        say("Exit of mining: data for third-party evaluation", "虚拟货币“挖矿”整治第三方评估数据"),
        say("Projects, events, milestones, collection, with their sources", "项目、事件、节点、征收及其依据"),
        _blocks(known, past, issue, measure),
    )


def _blocks(known: Known, past: tuple[Point, ...], issue: Issue, measure: Measure) -> Iterator[Block]:
    say = issue.say
    running = [project for project in known.projects if project.running]
    kw = total(project.kw for project in running)
    ranked = ranking(known, measure)
    exited, confirmed = sum(one.exited for one in ranked), sum(one.known for one in ranked)
    yield Heading(say("Overview", "总体情况"))
    yield KeyFigures(
        (
            (say("Projects ever known", "累计项目"), Figure(len(known.projects))),
            (say("Running", "在运"), Figure(len(running))),
            (say("Confirmed, in the regions below", "下级地区核实"), Figure(confirmed)),
            (say("Exited, in the regions below", "下级地区退出"), Figure(exited)),
            (say("Progress", "退出进度"), share(exited, confirmed) or unknown("%")),
            (say("Power still running", "在运功率"), figure(kw, "kW", 1) or unknown("kW")),
        ),
        say("Counted from the tables below.", "由下列各表统计。"),
    )
    yield carbon(issue, known.footprint, kw, HOURS_A_YEAR)
    if len(past) > 1:
        yield Chart(
            "weeks",
            say("Running projects by week", "各周在运项目数"),
            "lines",
            tuple(point.week for point in past),
            (Series(say("running", "在运"), tuple(float(point.running) for point in past)),),
            say("projects", "个"),
            say("As known on the as-of date.", "以数据截止日已知情况为准。"),
        )
    yield Heading(say("Projects", "项目"))
    yield Table(
        "projects",
        say("All projects", "全部项目"),
        project_columns(issue),
        project_rows(issue, known, known.projects),
        say("Those that have left and those rejected are in it.", "含已退出及已排除项目。"),
    )
    yield computing_table(issue, running)
    yield Heading(say("Events", "事件"))
    yield events_table(issue, known, say("All events", "全部事件"), authors=False)
    yield Heading(say("Exit plans", "退出计划"))
    yield Table(
        "milestones",
        say("Milestones", "时间节点"),
        columns(
            say("Project", "项目编号"),
            say("Division", "区划"),
            say("Milestone", "节点"),
            say("First due", "原定期限"),
            say("Moved to", "调整后期限"),
            say("Done", "完成日期"),
            (say("Days late", "逾期天数"), "number"),
            say("Responsible", "责任单位"),
        ),
        [
            (
                one.project,
                named(known, one.division),
                issue.step(one.step),
                one.due,
                one.promised,
                one.done,
                one.late(known.scope.as_of),
                one.body,
            )
            for one in known.milestones
        ],
        say(
            "Late on the as-of date, or when it was done, against the date first promised.",
            "逾期以原定期限为准，按数据截止日或完成日计算。",
        ),
    )
    yield Heading(say("Regions", "地区"))
    yield Table(
        "regions",
        say("Regions, best first", "地区排名"),
        columns(
            say("Code", "代码"),
            say("Region", "地区"),
            (say("Score", "得分"), "number"),
            (say("Projects", "项目"), "number"),
            (say("Exited", "退出"), "number"),
            (say("Collected", "征收率"), "number"),
            (say("Milestones late", "逾期节点"), "number"),
        ),
        [
            (
                one.code,
                one.name,
                None if one.score is None else Figure(one.score, digits=1),
                one.known,
                one.exited,
                share(one.paid, one.due),
                one.late,
            )
            for one in ranked
        ],
        say("The method is that of the bulletin.", "方法同月度通报。"),
    )
    yield Heading(say("Surcharge, ledgers, cases", "差别电费、台账、案件"))
    yield owed_table(known, issue)
    yield ledger_table(known, issue)
    yield cases_table(known, issue)
    yield Heading(say("Addresses", "地址"))
    yield Table(
        "addresses",
        say("Addresses that mine", "“挖矿”地址"),
        columns(
            say("Verdict", "判定编号"),
            say("Address", "地址"),
            say("Role", "角色"),
            say("Level", "级别"),
            (say("Probability", "概率"), "number"),
            say("First seen", "首次"),
            say("Last seen", "最近"),
            say("Credit code", "统一社会信用代码"),
            say("Division", "区划"),
            (say("Power", "功率"), "number"),
        ),
        [
            (
                hit.verdict,
                hit.address,
                issue.role(hit.role),
                issue.level(hit.level),
                Figure(hit.score * 100, unit="%", digits=1),
                hit.first,
                hit.last,
                hit.uscc,
                named(known, hit.division),
                figure(hit.kw, "kW", 1),
            )
            for hit in known.hits
        ],
        say("Judged at `likely` or more.", "判定级别为“很可能”及以上。"),
    )
