"""Looking addresses up: what is known of an address, port and time, for both doors."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, ip_network

from facts.endpoint import Address, parse_address
from facts.errors import UsageError
from facts.evidence import Evidence
from facts.instant import nanoseconds, rfc3339
from facts.names import LEVEL_ORDER, Level, Role
from facts.verdict import Verdict
from pipeline.contract import SCORE_DIGITS, Hit, Json, verdict_json
from pipeline.holders import holder
from pipeline.services import Services
from registry.attribution import Attribution
from registry.model import Prefix
from store.verdicts import StoredVerdict

Wording = Callable[[Evidence], str]

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 2261  # what signed 64-bit nanoseconds hold
_LONGEST_ADDRESS = 64  # characters; the longest spelling of an IPv6 address has 45


class AskError(UsageError):
    """One part of a question cannot be read; `kind` is stable: address, zone, prefix, time, range or port."""

    def __init__(self, kind: str, field: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind
        self.field = field


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: who was this, and does it mine?"""

    address: Address
    at_ns: int | None = None
    """The time that the attribution is asked for; None: when the address was last seen."""
    port: int | None = None
    """The public source port, for addresses that many subscribers share."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known."""

    ask: Ask
    verdicts: tuple[StoredVerdict, ...]
    """Current verdicts, last seen first."""
    holders: tuple[Attribution, ...]
    """For each verdict, who held the address when it was last seen."""
    attribution: Attribution
    """Who held the address at the time asked for."""
    known: bool
    """True where a capture has shown the address or the registry has ever held it."""
    hint: Json | None = None
    """What the operator's own .mmdb file says of the address; never its registered place."""


def read_address(text: str, field: str = "address") -> Address:
    """Read an address in any spelling; mapped IPv4 comes back as IPv4. Raises AskError."""
    if len(text) <= _LONGEST_ADDRESS:
        try:
            address = parse_address(text)
        except ValueError:
            pass
        else:
            if "%" in text:
                raise AskError(
                    "zone", field, "a zone index means something on one machine only: leave it out"
                )
            return address
    raise AskError("address", field, "not an IPv4 or IPv6 address")


def read_time(text: str, field: str = "at") -> int:
    """Read an RFC 3339 time with its zone as nanoseconds since 1970 UTC. Raises AskError."""
    match = _RFC3339.fullmatch(text.strip())
    if match is None:
        raise AskError("time", field, "not an RFC 3339 time with its zone, such as 2026-03-01T08:00:00Z")
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in "Zz" else zone
    try:
        whole = nanoseconds(datetime.fromisoformat(f"{day}T{clock}{zone}"))
    except (ValueError, OverflowError) as error:
        raise AskError("time", field, f"no such time: {error}") from error
    if not _FIRST_YEAR <= int(day[:4]) <= _LAST_YEAR or whole < 0:
        raise AskError("range", field, f"a time outside {_FIRST_YEAR} to {_LAST_YEAR}")
    return whole + int((fraction or ".0")[1:].ljust(9, "0"))


def read_prefix(text: str, field: str = "prefix") -> Prefix:
    """Read a prefix such as 192.0.2.0/24; one inside ::ffff:0:0/96 comes back as IPv4. Raises AskError."""
    try:
        prefix = ip_network(text.strip())
    except ValueError as error:
        raise AskError("prefix", field, "not a prefix, or bits are set behind its length") from error
    mapped = prefix.network_address.ipv4_mapped if prefix.version == 6 and prefix.prefixlen >= 96 else None
    return prefix if mapped is None else IPv4Network((mapped, prefix.prefixlen - 96))


def read_port(number: int, field: str = "port") -> int:
    """Check a port. Raises AskError."""
    if not 0 <= number <= 65535:
        raise AskError("port", field, "a port is a whole number from 0 to 65535")
    return number


