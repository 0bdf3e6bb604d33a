"""The words that belong to every report, and how values are written in both languages."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from supervision.reports.document import Cell, Figure, Language

WORDS: Mapping[str, Mapping[Language, str]] = {
    "as_of": {"en": "As of", "zh": "数据截至"},
    "published": {"en": "Published by", "zh": "发布单位"},
    "method": {"en": "Method", "zh": "计算方法"},
    "figure": {"en": "Figure", "zh": "指标"},
    "value": {"en": "Value", "zh": "数值"},
    "low": {"en": "Low", "zh": "下限"},
    "high": {"en": "High", "zh": "上限"},
    "unit": {"en": "Unit", "zh": "单位"},
    "overview": {"en": "Overview", "zh": "概览"},
    "empty": {"en": "No entries.", "zh": "无记录。"},
    "generated": {
        "en": "The same as-of date gives the same document. Intervals are given where a figure is estimated.",
        "zh": "同一截止日期生成的文件完全一致；估算值均附区间。",
    },
}
NOTHING = "-"


def word(key: str, language: Language) -> str:
    """Return a word of the report's frame."""
    return WORDS[key][language]


def day(value: date, language: Language) -> str:
    """Return a date: 2026-11-20, or 2026年11月20日."""
    return value.isoformat() if language == "en" else f"{value.year}年{value.month}月{value.day}日"


def number(value: Decimal | float | int, digits: int) -> str:
    """Return a number with groups of three and `digits` after the point, rounded half up; "-" where it is
    none."""
    exact = Decimal(str(value))
    if not exact.is_finite():
        return NOTHING
    rounded = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{rounded + 0:,f}"  # plus zero: no "-0"


def figure(value: Figure) -> str:
    """Return a figure with its interval and unit: `63.7 (58.1 to 69.9) TH/s` written with an en dash."""
    text = number(value.value, value.digits)
    if text == NOTHING:
        return text
    if value.low is not None and value.high is not None:
        text += f" ({number(value.low, value.digits)}–{number(value.high, value.digits)})"
    return f"{text} {value.unit}".rstrip()


def cell(value: Cell, language: Language) -> str:
    """Return what a cell shows."""
    match value:
        case None:
            return NOTHING
        case Figure():
            return figure(value)
        case date():
            return day(value, language)
        case bool() | str():
            return str(value)
        case int():
            return number(value, 0)
        case Decimal():
            return number(value, max(0, -int(value.as_tuple().exponent)) if value.is_finite() else 0)
        case _:
            return number(value, 2)
