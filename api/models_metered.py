"""The shapes of the answers about what meters count at projects."""

from typing import Annotated, Literal

from pydantic import Field

from api.models import Model

DayText = Annotated[str, Field(json_schema_extra={"format": "date"})]


class EstimateModel(Model):
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


class WeekOfEnergyModel(Model):
    """Energy of seven days."""

    first: DayText
    kwh: float = Field(description="Of the days that are held.")
    low: float = Field(description="The least: less the meters' limit of error.")
    high: float | None = Field(
        description="The most, days not read taken as the largest that was; null where none was read whole."
    )
    days: int = Field(ge=0, le=7, description="That were read whole.")


class MeteredModel(Model):
    """What the meters of one project count."""

    accounts: list[str]
    weeks: list[WeekOfEnergyModel] = Field(description="The latest first.")
    change: float | None = Field(
        description="Of the latest week beside the one before; null where one is not whole."
    )
    last: DayText | None = Field(description="The last whole day.")
    kw: float | None = Field(description="Mean of that day.")
    beside_estimate: Literal["inside", "above", "below"] | None = Field(
        description="Where `kw` lies beside the interval of the estimate."
    )
    evidence: list[str] = Field(description="reading:<account>/<first day>/<last day>")


class ProjectMeteredModel(Model):
    """What traffic estimates of a project beside what its meters count."""

    project: str
    as_of: DayText
    known: str | None
    estimated_kw: EstimateModel | None
    basis: str | None = Field(description="Of the estimate: traffic, meters or inspection.")
    metered: MeteredModel | None = Field(description="Null where no account is known.")


class OfInventoryModel(Model):
    """One project of a week."""

    project: str
    name: str
    state: str | None
    estimated_kw: EstimateModel | None
    metered: MeteredModel


class MeteredTotalsModel(Model):
    """All together; an account of several projects counts once."""

    projects: int
    accounts: int
    kwh: float
    before_kwh: float
    change: float | None = Field(description="Null where a week of an account is not whole.")
    kw: float
    not_whole: int = Field(description="Accounts of which days are missing.")


class MeteredWeekModel(Model):
    """What meters counted in a week of the inventory."""

    week: str
    before: str
    division: str
    as_of: DayText
    known: str | None
    totals: MeteredTotalsModel
    projects: list[OfInventoryModel]
    without: int = Field(description="Running projects of which no account is known.")
