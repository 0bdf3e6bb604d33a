"""Exit plans: a class, a timetable of steps with who is responsible, and how far each step slips.

A plan is never changed: a new edition is added. Slippage is told against the edition in force and against the
first one, so that moving a date hides nothing. A step is done by the event of the project's own life.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any, Literal

from facts.errors import SettingsError
from supervision.projects.events import Event, Step, life
from supervision.projects.words import STEPS
from supervision.refusals import Refused

WAY_OUT = (Step.NOTIFIED, Step.LIMITED, Step.CUT_OFF, Step.EXITED)
"""The steps that a timetable may hold, in their order: a later one done makes those before it done too."""
State = Literal["open", "late", "done", "done-late"]


@dataclass(frozen=True, slots=True)
class Milestone:
    """One step of a timetable."""

    step: Step
    due: date
    """The last day on which it is in time."""
    body: str
    """Who is responsible."""
    limit_kw: float | None = None
    """Of a power limit: what may be drawn from then on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One edition of a project's plan."""

    project: str
    known: datetime
    author: str
    department: str
    category: str
    """Id of its class (classes.toml)."""
    body: str
    """Who is responsible for the whole."""
    milestones: tuple[Milestone, ...]
    """In the order of WAY_OUT."""
    reason: str = ""
    """Of a later edition, why it takes the place of the one before."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How one milestone stands on a day."""

    milestone: Milestone
    first_due: date
    """In the first edition that had this step."""
    done: date | None
    state: State
    days_late: int
    """Behind `milestone.due`: of a step that is done the days it took too long, else those until the day."""
    days_late_at_first: int
    """The same behind `first_due`."""


@dataclass(frozen=True, slots=True)
class Category:
    """A class of exit with its usual timetable."""

    id: str
    en: str
    zh: str
    sizes: tuple[str, ...]
    days: Mapping[Step, int]


def check(plan: Plan, before: Sequence[Plan]) -> None:
    """Raise Refused where a plan cannot be: no steps, one twice, dates against their order, no reason."""
    steps = [one.step for one in plan.milestones]
    if not steps or steps[-1] is not Step.EXITED:
        raise Refused("a plan ends with the step exited", "计划须以“已退出”结束")
    if steps != [step for step in WAY_OUT if step in steps] or any(step not in WAY_OUT for step in steps):
        order = ", ".join(WAY_OUT)
        raise Refused(f"a plan holds steps of {order}, each once, in this order", "计划步骤重复或顺序有误")
    for early, late in zip(plan.milestones, plan.milestones[1:], strict=False):
        if late.due < early.due:
            raise Refused(
                f"{late.step} is due on {late.due}, before {early.step} on {early.due}",
                f"“{STEPS[late.step][1]}”的期限 {late.due} 早于“{STEPS[early.step][1]}”的期限 {early.due}",
            )
    if any(one.limit_kw is not None and one.step is not Step.LIMITED for one in plan.milestones):
        raise Refused("only a power limit has a limit in kW", "只有限电步骤可设限值")
    if before and not plan.reason.strip():
        raise Refused("a new edition of a plan says why it is made", "修订计划须说明理由")


def in_force(plans: Iterable[Plan], as_known: datetime) -> Plan | None:
    """Return the last edition known at a time; `plans` of one project as they were entered."""
    known = [plan for plan in plans if plan.known <= as_known]
    return known[-1] if known else None


def progress(
    plans: Sequence[Plan], events: Iterable[Event], as_known: datetime, as_of: date
) -> tuple[Progress, ...]:
    """Return how each milestone of the edition in force stands on a day; nothing where there is no plan.

    After a relapse only what happened since counts, and so do only the editions made since, where there are
    any. A project that was rejected has nothing to do.
    """
    lived = life(events, as_known, as_of)
    plan = in_force(plans, as_known)
    if plan is None or (lived and lived[-1].step is Step.REJECTED):
        return ()
    relapse = max((n for n, event in enumerate(lived) if event.step is Step.RELAPSED), default=None)
    since = lived if relapse is None else lived[relapse:]
    editions = [one for one in plans if one.known <= as_known]
    if relapse is not None and (anew := [one for one in editions if one.known >= lived[relapse].known]):
        editions = anew
    return tuple(_progress(one, editions, since, as_of) for one in plan.milestones)


def draft(
    category: Category,
    project: str,
    begin: date,
    body: str,
    author: str,
    department: str,
    known: datetime,
    reason: str = "",
) -> Plan:
    """Return a plan with the usual timetable of its class."""
    steps = (
        Milestone(step, begin + timedelta(days=category.days[step]), body)
        for step in WAY_OUT
        if step in category.days
    )
    return Plan(project, known, author, department, category.id, body, tuple(steps), reason)


def shipped_categories() -> tuple[Category, ...]:
    """Return the classes of the package."""
    text = files("supervision.exits").joinpath("classes.toml").read_text("utf-8")
    return parse_categories(text, "classes.toml")


def parse_categories(text: str, name: str) -> tuple[Category, ...]:
    """Read a file of classes. Raises SettingsError with the file's name and what is wrong."""
    try:
        tables = tomllib.loads(text).get("class", [])
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(error), name) from error
    made = tuple(_category(table, f"{name}: class {n}") for n, table in enumerate(tables, 1))
    if not made or len({one.id for one in made}) != len(made):
        raise SettingsError("holds classes, each with an id of its own", name)
    return made


def _category(table: Mapping[str, Any], where: str) -> Category:
    if set(table) != {"id", "en", "zh", "sizes", "days"}:
        raise SettingsError("has id, en, zh, sizes and days, all of them and nothing else", where)
    try:
        days = {Step(step): days for step, days in table["days"].items()}
    except ValueError as error:
        raise SettingsError(f"days: {error}", where) from error
    ordered = [days[step] for step in WAY_OUT if step in days]
    if Step.EXITED not in days or set(days) - set(WAY_OUT) or ordered != sorted(ordered) or ordered[0] < 0:
        raise SettingsError("days rise along the way out, from 0 to the step exited", where)
    return Category(table["id"], table["en"], table["zh"], tuple(table["sizes"]), days)


def _progress(
    milestone: Milestone, editions: Sequence[Plan], since: Sequence[Event], as_of: date
) -> Progress:
    first_due = next(
        (one.due for plan in editions for one in plan.milestones if one.step is milestone.step), milestone.due
    )
    later = WAY_OUT[WAY_OUT.index(milestone.step) :]
    done = min((event.on for event in since if event.step in later), default=None)
    behind = _days(milestone.due, done, as_of)
    states: tuple[State, State] = ("open", "late") if done is None else ("done", "done-late")
    return Progress(milestone, first_due, done, states[behind > 0], behind, _days(first_due, done, as_of))


def _days(due: date, done: date | None, as_of: date) -> int:
    return max(0, ((as_of if done is None else done) - due).days)
