"""What is wrong with a request, part by part, in both languages."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.language import Lang
from api.problems import Fault, Text, pointer
from pipeline.lookup import AskError

_ASKED = {
    "address": Text("This is not an IPv4 or IPv6 address.", "不是 IPv4 或 IPv6 地址。"),
    "zone": Text(
        "A zone index means something on one machine only: leave it out.",
        "区域标识只在一台机器上有意义，请去掉。",
    ),
    "prefix": Text(
        "This is not a prefix such as 192.0.2.0/24, or bits are set behind its length.",
        "不是 192.0.2.0/24 这样的前缀，或主机位不为零。",
    ),
    "time": Text(
        "This is not an RFC 3339 time with its zone, such as 2026-03-01T08:00:00Z (in a URL + is %2B).",
        "不是带时区的 RFC 3339 时间，例如 2026-03-01T08:00:00Z（在 URL 中 + 须写作 %2B）。",
    ),
    "range": Text("The time must lie in the years 1970 to 2261.", "时间必须在 1970 年至 2261 年之间。"),
    "port": Text("A port is a whole number from 0 to 65535.", "端口是 0 到 65535 的整数。"),
    "subject": Text("This is no address, prefix or host name.", "不是地址、前缀或主机名。"),
    "full": Text("The lists hold as many entries as they can.", "名单条目已达上限。"),
    "day": Text("This is not a day such as 2026-11-30.", "不是 2026-11-30 这样的日期。"),
    "days": Text(
        "From first to last day there must be one at least, and no more points than an answer holds.",
        "截止日期不得早于起始日期，且点数不得超过一次应答的上限。",
    ),
    "week": Text("This is not an ISO week such as 2026-W47.", "不是 2026-W47 这样的 ISO 周。"),
    "division": Text("This is not a division code of GB/T 2260.", "不是 GB/T 2260 行政区划代码。"),
    "interval": Text("An interval is low <= value <= high.", "区间须满足 low <= value <= high。"),
    "entry": Text(
        "An entry is an address, or an object with address and perhaps at and port.",
        "每一项须是地址，或含 address（可带 at、port）的对象。",
    ),
    "member": Text("An entry has no such member.", "该项没有这个成员。"),
    "array": Text("The body must be a JSON array.", "请求体须是 JSON 数组。"),
}
"""By the kind of an AskError, and of a bulk entry."""

_VALIDATION_ZH = {
    "missing": "缺少该参数。",
    "extra_forbidden": "没有这个参数。",
    "enum": "取值须是 {expected} 之一。",
    "int_parsing": "须是整数。",
    "int_parsing_size": "整数过大。",
    "int_from_float": "须是整数。",
    "greater_than_equal": "不得小于 {ge}。",
    "less_than_equal": "不得大于 {le}。",
    "string_pattern_mismatch": "格式须符合 {pattern}。",
    "string_too_long": "长度不得超过 {max_length} 个字符。",
    "string_too_short": "长度不得少于 {min_length} 个字符。",
    "string_type": "须是字符串。",
    "literal_error": "取值须是 {expected} 之一。",
    "bool_parsing": "须是 true 或 false。",
    "bool_type": "须是 true 或 false。",
    "int_type": "须是整数。",
    "float_type": "须是数。",
    "float_parsing": "须是数。",
    "finite_number": "须是有限的数。",
    "greater_than": "须大于 {gt}。",
    "less_than": "须小于 {lt}。",
    "list_type": "须是数组。",
    "too_long": "不得超过 {max_length} 项。",
    "too_short": "不得少于 {min_length} 项。",
    "dict_type": "须是对象。",
    "model_type": "须是对象。",
    "model_attributes_type": "须是对象。",
}
"""By pydantic's type of error: those that the parameters of this API can meet."""


def fault(kind: str, lang: Lang, *place: str | int) -> Fault:
    """Return one fault of a known kind at a place of the request."""
    return Fault(_ASKED[kind].in_language(lang), pointer(*place))


def of_ask(error: AskError, path_params: Mapping[str, Any], lang: Lang) -> list[Fault]:
    """Return the fault of a parameter that could not be read."""
    return [fault(error.kind, lang, "path" if error.field in path_params else "query", error.field)]


def of_validation(errors: Sequence[Mapping[str, Any]], lang: Lang) -> list[Fault]:
    """Return the faults of pydantic's errors; a type without a Chinese sentence keeps the English one."""
    return [Fault(_sentence(error, lang), pointer(*error["loc"])) for error in errors]


def _sentence(error: Mapping[str, Any], lang: Lang) -> str:
    if lang == "zh" and (template := _VALIDATION_ZH.get(error["type"])):
        given = dict(error.get("ctx", {}))
        if isinstance(expected := given.get("expected"), str):
            given["expected"] = expected.replace(", ", "、").replace(" or ", "、")
        return template.format(**given)
    return str(error["msg"]).rstrip(".") + "."
