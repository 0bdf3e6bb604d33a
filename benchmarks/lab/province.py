"""A province in a box: enterprises, sites, lines, meters, farms and thieves from a seed, with the truth.

    python -m benchmarks.lab.province_made --seed 7 --out DIR

Nothing in it is real: divisions under 99, which GB/T 2260 never assigned; documentation prefixes (RFC 5737,
RFC 3849); names that say 示例; credit codes of those divisions; every row is marked as generated. What it
consists of is named here and drawn in province_draw.py, what policy does to it in province_reacting.py;
province_files.py writes registries and truth, province_traffic.py captures, province_power.py meters' curves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

from benchmarks.lab.draw import Split
from benchmarks.lab.fleet import Arrangement
from benchmarks.lab.province_dates import Dates, Phase

MARK = "generated province"
PROVINCE = "990000"


class Sort(StrEnum):
    """What is true of a site."""

    FARM = "farm"
    """Mines in clear text on lines of its own."""
    HIDDEN = "hidden"
    """Half of its machines mine through an encrypted tunnel."""
    BESIDE = "beside"
    """Mines beside another load on the same meter."""
    MISPLACED = "misplaced"
    """The registry has its line end at another site."""
    THIEF = "thief"
    """Most of its power is led around the meter."""
    PRIVATE_LINE = "private-line"
    """Most of its power comes from a plant over a line of its own."""
    RELET = "relet"
    """Stands in another's data centre under a contract that names a tenant."""
    HOME = "home"
    """A few cards behind a shared public address (CGNAT)."""
    VICTIM = "victim"
    """An office whose machines a campaign makes mine."""
    LEFT = "left"
    """Mined before and has left."""
    HONEST = "honest"
    """Does not mine; its load may look like it."""
    PLANT = "plant"
    """A power plant on the grid."""


MINING = frozenset(
    {
        *(Sort.FARM, Sort.HIDDEN, Sort.BESIDE, Sort.MISPLACED, Sort.THIEF, Sort.PRIVATE_LINE),
        *(Sort.RELET, Sort.HOME, Sort.VICTIM),
    }
)


@dataclass(frozen=True, slots=True)
class Company:
    """An enterprise."""

    uscc: str
    name: str
    address: str
    industry: str


@dataclass(frozen=True, slots=True)
class Site:
    """A site and what is true of it."""

    id: str
    sort: Sort
    division: str
    owner: Company
    """Whose lines and account it has."""
    miner: Company | None
    """Who mines there; None where nobody does, or a campaign does."""
    trade: str
    """Its honest load, a key of benchmarks.lab.loads; `farm` where it has none."""
    machines: int
    ticker: str
    arrangement: Arrangement
    addresses: tuple[IPv4Address | IPv6Address, ...]
    """Of its line, or of its part of a shared address."""
    ports: tuple[int, int] | None
    """Its block of the shared address, first and last; None for an address of its own."""
    line: str
    account: str
    meters: tuple[str, ...]
    seen: float
    """Part of the mining power that its meter counts."""
    since: date
    until: date | None
    """First day on which it did not mine any more."""
    seed: int
    """Of its machines and talk."""
    stands_at: str = ""
    """Where its machines really are, of a misplaced one; else empty."""
    campaign: int = 0
    """Number of the campaign from 1; 0 for none."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule of the province's own (supervision/tariff/rules.toml tells the words)."""

    rate: str
    """CNY/kWh."""
    valid_from: date


@dataclass(frozen=True, slots=True)
class Province:
    """Everything that was drawn."""

    seed: int
    split: Split
    divisions: tuple[tuple[str, str], ...]
    """(code, name): the province, its prefectures, their counties."""
    sites: tuple[Site, ...]
    policies: tuple[Policy, ...]
    first: date
    """First day of the meters' curves."""
    captured: date
    """The day of the captures."""
    days: int
    """Days of curves; the last is the day before the captures."""
    dates: Dates | None = None
    """What policy set when, and who reacts to it (province_reacting.py); None: nobody does."""

    @property
    def companies(self) -> tuple[Company, ...]:
        """Every enterprise once, by credit code."""
        found = {one.uscc: one for site in self.sites for one in (site.owner, site.miner) if one is not None}
        return tuple(found[code] for code in sorted(found))

    def mining(self, on: date | None = None) -> Iterator[Site]:
        """Yield the sites from which traffic of mining goes out on a day of captures; None: on any."""
        return (site for site in self.sites if site.sort in MINING and (on is None or self._mines(site, on)))

    def phase(self, site: Site, on: date | None) -> Phase | None:
        """Return how a site mines on a day; None for one that does not react, or of no day."""
        return None if self.dates is None or on is None else self.dates.phase(site.id, on)

    def _mines(self, site: Site, on: date) -> bool:
        phase = self.phase(site, on)
        return site.since <= on and (phase is None or phase.machines > 0)
