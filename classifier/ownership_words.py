"""Clusters in words for a person, in English or Chinese, from ownership.toml."""

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from classifier.ownership_model import WORDS, Kind, Link, Reason, Sort

Language = Literal["en", "zh"]
Mask = Callable[[Kind, str], str]
"""Returns a name as it may be shown."""

_KIND_OF = {"scheme": Kind.SCHEME, "agent": Kind.AGENT}
"""Parameters of reasons that are names."""


def plain(kind: Kind, name: str) -> str:
    """Return a name as it is."""
    return name


def sort_words(sort: Sort, lang: Language = "en") -> str:
    """Return what a cluster is."""
    return str(_table()["sort"][sort.value][lang])


def grade_words(grade: str, lang: Language = "en") -> str:
    """Return what is to be thought of a suspicion: see ownership_suspect.Grade."""
    return str(_table()["grade"][grade][lang])


def link_words(link: Link, lang: Language = "en", mask: Mask = plain) -> str:
    """Return the sentence of a link: what is shared, by how many, and what it adds."""
    links = _table()["link"]
    sentence = links[WORDS[link.kind]][lang].format(name=_clean(mask(link.kind, link.name)))
    shared = links["shared"][lang]
    return str(shared.format(addresses=link.addresses, sentence=sentence, weight=f"{link.weight:.1f}"))


def reason_words(reason: Reason, lang: Language = "en", mask: Mask = plain) -> str:
    """Return the sentence of a reason; of one that this version does not know its kind."""
    phrase = _table()["reason"].get(reason.kind)
    if phrase is None:
        return reason.kind
    values = {
        name: _clean(
            mask(_KIND_OF[name], value) if name in _KIND_OF and isinstance(value, str) else str(value)
        )
        for name, value in reason.params
    }
    return str(phrase[lang].format_map(_Values(values)))


class _Values(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "?"


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("classifier").joinpath("ownership.toml").read_text("utf-8"))


def _clean(value: str) -> str:
    """Return a name fit for one line: it comes from the wire, and may hold control characters."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value)
