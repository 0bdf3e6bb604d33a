"""Ledgers and findings in words for a person, in English or Chinese, from words.toml."""

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from supervision.ledgers.alarms import Alarm
from supervision.ledgers.market import Leaving
from supervision.ledgers.screening import Finding, Seed
from supervision.ledgers.ties import Shared

Language = Literal["en", "zh"]
Mask = Callable[[str, str], str]
"""Returns a name of a kind of tie as it may be shown."""


def plain(kind: str, name: str) -> str:
    """Return a name as it is."""
    return name


def word(topic: str, key: str, lang: Language = "en", /, **params: object) -> str:
    """Return a word or sentence; a key that this version does not know is returned as it is."""
    found = _table()[topic].get(key)
    if found is None:
        return key
    return str(found[lang]).format_map(_Shown(params))


def tie_words(tie: Shared, lang: Language = "en", mask: Mask = plain) -> str:
    """Return the sentence of a tie: what is shared, by how many, what it adds."""
    what = word("tie", tie.kind, lang, name=mask(tie.kind, tie.shown))
    says = "shared" if tie.weight > 0 else "hub"
    return word("says", says, lang, what=what, sharers=f"{tie.sharers:,}", weight=f"{tie.weight:.1f}")


def seed_words(seed: Seed, lang: Language = "en") -> str:
    """Return why an enterprise is known to mine."""
    since = "" if seed.since is None else seed.since.isoformat()
    return word("says", "listed" if seed.listed else "mines", lang, since=since, because=seed.because or "-")


def finding_words(finding: Finding, lang: Language = "en") -> str:
    """Return what was found, with its level."""
    level = word("level", finding.level, lang)
    return f"{word('sort', finding.sort.value, lang)} ({level}, {finding.score:.2f})"


def leaving_words(leaving: Leaving, lang: Language = "en") -> str:
    """Return by when a participant has to leave, and why."""
    by = "" if leaving.leave_by is None else leaving.leave_by.isoformat()
    return word("basis", leaving.basis, lang, leave_by=by, rule=leaving.document or leaving.rule)


def alarm_words(alarm: Alarm, lang: Language = "en") -> str:
    """Return the sentence of an alarm."""
    told = dict(alarm.params)
    for name, topic in (("level", "level"), ("sort", "sort"), ("kind", "support")):
        if name in told:
            told[name] = word(topic, told[name], lang)
    return word("alarm", alarm.kind, lang, **told)


class _Shown(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("supervision.ledgers").joinpath("words.toml").read_text("utf-8"))
