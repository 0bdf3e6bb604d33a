"""The answer to "who had this address then": one holder where that is certain, else a ranked set."""

from collections.abc import Iterable
from dataclasses import dataclass

from facts.instant import rfc3339
from facts.quick import quick
from registry.model import Datum

MISSING_ASSIGNMENT = "assignment"
"""Nobody held the address then, as far as the registry knows."""
MISSING_LINE = "line"
"""A record names a line of which the registry does not know who had it then."""
MISSING_LOG = "log"
"""The address comes from a pool, and no CGNAT or access log tells who had it then."""
MISSING_PORT = "port"
"""Many shared the address, and the question named no port."""
MISSING_TIME = "time"
"""The question named no time, or one too near to a change for clocks to be trusted."""
MISSING_AGREEMENT = "agreement"
"""Records contradict each other."""
MISSING_TENANT = "tenant"
"""The holder houses the machines of others at that site."""
MISSING = (
    MISSING_ASSIGNMENT,
    MISSING_LINE,
    MISSING_LOG,
    MISSING_PORT,
    MISSING_TIME,
    MISSING_AGREEMENT,
    MISSING_TENANT,
)
_MISSING_ZH = {
    MISSING_ASSIGNMENT: "分配记录",
    MISSING_LINE: "线路使用者",
    MISSING_LOG: "地址转换或接入日志",
    MISSING_PORT: "端口",
    MISSING_TIME: "时间",
    MISSING_AGREEMENT: "记录之间的一致",
    MISSING_TENANT: "租户",
}


def missing_words(missing: Iterable[str], lang: str) -> str:
    """Return what is missing as people read it, in a language, `en` or `zh`."""
    if lang != "zh":
        return ", ".join(missing)
    return "、".join(_MISSING_ZH.get(one, one) for one in missing)


"""All of them, in the order in which an answer names them."""


@quick
@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible holder of the address."""

    probability: float
    """0 to 1; the probabilities of one attribution add up to 1, unless candidates were left out."""
    enterprise: str
    """Name of the enterprise."""
    uscc: str
    line: str
    site: str
    """Id of the site."""
    division: str
    """GB/T 2260 code of the site."""
    address: str
    """Address of the site."""
    longitude: float | None
    latitude: float | None
    datum: Datum | None
    valid_from_ns: int
    valid_to_ns: int | None

    def to_json(self) -> dict[str, object]:
        """Return the object of `candidates[]` in the output contract, times as RFC 3339."""
        return {
            "probability": self.probability,
            "enterprise": self.enterprise,
            "uscc": self.uscc,
            "line": self.line,
            "site": self.site,
            "division": self.division,
            "address": self.address,
            "longitude": self.longitude,
            "latitude": self.latitude,
            "datum": self.datum,
            "valid_from": rfc3339(self.valid_from_ns),
            "valid_to": None if self.valid_to_ns is None else rfc3339(self.valid_to_ns),
        }


@quick
@dataclass(frozen=True, slots=True)
class Attribution:
    """Who held an address at a time, as far as the registry knows.

    The holder's fields are None unless `certain`: a doubtful answer is a set of candidates, never one name.
    """

    certain: bool
    """True where exactly one holder is possible."""
    enterprise: str | None = None
    """Name of the enterprise."""
    uscc: str | None = None
    line: str | None = None
    site: str | None = None
    """Id of the site."""
    division: str | None = None
    """GB/T 2260 code of the site."""
    address: str | None = None
    """Address of the site."""
    longitude: float | None = None
    latitude: float | None = None
    datum: Datum | None = None
    valid_from_ns: int | None = None
    valid_to_ns: int | None = None
    """None where not certain, or while the assignment lasts."""
    candidates: tuple[Candidate, ...] = ()
    """Most probable first, then the latest; empty where certain or where nothing is known."""
    missing: tuple[str, ...] = ()
    """The facts that would make it certain, of MISSING and in its order; empty where certain."""

    def to_json(self) -> dict[str, object]:
        """Return the `attribution` object of the output contract, times as RFC 3339."""
        return {
            "certain": self.certain,
            "enterprise": self.enterprise,
            "uscc": self.uscc,
            "line": self.line,
            "site": self.site,
            "division": self.division,
            "address": self.address,
            "longitude": self.longitude,
            "latitude": self.latitude,
            "datum": self.datum,
            "valid_from": None if self.valid_from_ns is None else rfc3339(self.valid_from_ns),
            "valid_to": None if self.valid_to_ns is None else rfc3339(self.valid_to_ns),
            "candidates": [candidate.to_json() for candidate in self.candidates],
            "missing": list(self.missing),
        }


UNASSIGNED = Attribution(certain=False, missing=(MISSING_ASSIGNMENT,))
