"""Which language the terminal speaks: --lang, MINESCOPE_LANG, LC_ALL / LC_MESSAGES / LANG, else English."""

import os
from collections.abc import Mapping
from enum import StrEnum


class Lang(StrEnum):
    """The languages of what analysts see."""

    EN = "en"
    ZH = "zh"


def chosen(given: Lang | None, environ: Mapping[str, str] = os.environ) -> Lang:
    """Return the language to speak."""
    if given is not None:
        return given
    for name in ("MINESCOPE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            return Lang.ZH if value.lower().startswith("zh") else Lang.EN
    return Lang.EN


def worded(error: Exception, lang: Lang) -> str:
    """Return what an error says, in this language as far as it has words in it."""
    told = getattr(error, "told", None)
    if told is not None:
        return str(told(lang.value))
    if lang is Lang.EN:
        return str(error)
    from facts.errors import RowError
    from minescope.refusals import in_chinese  # its patterns cost time where none is needed

    if isinstance(error, RowError):
        from minescope.refused_rows import folded

        return folded([error], lang.value)[0]
    return in_chinese(str(error))