def look_up(services: Services, asks: Sequence[Ask]) -> list[Answer]:
    """Answer questions in the order asked. Raises StoreError where the database fails."""
    found = services.verdicts.of_addresses(ask.address for ask in asks)
    return [_answer(services, ask, verdicts) for ask, (_, verdicts) in zip(asks, found, strict=True)]


def look_up_at_once(services: Services, ask: Ask) -> Answer | None:
    """Answer one question without waiting for anybody; None where `look_up` has to."""
    verdicts = services.verdicts.at_once(ask.address)
    return None if verdicts is None else _answer(services, ask, verdicts)


def _answer(services: Services, ask: Ask, verdicts: Sequence[StoredVerdict]) -> Answer:
    attribute = services.attributor.attribute
    holders = tuple(attribute(ask.address, v.verdict.last_seen_ns, ask.port) for v in verdicts)
    last = holders[0] if ask.at_ns is None and holders else None
    attribution = last or attribute(ask.address, ask.at_ns, ask.port)
    known = bool(verdicts) or _names_someone(attribution)
    if not known and ask.at_ns is not None:
        known = _names_someone(attribute(ask.address, None, ask.port))
    hint = services.hints.of(ask.address) if services.hints is not None else None
    return Answer(ask, tuple(verdicts), holders, attribution, known, hint)


def attributed(services: Services, verdicts: Sequence[StoredVerdict]) -> list[Attribution]:
    """Return for each verdict who held its address while its traffic flowed."""
    return [holder(services.attributor, stored.verdict) for stored in verdicts]


def strongest(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the verdict of the highest level, then the highest score; None where there is none."""
    return max(verdicts, key=lambda v: (LEVEL_ORDER.index(v.level), v.score), default=None)


def roles(verdicts: Sequence[Verdict]) -> list[Role]:
    """Return the roles that were not cleared, strongest first, each once."""
    held = [v for v in verdicts if v.level is not Level.CLEARED]
    held.sort(key=lambda v: (LEVEL_ORDER.index(v.level), v.score), reverse=True)
    return list(dict.fromkeys(v.role for v in held))


def answer_json(answer: Answer, wording: Wording) -> Json:
    """Return the `address` object: a summary, the attribution and the verdicts of the output contract."""
    verdicts = [stored.verdict for stored in answer.verdicts]
    best = strongest(verdicts)
    held = answer.attribution
    standing = [v for v in verdicts if v.level is not Level.CLEARED]
    return {
        "type": "address",
        "address": str(answer.ask.address),
        "at": None if answer.ask.at_ns is None else rfc3339(answer.ask.at_ns),
        "port": answer.ask.port,
        "known": answer.known,
        "verdict": None
        if best is None
        else {"role": best.role.value, "level": best.level.value, "score": round(best.score, SCORE_DIGITS)},
        "roles": [role.value for role in roles(verdicts)],
        "protocols": _united(v.protocols for v in standing),
        "coins": _united(v.coins for v in standing),
        "pools": _united(v.pools for v in standing),
        "first_seen": rfc3339(min(v.first_seen_ns for v in verdicts)) if verdicts else None,
        "last_seen": rfc3339(max(v.last_seen_ns for v in verdicts)) if verdicts else None,
        "enterprise": {"name": held.enterprise, "uscc": held.uscc} if held.enterprise else None,
        "site": {
            "id": held.site,
            "division": held.division,
            "address": held.address,
            "longitude": held.longitude,
            "latitude": held.latitude,
            "datum": held.datum.value if held.datum else None,
        }
        if held.site
        else None,
        "attribution": dict(held.to_json()),
        "hint": answer.hint,
        "verdicts": [
            verdict_json(Hit(stored.verdict, holder, stored.cluster), wording)
            for stored, holder in zip(answer.verdicts, answer.holders, strict=True)
        ],
    }


def _names_someone(attribution: Attribution) -> bool:
    return attribution.certain or bool(attribution.candidates)


def _united(columns: Iterator[tuple[str, ...]]) -> list[str]:
    return sorted({name for column in columns for name in column})
