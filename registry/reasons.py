"""Why rows of files are refused, and what is noticed of files, in both languages.

Sentences are raised in English; reasons.toml has the same in Chinese.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

OTHER: Final = "other"
"""The code of a sentence that the table does not know."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is said of a file which is taken all the same."""

    chinese: str
    """As in `Reason`."""
    shape: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Reason:
    """One kind of refusal."""

    code: str
    """Stable: what programs tell it by."""
    english: str
    chinese: str
    """With {0}, {1}, ... in the place of what the English sentence names."""
    shape: re.Pattern[str]


@cache
def reasons() -> tuple[Reason, ...]:
    """Return the table, in its order."""
    return tuple(Reason(one["code"], one["en"], one["zh"], _shape(one["en"])) for one in _table()["reason"])


@cache
def notices() -> tuple[Notice, ...]:
    """Return the notices, in their order."""
    return tuple(Notice(one["zh"], _shape(one["en"])) for one in _table()["notice"])


def code_of(why: str) -> str:
    """Return the code of a sentence; `other` for one that the table does not know."""
    found = _found(why)
    return OTHER if found is None else found[0].code


def worded(why: str, lang: str) -> str:
    """Return a sentence in a language, `en` or `zh`; as it is where the table does not know it."""
    if lang != "zh" or (found := _found(why)) is None:
        return why
    reason, names = found
    return reason.chinese.format(*(worded(name, lang) if reason.code == "meter" else name for name in names))


def noticed(text: str, lang: str) -> str:
    """Return a notice in a language, `en` or `zh`; as it is where the table does not know it."""
    if lang == "zh":
        for one in notices():
            if (fits := one.shape.fullmatch(text)) is not None:
                return one.chinese.format(*fits.groups())
    return text


def _table() -> dict[str, list[dict[str, str]]]:
    return tomllib.loads(files("registry").joinpath("reasons.toml").read_text("utf-8"))


def _found(why: str) -> tuple[Reason, tuple[str, ...]] | None:
    for one in reasons():
        if (fits := one.shape.fullmatch(why)) is not None:
            return one, fits.groups()
    return None


def _shape(sentence: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, sentence.split("{}"))), re.DOTALL)
