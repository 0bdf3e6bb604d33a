"""Why rows of files are refused, in both languages: sentences are raised in English (reasons.toml)."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

OTHER: Final = "other"
"""The code of a sentence that the table does not know."""


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
    text = files("registry").joinpath("reasons.toml").read_text("utf-8")
    return tuple(
        Reason(one["code"], one["en"], one["zh"], _shape(one["en"])) for one in tomllib.loads(text)["reason"]
    )


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


def _found(why: str) -> tuple[Reason, tuple[str, ...]] | None:
    for one in reasons():
        if (fits := one.shape.fullmatch(why)) is not None:
            return one, fits.groups()
    return None


def _shape(sentence: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, sentence.split("{}"))), re.DOTALL)
