"""Builds the index of a registry, row by row: ten million rows never lie in memory as objects."""

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facts.endpoint import packed16
from registry.index import USES, V4, V6, Housed, RegistryIndex, Texts
from registry.model import (
    Assignment,
    DivisionPeriod,
    Enterprise,
    Hosting,
    Line,
    NatBlock,
    RegistryData,
    Site,
    Use,
)
from registry.port_blocks import BlockColumns, build_blocks
from registry.prefix_tree import FOREVER, NOTHING, Mask, TreeArrays
from registry.tree_build import Records, build_tree


@dataclass(slots=True)
class _Space:
    """The records of one address space while they are gathered; of IPv4, `low` is the address."""

    v6: bool
    high: "array[int]" = field(default_factory=lambda: array("Q"))
    low: "array[int]" = field(default_factory=lambda: array("Q"))
    length: "array[int]" = field(default_factory=lambda: array("B"))
    code: "array[int]" = field(default_factory=lambda: array("i"))

    def __post_init__(self) -> None:
        if not self.v6:
            self.low = array("I")  # half the bytes, for ten million records

    def records(self, from_ns: NDArray[np.int64], to_ns: NDArray[np.int64], lease: Mask) -> Records:
        """Return the records; the other columns are those of all records, by code."""
        codes = np.frombuffer(self.code, np.int32)
        whole = len(codes) == len(from_ns)  # one space has all, by code: no copies
        low: Any = np.frombuffer(self.low, np.uint64 if self.v6 else np.uint32)
        return Records(
            np.frombuffer(self.high, np.uint64),
            low,
            np.frombuffer(self.length, np.uint8),
            from_ns if whole else from_ns[codes],
            to_ns if whole else to_ns[codes],
            codes,
            lease if whole else lease[codes],
        )


