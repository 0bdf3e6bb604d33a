"""The words of the inventory in English and Chinese, by the value that programs read."""

from collections.abc import Mapping
from datetime import datetime

from facts.instant import nanoseconds, rfc3339

STEPS: Mapping[str, tuple[str, str]] = {
    "found": ("found", "发现"),
    "verified": ("verified", "核实"),
    "rejected": ("rejected", "排除"),
    "notified": ("notified", "已通知退出"),
    "limited": ("power limited", "限电"),
    "cut_off": ("power cut off", "断电"),
    "exited": ("exited", "已退出"),
    "relapsed": ("relapsed", "死灰复燃"),
    "withdrawn": ("withdrawn", "撤回"),
}
KINDS: Mapping[str, tuple[str, str]] = {
    "running": ("running", "存量项目"),
    "planned": ("planned", "在建拟建项目"),
}
CHANGES: Mapping[str, tuple[str, str]] = {
    "new": ("new", "新增"),
    "back": ("back", "复燃"),
    "gone": ("gone", "退出"),
    "moved": ("moved to another step", "进展变化"),
    "grown": ("power changed", "用电变化"),
}


def said(words: Mapping[str, tuple[str, str]], value: str, lang: str) -> str:
    """Return the word of a value in a language, `en` or `zh`; the value itself where there is none."""
    return words[value][lang == "zh"] if value in words else value


def moment(at: datetime) -> str:
    """Return a time as the output contract writes it."""
    return rfc3339(nanoseconds(at))
