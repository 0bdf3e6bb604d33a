"""The nouns of the ledgers, as values; amounts are decimals of CNY, days are those of China's calendar."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class RelationKind(StrEnum):
    """What an enterprise is tied to by a register."""

    LEGAL_PERSON = "legal-person"
    """法定代表人"""
    CONTROLLER = "controller"
    """实际控制人"""
    MANAGER = "manager"
    """Director, supervisor or manager (董监高)."""
    SHAREHOLDER = "shareholder"
    ADDRESS = "address"
    PHONE = "phone"
    EMAIL = "email"
    AGENT = "agent"
    """Who registered it or keeps its books (代办机构)."""
    ACCOUNT = "account"
    """Electricity account (户号)."""
    METER = "meter"
    LINE = "line"
    SITE = "site"
    """A place of the registry where its lines end or its machines stand."""
    WALLET = "wallet"
    BANK_ACCOUNT = "bank-account"
    """At a bank or a payment institution."""
    PARTNER = "partner"
    """Another enterprise by its credit code: parent, branch, host or tenant, who trades power for it."""
    CLUSTER = "cluster"
    """A cluster of the ownership graph that has addresses of it."""


class InstitutionKind(StrEnum):
    """Financial bodies and what stands beside them."""

    BANK = "bank"
    POLICY_BANK = "policy-bank"
    PAYMENT = "non-bank-payment"
    """非银行支付机构"""
    SECURITIES = "securities"
    INSURANCE = "insurance"
    TRUST = "trust"
    LEASING = "leasing"
    GUARANTEE = "guarantee"
    MICROCREDIT = "microcredit"
    FUND = "fund"
    TREASURY = "treasury"
    """Finance departments: subsidies."""
    TAX = "tax"
    EXCHANGE = "exchange"
    """A service that changes coins to money; no licensed body."""
    UTILITY = "utility"
    """Who sells power, water or heat."""
    LANDLORD = "landlord"
    """Parks and owners of places."""
    OTHER = "other"


FINANCIAL = frozenset(
    {
        *(InstitutionKind.BANK, InstitutionKind.POLICY_BANK, InstitutionKind.PAYMENT),
        *(InstitutionKind.SECURITIES, InstitutionKind.INSURANCE, InstitutionKind.TRUST),
        *(InstitutionKind.LEASING, InstitutionKind.GUARANTEE, InstitutionKind.MICROCREDIT),
        InstitutionKind.FUND,
    }
)
"""The financial bodies, non-bank payment institutions among them."""


class SupportKind(StrEnum):
    """What is given."""

    LOAN = "loan"
    GUARANTEE = "guarantee"
    SECURITY = "security"
    """Bonds, shares and other papers placed for it."""
    SUBSIDY = "subsidy"
    TAX = "tax"
    RENT = "rent"
    UTILITY = "utility"
    OTHER = "other"


LENT = frozenset({SupportKind.LOAN, SupportKind.GUARANTEE, SupportKind.SECURITY})
"""What is recovered in full; the others end, and are recovered where a day to recover them is set."""


class RecoveryStep(StrEnum):
    """What happened to support."""

    PLANNED = "planned"
    """An instalment that is due on the day."""
    RECOVERED = "recovered"
    REVERSED = "reversed"
    """A recovery that was booked by mistake is taken back."""
    WRITTEN_OFF = "written-off"
    STOPPED = "stopped"
    """It ended: nothing more is given."""


class NodeKind(StrEnum):
    """Ends of a flow of money."""

    WALLET = "wallet"
    """A payout address or an account at a mining pool."""
    EXCHANGE_ACCOUNT = "exchange-account"
    BANK_ACCOUNT = "bank-account"
    PAYMENT_ACCOUNT = "payment-account"
    """At a non-bank payment institution."""
    ENTERPRISE = "enterprise"
    """By its credit code."""
    PERSON = "person"


class PenaltyKind(StrEnum):
    """What was decided."""

    FINE = "fine"
    BACK_PAY = "back-pay"
    CONFISCATION = "confiscation"
    POWER_LIMIT = "power-limit"
    CUT_OFF = "cut-off"
    MARKET_BAN = "market-ban"
    WARNING = "warning"
    ORDER = "order"
    """To rectify."""
    OTHER = "other"


class RecordStep(StrEnum):
    """The life of a penalty or a credit record."""

    PUBLISHED = "published"
    REPAIR_ASKED = "repair-requested"
    REPAIR_REFUSED = "repair-refused"
    REPAIRED = "repaired"
    """信用修复: it is published no more."""
    ENDED = "publication-ended"
    """The time of its publication has run out."""
    REVOKED = "revoked"
    """The decision was taken back."""


@dataclass(frozen=True, slots=True)
class Participant:
    """Who is registered to trade power."""

    participant: str
    exchange: str
    uscc: str
    name: str
    kind: str
    division: str
    accounts: tuple[str, ...]
    retailer: str
    """Credit code of who trades for it; empty where it trades itself."""
    entered: date
    left: date | None
    leave_by: date | None
    """The day that the exchange or the authority set."""

    def trades(self, day: date) -> bool:
        """Say whether it may still trade on a day."""
        return self.entered <= day and (self.left is None or day < self.left)


@dataclass(frozen=True, slots=True)
class Listed:
    """An enterprise on the published list of mining enterprises."""

    uscc: str
    name: str
    division: str
    accounts: tuple[str, ...]
    listed: date
    delisted: date | None
    leave_by: date | None
    document: str

    def on_list(self, day: date) -> bool:
        """Say whether it stands on the list on a day."""
        return self.listed <= day and (self.delisted is None or day < self.delisted)


@dataclass(frozen=True, slots=True)
class Relation:
    """An enterprise is tied to a name."""

    uscc: str
    kind: RelationKind
    value: str
    reference: str = ""
    """What tells two of the same name apart: an identity number or its digest."""
    share: Decimal | None = None
    """Of a shareholder, percent."""


@dataclass(frozen=True, slots=True)
class Support:
    """One loan, guarantee, subsidy, benefit."""

    id: str
    uscc: str
    kind: SupportKind
    amount: Decimal
    granted: date
    body: str
    body_kind: InstitutionKind
    division: str
    stop_by: date | None
    recover_by: date | None
    document: str


@dataclass(frozen=True, slots=True)
class Recovery:
    """One step of the recovery of support."""

    support: str
    step: RecoveryStep
    on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Flow:
    """Money or coins went from one end to another, and who says so."""

    from_kind: NodeKind
    from_id: str
    to_kind: NodeKind
    to_id: str
    institution: str
    """Where the receiving account is held."""
    institution_kind: InstitutionKind | None
    holder: str
    """Credit code of whose account it is; empty for a person or where unknown."""
    coin: str
    amount: Decimal | None
    first_on: date | None
    last_on: date | None
    authority: str
    document: str
    source: str
    division: str


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """One event of a penalty or a credit record."""

    record: str
    step: RecordStep
    on: date
    authority: str
    document: str


@dataclass(frozen=True, slots=True)
class Penalty:
    """A decision against an enterprise; a credit record has the same form without an amount."""

    id: str
    uscc: str
    kind: str
    on: date
    authority: str
    division: str
    document: str
    amount: Decimal | None = None
    until: date | None = None
    """The last day of its publication, where one is set."""
    ledger: str = "penalties"
    """`penalties` or `credit`."""


@dataclass(frozen=True, slots=True)
class Points:
    """Points of the dual control of energy (能耗双控) given to or taken off a region."""

    id: str
    division: str
    period: str
    points: Decimal
    reason: str
    uscc: str
    project: str
    document: str
