"""The whole registry as flat arrays: built once, kept in files, mapped by every process that answers.

A record is one prefix with one holder for one period. An assignment that names only its line becomes one
record for each holder that the line had within the assignment's period.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from registry.model import (
    DivisionPeriod,
    Use,
)
from registry.port_blocks import BlockArrays, blocks_of_columns, blocks_to_columns
from registry.prefix_tree import (
    TreeArrays,
    tree_of_columns,
    tree_to_columns,
)

FORMAT = 3
"""Of the arrays; a reader takes no other."""

USES = tuple(Use)
"""A record's use is its place here."""
V4, V6 = "v4", "v6"
"""Names of the two public trees; the private ones are `realm0`, `realm1`, ..."""

_MAPPED_32 = 0xFFFF << 32


@dataclass(frozen=True, slots=True)
class Texts:
    """n texts in one array of bytes."""

    start: NDArray[np.uint32]
    """(n + 1,)"""
    text: NDArray[np.uint8]
    """UTF-8."""

    def __getitem__(self, number: int) -> str:
        return bytes(self.text[self.start[number] : self.start[number + 1]]).decode()

    def __len__(self) -> int:
        return len(self.start) - 1


class Housed(NamedTuple):
    """A tenant of a data centre, by places in the index."""

    operator: int
    site: int
    tenant: int
    from_ns: int
    to_ns: int


@dataclass(frozen=True, slots=True)
class RegistryIndex:
    """Everything that an answer needs."""

    trees: dict[str, TreeArrays]
    realms: tuple[str, ...]
    """Names of the private address spaces; number k has the tree `realm<k>`."""
    blocks: BlockArrays
    block_private: NDArray[np.uint32]
    """IPv4 address of each block; 0 where `block_record` tells the line."""
    block_realm: NDArray[np.int32]
    """Number of the private address's realm; NOTHING for the public one."""
    block_record: NDArray[np.int32]
    """Record of each block's line; NOTHING where its private address tells it."""
    block_ports: NDArray[np.int32]
    """How many ports each block has."""
    block_from: NDArray[np.int64]
    block_to: NDArray[np.int64]
    from_ns: NDArray[np.int64]
    to_ns: NDArray[np.int64]
    """Period of each record."""
    uscc: NDArray[np.int32]
    """Place in `enterprises`; NOTHING where the registry does not know who has the line."""
    site: NDArray[np.int32]
    """Place in `sites`, or NOTHING."""
    use: NDArray[np.uint8]
    plain: NDArray[np.uint8]
    """1 where the record names its holder beyond doubt: a line or a lease, known, hosting nobody."""
    lines: Texts
    """Line of each record."""
    set_start: NDArray[np.int64]
    set_member: NDArray[np.int32]
    """The records of set k, whose code is k after the last record: from set_start[k] on."""
    set_answer: NDArray[np.int32]
    """The newest record of each set where all of them name one holder beyond doubt, else NOTHING."""
    enterprises: Texts
    """JSON of each."""
    sites: Texts
    hosting: tuple[Housed, ...]
    divisions: tuple[DivisionPeriod, ...] = ()
    """The imported table of divisions; the shipped one is not repeated here."""

    def members(self, code: int) -> tuple[int, ...]:
        """Return the records behind a code of a tree."""
        if code < len(self.from_ns):
            return (code,)
        begin, end = self.set_start[code - len(self.from_ns) :][:2]
        return tuple(self.set_member[begin:end].tolist())


def to_columns(index: RegistryIndex) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays by name, and what else there is as JSON values."""
    columns: dict[str, NDArray[Any]] = blocks_to_columns(index.blocks)
    for name, tree in index.trees.items():
        columns |= tree_to_columns(tree, name)
    for name in _PLAIN_COLUMNS:
        columns[name] = getattr(index, name)
    for name in _TEXT_COLUMNS:
        texts: Texts = getattr(index, name)
        columns |= {f"{name}.start": texts.start, f"{name}.text": texts.text}
    rest = {
        "trees": list(index.trees),
        "realms": list(index.realms),
        "hosting": [list(one) for one in index.hosting],
        "divisions": [astuple(one) for one in index.divisions],
    }
    return columns, rest


def of_columns(columns: dict[str, NDArray[Any]], rest: Mapping[str, Any]) -> RegistryIndex:
    """Return the index that `to_columns` took apart. Raises KeyError where something is missing."""
    plain: dict[str, Any] = {name: columns[name] for name in _PLAIN_COLUMNS}
    texts: dict[str, Any] = {
        name: Texts(columns[f"{name}.start"], columns[f"{name}.text"]) for name in _TEXT_COLUMNS
    }
    return RegistryIndex(
        trees={name: tree_of_columns(columns, name) for name in rest["trees"]},
        realms=tuple(rest["realms"]),
        blocks=blocks_of_columns(columns),
        hosting=tuple(Housed(*one) for one in rest["hosting"]),
        divisions=tuple(DivisionPeriod(*one) for one in rest["divisions"]),
        **plain,
        **texts,
    )


_PLAIN_COLUMNS = (
    "block_private",
    "block_realm",
    "block_record",
    "block_ports",
    "block_from",
    "block_to",
    "from_ns",
    "to_ns",
    "uscc",
    "site",
    "use",
    "plain",
    "set_start",
    "set_member",
    "set_answer",
)
_TEXT_COLUMNS = ("lines", "enterprises", "sites")
