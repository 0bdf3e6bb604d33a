"""The shapes of the answers of projects: the inventory, proposals, weeks."""

from typing import Annotated, Literal

from pydantic import Field

from api.models import Model, Time, VerdictModel
from facts.names import Level
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


class EditionModel(Model):
    """One edition of what is known of a project beside its events."""

    known: Time
    author: str
    why: str = Field(description="Why it was described anew; empty of the first edition.")
    changed: list[str] = Field(description="Fields that differ from the edition before.")


class ProjectFileModel(ProjectModel):
    """One project with its history."""

    as_of: DayText
    known: Known
    described: list[EditionModel]
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


class VictimModel(Model):
    """A hit whose machines probably mine for somebody else."""

    address: str
    uscc: str
    site: str
    division: str
    grade: Literal["campaign", "campaign-suspected"]
    probability: float = Field(description="Of a campaign, 0 to 1.")
    cluster: str = Field(description="The ownership cluster that tells it.")
    evidence: list[str]
    because: str


class ProposalsModel(Model):
    """What traffic proposes."""

    proposals: list[ProposalModel]
    unplaced: int = Field(description="Hits that several may have held, and that lie in no cluster.")
    victims: list[VictimModel] = Field(
        description="Hits of probable victims of malware campaigns: proposed as nothing, and not billed."
    )


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
