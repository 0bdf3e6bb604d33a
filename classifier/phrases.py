"""Evidence as sentences for a person, in English or Chinese, from phrases.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from facts.evidence import Evidence

Language = Literal["en", "zh"]


def render(evidence: Evidence, lang: Language = "en") -> str:
    """Return the sentence of one piece of evidence, with its count where it was seen more than once.

    Stored evidence may be older than the phrases: a retired kind is shown by its name, a parameter it
    lacks as `?`.
    """
    table = phrases()
    phrase = table.get(evidence.kind)
    if phrase is None:
        return evidence.kind
    values = {name: _clean(value) for name, value in evidence.params}
    try:
        sentence = phrase[lang].format_map(values)
    except KeyError:
        sentence = phrase[lang].format_map(_Values(values))
    sentence = sentence.rstrip()
    if evidence.count > 1:
        sentence += table["repeated"][lang].format(count=evidence.count)
    return sentence


class _Values(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "?"


@cache
def phrases() -> Mapping[str, Mapping[str, str]]:
    """Return the phrases of every kind by language, and that of `repeated`."""
    return tomllib.loads(files("classifier").joinpath("phrases.toml").read_text(encoding="utf-8"))


def _clean(value: str | int | float | bool) -> str:
    """Return a parameter fit for one line: words come from the wire, and may hold control characters."""
    text = value if type(value) is str else str(value)
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
