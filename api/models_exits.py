"""The shapes of the answers of exit plans and the progress of regions."""

from typing import Literal

from pydantic import Field

from api.models import Model, Time
from api.models_projects import DayText, EstimateModel, Known
from supervision.projects.events import Step


class MilestoneModel(Model):
    """One step of a timetable."""

    step: Step
    step_word: str
    due: DayText
    body: str
    limit_kw: float | None


class PlanModel(Model):
    """One edition of a plan."""

    class_: str = Field(alias="class")
    class_word: str
    body: str
    known: Time
    author: str
    department: str
    reason: str
    milestones: list[MilestoneModel]


class ProgressModel(MilestoneModel):
    """How one step stands."""

    first_due: DayText
    done: DayText | None
    state: Literal["open", "late", "done", "done-late"]
    state_word: str
    days_late: int
    days_late_at_first: int = Field(description="Behind the date of the first edition.")


class ExitModel(Model):
    """How far one project is on its way out."""

    project: str
    name: str
    enterprise: str
    uscc: str
    division: str
    state: Step | None
    state_word: str | None
    class_: str | None = Field(alias="class")
    body: str | None
    next: Step | None
    due: DayText | None
    days_late: int
    days_late_at_first: int
    relapses: int
    progress: list[ProgressModel]


class ExitsModel(Model):
    """A page of projects on their way out."""

    as_of: DayText
    known: Known
    exits: list[ExitModel]
    next: str | None


class ExitFileModel(ExitModel):
    """One project's way out with all editions of its plan."""

    as_of: DayText
    known: Known
    plans: list[PlanModel]


RelapseKind = Literal["returned", "reoccupied", "moved", "power-stays", "power-back"]


class RelapseModel(Model):
    """What came back after the exit of a project."""

    project: str
    name: str
    division: str = Field(description="The smallest that holds the project and where it mines now.")
    kind: RelapseKind = Field(description="The last two are told by meters, the others by traffic.")
    kind_word: str
    exited: DayText
    seen: DayText = Field(description="The first day that tells it.")
    uscc: str = Field(description="Who holds the address, or the account, now.")
    site: str
    kw: EstimateModel | None
    machines: EstimateModel | None
    evidence: list[str]


class RelapsesModel(Model):
    """A page of what came back."""

    as_of: DayText
    relapses: list[RelapseModel]
    next: str | None


class RegionModel(Model):
    """How far a region is."""

    division: str
    name: str
    level: Literal["central", "province", "city", "county"]
    level_word: str
    projects: int
    running: int
    planned: int = Field(description="Running ones with a plan.")
    exited: int
    relapses: int
    late: int
    days_late: int
    progress: float | None
    kw: EstimateModel | None
    kw_left: EstimateModel | None


class RegionsModel(Model):
    """A region first, then those right below it."""

    as_of: DayText
    known: Known
    regions: list[RegionModel]
