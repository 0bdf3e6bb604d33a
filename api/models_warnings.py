"""The shapes of the answers of risk warnings."""

from typing import Literal

from api.models import Model, Time
from store.access_rules import Department


class WarningModel(Model):
    """One warning."""

    id: int
    rule: str
    because: str
    division: str
    project: str | None
    state: Literal["open", "acknowledged", "resolved"]
    state_word: str
    severity: Literal["low", "medium", "high", "critical"]
    severity_word: str
    score: int
    owner: Department
    owner_word: str
    assignee: str | None
    level: Literal["central", "province", "city", "county"]
    level_word: str
    raised: Time
    last: Time
    count: int
    acknowledged: Time | None
    deadline: Time
    overdue: bool
    evidence: list[str]


class WarningsModel(Model):
    """A page of warnings."""

    warnings: list[WarningModel]
    next: str | None


class WarningEntryModel(Model):
    """One event of a warning."""

    number: int
    kind: str
    kind_word: str
    time: Time
    author: str
    department: str
    note: str
    level: str | None
    severity: str | None
    owner: str | None
    assignee: str | None
    evidence: list[str]


class WarningFileModel(WarningModel):
    """One warning with its log."""

    texts: dict[str, str]
    figures: dict[str, float]
    log: list[WarningEntryModel]
