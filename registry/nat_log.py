"""CGNAT logs to port blocks, from "given out" to "taken back"; registry/nat_forms.py tells the forms."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from facts.errors import RowError
from registry.cells import parse_address, parse_port
from registry.log_lines import LogClock, stamp_of
from registry.nat_forms import message_of
from registry.rows import Report
from registry.table_specs import Record

_V4_HEAD = b"\0" * 10 + b"\xff\xff"

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
        try:
            message = message_of(text)
            if message is None:
                passed += bool(text.strip())
                continue
            fields = message.fields
            at_ns = stamp_of(text, clock)
            block, private = _block(fields), _ipv4(fields["private"])
        except (ValueError, KeyError) as error:
            report.rows += 1
            why = f"the message names no {error}" if isinstance(error, KeyError) else str(error)
            report.errors.append(RowError(why, source, number))
            continue
        report.rows += 1
        within = fields.get("realm", realm)
        known = held.held.get(block)
        if known is not None and block not in begun and at_ns < known.from_ns:
            known = None  # an older log, read again: what a later one said has no part in it
        if message.given:
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


def _block(fields: dict[str, str]) -> Block:
    first, last = parse_port(fields["first"]), parse_port(fields["last"])
    if last < first:
        raise ValueError(f"the block {first}-{last} ends before it begins")
    return _ipv4(fields["public"]), first, last


def _ipv4(text: str) -> bytes:
    packed = parse_address(text)
    if not packed.startswith(_V4_HEAD):
        raise ValueError(f"{text} is IPv6: only blocks between IPv4 addresses are read")
    return packed


def _record(block: Block, given: _Given, to_ns: int | None, said_by: str) -> Record:
    return *block, given.realm, given.private, "", given.from_ns, to_ns, said_by