class IndexBuilder:
    """Takes the registry row by row, so that ten million rows never lie in memory as objects."""

    def __init__(
        self,
        enterprises: Iterable[Enterprise],
        sites: Iterable[Site],
        lines: Iterable[Line] = (),
        hosting: Iterable[Hosting] = (),
        divisions: Iterable[DivisionPeriod] = (),
    ) -> None:
        self._divisions = tuple(divisions)
        self._enterprises, self._usccs = _numbered(enterprises, "uscc")
        self._sites, self._site_ids = _numbered(sites, "id")
        self._hosting = tuple(
            Housed(
                self._usccs[one.operator],
                self._site_ids[one.site],
                self._usccs[one.tenant],
                one.valid_from_ns,
                FOREVER if one.valid_to_ns is None else one.valid_to_ns,
            )
            for one in hosting
        )
        self._lines: dict[str, list[Line]] = {}
        for line in lines:
            self._lines.setdefault(line.line, []).append(line)
            if line.account and line.account != line.line:
                self._lines.setdefault(line.account, []).append(line)
        self._spaces: dict[str, _Space] = {V4: _Space(v6=False), V6: _Space(v6=True)}
        self._realms: dict[str, int] = {}
        self._from, self._to = array("q"), array("q")
        self._uscc, self._site, self._use = array("i"), array("i"), array("B")
        self._line_start, self._line_text = array("I", [0]), bytearray()
        self._blocks = tuple(array(kind) for kind in "IHHqqIii")

    def assignment(self, given: Assignment) -> None:
        """Take an assignment. Raises ValueError where it names an unknown enterprise or site."""
        first = int.from_bytes(packed16(given.prefix.network_address), "big")
        self.row(
            first,
            given.prefix.prefixlen,
            given.prefix.version,
            given.line,
            given.uscc,
            given.site,
            given.valid_from_ns,
            given.valid_to_ns,
            given.realm,
            given.use,
        )

    def row(
        self,
        first: int,
        length: int,
        version: int,
        line: str,
        uscc: str | None,
        site: str | None,
        from_ns: int,
        to_ns: int | None,
        realm: str,
        use: str,
    ) -> None:
        """Take an assignment as the columns of a table; `first` is the 128-bit number, IPv4 mapped."""
        space = self._spaces[V6 if version == 6 else V4 if not realm else self._realm(realm)]
        high, low = (first >> 64, first & 0xFFFF_FFFF_FFFF_FFFF) if version == 6 else (0, first & 0xFFFF_FFFF)
        end = FOREVER if to_ns is None else to_ns
        number = _USE_NUMBER[use]
        if uscc is not None or number >= _FIRST_POOL:
            numbers = self._known(uscc, site, first)
            periods: Iterable[tuple[int, int, int, int]] = ((from_ns, end, *numbers),)
        else:
            periods = self._periods(line, from_ns, end)
        for begin, after, holder, place in periods:
            if version == 6:
                space.high.append(high)
            space.low.append(low)
            space.length.append(length)
            space.code.append(self._record(begin, after, holder, place, number, line))

    def nat_block(self, block: NatBlock) -> None:
        """Take a port block."""
        public = int.from_bytes(packed16(block.public), "big") & 0xFFFF_FFFF
        ports = block.first_port, block.last_port
        end = FOREVER if block.valid_to_ns is None else block.valid_to_ns
        if block.private is not None:
            private = int.from_bytes(packed16(block.private), "big") & 0xFFFF_FFFF
            realm = int(self._realm(block.realm).removeprefix("realm")) if block.realm else NOTHING
            rows = [(block.valid_from_ns, end, private, realm, NOTHING)]
        else:
            rows = [
                (begin, after, 0, NOTHING, self._record(begin, after, holder, place, _LEASE, block.line))
                for begin, after, holder, place in self._periods(block.line, block.valid_from_ns, end)
            ]
        for row in rows:
            for column, value in zip(self._blocks, (public, *ports, *row), strict=True):
                column.append(value)

    def build(self) -> RegistryIndex:
        """Return the index of all that was taken."""
        sets = _Sets(len(self._from))
        # The columns are not copied: the index keeps what was gathered.
        from_ns, to_ns = np.frombuffer(self._from, np.int64), np.frombuffer(self._to, np.int64)
        uscc, site = np.frombuffer(self._uscc, np.int32), np.frombuffer(self._site, np.int32)
        use = np.frombuffer(self._use, np.uint8)
        lines = Texts(np.frombuffer(self._line_start, np.uint32), np.frombuffer(self._line_text, np.uint8))
        plain = (uscc != NOTHING) & (use < _FIRST_POOL) & ~self._hosted(uscc, site)
        lease = use == _LEASE

        def together(members: tuple[int, ...]) -> int:
            """Return the code of records that hold together, with the newest of them where they agree."""
            said = {(int(uscc[one]), int(site[one]), lines[one]) for one in members}
            agree = len(said) == 1 and all(plain[one] for one in members)
            newest = max(members, key=lambda one: (int(from_ns[one]), int(to_ns[one]))) if agree else NOTHING
            return sets.number(members, newest)

        trees: dict[str, TreeArrays] = {}
        for name in list(self._spaces):
            v6 = name == V6
            space = self._spaces.pop(name)  # what was gathered is not needed any more
            trees[name] = build_tree(space.records(from_ns, to_ns, lease), together, v6=v6)
            del space
        blocks = [np.array(column) for column in self._blocks]
        public, first_port, last_port, block_from, block_to, private, realm, record = blocks
        return RegistryIndex(
            trees=trees,
            realms=tuple(self._realms),
            blocks=build_blocks(BlockColumns(public, first_port, last_port, block_from, block_to)),
            block_private=private,
            block_realm=realm,
            block_record=record,
            block_ports=last_port.astype(np.int32) - first_port.astype(np.int32) + 1,
            block_from=block_from,
            block_to=block_to,
            from_ns=from_ns,
            to_ns=to_ns,
            uscc=uscc,
            site=site,
            use=use,
            plain=plain.astype(np.uint8),
            lines=lines,
            set_start=np.array(sets.start, np.int64),
            set_member=np.array(sets.member, np.int32),
            set_answer=np.array(sets.answer, np.int32),
            enterprises=self._enterprises,
            sites=self._sites,
            hosting=self._hosting,
            divisions=self._divisions,
        )

    def _realm(self, name: str) -> str:
        number = self._realms.setdefault(name, len(self._realms))
        self._spaces.setdefault(f"realm{number}", _Space(v6=False))
        return f"realm{number}"

    def _known(self, uscc: str | None, site: str | None, first: int) -> tuple[int, int]:
        """Return the places of an enterprise and a site; a pool may name neither."""
        try:
            return (
                NOTHING if uscc is None else self._usccs[uscc],
                NOTHING if site is None else self._site_ids[site],
            )
        except KeyError:
            shown = ".".join(map(str, (first & 0xFFFF_FFFF).to_bytes(4, "big")))
            where = shown if first >> 32 == 0xFFFF else f"{first:032x}"
            raise ValueError(
                f"the assignment of {where} names enterprise {uscc} and site {site}, of which the registry"
                " lacks one"
            ) from None

    def _periods(self, line: str, from_ns: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield (from, to, enterprise, site) of whoever had a line in a period; NOTHING where unknown.

        Where two statements on a line overlap, both are yielded: the tree makes a set of them.
        """
        at = from_ns
        for version in sorted(self._lines.get(line, ()), key=lambda one: one.valid_from_ns):
            begin = max(version.valid_from_ns, from_ns)
            after = end if version.valid_to_ns is None else min(version.valid_to_ns, end)
            if begin >= after:
                continue
            if at < begin:
                yield at, begin, NOTHING, NOTHING
            yield (
                begin,
                after,
                self._usccs.get(version.uscc, NOTHING),
                self._site_ids.get(version.site, NOTHING),
            )
            at = max(at, after)
        if at < end:
            yield at, end, NOTHING, NOTHING

    def _record(self, begin: int, after: int, uscc: int, site: int, use: int, line: str) -> int:
        self._from.append(begin)
        self._to.append(after)
        self._uscc.append(uscc)
        self._site.append(site)
        self._use.append(use)
        self._line_text += line.encode()
        self._line_start.append(len(self._line_text))
        return len(self._from) - 1

    def _hosted(self, uscc: NDArray[np.int32], site: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Say for each record whether its holder houses the machines of others at its site, ever."""
        pairs = {one.operator << 32 | one.site for one in self._hosting if one.operator != one.tenant}
        if not pairs:
            return np.zeros(len(uscc), np.bool_)
        both = uscc.astype(np.int64) << 32 | site.astype(np.int64)
        return np.isin(both, np.array(sorted(pairs), np.int64))


class _Sets:
    """Sets of records of one prefix that hold at the same time, each known by one code."""

    def __init__(self, first_code: int) -> None:
        self._first = first_code
        self._codes: dict[tuple[int, ...], int] = {}
        self.start = [0]
        self.member: list[int] = []
        self.answer: list[int] = []

    def number(self, members: tuple[int, ...], answer: int) -> int:
        """Return the code of a set (sorted), a new one where the set is new."""
        if (known := self._codes.get(members)) is None:
            known = self._codes[members] = self._first + len(self._codes)
            self.member.extend(members)
            self.answer.append(answer)
            self.start.append(len(self.member))
        return known


_USE_NUMBER = {use.value: number for number, use in enumerate(USES)}
_LEASE = _USE_NUMBER[Use.LEASE]
_FIRST_POOL = _USE_NUMBER[Use.NAT]


def build_index(data: RegistryData) -> RegistryIndex:
    """Return the index of a registry. Raises ValueError where an assignment names what it does not hold."""
    builder = IndexBuilder(data.enterprises, data.sites, data.lines, data.hosting, data.divisions)
    for given in data.assignments:
        builder.assignment(given)
    for block in data.nat_blocks:
        builder.nat_block(block)
    return builder.build()


def _numbered(things: Iterable[Any], key: str) -> tuple[Texts, dict[str, int]]:
    """Return the things as JSON texts, and the place of each by its key."""
    places: dict[str, int] = {}
    texts: list[bytes] = []
    for thing in things:
        places[getattr(thing, key)] = len(texts)
        texts.append(json.dumps(asdict(thing), ensure_ascii=False, separators=(",", ":")).encode())
    return _texts(texts), places


def _texts(texts: Sequence[bytes]) -> Texts:
    start = np.zeros(len(texts) + 1, np.uint32)
    np.cumsum([len(text) for text in texts], out=start[1:], dtype=np.uint32)
    return Texts(start, np.frombuffer(b"".join(texts), np.uint8))
