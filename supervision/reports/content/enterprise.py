"""The file of an enterprise: addresses, evidence, sites, projects, power, surcharge, ledgers and cases."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from facts.instant import instant
from supervision.reports.content.parts import (
    HOURS_A_YEAR,
    Issue,
    carbon,
    columns,
    computing_table,
    document,
    figure,
    money,
    project_columns,
    project_rows,
    unknown,
)
from supervision.reports.content.tables import (
    cases_table,
    events_table,
    ledger_table,
    metered_chart,
    owed_table,
)
from supervision.reports.document import Block, Cell, Document, Figure, Heading, KeyFigures, Paragraph, Table
from supervision.reports.known import Company, Held, Hit, Known, named, once, total

CHINA = timedelta(hours=8)
MOST_EVIDENCE = 2_000
"""Pieces of evidence that are told."""


def enterprise(known: Known, company: Company, held: tuple[Held, ...], issue: Issue) -> Document:
    """Return the file of one enterprise; `known` holds what concerns it and nothing else."""
    say = issue.say
    return document(
        issue,
        known,
        "enterprise",
        company.name or company.uscc,
        say("File of an enterprise", "企业穿透式监管档案"),
        _blocks(known, company, held, issue),
        (
            (say("Credit code", "统一社会信用代码"), company.uscc),
            (say("Registered address", "注册地址"), company.address or "-"),
            (say("Legal form", "主体类型"), company.legal_form or "-"),
            (say("Industry", "行业"), company.industry or "-"),
            (say("Standing", "登记状态"), company.status or "-"),
            (say("Source", "来源"), company.source or "-"),
        ),
    )


def _blocks(known: Known, company: Company, held: tuple[Held, ...], issue: Issue) -> Iterator[Block]:
    say = issue.say
    running = [project for project in known.projects if project.running]
    by_traffic = total(hit.kw for hit in once(known.hits))
    kw = total(project.kw for project in running) or by_traffic
    yield Heading(say("Overview", "总体情况"))
    yield KeyFigures(
        (
            (say("Addresses that mine", "“挖矿”地址"), Figure(len({hit.address for hit in known.hits}))),
            (say("Sites", "场所"), Figure(len(known.places))),
            (say("Running projects", "在运项目"), Figure(len(running))),
            (
                say("Machines by traffic", "流量推算机器数"),
                figure(total(h.machines for h in once(known.hits))) or unknown(),
            ),
            (say("Power by traffic", "流量推算功率"), figure(by_traffic, "kW", 1) or unknown("kW")),
            (say("Surcharge due", "应收差别电费"), money(sum((one.due for one in known.owed), start=_ZERO))),
            (
                say("Surcharge overdue", "逾期差别电费"),
                money(sum((one.arrears for one in known.owed), start=_ZERO)),
            ),
        ),
        say(
            "Addresses are those that the enterprise alone held all the time they were seen mining.",
            "仅统计在全部观测时段内由该企业唯一持有的地址。",
        ),
    )
    yield Heading(say("One year of its power", "年用电与碳排放"))
    yield carbon(issue, known.footprint, kw, HOURS_A_YEAR)
    yield Heading(say("Sites", "场所"))
    yield _sites(known, issue)
    yield Heading(say("Addresses held", "持有地址"))
    yield _held(held, issue)
    yield Heading(say("What was seen", "监测发现"))
    yield _hits(known, issue)
    yield _evidence(known, issue)
    yield Heading(say("Projects", "项目"))
    yield Table(
        "projects",
        say("Projects", "项目"),
        project_columns(issue),
        project_rows(issue, known, known.projects),
        say("State as known on the as-of date.", "状态截至数据截止日。"),
    )
    yield computing_table(issue, running)
    yield events_table(issue, known, say("Life of the projects", "项目经过"), authors=True)
    yield Heading(say("Power and surcharge", "用电与差别电费"))
    yield from metered_chart(known.metered, issue)
    yield owed_table(known, issue)
    yield Heading(say("Finance, subsidies, penalties", "金融、补贴与处罚"))
    yield ledger_table(known, issue)
    yield Heading(say("Cases and warnings", "案件与预警"))
    yield cases_table(known, issue)
    yield Table(
        "warnings",
        say("Warnings", "预警"),
        columns(
            say("Number", "编号"),
            say("Kind", "类别"),
            say("Severity", "级别"),
            say("Raised", "时间"),
            say("State", "状态"),
            say("What", "内容"),
        ),
        [
            (one.id, one.kind, say(*one.severity), one.raised, say(*one.state), say(*one.text))
            for one in known.warnings
        ],
        say("As held on the as-of date.", "截至数据截止日。"),
    )
    if not known.hits:
        yield Paragraph(
            say(
                "No address of this enterprise was seen mining by the as-of date.",
                "截至数据截止日，未发现该企业名下地址“挖矿”。",
            )
        )


_ZERO = Decimal("0.00")


def _sites(known: Known, issue: Issue) -> Table:
    say = issue.say
    return Table(
        "sites",
        say("Sites", "场所"),
        columns(
            say("Site", "编号"),
            say("Name", "名称"),
            say("Division", "区划"),
            say("Address", "地址"),
            say("Coordinates", "坐标"),
            say("Landlord", "产权人"),
            say("Meters", "电表"),
        ),
        [
            (
                place.id,
                place.name,
                named(known, place.division),
                place.address,
                coordinates(place.longitude, place.latitude, place.datum),
                place.landlord,
                issue.join(place.meters),
            )
            for place in known.places
        ],
        say("From the registry as it was believed on the as-of date.", "取自数据截止日的登记信息。"),
    )


def coordinates(longitude: float | None, latitude: float | None, datum: str) -> str:
    """Return a place on the map with its datum; empty where it was never measured."""
    if longitude is None or latitude is None:
        return ""
    return f"{longitude:.6f}, {latitude:.6f} ({datum})"


def _held(held: tuple[Held, ...], issue: Issue) -> Table:
    say = issue.say
    return Table(
        "held",
        say("Address ranges", "地址段"),
        columns(
            say("Prefix", "地址段"),
            say("Line", "线路"),
            say("Site", "场所"),
            say("From", "起"),
            say("Until", "止"),
            say("Source", "来源"),
        ),
        [(one.prefix, one.line, one.site, one.first, one.after, one.source) for one in held],
        say("Until: the first day on which it was no longer held.", "“止”为不再持有的首日。"),
    )


def _hits(known: Known, issue: Issue) -> Table:
    say = issue.say
    return Table(
        "hits",
        say("Addresses that mine", "“挖矿”地址"),
        columns(
            say("Verdict", "判定编号"),
            say("Address", "地址"),
            say("Role", "角色"),
            say("Level", "级别"),
            (say("Probability", "概率"), "number"),
            say("Protocols", "协议"),
            say("Coins", "币种"),
            say("Pools", "矿池"),
            say("First seen", "首次"),
            say("Last seen", "最近"),
            (say("Machines", "机器数"), "number"),
            (say("Power", "功率"), "number"),
            say("Site", "场所"),
        ),
        [_hit(hit, issue) for hit in known.hits],
        say("One row for each role of an address.", "每个地址按角色各列一行。"),
    )


def _hit(hit: Hit, issue: Issue) -> tuple[Cell, ...]:
    return (
        hit.verdict,
        hit.address,
        issue.role(hit.role),
        issue.level(hit.level),
        Figure(hit.score * 100, unit="%", digits=1),
        issue.join(hit.protocols),
        issue.join(hit.coins),
        issue.join(hit.pools),
        hit.first,
        hit.last,
        figure(hit.machines),
        figure(hit.kw, "kW", 1),
        hit.site,
    )


def _evidence(known: Known, issue: Issue) -> Table:
    say = issue.say
    rows: list[tuple[Cell, ...]] = [
        (
            hit.verdict,
            hit.address,
            one.kind,
            issue.sentence(one),
            one.where.source,
            None if one.where.frame is None else str(one.where.frame),
            _moment(one.at_ns),
        )
        for hit in known.hits
        for one in hit.evidence
    ]
    return Table(
        "evidence",
        say("Evidence", "证据"),
        columns(
            say("Verdict", "判定编号"),
            say("Address", "地址"),
            say("Kind", "种类"),
            say("What was seen", "内容"),
            say("Capture", "采集文件"),
            say("Frame", "帧号"),
            say("Time", "时间"),
        ),
        rows[:MOST_EVIDENCE],
        say(
            f"The heaviest pieces of each verdict, at most {MOST_EVIDENCE:,}; times in UTC+8. The packets "
            "themselves are in the store.",
            f"每条判定取权重最大的证据，至多{MOST_EVIDENCE:,}条；时间为北京时间。原始报文保存在库中。",
        ),
    )


def _moment(at_ns: int) -> str:
    local: datetime = instant(at_ns) + CHINA
    return local.strftime("%Y-%m-%d %H:%M:%S")
