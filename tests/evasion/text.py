"""Rewrites of the session that change how its messages are written, not what they say."""

import json
from collections.abc import Callable
from typing import Any

from tests.evasion.session import Segment, script, segments

Writer = Callable[[dict[str, Any]], bytes]


def written(writer: Writer) -> list[Segment]:
    """Write every message anew."""
    said = []
    for pause, side, data in script():
        lines = b"".join(writer(json.loads(line)) for line in data.splitlines())
        said.append((pause, side, lines))
    return segments(said)


def dense(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def spaced(message: dict[str, Any]) -> bytes:
    return b" \t" + json.dumps(message, separators=(" ,\t", "  :  ")).encode() + b"  \n"


def crlf(message: dict[str, Any]) -> bytes:
    return dense(message) + b"\r\n"


def blank_lines(message: dict[str, Any]) -> bytes:
    return b"\n\r\n" + dense(message) + b"\n\n"


def keys_reversed(message: dict[str, Any]) -> bytes:
    return dense(dict(reversed(message.items()))) + b"\n"


def keys_sorted(message: dict[str, Any]) -> bytes:
    return json.dumps(message, sort_keys=True).encode() + b"\n"


def _escape(text: str) -> str:
    return "".join(f"\\u{ord(c):04X}" if c.isalpha() else c for c in text)


def escaped(message: dict[str, Any]) -> bytes:
    """Every letter of the method, and of each key, is a \\u escape."""
    text = json.dumps(message, separators=(",", ":"))
    for word in ("method", "params", "result", "error", message.get("method") or "id"):
        text = text.replace(f'"{word}"', f'"{_escape(word)}"')
    return text.encode() + b"\n"


def slashes(message: dict[str, Any]) -> bytes:
    """Slashes escaped, as some writers of JSON do."""
    return dense(message).replace(b"/", b"\\/") + b"\n"


def extra_keys(message: dict[str, Any]) -> bytes:
    return dense({"jsonrpc": "2.0", "padding": "x" * 200, **message, "more": {"a": [1, {"b": None}]}}) + b"\n"


def padded(message: dict[str, Any]) -> bytes:
    """Two kilobytes of white space behind every message, before its line end."""
    return dense(message) + b" " * 2048 + b"\n"


def padded_before(message: dict[str, Any]) -> bytes:
    return b" " * 180 + dense(message) + b"\n"


def much_padded_before(message: dict[str, Any]) -> bytes:
    return b"\t" * 900 + dense(message) + b"\n"


def text_ids(message: dict[str, Any]) -> bytes:
    return dense(message | {"id": f"call-{message['id']}"} if message.get("id") else message) + b"\n"


def high_ids(message: dict[str, Any]) -> bytes:
    return dense(message | {"id": message["id"] + 10**9} if message.get("id") else message) + b"\n"


def nulls_left_out(message: dict[str, Any]) -> bytes:
    return dense({key: value for key, value in message.items() if value is not None}) + b"\n"


def never_ended(message: dict[str, Any]) -> bytes:
    return dense(message)


def ended_by_nul(message: dict[str, Any]) -> bytes:
    return dense(message) + b"\0"


def ended_by_cr(message: dict[str, Any]) -> bytes:
    return dense(message) + b"\r"


def indented(message: dict[str, Any]) -> bytes:
    return json.dumps(message, indent=2).encode() + b"\n"


def indented_by_tabs(message: dict[str, Any]) -> bytes:
    """A tab before every line, and CR LF behind it."""
    return b"\t" + json.dumps(message, indent="\t").replace("\n", "\r\n\t").encode() + b"\r\n"


WRITERS: dict[str, Writer] = {
    "white space everywhere": spaced,
    "CR LF": crlf,
    "blank lines": blank_lines,
    "keys in reverse": keys_reversed,
    "keys sorted": keys_sorted,
    "unicode escapes in keys and methods": escaped,
    "escaped slashes": slashes,
    "keys that nobody knows": extra_keys,
    "padding behind": padded,
    "padding before": padded_before,
    "much padding before, tabs": much_padded_before,
    "ids of text": text_ids,
    "ids of ten digits": high_ids,
    "null left out": nulls_left_out,
    "no line end at all": never_ended,
    "NUL for a line end": ended_by_nul,
    "CR for a line end": ended_by_cr,
    "each message over many lines": indented,
    "over many lines, by tabs and CR LF": indented_by_tabs,
}
