"""RLP: the nested lists of bytes in which Ethereum writes its messages; a walk that copies nothing.

Source: the Yellow Paper, appendix B; ethereum.org, "Recursive-length prefix serialization".
"""

from typing import NamedTuple

SHORT_STRING = 0x80
LONG_STRING = 0xB7
SHORT_LIST = 0xC0
LONG_LIST = 0xF7
MAX_ITEMS = 1024  # items of one list that are read: a datagram of 1,280 bytes holds fewer


class Item(NamedTuple):
    """One item: where its content lies, and whether that is a list."""

    begin: int
    end: int
    is_list: bool


def item(data: bytes, at: int, limit: int) -> Item | None:
    """Return the item at `at`; None where it is cut off or passes `limit`."""
    if at >= limit:
        return None
    first = data[at]
    begin, is_list = at + 1, first >= SHORT_LIST
    if first < SHORT_STRING:
        begin, end = at, at + 1
    elif first <= LONG_STRING:
        end = begin + first - SHORT_STRING
    elif SHORT_LIST <= first <= LONG_LIST:
        end = begin + first - SHORT_LIST
    else:
        begin += first - (LONG_LIST if is_list else LONG_STRING)
        end = begin + int.from_bytes(data[at + 1 : begin], "big")
    return Item(begin, end, is_list) if end <= limit else None


def items(data: bytes, parent: Item) -> list[Item] | None:
    """Return the items of a list; None where it is no list or not well-formed, or has too many."""
    if not parent.is_list:
        return None
    found: list[Item] = []
    at = parent.begin
    while at < parent.end:
        one = item(data, at, parent.end)
        if one is None or len(found) >= MAX_ITEMS:
            return None
        found.append(one)
        at = one.end
    return found


def number(data: bytes, one: Item) -> int | None:
    """Return an item as a number of at most 8 bytes; None where it is a list or longer."""
    if one.is_list or one.end - one.begin > 8:
        return None
    return int.from_bytes(data[one.begin : one.end], "big")
