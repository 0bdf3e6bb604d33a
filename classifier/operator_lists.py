"""The operator's lists: what is allowed is shown cleared, what is denied is shown as found, and may change.

A list overrules verdicts when they are shown; the verdict as it was judged stays what is stored.
docs/protocols/pool-names.md tells the rules of matching.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network

from classifier.kinds import Kind
from classifier.score import probability
from classifier.weights import Weights, shipped
from facts.endpoint import Address
from facts.errors import UsageError
from facts.evidence import Evidence
from facts.names import LEVEL_ORDER, MINING_ROLES, Level
from facts.verdict import Verdict, Weighed
from facts.where import Where

Prefix = IPv4Network | IPv6Network

SOURCE = "operator list"
"""What stands for the file of an entry's evidence."""
ALLOWED_AT_MOST = 0.01
"""Probability that an allowed verdict is shown with, at most."""
DENIED_AT_LEAST = 0.95
"""Probability that a denied verdict is shown with, at least: likely; confirmed is what was read only."""
OPERATOR_KINDS = frozenset({Kind.OPERATOR_ALLOWED, Kind.OPERATOR_DENIED})
MAX_REASON = 500
"""Characters of a reason."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?")
_MAX_NAME = 253


class ListName(StrEnum):
    """The two lists."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: an address or prefix, or a host name with all names below it."""

    list: ListName
    subject: Prefix | str
    """A single address is a prefix of full length."""
    reason: str
    added_ns: int
    """By a door's clock."""

    @property
    def text(self) -> str:
        """As it is written: an address without its length."""
        subject = self.subject
        if isinstance(subject, str):
            return subject
        whole = subject.prefixlen == subject.max_prefixlen
        return str(subject.network_address) if whole else str(subject)


def read_subject(text: str) -> Prefix | str:
    """Read an address, a prefix or a host name as a person writes it. Raises UsageError."""
    text = text.strip()
    if "%" in text:
        raise UsageError(f"{text[:100]!a}: a zone index means something on one machine only: leave it out")
    try:
        network = ip_network(text)
    except ValueError:
        pass
    else:
        mapped = (
            network.network_address.ipv4_mapped if network.version == 6 and network.prefixlen >= 96 else None
        )
        return network if mapped is None else IPv4Network((mapped, network.prefixlen - 96))
    name = text.lower().removeprefix("*.").removesuffix(".")
    labels = name.split(".")
    if len(name) > _MAX_NAME or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
        raise UsageError(f"{text[:100]!a} is no address, prefix or host name")
    if labels[-1].isdigit() or "/" in text:
        raise UsageError(f"{text[:100]!a} is no address or prefix")
    return name


class OperatorLists:
    """All entries, ready to be asked."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._prefixes: dict[tuple[int, int], dict[int, Entry]] = {}
        self._names: dict[str, Entry] = {}
        for entry in entries:
            subject = entry.subject
            if isinstance(subject, str):
                self._names[subject] = entry
            else:
                known = self._prefixes.setdefault((subject.version, subject.prefixlen), {})
                known[int(subject.network_address)] = entry
        self._lengths = sorted(self._prefixes, key=lambda key: -key[1])

    def __bool__(self) -> bool:
        return bool(self._prefixes or self._names)

    def of_address(self, address: Address) -> Entry | None:
        """Return the entry of the longest prefix that holds an address."""
        number, bits = int(address), address.max_prefixlen
        for version, length in self._lengths:
            if version == address.version:
                found = self._prefixes[version, length].get(number >> (bits - length) << (bits - length))
                if found is not None:
                    return found
        return None

    def of_name(self, name: str) -> Entry | None:
        """Return the entry of a host name, or of the nearest name above it."""
        name = name.lower().removeprefix("*.").removesuffix(".")
        while name:
            if name in self._names:
                return self._names[name]
            name = name.partition(".")[2]
        return None

    def names(self, which: ListName) -> frozenset[str]:
        """Return the host names of one list."""
        return frozenset(name for name, entry in self._names.items() if entry.list is which)

    def entry_for(self, verdict: Verdict) -> Entry | None:
        """Return the entry that a verdict falls under: by its address, else by the names it rests on.

        One denied name is enough; allowed names count where all that the verdict rests on are allowed.
        """
        found = self.of_address(verdict.address)
        if found is not None or not self._names:
            return found
        named = [self.of_name(name) for name in names_of(verdict)]
        denied = [entry for entry in named if entry is not None and entry.list is ListName.DENY]
        allowed = [entry for entry in named if entry is not None and entry.list is ListName.ALLOW]
        if denied:
            return denied[0]
        return allowed[0] if allowed and len(allowed) == len(named) else None


def names_of(verdict: Verdict) -> Sequence[str]:
    """Return the host names that the evidence of a verdict speaks of, sorted."""
    names = {
        str(value)
        for weighed in verdict.evidence
        if weighed.evidence.kind.startswith("name.") and weighed.evidence.kind != Kind.NAME_HIDDEN
        for name, value in weighed.evidence.params
        if name == "name"
    }
    return sorted(names)


def overruled(verdict: Verdict, lists: OperatorLists, weights: Weights | None = None) -> Verdict | None:
    """Return a verdict as the operator's lists show it; None where they leave it as it is.

    They speak of mining only: a node, a wallet and a prober stay what they are.
    """
    entry = lists.entry_for(verdict) if lists and verdict.role in MINING_ROLES else None
    if entry is None:
        return None
    allowed = entry.list is ListName.ALLOW
    kind = Kind.OPERATOR_ALLOWED if allowed else Kind.OPERATOR_DENIED
    nats = (weights or shipped()).kinds[kind].nats
    before = _log_odds(verdict.score)
    if allowed:
        nats = min(nats, _log_odds(ALLOWED_AT_MOST) - before)
        level = Level.CLEARED
    else:
        nats = max(nats, _log_odds(DENIED_AT_LEAST) - before)
        level = max(verdict.level, Level.LIKELY, key=LEVEL_ORDER.index)
    params = (("entry", entry.text), ("reason", entry.reason))
    said = Evidence(verdict.address, verdict.role, kind, Where(SOURCE), entry.added_ns, params)
    heavier = [one for one in verdict.evidence if abs(one.weight) > abs(nats)]
    evidence = (*heavier, Weighed(said, nats), *verdict.evidence[len(heavier) :])
    return replace(verdict, level=level, score=probability(before + nats), evidence=evidence)


def _log_odds(score: float) -> float:
    """The inverse of `probability`, for scores that are rounded to 0 or 1 as well."""
    bounded = min(max(score, 1e-15), 1 - 1e-15)
    return math.log(bounded / (1 - bounded))
