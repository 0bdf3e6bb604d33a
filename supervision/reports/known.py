"""What reports are made of: everything known of a region on a date, as frozen values.

Nothing here is read from a store (`gather.py` does that) and nothing is worded (`content/` does). Where a
part of the chain holds nothing, its tuple is empty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from facts.evidence import Evidence
from supervision.projects.events import GONE, Step


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Estimate":
        """Return it in another unit, or over a time; `factor` is not negative."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)


def total(parts: Iterable[Estimate | None]) -> Estimate | None:
    """Return the sum of what is known, ends with ends; None where nothing is.

    Errors of estimates may go together (one table of machines, one overhead), so the interval of a sum is not
    narrowed as it would be for independent ones.
    """
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return Estimate(
        sum(part.value for part in known), sum(part.low for part in known), sum(part.high for part in known)
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report speaks of."""

    region: str
    """Division code."""
    region_name: str
    as_of: date
    """All is as known at the end of this day, China's time."""
    level: str = "province"
    """`province`, `prefecture` or `county`."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An address that mines, as judged from traffic."""

    verdict: int
    """Its number in the store: what evidence refers to."""
    address: str
    role: str
    level: str
    score: float
    first: date
    last: date
    """In China's time."""
    protocols: tuple[str, ...] = ()
    coins: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    encrypted: bool = False
    machines: Estimate | None = None
    computing: tuple[tuple[str, Estimate], ...] = ()
    """Hashes a second by algorithm."""
    kw: Estimate | None = None
    models: tuple[tuple[str, float], ...] = ()
    """Machines that explain its power, with their probability."""
    evidence: tuple[Evidence, ...] = ()
    """The heaviest pieces, heaviest first."""
    peers: tuple[str, ...] = ()
    """`address:port` of whom it talked to."""
    uscc: str = ""
    """Credit code of the holder while it was seen; empty unless certain."""
    enterprise: str = ""
    site: str = ""
    division: str = ""
    """Empty where nobody is certain."""
    line: str = ""
    behind: bool = False
    """It works for a proxy that is a hit itself, whose figures hold its own."""


def once(hits: Iterable[Hit]) -> list[Hit]:
    """Return the hits whose machines and power may be added up: one of each address, none behind a proxy."""
    best: dict[str, Hit] = {}
    for hit in hits:
        held = best.get(hit.address)
        if not hit.behind and (held is None or _weight(hit) > _weight(held)):
            best[hit.address] = hit
    return list(best.values())


def _weight(hit: Hit) -> tuple[bool, bool, float]:
    return hit.kw is not None, hit.role == "proxy", hit.score


@dataclass(frozen=True, slots=True)
class Place:
    """A site of the registry."""

    id: str
    name: str
    division: str
    address: str = ""
    longitude: float | None = None
    latitude: float | None = None
    datum: str = ""
    landlord: str = ""
    meters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Company:
    """An enterprise of the registry."""

    uscc: str
    name: str
    address: str = ""
    legal_form: str = ""
    industry: str = ""
    status: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """An address range that an enterprise holds or held."""

    prefix: str
    line: str
    site: str
    first: date
    after: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project as it stands on a day."""

    id: str
    name: str
    uscc: str
    enterprise: str
    site: str
    division: str
    step: Step
    since: date
    first: date
    relapses: int = 0
    planned: bool = False
    """It does not run yet."""
    size: tuple[str, str] = ("", "")
    """Class by size and energy level: English, Chinese."""
    machines: Estimate | None = None
    computing: Mapping[str, Estimate] = field(default_factory=dict)
    kw: Estimate | None = None
    measured: date | None = None
    """When that was measured."""
    evidence: tuple[str, ...] = ()
    """What it rests on: `verdict:17`, `reading:...`."""

    @property
    def running(self) -> bool:
        """Whether it counts as mining."""
        return not self.planned and self.step not in GONE


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a project, or one entry of a case."""

    subject: str
    """The project's or case's id."""
    what: str
    on: date
    known: date
    author: str
    department: str
    note: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step that an exit plan has promised."""

    project: str
    division: str
    step: Step
    due: date
    """As first promised: moving a date hides nothing."""
    done: date | None
    body: str
    """Who is responsible."""
    promised: date | None = None
    """As the edition in force has it, where that is another day."""

    def late(self, day: date) -> int:
        """Return how many days late it is on a day, or was when it was done; 0 where in time."""
        return max(0, ((self.done or day) - self.due).days)


@dataclass(frozen=True, slots=True)
class Owed:
    """How the surcharge of an account stands."""

    account: str
    uscc: str
    enterprise: str
    site: str
    division: str
    rules: tuple[str, ...]
    kwh: Decimal
    """Billed energy."""
    due: Decimal
    paid: Decimal
    """What of it was paid; what was paid beyond is `credit`."""
    not_yet_due: Decimal
    overdue: tuple[Decimal, ...]
    """By age in days: up to 30, up to 90, older."""
    credit: Decimal = Decimal("0.00")
    months: tuple[tuple[str, Decimal, Decimal], ...] = ()
    """(`YYYY-MM`, due, paid)."""

    @property
    def arrears(self) -> Decimal:
        """All that is overdue, CNY."""
        return sum(self.overdue, Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class Refused:
    """Days of an account that mine and that no bill could be made for."""

    account: str
    reason: str
    rule: str
    first: date
    last: date
    days: int


@dataclass(frozen=True, slots=True)
class Metered:
    """Energy of an account in one month."""

    account: str
    site: str
    month: str
    kwh: Decimal
    basis: str = "bill"
    """`bill`, or `curve` where it was summed from quarter hours."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A loan, subsidy, penalty or other entry of a ledger."""

    ledger: str
    uscc: str
    name: str
    authority: str
    granted: date | None
    stops: date | None
    amount: Decimal | None
    recovered: Decimal | None
    state: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A case and how far it is."""

    id: str
    title: str
    uscc: str
    division: str
    state: tuple[str, str]
    """English, Chinese; so is `department`."""
    opened: date
    deadline: date | None
    department: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Warned:
    """A risk warning."""

    id: str
    kind: str
    severity: tuple[str, str]
    """English, Chinese; so is `state`."""
    division: str
    subject: str
    raised: date
    state: tuple[str, str]
    text: tuple[str, str] = ("", "")
    """English, Chinese."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """How electricity of a region turns into carbon dioxide and households (双碳)."""

    tonnes_per_mwh: float
    households_kwh: float
    """What one household takes in a year."""
    source: tuple[str, str]
    """Where the factors come from: English, Chinese."""
    carried: bool = False
    """The factor is that of an earlier year: no newer one is held."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of a region on a date. Tuples are in order of their first field that differs."""

    scope: Scope
    regions: tuple[tuple[str, str], ...] = ()
    """(code, name) of the divisions right below."""
    hits: tuple[Hit, ...] = ()
    """At `likely` or more; those of `suspected` are left out of reports."""
    companies: tuple[Company, ...] = ()
    places: tuple[Place, ...] = ()
    projects: tuple[Project, ...] = ()
    happenings: tuple[Happening, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    owed: tuple[Owed, ...] = ()
    refused: tuple[Refused, ...] = ()
    metered: tuple[Metered, ...] = ()
    ledgers: tuple[LedgerEntry, ...] = ()
    cases: tuple[Case, ...] = ()
    warnings: tuple[Warned, ...] = ()
    footprint: Footprint | None = None
    """None where no factor is known for the region and date; reports then say so."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of divisions by code, as far as known."""

    _stems: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare `below`: it is asked for every row of every table."""
        object.__setattr__(self, "_stems", {_stem(code): code for code, _ in self.regions})

    def below(self, division: str) -> str:
        """Return the code of the division right below the region in which a division of it lies.

        The region itself where none of those below holds it.
        """
        for digits in (6, 4, 2):
            if (code := self._stems.get(division[:digits])) is not None:
                return code
        return self.scope.region


def _stem(code: str) -> str:
    """Return the digits that all codes of a division begin with."""
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


def named(known: Known, division: str) -> str:
    """Return a division's code and name."""
    name = known.names.get(division, "")
    return f"{division} {name}".rstrip()
