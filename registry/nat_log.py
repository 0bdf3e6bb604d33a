"""CGNAT logs to port blocks: syslog lines that say "given out" and "taken back".

Read are the port-block messages of three forms (docs/registry.md has an example of each):

- Juniper SRX and MX: RT_SRC_NAT_PBA_ALLOC, _INTERIM, _RELEASE, in words or as structured data, and
  JSERVICES_NAT_PORT_BLOCK_ALLOC, _ACTIVE, _RELEASE.
- Cisco IOS XR: `[UserbasedA ...]` and `[UserbasedW ...]` of the NAT44 external log.
- `event=assign private=... public=... ports=1024-1535 [realm=...]`, for what can be made to write it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from facts.errors import RowError
from registry.cells import parse_address, parse_port
from registry.log_lines import LogClock, stamp_of
from registry.rows import Report
from registry.table_specs import Record

_IP = r"\d{1,3}(?:\.\d{1,3}){3}"
_JUNIPER = re.compile(
    r"RT_SRC_NAT_PBA_(ALLOC|INTERIM|RELEASE):? .*?[Ss]ubscriber (?P<private>" + _IP + r").*?"
    r"port block \[(?P<first>\d+)-(?P<last>\d+)\] (?:from|to|of) (?P<public>" + _IP + r")"
)
_JUNIPER_MX = re.compile(
    r"JSERVICES_NAT_PORT_BLOCK_(ALLOC|ACTIVE|RELEASE):? .*?(?P<private>" + _IP + r") ?-> ?"
    r"(?P<public>" + _IP + r"):(?P<first>\d+)-(?P<last>\d+)"
)
_CISCO = re.compile(
    r"\[Userbased(A|W) \S+ (?P<private>" + _IP + r") (?P<realm>\S+) \S+ (?P<public>" + _IP + r") \S+ "
    r"(?P<first>\d+) (?P<last>\d+)\b"
)
_STRUCTURED = re.compile(r"RT_SRC_NAT_PBA_(ALLOC|INTERIM|RELEASE) \[(?P<fields>[^\]]*)\]")
_PLAIN = re.compile(r"\bevent=\"?(\w+)\"?")
_FIELD = re.compile(r"([\w-]+)=\"?([^\s\"\],]+)\"?")
_GIVEN = {"ALLOC", "INTERIM", "ACTIVE", "A", "assign", "alloc", "interim"}
_TAKEN = {"RELEASE", "W", "withdraw", "release", "free"}

Block = tuple[bytes, int, int]
"""Public address as 16 bytes, first and last port."""


@dataclass(frozen=True, slots=True)
class _Given:
    private: bytes
    realm: str
    from_ns: int


@dataclass(slots=True)
class OpenBlocks:
    """The blocks that are given out, carried from one log of a source to the next."""

    held: dict[Block, _Given] = field(default_factory=dict)

    def add(self, block: Block, private: bytes, realm: str, from_ns: int) -> None:
        """Note a block that an earlier log gave out."""
        self.held[block] = _Given(private, realm, from_ns)


def read_nat_log(
    lines: Iterable[tuple[int, str]],
    source: str,
    clock: LogClock,
    said_by: str,
    report: Report,
    held: OpenBlocks,
    realm: str = "",
) -> Iterator[tuple[int, Record]]:
    """Yield (line number, record of a port block), ended ones as they end and the others last.

    A block that is given out anew without having been taken back ended, at the latest, then. A block taken
    back that nobody gave out is refused: since when it was held is not known. Lines that speak of something
    else are passed over, and counted in a notice. `realm`: of private addresses whose line names none.
    """
    passed = 0
    number = 0
    begun: dict[Block, int] = {}
    for number, text in lines:
        event = _event(text)
        if event is None:
            passed += bool(text.strip())
            continue
        report.rows += 1
        word, fields = event
        try:
            at_ns = stamp_of(text, clock)
            block, private = _block(fields), parse_address(fields["private"])
        except (ValueError, KeyError) as error:
            why = f"the message names no {error}" if isinstance(error, KeyError) else str(error)
            report.errors.append(RowError(why, source, number))
            continue
        within = fields.get("realm", realm)
        known = held.held.get(block)
        if known is not None and block not in begun and at_ns < known.from_ns:
            known = None  # an older log, read again: what a later one said has no part in it
        if word in _GIVEN:
            if known is not None and (known.private, known.realm) == (private, within):
                continue  # told again, so that one lost line does no harm
            if known is not None:
                if at_ns <= known.from_ns:
                    report.errors.append(
                        RowError("given out before the holder before it: out of order", source, number)
                    )
                    continue
                yield begun.get(block, number), _record(block, known, at_ns, said_by)
            held.held[block], begun[block] = _Given(private, within, at_ns), number
        elif known is None or known.private != private:
            report.errors.append(RowError("taken back, but no line before gave it out", source, number))
        elif at_ns <= known.from_ns:
            report.errors.append(RowError("taken back before it was given out", source, number))
        else:
            del held.held[block]
            yield begun.pop(block, number), _record(block, known, at_ns, said_by)
    for block, known in held.held.items():
        if block in begun:
            yield begun[block], _record(block, known, None, said_by)
    if passed:
        report.notices.append(f"{source}: {passed:,} lines are no port-block messages")


def _event(text: str) -> tuple[str, dict[str, str]] | None:
    for pattern in (_JUNIPER, _JUNIPER_MX, _CISCO):
        if (match := pattern.search(text)) is not None:
            fields = {name: value for name, value in match.groupdict().items() if value is not None}
            if fields.get("realm") == "-":
                del fields["realm"]
            return match[1], fields
    if (match := _STRUCTURED.search(text)) is not None:
        named = dict(_FIELD.findall(match["fields"]))
        names = {
            "private": "internal-ip",
            "public": "reflexive-ip",
            "first": "block-port-low",
            "last": "block-port-high",
        }
        return match[1], {ours: named[theirs] for ours, theirs in names.items() if theirs in named}
    if (match := _PLAIN.search(text)) is not None and match[1] in _GIVEN | _TAKEN:
        fields = dict(_FIELD.findall(text))
        first, dash, last = fields.get("ports", "").partition("-")
        return match[1], {**fields, "first": first, "last": last if dash else first}
    return None


def _block(fields: dict[str, str]) -> Block:
    first, last = parse_port(fields["first"]), parse_port(fields["last"])
    if last < first:
        raise ValueError(f"the block {first}-{last} ends before it begins")
    return parse_address(fields["public"]), first, last


def _record(block: Block, given: _Given, to_ns: int | None, said_by: str) -> Record:
    return *block, given.realm, given.private, "", given.from_ns, to_ns, said_by
