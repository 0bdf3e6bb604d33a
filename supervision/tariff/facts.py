"""What a bill rests on: whose account, since when it mines, what the meter read."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mining:
    """A period in which an account was used for mining. Both days are inclusive."""

    first: date | None
    """None where nobody knows since when."""
    last: date | None
    """The day on which it stopped; None while it goes on."""
    found: date | None = None
    """The day on which it was found: a period of unknown beginning and end is counted back from here."""
    share: Decimal = Decimal(1)
    """Part of the account's energy that mines, more than 0, up to 1; 1 where nothing else is known."""

    def __post_init__(self) -> None:
        """Raise ValueError for a period that cannot be."""
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError(f"mining stopped on {self.last}, before it began on {self.first}")
        if not 0 < self.share <= 1:
            raise ValueError(f"the share that mines is more than 0 and up to 1, not {self.share}")


@dataclass(frozen=True, slots=True)
class Reading:
    """Energy of one account in one reading period (抄表周期): `first` inclusive, `after` exclusive."""

    first: date
    after: date
    kwh: Decimal

    def __post_init__(self) -> None:
        """Raise ValueError for a period or an amount that cannot be."""
        if self.after <= self.first:
            raise ValueError(f"the reading period from {self.first} ends on {self.after}")
        if not self.kwh.is_finite() or self.kwh < 0:
            raise ValueError(f"energy from {self.first} is {self.kwh} kWh")

    @property
    def days(self) -> int:
        """Length of the period in days."""
        return (self.after - self.first).days

    @property
    def month(self) -> str:
        """The month that its bill belongs to, `YYYY-MM`: that of its last day."""
        return (self.after - DAY).strftime("%Y-%m")


@dataclass(frozen=True, slots=True)
class Account:
    """An electricity account (户号), which is what is billed; an enterprise may have several."""

    number: str
    division: str
    """Division code of the place where the energy is used."""
    mining: tuple[Mining, ...] = ()
    told: date | None = None
    """The day on which the user was told of the surcharge; None where nobody was, or nobody knows."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is not right with an account, in words."""

    account: str
    why: str


def digest(account: Account, reading: Reading) -> str:
    """Return a fingerprint of all facts behind one bill: 16 hexadecimal digits."""
    facts = json.dumps([asdict(account), asdict(reading)], default=str, sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()[:16]
