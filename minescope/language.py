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
