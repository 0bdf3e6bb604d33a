"""The report on the differential price: what is due, what was paid, what nobody could bill."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from supervision.reports.content.parts import (
    HOURS_A_YEAR,
    Issue,
    carbon,
    columns,
    document,
    money,
    share,
    unknown,
)
from supervision.reports.content.tables import metered_chart, owed_table
from supervision.reports.document import (
    Block,
    Cell,
    Chart,
    Document,
    Figure,
    Heading,
    KeyFigures,
    Series,
    Table,
)
from supervision.reports.known import Known, Owed, total

ZERO = Decimal("0.00")
REASONS = {
    "no-rate": ("the rule in force states no rate", "执行文件未载明加价标准"),
    "start-unknown": ("nobody knows since when it mined", "“挖矿”起始日期不明"),
    "not-told": ("the user was not told beforehand", "未事先告知用户"),
    "no-rule": ("no rule was in force", "无有效文件"),
}


def tariff(known: Known, issue: Issue) -> Document:
    """Return the report on collection."""
    say = issue.say
    return document(
        issue,
        known,
        "tariff",
        say("Differential price for mining: collection", "“挖矿”差别电价征收情况"),
        say("Due against paid, by region and account", "分地区、分户应收与实收"),
        _blocks(known, issue),
    )


def _blocks(known: Known, issue: Issue) -> Iterator[Block]:
    say = issue.say
    due, paid, arrears, waits = _sums(known.owed)
    running = [project for project in known.projects if project.running]
    yield Heading(say("Overview", "总体情况"))
    yield KeyFigures(
        (
            (say("Accounts billed", "计费户数"), Figure(len(known.owed))),
            (say("Due", "应收"), money(due)),
            (say("Paid", "实收"), money(paid)),
            (
                say("Collected of what has fallen due", "到期征收率"),
                share(due - waits - arrears, due - waits) or unknown("%"),
            ),
            (say("Not yet due", "未到期"), money(waits)),
            (say("Overdue", "逾期"), money(arrears)),
            (
                say("Days that nothing could be billed for", "未能计费天数"),
                Figure(sum(one.days for one in known.refused)),
            ),
        ),
        say(
            "CNY, exact to the fen: sums of the book of charges, reversals included, and of payments up to "
            "the "
            "as-of date.",
            "单位元，精确到分：截至数据截止日的应收台账（含冲正）与缴费合计。",
        ),
    )
    yield Heading(say("One year of what still runs", "在运项目年用电与碳排放"))
    yield carbon(issue, known.footprint, total(project.kw for project in running), HOURS_A_YEAR)
    yield Heading(say("By region", "分地区征收情况"))
    yield from _regions(known, issue)
    yield Heading(say("By month", "分月征收情况"))
    yield from _months(known, issue)
    yield from metered_chart(known.metered, issue)
    yield Heading(say("By account", "分户情况"))
    yield owed_table(known, issue)
    yield Heading(say("What could not be billed", "未能计费情况"))
    yield Table(
        "refused",
        say("Days that mined and were not billed", "“挖矿”但未计费的时段"),
        columns(
            say("Account", "户号"),
            say("From", "起"),
            say("To", "止"),
            (say("Days", "天数"), "number"),
            say("Rule", "文件"),
            say("Reason", "原因"),
        ),
        [
            (
                one.account,
                one.first,
                one.last,
                one.days,
                one.rule,
                say(*REASONS.get(one.reason, (one.reason,) * 2)),
            )
            for one in known.refused
        ],
        say("A bill is refused rather than guessed.", "依据不足时不予计费，不作推测。"),
    )


def _sums(accounts: tuple[Owed, ...] | list[Owed]) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return (
        sum((one.due for one in accounts), ZERO),
        sum((one.paid for one in accounts), ZERO),
        sum((one.arrears for one in accounts), ZERO),
        sum((one.not_yet_due for one in accounts), ZERO),
    )


def _regions(known: Known, issue: Issue) -> Iterator[Block]:
    say = issue.say
    rows: list[tuple[Cell, ...]] = []
    charted: list[tuple[str, Decimal, Decimal]] = []
    for code, name in known.regions:
        own = [one for one in known.owed if known.below(one.division) == code]
        due, paid, arrears, waits = _sums(own)
        fallen = due - waits
        rows.append(
            (code, name, len(own), money(due), money(paid), money(arrears), share(fallen - arrears, fallen))
        )
        if own:
            charted.append((name or code, due, paid))
    yield Table(
        "regions",
        say("Collection by region", "分地区征收"),
        columns(
            say("Code", "代码"),
            say("Region", "地区"),
            (say("Accounts", "户数"), "number"),
            (say("Due", "应收"), "number"),
            (say("Paid", "实收"), "number"),
            (say("Overdue", "逾期"), "number"),
            (say("Collected", "到期征收率"), "number"),
        ),
        rows,
        say("Collected: of what has fallen due.", "征收率以到期应收为基数。"),
    )
    if charted:
        yield Chart(
            "due_paid",
            say("Due and paid by region", "分地区应收与实收"),
            "bars",
            tuple(name for name, _, _ in charted),
            (
                Series(say("due", "应收"), tuple(float(due) for _, due, _ in charted)),
                Series(say("paid", "实收"), tuple(float(paid) for _, _, paid in charted)),
            ),
            say("CNY", "元"),
            say("As in the table.", "同表。"),
        )


def _months(known: Known, issue: Issue) -> Iterator[Block]:
    say = issue.say
    due: dict[str, Decimal] = defaultdict(lambda: ZERO)
    paid: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for one in known.owed:
        for month, asked, given in one.months:
            due[month] += asked
            paid[month] += given
    yield Table(
        "months",
        say("Collection by month of the bill", "按账单月份"),
        columns(
            say("Month", "月份"),
            (say("Due", "应收"), "number"),
            (say("Paid", "实收"), "number"),
            (say("Collected", "征收率"), "number"),
        ),
        [
            (month, money(due[month]), money(paid[month]), share(paid[month], due[month]))
            for month in sorted(due)
        ],
        say("A payment settles the oldest month first.", "缴费先抵最早月份。"),
    )
