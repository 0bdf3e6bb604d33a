"""The shapes of the answers of projects, exits, warnings and cases."""

from typing import Annotated, Literal

from pydantic import Field

from api.models import Model, Time, VerdictModel
from facts.names import Level
from store.access_rules import Department
from supervision.projects.events import Step

DayText = str
Known = Annotated[Time | None, Field(description="As known then; null: as known now.")]


class EstimateModel(Model):
    """An estimate with its interval."""

    value: float
    low: float
    high: float


class FigureModel(EstimateModel):
    """An estimate and what it rests on."""

    evidence: list[str] = Field(description="`verdict:17`, `reading:...`, `file:<sha256>`.")


class ComputingModel(FigureModel):
    """Hashes a second of one algorithm: never summed over algorithms."""

    algorithm: str
    unit: Literal["H/s"]


class RateModel(EstimateModel):
    """Hashes a second of one algorithm."""

    algorithm: str
    unit: Literal["H/s"]


class MeasureModel(Model):
    """How large a project was on a day."""

    on: DayText
    known: Time
    basis: Literal["traffic", "meters", "inspection"]
    machines: FigureModel | None
    kw: FigureModel | None
    kwh_day: FigureModel | None
    metered: bool = Field(description="`kwh_day` was metered; else it is what `kw` comes to.")
    computing: list[ComputingModel]
    evidence: list[str]


class ClassModel(Model):
    """A class of projects."""

    id: str
    word: str


class PlannedModel(Model):
    """What is planned."""

    start: DayText | None
    kw: float | None
    machines: int | None


class ProjectModel(Model):
    """One project of the inventory."""

    id: str
    kind: Literal["running", "planned"]
    kind_word: str
    name: str
    uscc: str
    enterprise: str
    site: str
    sites: list[str]
    lines: list[str]
    accounts: list[str] = Field(description="Electricity accounts.")
    address: str
    park: str
    cluster: str = Field(description="Ownership cluster, of a project that nobody is registered for.")
    division: str
    state: Step | None = Field(description="The last step; null of a planned one that was not found yet.")
    state_word: str | None
    running: bool
    since: DayText | None
    first: DayText | None
    relapses: int
    measured: MeasureModel | None
    size: ClassModel | None
    size_could_be: list[str] = Field(description="Classes that the interval of the power reaches into.")
    energy_level: ClassModel | None
    coal_t_year: EstimateModel | None = Field(description="Tonnes of standard coal, drawn all year round.")
    planned: PlannedModel | None
    note: str


class ProjectsModel(Model):
    """A page of the inventory."""

    as_of: DayText
    known: Known
    projects: list[ProjectModel]
    next: str | None


class ProjectEventModel(Model):
    """One event in a project's life."""

    number: int
    step: Step
    step_word: str
    on: DayText
    known: Time
    author: str
    department: str
    note: str
    evidence: list[str]
    withdraws: int | None
    stands: bool = Field(description="It was true by then, and was not withdrawn.")


class CarbonModel(Model):
    """What the energy of a day comes to."""

    kg_day: int
    t_year: float
    households: int = Field(description="So many use as much in a year as it does.")
    factor: str
    kg_per_kwh: str
    source: str
    mark: str = Field(description="V: read in a public source; R: recalled, check it; G: generated.")
    carried: bool = Field(description="The factor is an earlier year's.")


class ProjectFileModel(ProjectModel):
    """One project with its history."""

    as_of: DayText
    known: Known
    events: list[ProjectEventModel]
    next: list[Step]
    measures: list[MeasureModel]
    carbon: CarbonModel | None


class ProjectEvidenceModel(Model):
    """What a figure of a project rests on."""

    figure: str | None
    evidence: list[str]
    verdicts: list[VerdictModel]
    unseen: int = Field(description="Verdicts that are gone, or that the account may not see.")


class ProposalModel(Model):
    """Hits that belong together."""

    project: str = Field(description="The id that the project has, or would have.")
    uscc: str
    enterprise: str
    site: str
    cluster: str
    division: str
    address: str
    lines: list[str]
    addresses: list[str]
    level: Level
    first: DayText
    last: DayText
    machines: EstimateModel | None
    kw: EstimateModel | None
    computing: list[RateModel]
    unmeasured: int = Field(description="Addresses whose power is not known.")
    evidence: list[str]
    clusters: list[str]
    state: Step | None = Field(description="Of the project, where there is one already.")
    state_word: str | None


class ProposalsModel(Model):
    """What traffic proposes."""

    proposals: list[ProposalModel]
    unplaced: int = Field(description="Hits that several may have held, and that lie in no cluster.")


class TotalsModel(Model):
    """What the inventory sums up to."""

    projects: int
    running: int
    by_state: dict[str, int]
    gone: int
    relapses: int
    by_size: dict[str, int]
    kw: EstimateModel | None
    machines: EstimateModel | None
    unmeasured: int = Field(description="Running projects whose power is not known.")
    computing: list[RateModel]


class MovedModel(Model):
    """A project at another step."""

    project: str
    before: Step
    now: Step


class GrownModel(Model):
    """A project whose power changed beyond its interval, kW."""

    project: str
    before: float
    now: float


class ChangeModel(Model):
    """How the inventory changed."""

    new: list[str]
    back: list[str]
    gone: list[str]
    moved: list[MovedModel]
    grown: list[GrownModel]


class WeekModel(Model):
    """The inventory at the end of a week, and how it changed since the week before."""

    week: str
    before: str
    division: str
    as_of: DayText
    known: Known
    totals: TotalsModel
    change: ChangeModel


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
