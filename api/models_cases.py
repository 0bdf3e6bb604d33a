"""The shapes of the answers of cases."""

from api.models import Model, Time
from api.models_projects import DayText
from store.access_rules import Department


class DocumentModel(Model):
    """A document by its hash."""

    sha256: str
    name: str
    size: int


class AttachedModel(DocumentModel):
    """A document that was attached."""

    by: str
    time: Time


class CaseModel(Model):
    """One case."""

    id: int
    title: str
    division: str
    project: str | None
    warning: int | None
    opened: Time
    state: str
    state_word: str
    department: Department
    department_word: str
    assignee: str | None
    handing_to: str | None
    joined: list[str]
    decision: str | None
    decision_word: str | None
    due: DayText | None
    days_late: int
    orders: int
    failed_rechecks: int
    documents: int
    last: Time


class CasesModel(Model):
    """A page of cases."""

    cases: list[CaseModel]
    next: str | None


class CaseEntryModel(Model):
    """One entry of a case's log."""

    number: int
    action: str
    action_word: str
    time: Time
    author: str
    role: str
    department: str
    note: str
    assignee: str | None
    departments: list[str]
    decision: str | None
    due: DayText | None
    passed: bool | None
    document: DocumentModel | None


class CaseFileModel(CaseModel):
    """One case with its log."""

    next: list[str]
    attached: list[AttachedModel]
    log: list[CaseEntryModel]
