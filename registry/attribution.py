"""Address and time to subscriber line, enterprise and site: the longest prefix valid at that time."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facts.endpoint import Address, packed16
from facts.instant import rfc3339
from registry.index import NOTHING, Conflicts, Period, PrefixIndex
from registry.model import Assignment, Datum, Enterprise, RegistryData, Site

MISSING_ASSIGNMENT = "assignment"
"""No assignment was valid at that time."""
MISSING_AGREEMENT = "agreement"
"""Assignments of the same prefix and time contradict each other."""
MISSING_TIME = "time"
"""The question named no time."""

_MAPPED = 0xFFFF  # the upper 96 bits of an IPv4 address mapped into ::ffff:0:0/96


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible holder of the address."""

    probability: float
    """0 to 1; the probabilities of one attribution add up to 1."""
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
    """The facts that would make it certain: `assignment`, `agreement` or `time`; empty where certain."""

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


_UNASSIGNED = Attribution(certain=False, missing=(MISSING_ASSIGNMENT,))


class Attributor:
    """Answers for one registry; immutable, so it may be shared between threads and swapped whole.

    Raises ValueError where an assignment names an enterprise or a site that the registry does not hold.
    """

    def __init__(self, data: RegistryData) -> None:
        self._enterprises: dict[str, Enterprise] = {e.uscc: e for e in data.enterprises}
        self._sites: dict[str, Site] = {site.id: site for site in data.sites}
        self._assignments = data.assignments
        for assignment in data.assignments:
            if assignment.uscc not in self._enterprises or assignment.site not in self._sites:
                raise ValueError(
                    f"assignment of {assignment.prefix} names enterprise {assignment.uscc} and site"
                    f" {assignment.site}, of which the registry lacks one"
                )
        self._conflicts = Conflicts(len(data.assignments))
        self._v4 = PrefixIndex(_periods(data.assignments, 4), self._conflicts)
        self._v6 = PrefixIndex(_periods(data.assignments, 6), self._conflicts)

    def attribute(self, address: Address, at_ns: int | None, port: int | None = None) -> Attribution:
        """Return who held `address` at `at_ns` (ns since 1970 UTC); None as time gives all who ever held it.

        `port` narrows nothing: no record of this registry is narrower than an address.
        """
        number = int.from_bytes(packed16(address), "big")
        index = self._v4 if number >> 32 == _MAPPED else self._v6
        if at_ns is not None:
            return self.answer(index.find_one(number, at_ns))
        ever = [member for found in index.ever(number) for member in self._conflicts.members(found)]
        return self._ever(ever) if ever else _UNASSIGNED

    def attribute_many(self, addresses: NDArray[np.uint64], at_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return (n,) int64 answer numbers for `answer`, in the order asked.

        `addresses`: (n, 2) uint64, high and low half, IPv4 mapped into ::ffff:0:0/96. `at_ns`: (n,) int64.
        Equal numbers mean equal answers, so that a caller can ask `answer` once for each.
        """
        highs, lows = np.ascontiguousarray(addresses[:, 0]), np.ascontiguousarray(addresses[:, 1])
        mapped = (highs == 0) & (lows >> np.uint64(32) == _MAPPED)
        if mapped.all():
            return self._v4.find(highs, lows, at_ns)
        numbers = np.empty(len(highs), np.int64)
        for index, chosen in ((self._v4, mapped), (self._v6, ~mapped)):
            numbers[chosen] = index.find(highs[chosen], lows[chosen], at_ns[chosen])
        return numbers

    def answer(self, number: int) -> Attribution:
        """Return the attribution behind a number of `attribute_many`."""
        if number == NOTHING:
            return _UNASSIGNED
        members = self._conflicts.members(number)
        if len({self._holder(member) for member in members}) > 1:
            return self._contradicting(members)
        # Sources that agree on the holder may differ on the period: the latest word stands.
        given = max((self._assignments[member] for member in members), key=lambda a: a.valid_from_ns)
        site = self._sites[given.site]
        return Attribution(
            certain=True,
            enterprise=self._enterprises[given.uscc].name,
            uscc=given.uscc,
            line=given.line,
            site=given.site,
            division=site.division,
            address=site.address,
            longitude=site.longitude,
            latitude=site.latitude,
            datum=site.datum,
            valid_from_ns=given.valid_from_ns,
            valid_to_ns=given.valid_to_ns,
        )

    def _holder(self, number: int) -> tuple[str, str, str]:
        given = self._assignments[number]
        return given.uscc, given.line, given.site

    def _ever(self, numbers: Iterable[int]) -> Attribution:
        """Return all who ever held an address; without a time each assignment is equally probable."""
        distinct = sorted(dict.fromkeys(numbers), key=self._latest_first)
        candidates = tuple(self._candidate(number, 1 / len(distinct)) for number in distinct)
        return Attribution(certain=False, candidates=candidates, missing=(MISSING_TIME,))

    def _contradicting(self, numbers: tuple[int, ...]) -> Attribution:
        """Return the holders that assignments of one time name; more assignments, more probable."""
        by_holder: dict[tuple[str, str, str], list[int]] = {}
        for number in sorted(numbers, key=self._latest_first):
            by_holder.setdefault(self._holder(number), []).append(number)
        candidates = (self._candidate(given[0], len(given) / len(numbers)) for given in by_holder.values())
        ranked = tuple(sorted(candidates, key=lambda candidate: -candidate.probability))
        return Attribution(certain=False, candidates=ranked, missing=(MISSING_AGREEMENT,))

    def _latest_first(self, number: int) -> tuple[int, tuple[str, str, str], int]:
        return -self._assignments[number].valid_from_ns, self._holder(number), number

    def _candidate(self, number: int, probability: float) -> Candidate:
        given = self._assignments[number]
        site = self._sites[given.site]
        return Candidate(
            probability=probability,
            enterprise=self._enterprises[given.uscc].name,
            uscc=given.uscc,
            line=given.line,
            site=given.site,
            division=site.division,
            address=site.address,
            longitude=site.longitude,
            latitude=site.latitude,
            datum=site.datum,
            valid_from_ns=given.valid_from_ns,
            valid_to_ns=given.valid_to_ns,
        )


def _periods(assignments: tuple[Assignment, ...], version: int) -> Iterable[Period]:
    """Yield the assignments of one address family as periods, numbered by their place."""
    for number, given in enumerate(assignments):
        if given.prefix.version == version:
            first = int.from_bytes(packed16(given.prefix.network_address), "big")
            last = int.from_bytes(packed16(given.prefix.broadcast_address), "big")
            yield Period(first, last, given.valid_from_ns, given.valid_to_ns, number)
