"""The shapes of the answers about judged loads."""

from typing import Annotated, Literal

from pydantic import Field

from api.models import Model, Probability, Time

DayText = Annotated[str, Field(json_schema_extra={"format": "date"})]
LevelWord = Literal["likely", "suspected", "unusual", "none", "unknown"]


class JudgedModel(Model):
    """By what, and of when, a finding is."""

    run: int
    first: DayText
    as_of: DayText = Field(description="The last day that was looked at.")
    model: str = Field(description="Beginning of the hash of the model, or of the rules.")
    known: Time


class WeighedModel(Model):
    """A reason with its weight."""

    kind: str
    value: float | None
    log_odds: float | None = Field(description="What it added: above 0 for mining, below against; nats.")
    text: str


class GroundModel(Model):
    """A reason with its figures."""

    kind: str
    figures: dict[str, float | str | None]
    text: str


class EndsModel(Model):
    """A figure with its interval."""

    value: float | None
    low: float | None
    high: float | None


class ScoreModel(Model):
    """How probable it is that an account feeds mining machines. A meter alone confirms nothing."""

    account: str
    uscc: str
    site: str
    division: str
    level: LevelWord
    level_word: str
    probability: Probability | None
    log_odds: float | None
    unusual: Probability | None = Field(description="Part of honest accounts as unlike all others.")
    kw: float | None = Field(description="Mean load.")
    reasons: list[WeighedModel]
    judged: JudgedModel


class ScoresModel(Model):
    """One page of accounts."""

    scores: list[ScoreModel]
    next: str | None


class CurveModel(Model):
    """A load curve; of each step the mean, the least and the highest quarter of an hour, kW."""

    first: DayText
    last: DayText
    step: Literal["quarter", "hour", "day"]
    minutes: int
    kw: list[float | None] = Field(description="Null where no value is known.")
    low: list[float | None]
    high: list[float | None]
    missing: list[int] = Field(description="Quarters of an hour without a value.")


class ScoreFileModel(Model):
    """All that is known of the load of one account."""

    account: str
    uscc: str
    site: str
    division: str
    contracted_kva: float | None
    meters: int
    score: ScoreModel | None = Field(description="The latest; null where it was never told of.")
    history: list[ScoreModel] = Field(description="All of them, the latest first.")
    curve: CurveModel | None = Field(description="Null where the service holds no curves.")


class SiteKindModel(Model):
    """Whether a site is a mining farm or a data centre."""

    site: str
    uscc: str
    division: str
    kind: Literal["mining_farm", "data_centre", "undecided"]
    kind_word: str
    probability: Probability | None = Field(description="Of a farm.")
    log_odds: float | None
    metered_kw: float | None
    reasons: list[WeighedModel]
    judged: JudgedModel


class SiteKindsModel(Model):
    """One page of sites."""

    sites: list[SiteKindModel]
    next: str | None


class FollowsModel(Model):
    """Which part of the machines' changes the meter makes."""

    part: float | None
    error: float | None


class HoursModel(Model):
    """Hours by where the metered load lies."""

    inside: int
    above: int
    below: int
    unknown: int


class ReconciliationModel(Model):
    """What network and meter say together of a site."""

    site: str
    uscc: str
    division: str
    finding: Literal[
        "agree", "hidden_machines", "other_load", "wrong_attribution", "private_line_or_theft", "unknown"
    ]
    finding_word: str
    hours: int
    network_kw: EndsModel
    metered_kw: float | None
    kw_apart: float | None = Field(description="Metered less what the network shows.")
    ratio: float | None
    follows: FollowsModel
    joules_per_th: list[float | None] | None = Field(description="Value, low, high.")
    alarm: str | None
    better_site: str | None
    hours_inside: HoursModel
    first_hour: str
    reasons: list[GroundModel]
    judged: JudgedModel


class ReconciliationsModel(Model):
    """One page of sites."""

    reconciliations: list[ReconciliationModel]
    next: str | None


class LineModel(Model):
    """A plant that delivers less, with neither dispatch nor resource to blame."""

    plant: str
    division: str
    level: Literal["suspected", "unexplained"]
    level_word: str
    day: DayText = Field(description="Since when.")
    missing_kw: EndsModel
    part: float | None = Field(description="Of the usual delivery.")
    signal: float | None = Field(description="Standard errors.")
    by: Literal["resource", "peers"]
    load: str | None = Field(description="That appeared at the time, by about as much.")
    load_kw: float | None
    judged: JudgedModel


class LinesModel(Model):
    """One page of plants."""

    lines: list[LineModel]
    next: str | None


class UseModel(Model):
    """The energy of an enterprise for what it makes, beside its trade."""

    basis: Literal["output", "headcount"]
    ratio: float = Field(description="kWh for each CNY of output, or for each head.")
    median: float = Field(description="Of the peers.")
    peers: str = Field(description="Their class (GB/T 4754).")
    count: int
    percentile: float = Field(ge=0, le=100, description="Part of the peers below it.")
    deviations: float = Field(description="Robust deviations above the median of logarithms.")
    high: bool
    text: str


class PeersModel(Model):
    """An enterprise beside its trade: high use with low output."""

    uscc: str
    division: str = Field(description="The smallest that holds all its accounts; empty where nobody knows.")
    level: Literal["high", "usual"]
    level_word: str
    deviations: float | None = Field(description="The furthest of its comparisons.")
    kw: float | None = Field(description="Mean load over the days of the figures.")
    uses: list[UseModel]
    judged: JudgedModel


class PeersPageModel(Model):
    """One page of enterprises."""

    peers: list[PeersModel]
    next: str | None
