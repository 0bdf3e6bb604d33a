"""What meters counted at the projects of a week, week on week, beside what traffic estimates."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from supervision.projects.metering import Counted, Metered, accuracy
from supervision.projects.metering import Week as Metering
from supervision.reports.content.parts import (
    HOURS_A_WEEK,
    Issue,
    columns,
    figure,
    footprint_of,
    unknown,
)
from supervision.reports.document import Block, Cell, Chart, Figure, KeyFigures, Series, Table
from supervision.reports.known import Estimate, Known, Project, named, total

NOTHING = Counted({}, {})


def energy(issue: Issue, known: Known, running: Sequence[Project], counted: Counted) -> Iterator[Block]:
    """Yield the metered energy of the projects that run: together, by week, and one by one."""
    say, own = issue.say, [one for one in running if one.id in counted.projects]
    accounts = tuple(counted.accounts.values())
    now, before = (_energy(one.weeks[n] for one in accounts) for n in (0, 1))
    names = (
        say("Metered electricity", "计量用电量"),
        say("Carbon dioxide of it", "计量用电量的二氧化碳排放"),
        say("Households that use as much as was metered", "计量用电量相当于居民户数"),
    )
    items, factors = footprint_of(issue, known.footprint, now and now.times(1 / 1000), HOURS_A_WEEK, names)
    whole = sum(one.weeks[0].whole and one.weeks[1].whole for one in accounts)
    error = f"{accuracy():.0%}"
    yield KeyFigures(
        (
            (say("Projects with meters", "有电表的项目"), Figure(len(own))),
            (say("Accounts", "户号"), Figure(len(accounts))),
            (say("Accounts read whole in both weeks", "两周均完整抄读的户号"), Figure(whole)),
            *items,
            (
                say("Metered in the week before", "上周计量用电量"),
                figure(before and before.times(1 / 1000), "MWh", 1) or unknown("MWh"),
            ),
            (say("Change", "环比"), _change(accounts) or unknown("%")),
        ),
        say(
            f"Counted by meters, an account once however many projects stand behind it. The interval holds "
            f"the meters' limit of error ({error}) and, for days that were not read whole, anything up to "
            f"the account's largest day. Weeks are compared where all accounts were read whole.",
            f"按电表计量，每个户号只计一次。区间包含电表误差限（{error}）；未完整抄读的日期，上限按该户最大日电量计。"
            f"仅当全部户号两周均完整抄读时计算环比。",
        )
        + factors,
    )
    yield from _unread(issue, counted)
    yield from _by_week(issue, accounts)
    yield Table(
        "metered",
        say("Metered energy of running projects", "在运项目计量电量"),
        columns(
            say("Project", "项目编号"),
            say("Enterprise", "企业"),
            say("Division", "区划"),
            say("Accounts", "户号"),
            (say("This week", "本周电量"), "number"),
            (say("Week before", "上周电量"), "number"),
            say("Days read", "抄读天数"),
            (say("Change", "环比"), "number"),
            (say("Metered power", "计量功率"), "number"),
            (say("Estimated power", "估算功率"), "number"),
        ),
        [_row(issue, known, one, counted.projects[one.id]) for one in own],
        say(
            f"{len(running) - len(own)} of the running projects have no account in the registry. Days read: "
            "this week, week before. Metered power is the mean of the last day that was read whole. The "
            "readings are found by the account.",
            f"{len(running) - len(own)}个在运项目未登记户号。抄读天数依次为本周、上周。"
            "计量功率为最近一个完整抄读日的平均功率。可按户号查询读数。",
        ),
    )


def unread(issue: Issue, counted: Counted) -> tuple[str, ...]:
    """Return a sentence for each file of curves that could not be read."""
    return tuple(
        issue.say(
            f"{one.name}: damaged: {one.why}; what it says of {one.month} is not in the report",
            f"{one.name}：已损坏：{one.why}；其中{one.month}的读数未计入报告",
        )
        for one in counted.unread
    )


def _unread(issue: Issue, counted: Counted) -> Iterator[Block]:
    """Yield which files could not be read, and which days of which accounts are not covered for that."""
    if not counted.unread:
        return
    say = issue.say
    yield Table(
        "unread_curves",
        say("Files of curves that could not be read", "无法读取的曲线文件"),
        columns(say("File", "文件"), say("Month", "月份"), say("Reason", "原因")),
        [(one.name, one.month, one.why) for one in counted.unread],
        say(
            "Nothing that these files say is in any figure. Where one of them corrected an earlier import, "
            "the earlier reading stands here.",
            "这些文件中的读数未计入任何数字；若其中有对先前导入的更正，此处仍按更正前的读数。",
        ),
    )
    yield Table(
        "uncovered",
        say("Days that are not covered", "未覆盖的日期"),
        columns(
            say("Account", "户号"),
            (say("Days", "天数"), "number"),
            say("First", "首日"),
            say("Last", "末日"),
        ),
        [(one.account, one.days, one.first, one.last) for one in counted.uncovered],
        say(
            "Days of the months above that no other file holds. In intervals they count like days that were "
            "not read.",
            "上述月份中其他文件未包含的日期；计算区间时按未抄读日期处理。",
        ),
    )


def _row(issue: Issue, known: Known, project: Project, metered: Metered) -> tuple[Cell, ...]:
    now, before = metered.weeks[:2]
    error = accuracy()
    kw = metered.kw
    power = None if kw is None else Estimate(kw, kw * (1 - error), kw * (1 + error))
    return (
        project.id,
        project.enterprise or project.uscc,
        named(known, project.division),
        issue.join(metered.accounts),
        _kwh(now),
        _kwh(before),
        f"{now.days}/7, {before.days}/7",
        _change((metered,)),
        figure(power, "kW", 1),
        figure(project.kw, "kW", 1),
    )


def _kwh(week: Metering) -> Figure | None:
    """Return the energy of a week; None where nothing was read and nothing bounds it."""
    low, high = week.interval
    if high is None and not week.kwh:
        return None
    return Figure(week.kwh, low, week.kwh if high is None else high, "kWh")


def _energy(weeks: Iterable[Metering]) -> Estimate | None:
    """Return the energy of some accounts in one week, kWh; None where one has no interval."""
    held = list(weeks)
    parts = []
    for one in held:
        low, high = one.interval
        if high is None:
            return None
        parts.append(Estimate(one.kwh, low, high))
    return total(parts)


def _change(accounts: Iterable[Metered]) -> Figure | None:
    """Return how the energy of a week differs from that of the week before, in percent; None where a day of
    either is not whole."""
    held = list(accounts)
    now, before = (_energy(one.weeks[n] for one in held) for n in (0, 1))
    if now is None or before is None or before.low <= 0:
        return None
    if not all(week.whole for one in held for week in one.weeks[:2]):
        return None
    parts = now.value / before.value, now.low / before.high, now.high / before.low
    value, low, high = ((part - 1) * 100 for part in parts)
    return Figure(value, low, high, "%", 1)


def _by_week(issue: Issue, accounts: Sequence[Metered]) -> Iterator[Block]:
    if not accounts:
        return
    say, count = issue.say, len(accounts[0].weeks)
    read = [n for n in range(count) if any(one.weeks[n].days for one in accounts)]
    if not read or max(read) < 1:
        return
    places = range(max(read), -1, -1)  # the oldest first
    found = [_energy(one.weeks[n] for one in accounts) for n in places]
    picks: tuple[tuple[str, Callable[[Estimate], float]], ...] = (
        (say("counted", "计量"), lambda one: one.value),
        (say("low", "下限"), lambda one: one.low),
        (say("high", "上限"), lambda one: one.high),
    )
    yield Chart(
        "metered_weeks",
        say("Metered energy by week", "各周计量电量"),
        "lines",
        tuple(_label(accounts[0].weeks[n]) for n in places),
        tuple(
            Series(name, tuple(None if one is None else pick(one) / 1000 for one in found))
            for name, pick in picks
        ),
        "MWh",
        say(
            "Of the accounts of the projects that run at the end of this week; named by the first day.",
            "为本周末在运项目所属户号的电量，以每周首日标注。",
        ),
    )


def _label(week: Metering) -> str:
    return week.first.isoformat()
