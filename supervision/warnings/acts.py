"""What people do with warnings: acknowledge, assign, note, resolve, open again; and who may."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.access_rules import AccountRole, Department, lies_in
from supervision.exits.regions import LEVELS, level_of
from supervision.refusals import Forbidden, Refused
from supervision.warnings.life import Entry, Standing
from supervision.warnings.words import LEVELS as LEVEL_WORDS
from supervision.warnings.words import STATES

ACTS = ("acknowledge", "assign", "note", "resolve", "reopen")
_KINDS = {
    "acknowledge": "acknowledged", "assign": "assigned", "note": "noted", "resolve": "resolved",
    "reopen": "reopened",
}  # fmt: skip
_FROM = {
    "acknowledge": {"open"},
    "assign": {"open", "acknowledged"},
    "note": {"open", "acknowledged", "resolved"},
    "resolve": {"open", "acknowledged"},
    "reopen": {"resolved"},
}
_LEADING = Department.DEVELOPMENT_REFORM.value
"""The body that leads the others may act for each of them."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts."""

    name: str
    role: str
    division: str
    department: str
    everything: bool = False
    """The person at a machine without accounts, who acts for all."""


def act(
    held: Standing,
    actor: Actor,
    action: str,
    now: datetime,
    note: str = "",
    owner: str = "",
    assignee: str = "",
    deadline: datetime | None = None,
) -> Entry:
    """Return the event that an action makes. Raises Forbidden, or Refused where it cannot be done now."""
    if action not in _KINDS:
        raise Refused(f"an action is one of {', '.join(ACTS)}", f"操作须是 {'、'.join(ACTS)} 之一")
    _permit(held, actor, action)
    if held.state not in _FROM[action]:
        raise Refused(
            f"a warning that is {held.state} cannot be told to {action}",
            f"预警处于“{STATES[held.state][1]}”状态，不能执行该操作",
        )
    if action in ("note", "resolve", "reopen") and not note.strip():
        raise Refused(f"to {action}, say why in a note", "请在备注中说明理由")
    record: dict[str, Any] = {"note": note.strip()}
    if action == "assign":
        if owner and owner not in set(Department):
            raise Refused(f"no department {owner!r}", f"没有部门 {owner!r}")
        if not (owner or assignee):
            raise Refused("an assignment names a department or a person", "转办须指明部门或人员")
        if deadline is not None and deadline <= now:
            raise Refused("a deadline is still to come", "期限须晚于当前时间")
        record |= {"owner": owner, "assignee": assignee}
        record["deadline"] = None if deadline is None else deadline.isoformat()
    return Entry(0, held.head.id, _KINDS[action], now, actor.name, actor.department, record)


def _permit(held: Standing, actor: Actor, action: str) -> None:
    if actor.everything:
        return
    if not lies_in(held.head.division, actor.division):
        raise Forbidden("it lies in another region", "该预警属于其他地区")
    if action == "note":
        return
    level = level_of(actor.division)
    if LEVELS.index(level) > LEVELS.index(held.level):
        raise Forbidden(
            f"it has risen to the level {held.level}; an account of the level {level} may add notes",
            f"该预警已升级至{LEVEL_WORDS[held.level][1]}，{LEVEL_WORDS[level][1]}账户只能备注",
        )
    if actor.department not in (held.owner, _LEADING):
        raise Forbidden(
            f"the department {held.owner} answers for it, and {_LEADING} leads",
            "该预警由其他部门负责，仅责任部门或发展改革部门可处置",
        )
    if action == "assign" and actor.role != AccountRole.SUPERVISOR.value:
        raise Forbidden("a supervisor assigns", "转办须由监管人员执行")
