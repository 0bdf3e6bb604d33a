"""Who may do what in a case: role x region x department."""

from collections.abc import Mapping

from store.access_rules import AccountRole, Department, lies_in
from supervision.cases.life import Standing
from supervision.cases.words import ACTIONS
from supervision.refusals import Forbidden
from supervision.warnings.acts import Actor

_SUPERVISORS = frozenset({AccountRole.SUPERVISOR.value})
_BOTH = frozenset({AccountRole.SUPERVISOR.value, AccountRole.ANALYST.value})
LEADING = Department.DEVELOPMENT_REFORM.value
"""The body that leads the others: it may assign, join, hand over and reopen where another has the case."""

ROLES: Mapping[str, frozenset[str]] = {
    "open": _BOTH,
    "assign": _SUPERVISORS,
    "hand-over": _SUPERVISORS,
    "accept": _BOTH,
    "return": _BOTH,
    "join": _SUPERVISORS,
    "inspect": _BOTH,
    "decide": _SUPERVISORS,
    "order": _SUPERVISORS,
    "extend": _SUPERVISORS,
    "reply": _BOTH,
    "recheck": _BOTH,
    "close": _SUPERVISORS,
    "reopen": _SUPERVISORS,
    "attach": _BOTH,
    "note": _BOTH,
}
"""By action, the roles that may."""
_JOINED = frozenset({"inspect", "reply", "recheck", "attach", "note"})
"""What departments of a joint action may do beside the one that has the case."""
_LED = frozenset({"assign", "join", "hand-over", "reopen", "note"})
_ANYBODY = frozenset({"note"})
"""What every department may that sees the case."""


def permit_opening(actor: Actor, division: str) -> None:
    """Raise Forbidden where an account may not open a case in a division."""
    if not actor.everything:
        _role("open", actor)
        if not lies_in(division, actor.division):
            raise Forbidden(f"{division} lies in another region", f"{division} 不在本账户辖区内")


def permit(held: Standing, actor: Actor, action: str) -> None:
    """Raise Forbidden where an account may not do something in a case.

    Who inspected on site does not re-check alone: a case is checked again by somebody else.
    """
    if actor.everything:
        return
    _role(action, actor)
    if not lies_in(held.case.division, actor.division):
        raise Forbidden("the case lies in another region", "该案件属于其他地区")
    if action in ("accept", "return"):
        if actor.department != held.handing_to:
            raise Forbidden(
                f"only {held.handing_to or 'the department it is handed to'} may {action} it",
                "只有被移交部门可以接收或退回",
            )
        return
    mine = actor.department == held.department
    joined = actor.department in held.joined and action in _JOINED
    led = actor.department == LEADING and action in _LED
    if not (mine or joined or led or action in _ANYBODY):
        raise Forbidden(
            f"the department {held.department} has the case: {actor.department} may not {action} in it",
            f"该案件由其他部门承办，本部门不能“{ACTIONS[action][1]}”",
        )
    if action == "recheck" and actor.name in held.inspectors:
        raise Forbidden("who inspected does not re-check", "复查须由未参与现场检查的人员进行")


def _role(action: str, actor: Actor) -> None:
    if actor.role not in ROLES.get(action, _BOTH):
        roles = ", ".join(sorted(ROLES[action]))
        raise Forbidden(f"{action} is for the roles {roles}", f"“{ACTIONS[action][1]}”须由监管人员执行")
