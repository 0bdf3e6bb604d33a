"""The shapes of the answers of the differential price."""

from typing import Annotated, Literal

from pydantic import Field

from api.models import Model, Time

Money = Annotated[str, Field(pattern=r"^-?[0-9]+\.[0-9]{2}$", description="CNY, exact to the fen.")]
Decimals = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
DayText = Annotated[str, Field(json_schema_extra={"format": "date"})]
MonthText = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]
State = Literal["proposed", "confirmed", "rejected", "withdrawn"]


class RuleModel(Model):
    """A rule of a jurisdiction."""

    id: str
    jurisdiction: str
    rate: Decimals | None = Field(description="CNY/kWh; null where it is not known: nothing is billed by it.")
    tax: Literal["included", "excluded", "unstated"]
    scope: Literal["account", "share"]
    valid_from: DayText
    valid_to: DayText | None = Field(description="Exclusive.")
    start: Literal["mining", "issue", "told"]
    part_period: Literal["daily-average"]
    unknown_months: int | None
    backpay_penalty: int | None
    market: list[str]
    document: str
    status: Literal["in-force", "draft"]
    mark: Literal["V", "R"]
    note: str
    bills: bool = Field(description="In force, or a draft that was enacted.")


class RulesModel(Model):
    """Rules."""

    rules: list[RuleModel]


class PeriodEvidenceModel(Model):
    """What a mining period rests on."""

    source: str
    verdicts: list[int]
    addresses: list[str]
    lines: list[str]


class MiningPeriodModel(Model):
    """A period of mining on an account."""

    period: str
    account: str
    division: str
    state: State = Field(description="Only what is confirmed is billed.")
    first: DayText | None
    last: DayText | None = Field(description="Inclusive; null while it goes on.")
    found: DayText | None
    share: Decimals
    because: str
    evidence: PeriodEvidenceModel
    known: Time
    author: str


class MiningListModel(Model):
    """Mining periods."""

    periods: list[MiningPeriodModel]
    next: str | None


class ReadingModel(Model):
    """Energy of a reading period."""

    first: DayText
    after: DayText = Field(description="Exclusive.")
    kwh: Decimals
    way: Literal["bill", "curves"]
    source: str
    known: Time


class LineModel(Model):
    """Days of a reading period that one rule bills."""

    rule: str
    first: DayText
    last: DayText
    days: int
    share: Decimals
    kwh: Decimals
    rate: Decimals
    amount: Money
    net: Money | None


class SpanModel(Model):
    """A reading period."""

    first: DayText
    after: DayText


class ChargeModel(LineModel):
    """An entry of the book of charges."""

    number: int
    kind: Literal["charge", "reversal"]
    account: str
    uscc: str
    division: str
    month: MonthText
    reading: SpanModel
    basis: str
    made: DayText
    reverses: int | None
    why: str


class EntriesModel(Model):
    """Entries."""

    entries: list[ChargeModel]
    next: str | None


class OwedMonthModel(Model):
    """What is due and paid of a month."""

    month: MonthText
    due_on: DayText
    due: Money
    paid: Money


class OwedModel(Model):
    """How an account stands on a day."""

    account: str
    uscc: str
    division: str
    due: Money
    paid: Money
    credit: Money
    not_yet_due: Money
    overdue: list[Money] = Field(description="Up to 30 days, 31 to 90, more.")
    arrears: Money
    months: list[OwedMonthModel]


class ArrearsModel(Model):
    """How accounts stand."""

    on: DayText
    accounts: list[OwedModel]
    next: str | None


class CollectedModel(Model):
    """What a region collected."""

    division: str
    accounts: int
    due: Money
    paid: Money
    credit: Money
    arrears: Money
    rate: Decimals | None = Field(description="Paid of due, 0 to 1; null where nothing is due.")


class CollectionModel(Model):
    """What regions collected."""

    on: DayText
    regions: list[CollectedModel]


class NoticeModel(Model):
    """When a user was told."""

    told: DayText | None
    document: str


class PaymentModel(Model):
    """A payment."""

    on: DayText
    amount: Money
    reference: str
    source: str


class TariffAccountModel(Model):
    """All that is held on the price of an account."""

    account: str
    uscc: str
    site: str
    division: str
    notice: NoticeModel | None
    mining: list[MiningPeriodModel]
    readings: list[ReadingModel]
    entries: list[ChargeModel]
    payments: list[PaymentModel]
    standing: OwedModel | None


class NewEntryModel(LineModel):
    """An entry that a run makes, or would make."""

    number: int
    kind: Literal["charge", "reversal"]
    account: str
    month: MonthText
    reverses: int | None


class RefusalModel(Model):
    """Days that mine and are not billed."""

    account: str
    month: MonthText
    reason: Literal["no-rate", "start-unknown", "not-told", "no-rule"]
    rule: str | None
    first: DayText
    last: DayText
    days: int


class UnmeteredModel(Model):
    """Days that mine between readings."""

    account: str
    first: DayText
    last: DayText


class RecountedModel(Model):
    """A reading from curves that were withdrawn or corrected since; without energy it counts no more."""

    account: str
    month: MonthText
    kwh: str | None


class NotBilledModel(Model):
    """An account that could not be billed."""

    account: str
    why: str


class BillingRunModel(Model):
    """What a billing run came to, or would."""

    posted: bool
    accounts: int
    amount: Money
    entries: list[NewEntryModel]
    refusals: list[RefusalModel]
    drafts: list[str]
    unmetered: list[UnmeteredModel]
    recounted: list[RecountedModel]
    faults: list[NotBilledModel]
