"""Tables that several reports show: surcharge, metered energy, ledgers, cases."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from supervision.projects.words import STEPS, said
from supervision.reports.content.parts import Issue, columns, money, share
from supervision.reports.document import Block, Cell, Chart, Figure, Series, Table
from supervision.reports.known import Known, Metered, named
from supervision.warnings.words import DEPARTMENTS


def owed_table(known: Known, issue: Issue) -> Table:
    """Return due against paid, an account a row."""
    say = issue.say
    rows: list[tuple[Cell, ...]] = [
        (
            one.account,
            one.enterprise or one.uscc,
            one.site,
            named(known, one.division),
            issue.join(one.rules),
            Figure(one.kwh, unit="kWh", digits=1),
            money(one.due),
            money(one.paid),
            money(one.not_yet_due),
            *(money(amount) for amount in (*one.overdue, *[Decimal("0.00")] * 3)[:3]),
            share(one.paid, one.due),
        )
        for one in known.owed
    ]
    return Table(
        "surcharge",
        say("Surcharge by account", "分户差别电费"),
        columns(
            say("Account", "户号"),
            say("Enterprise", "企业"),
            say("Site", "场所"),
            say("Division", "区划"),
            say("Rules", "执行文件"),
            (say("Billed energy", "计费电量"), "number"),
            (say("Due", "应收"), "number"),
            (say("Paid", "实收"), "number"),
            (say("Not yet due", "未到期"), "number"),
            (say("Overdue to 30 days", "逾期30天内"), "number"),
            (say("to 90 days", "31至90天"), "number"),
            (say("longer", "90天以上"), "number"),
            (say("Collected", "征收率"), "number"),
        ),
        rows,
        say(
            "CNY, exact to the fen, from the book of charges with reversals; payments settle the oldest "
            "month "
            "first.",
            "单位元，精确到分，取自含冲正的应收台账；缴费先抵最早月份。",
        ),
    )


def metered_chart(metered: Iterable[Metered], issue: Issue) -> Iterator[Block]:
    """Yield metered energy by month, all accounts together; nothing where none was metered."""
    say = issue.say
    months: dict[str, Decimal] = defaultdict(Decimal)
    for one in metered:
        months[one.month] += one.kwh
    if months:
        names = tuple(sorted(months))
        yield Chart(
            "energy",
            say("Metered energy by month", "分月计量电量"),
            "bars",
            names,
            (Series("MWh", tuple(float(months[name]) / 1000 for name in names)),),
            "MWh",
            say("Sum over its accounts, as read.", "各户抄见电量之和。"),
        )


def ledger_table(known: Known, issue: Issue) -> Table:
    """Return loans, subsidies, penalties and the rest."""
    say = issue.say
    return Table(
        "ledgers",
        say("Ledgers", "台账"),
        columns(
            say("Ledger", "类别"),
            say("Enterprise", "企业"),
            say("Authority", "机构"),
            say("Granted", "日期"),
            say("Stops", "终止日期"),
            (say("Amount", "金额"), "number"),
            (say("Recovered", "已收回"), "number"),
            say("Document or reason", "文号或事由"),
        ),
        [
            (
                _ledger(one.ledger, issue),
                one.name or one.uscc,
                one.authority,
                one.granted,
                one.stops,
                None if one.amount is None else money(one.amount),
                None if one.recovered is None else money(one.recovered),
                one.state,
            )
            for one in known.ledgers
        ],
        say("As imported, known on the as-of date.", "按导入数据，截至数据截止日。"),
    )


LEDGERS = {
    "market": ("power market", "电力市场"),
    "mining-list": ("list of mining enterprises", "“挖矿”企业名单"),
    "penalties": ("penalty", "行政处罚"),
    "credit": ("credit record", "信用记录"),
    "dual-control": ("dual-control points", "能耗双控考核"),
    "support: loan": ("loan", "贷款"),
    "support: guarantee": ("guarantee", "担保"),
    "support: security": ("securities", "证券"),
    "support: subsidy": ("subsidy", "补贴"),
    "support: tax": ("tax benefit", "税收优惠"),
    "support: rent": ("rent benefit", "房租优惠"),
    "support: utility": ("utility benefit", "水电优惠"),
}


def _ledger(name: str, issue: Issue) -> str:
    return issue.say(*LEDGERS.get(name, (name, name)))


def cases_table(known: Known, issue: Issue) -> Table:
    """Return cases and how far they are."""
    say = issue.say
    return Table(
        "cases",
        say("Cases", "案件"),
        columns(
            say("Case", "编号"),
            say("Title", "标题"),
            say("Division", "区划"),
            say("State", "状态"),
            say("Opened", "立案日期"),
            say("Deadline", "期限"),
            say("Department", "承办部门"),
        ),
        [
            (
                one.id,
                one.title,
                named(known, one.division),
                issue.say(*one.state),
                one.opened,
                one.deadline,
                issue.say(*one.department),
            )
            for one in known.cases
        ],
        say("As held on the as-of date.", "截至数据截止日。"),
    )


def events_table(issue: Issue, known: Known, title: str, *, authors: bool) -> Table:
    """Return the life of the projects; with `authors` also who entered an event, and the note."""
    say = issue.say
    who = (say("Author", "经办人"), say("Note", "备注")) if authors else ()
    return Table(
        "events",
        title,
        columns(
            say("Project", "项目编号"),
            say("What", "事项"),
            say("On", "发生日期"),
            say("Known", "获知日期"),
            say("Department", "部门"),
            *who,
            say("Evidence", "依据"),
        ),
        [
            (
                one.subject,
                said(STEPS, one.what, issue.language),
                one.on,
                one.known,
                said(DEPARTMENTS, one.department, issue.language),
                *((one.author, one.note) if authors else ()),
                issue.join(one.evidence),
            )
            for one in known.happenings
        ],
        say(
            "Events are only added; a mistaken one is withdrawn by a later one.",
            "事件只增不改，误记由后续事件撤回。",
        ),
    )
