"""How wide the columns of a printed table are: no word runs into the next column, and the rest is shared.

Widths of letters are those of the two kinds of families in use, rounded up; nothing is measured.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

SIZES = (8.5, 7.5, 6.5)
"""Points: the largest at which every word has room is taken."""
INSET = 4.0
"""Points beside the text of a cell, each side."""
MOST = 26.0
"""Em: a cell longer than this asks for no more room, it has several lines."""
BREAK = "\N{ZERO WIDTH SPACE}"
CHINESE = 4.0
"""Em: what Chinese text has at least, though it may break anywhere."""
_NARROW, _CAPITAL, _WIDE, _BOLD = 0.53, 0.7, 1.0, 1.08
_THIN = frozenset(" .,:;'|!()[]il-")
_WORD = re.compile(r"[^\s\u2013\u2E80-\u9FFF\uAC00-\uD7AF\uF900-\uFAFF\uFE30-\uFE4F\uFF00-\uFFEF]+")
"""What is not broken between lines: letters up to a blank, a dash or a Chinese one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is set."""

    size: float
    """Of the letters, points."""
    widths: tuple[float, ...]
    """Of the columns, points; empty where each may be as wide as its text."""
    longest: int | None = None
    """Letters after which a word has to break; None where all have room."""


def layout(heads: Sequence[str], rows: Sequence[Sequence[str]], room: float) -> Layout:
    """Return how a table of these cells is set in a room of so many points."""
    least = [_word(head) * _BOLD for head in heads]
    whole = [_line(head) * _BOLD for head in heads]
    for row in rows:
        for n, text in enumerate(row):
            wide = _line(text)
            if wide > whole[n]:
                whole[n] = wide
            if wide > least[n]:
                least[n] = max(least[n], _word(text))
    whole = [max(min(wide, MOST), word) for wide, word in zip(whole, least, strict=True)]
    edges = 2 * INSET * len(heads)
    for size in SIZES:
        if sum(whole) * size + edges <= room:
            return Layout(size, ())
        spare = room - edges - sum(least) * size
        if spare >= 0:
            return Layout(size, tuple(_shared(least, whole, size, spare)))
    size = SIZES[-1]
    part = _cap(least, (room - edges) / size)
    held = [min(word, part) for word in least]
    spare = room - edges - sum(held) * size
    return Layout(size, tuple(_shared(held, whole, size, spare)), max(1, int(part / _CAPITAL)))


def broken(text: str, longest: int | None) -> str:
    """Return a text in which words longer than that may break."""
    if longest is None:
        return text

    def parted(found: re.Match[str]) -> str:
        word = found.group()
        return BREAK.join(word[n : n + longest] for n in range(0, len(word), longest))

    return _WORD.sub(parted, text)


def _cap(least: Sequence[float], room: float) -> float:
    """Return the width to which columns that want more are held, so that all have room; all in em."""
    for n, word in enumerate(sorted(least)):
        even = room / (len(least) - n)
        if word > even:
            return even
        room -= word
    return max(least)


def _shared(least: Sequence[float], whole: Sequence[float], size: float, spare: float) -> Iterator[float]:
    """Yield widths: what each needs at least, and of the rest as much as its longest cell would like."""
    wants = [max(wide - word, 0.0) for wide, word in zip(whole, least, strict=True)]
    asked = sum(wants) or 1.0
    for word, want in zip(least, wants, strict=True):
        yield word * size + 2 * INSET + spare * want / asked


def _word(text: str) -> float:
    """Return the least width of a text, em: that of its longest word, or a few Chinese letters."""
    longest = max((_line(found.group()) + _NARROW for found in _WORD.finditer(text)), default=0.0)
    return longest if text.isascii() else max(longest, min(_line(text), CHINESE))


def _line(text: str) -> float:
    """Return the width of a text in one line, em."""
    if text.isascii():
        capitals = sum(map(str.isupper, text))
        thin = sum(map(text.count, _THIN)) * (_NARROW - 0.36)
        return (len(text) - capitals) * _NARROW + capitals * _CAPITAL - thin
    return sum(
        _WIDE if east_asian_width(letter) in "WF" else _CAPITAL if letter.isupper() else _NARROW
        for letter in text
    )
