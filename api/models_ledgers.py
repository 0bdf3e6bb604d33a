"""The shapes of the answers of ledgers and of the screening of the power market."""

from typing import Annotated, Literal

from pydantic import Field

from api.models import Model, Probability, Time

Money = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]{2}$", description="CNY, exact to the fen.")]
Decimals = Annotated[str, Field(pattern=r"^[+-]?[0-9]+(\.[0-9]+)?$")]
DayText = Annotated[str, Field(json_schema_extra={"format": "date"})]


class LedgerModel(Model):
    """One ledger."""

    ledger: str
    says: str
    rows: int = Field(description="Rows that are believed now, of the region of who asks.")
    imported: Time | None = Field(description="Its latest import; told to accounts of the whole country.")


class LedgersModel(Model):
    """All ledgers."""

    ledgers: list[LedgerModel]


class RefusedRowModel(Model):
    """Why a row was refused."""

    row: int = Field(description="Counts from 1, the header being row 1.")
    column: str | None
    code: str = Field(
        description="The same in both languages (registry/reasons.toml); `other` where it has none."
    )
    because: str


class LedgerImportModel(Model):
    """What became of a file."""

    ledger: str
    taken: bool = Field(description="False of a dry run: nothing was changed.")
    rows: int
    refused: int
    added: int
    changed: int
    ended: int
    unchanged: int
    reasons: int = Field(description="All reasons for which rows were refused; `errors` tells the first 200.")
    errors: list[RefusedRowModel]
    notices: list[str]


class LedgerRowModel(Model):
    """A row as it is or was believed."""

    ledger: str
    key: str
    subject: str | None = Field(description="Id that events are joined by.")
    uscc: str | None
    division: str
    record: dict[str, str | None] = Field(description="The columns of the file (docs/ledgers.md).")
    source: str
    known_from: Time
    known_to: Time | None = Field(description="Null while it is believed.")


class LedgerRowsModel(Model):
    """A page of rows."""

    rows: list[LedgerRowModel]
    next: str | None


class SupportModel(Model):
    """Support as it stands."""

    id: str
    uscc: str
    name: str | None
    kind: str
    kind_says: str
    body: str
    body_kind: str
    body_says: str
    financial: bool = Field(description="Of a financial body, non-bank payment institutions among them.")
    division: str
    document: str | None
    granted: DayText
    stop_by: DayText | None
    recover_by: DayText | None
    stopped: DayText | None
    state: Literal["running", "overdue", "still-given", "stopped", "settled"]
    says: str
    amount: Money
    recovered: Money
    written_off: Money
    outstanding: Money
    due: Money = Field(description="Should have come back by the day.")
    overdue: Money
    overdue_since: DayText | None
    overdue_days: int
    excess: Money = Field(description="Came back beyond what was given.")


class SupportTotalsModel(Model):
    """Sums over support."""

    count: int
    amount: Money
    recovered: Money
    outstanding: Money
    due: Money
    overdue: Money
    written_off: Money


class SupportsModel(Model):
    """Support of a day."""

    as_of: DayText
    total: SupportTotalsModel = Field(description="Of all that is asked for, not of the page.")
    by_kind: dict[str, SupportTotalsModel]
    by_body: dict[str, SupportTotalsModel]
    financial: SupportTotalsModel
    support: list[SupportModel]
    next: str | None


class RecordEventModel(Model):
    """One event of a record."""

    step: str
    says: str
    on: DayText
    authority: str | None
    document: str | None


class RecordModel(Model):
    """A penalty or a credit record as it stands."""

    id: str
    ledger: Literal["penalties", "credit"]
    uscc: str
    name: str | None
    kind: str
    on: DayText
    authority: str
    division: str
    document: str | None
    amount: Money | None
    until: DayText | None
    state: str
    says: str
    since: DayText
    public: bool
    events: list[RecordEventModel]


class RecordsModel(Model):
    """Penalties and credit records of a day."""

    as_of: DayText
    fined: Money = Field(description="Amounts of decisions that stand, of all that is asked for.")
    records: list[RecordModel]
    next: str | None


