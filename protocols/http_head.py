"""The head of an HTTP/1.x message: how it begins, and what stands in it. Sources: RFC 9110, RFC 9112."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

MAX_FIELDS = 128
"""Header lines of a head; servers refuse more than 100."""
LOOK_BACK = 4096
"""Bytes in front of `HTTP/1.` in which a request line may begin: method and target."""

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "PATCH", "TRACE")

_REQUEST = re.compile(
    rb"(" + b"|".join(name.encode() for name in METHODS) + rb") ([!-\xff]{1,4096}) HTTP/1\.([01])\r?\n"
)
_WORDS = frozenset(name.encode() for name in METHODS)
_BEGINNINGS = frozenset(word[:size] for word in _WORDS for size in range(len(word) + 1))
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: ([^\r\n]{0,512}))?\r?\n")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
MAX_NAME = 256
"""Characters of a header's name."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request (`method` set) or of a response (`status` set)."""

    offset: int
    """Offset of its first byte in what its side was fed."""
    method: str = ""
    target: str = ""
    """As sent: a path, for a proxy a URL or host:port."""
    status: int = 0
    reason: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Header values by lower-case name; of several with one name the values joined by comma."""

    def value(self, name: str) -> str:
        """Return a header's value, empty where it is absent; `name` in lower case."""
        return self.fields.get(name, "")


def is_start(data: bytes) -> bool | None:
    """Say whether a message begins here; None while too little is there to know."""
    data = data.lstrip(b"\r\n")
    if _REQUEST.match(data) or _STATUS.match(data):
        return True
    line, ended, _ = data.partition(b"\n")
    if ended or len(line) > LOOK_BACK:
        return False
    if line[:7] == b"HTTP/1."[: len(line)]:
        return None
    word, space, _ = line.partition(b" ")
    return None if word in (_WORDS if space else _BEGINNINGS) else False


def start_before(data: bytearray, at: int) -> int | None:
    """Return where the start line with the `HTTP/1.` at `at` begins; None where there is none."""
    if _STATUS.match(data, at):
        return at
    if at < 4 or data[at - 1] != 0x20:
        return None
    space = data.rfind(b" ", max(at - LOOK_BACK, 0), at - 1)
    word = bytes(data[max(space - 7, 0) : max(space, 0)])
    method = next((name for name in METHODS if word.endswith(name.encode())), None)
    if method is None:
        return None
    begin = space - len(method)
    return begin if _REQUEST.match(data, begin) else None


@lru_cache(256)  # the same few names stand in every head
def _name(written: str) -> str:
    """Return a header's name in lower case; empty where it is none."""
    return written.lower() if _NAME.fullmatch(written) else ""


def read_head(raw: bytes, offset: int) -> Head | str:
    """Read a head, its start line known to be one (`is_start`); a string says what is wrong with it."""
    fields: dict[str, str] = {}
    lines = raw.decode("latin-1").split("\n")[1:-2]
    if len(lines) > MAX_FIELDS:
        return f"a head of more than {MAX_FIELDS} lines"
    for line in lines:
        written, colon, value = line.partition(":")
        if written[:1] in (" ", "\t"):
            continue  # a value folded over lines: obsolete, and nothing here needs it
        name = _name(written) if colon and len(written) <= MAX_NAME else ""
        if not name:
            return "a header line without a name"
        value = value.removesuffix("\r").strip(" \t")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    request = _REQUEST.match(raw)
    if request is not None:
        method, target = request.group(1).decode(), request.group(2).decode("latin-1")
        return Head(offset, method=method, target=target, fields=fields)
    status = _STATUS.match(raw)
    if status is None:
        return "no HTTP message begins here"
    reason = (status.group(3) or b"").decode("latin-1")
    return Head(offset, status=int(status.group(2)), reason=reason, fields=fields)