class PointsModel(Model):
    """Points of the dual control of a division in a period."""

    division: str
    period: str
    given: Decimals
    taken: Decimals
    total: Decimals
    entries: int


class PointsListModel(Model):
    """Points of a year."""

    year: int | None
    points: list[PointsModel]


class FlowEndModel(Model):
    """An end of a flow of money."""

    kind: str
    id: str


class FlowModel(Model):
    """One step of a chain."""

    from_: FlowEndModel = Field(alias="from")
    to: FlowEndModel
    institution: str | None
    institution_kind: str | None
    institution_says: str | None
    financial: bool
    holder: str | None
    coin: str | None
    amount: Decimals | None
    first_on: DayText | None
    last_on: DayText | None
    authority: str
    document: str
    source: str


class ChainModel(Model):
    """A chain of flows of money."""

    from_: FlowEndModel = Field(alias="from")
    to: FlowEndModel
    holder: str | None = Field(description="Credit code of whose account it ends at.")
    holder_name: str | None
    clusters: list[str] = Field(description="Whose machines work for the wallet that it begins at.")
    authorities: list[str]
    in_time: bool | None = Field(description="No step ends before the one before it begins; null: unknown.")
    first_on: DayText | None
    last_on: DayText | None
    steps: list[FlowModel]


class ChainsModel(Model):
    """Chains of flows of money."""

    chains: list[ChainModel]
    more: bool


class AlarmModel(Model):
    """Something to act on."""

    kind: str
    severity: Literal["high", "medium", "low"]
    uscc: str
    division: str
    about: str
    on: DayText
    because: str
    params: dict[str, str]


class AlarmsModel(Model):
    """All that wants somebody to act."""

    as_of: DayText
    alarms: list[AlarmModel]
    more: bool


class LeavingModel(Model):
    """By when a participant has to leave, and why."""

    basis: Literal["named", "on-listing", "barred", "not-named", "no-rule"]
    leave_by: DayText | None
    overdue_days: int
    rule: str | None
    document: str | None
    consequences: list[str]
    says: str
    consequences_say: list[str]


class ParticipationModel(Model):
    """An enterprise as a participant of one exchange."""

    participant: str
    exchange: str
    division: str
    accounts: list[str]
    retailer: str | None
    entered: DayText
    left: DayText | None
    trades: bool
    leaving: LeavingModel


class NamedEnterpriseModel(Model):
    """An enterprise."""

    uscc: str
    name: str | None


class SharedTieModel(Model):
    """What two enterprises share."""

    kind: str
    name: str
    sharers: int
    weight: float = Field(description="Log-odds that it adds, nats; 0 where it says nothing.")
    hub: bool = Field(description="Shared by so many, or of such a kind, that it says nothing.")
    because: str


class WayStepModel(Model):
    """Two enterprises that have something in common; null: another region's."""

    from_: NamedEnterpriseModel | None = Field(alias="from")
    to: NamedEnterpriseModel | None
    probability: Probability
    ties: list[SharedTieModel]


class MiningModel(Model):
    """The enterprise known to mine at which the way begins."""

    enterprise: NamedEnterpriseModel | None
    probability: Probability
    listed: bool
    since: DayText | None
    because: str | None


class FindingModel(Model):
    """What the screening found of one participant."""

    uscc: str
    name: str | None
    division: str
    sort: Literal["listed", "mines", "attached", "disguised"]
    level: Literal["certain", "strong", "suspected", "watch"]
    score: Probability
    says: str
    participations: list[ParticipationModel]
    mining: MiningModel
    steps: list[WayStepModel] = Field(description="From who mines to the participant; empty: itself.")


class FindingsModel(Model):
    """A page of the latest screening."""

    as_of: DayText | None = Field(description="Null: no screening was made yet.")
    made: Time | None
    counts: dict[str, int] = Field(description="Findings of the region by sort.")
    findings: list[FindingModel]
    next: str | None


class ScreenedModel(Model):
    """What the latest screening says of one enterprise."""

    uscc: str
    as_of: DayText | None
    made: Time | None
    finding: FindingModel | None = Field(description="Null: nothing was found of it.")
