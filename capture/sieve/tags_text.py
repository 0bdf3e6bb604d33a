"""Payload tests for text: objects of JSON-RPC, HTTP messages that can carry mining, frames of WebSocket."""

from typing import Any

import numpy as np

from capture.compiled import inlined, part
from capture.sieve.octets import be16, be32, held
from capture.words import int64, uint8, uint64

JSON_LOOK = 256
"""Bytes of a JSON text, behind the white space before it, in which a key of JSON-RPC must show itself."""
SHORT_JSON = 24
"""Bytes of a first segment that may hold the beginning of a JSON object and no whole key."""
HTTP_LOOK = 4096
"""Bytes of an HTTP message that are looked through: servers refuse longer headers (8 KiB with cookies, but
those of mining have none)."""
BODY_LOOK = 1024
"""Bytes of an HTTP body in which a method of mining must be named."""
UNMASKED = 64
"""Bytes of a masked WebSocket frame that are looked at in clear."""

_PRIME = 0x100000001B3
_BASIS = 0xCBF29CE484222325


def _word(text: str) -> int:
    """Return the first eight bytes of a word as a number, the way the kernel builds it."""
    return int.from_bytes(text.encode()[:8].ljust(8, b"\0"), "big")


def _hash(text: str) -> int:
    """Return the FNV-1a hash of a word, as the kernel's `_string_hash`."""
    value = _BASIS
    for byte in text.lower().encode():
        value = ((value ^ byte) * _PRIME) & 0xFFFFFFFFFFFFFFFF
    return value


_KEYS = np.array(
    sorted(
        _word(key)
        for key in (
            "id", "method", "params", "result", "error", "jsonrpc", "job", "job_id", "blob", "login",
            "worker",
            "type", "identifier", "command", "message", "body", "api_key",
        )
    ),
    np.uint64,
)  # fmt: skip
_METHODS = np.array(
    sorted(
        _hash(method)
        for method in (
            "getwork", "getworkex", "get_miner_data", "getblocktemplate", "get_block_template",
            "submitblock", "submit_block",
            "getminingcandidate", "submitminingsolution", "getauxblock", "createauxblock", "submitauxblock",
            "eth_getwork", "eth_submitwork", "eth_submithashrate", "eth_submitlogin",
            "mining.subscribe", "mining.authorize", "mining.submit", "mining.notify",
        )
    ),
    np.uint64,
)  # fmt: skip
"""Methods, in lower case, that make a POST worth reading; what the parsers read beyond them rides along."""
_POST, _GET, _PUT, _CONNECT, _HTTP = (
    np.uint32(_word(word) >> 32) for word in ("POST", "GET ", "PUT ", "CONN", "HTTP")
)
_UPGRADE, _WEBSOCKET, _SWITCHING = (np.uint64(_word(word)) for word in ("upgrade:", "websocket", "/1.1 101"))
_PATHS = np.array(
    sorted(
        _word(path)
        for path in (
            "/getheight", "/getinfo", "/get_info", "/json_rpc", "/pool_info", "/partial", "/farmer",
            "/getwork", "/LP", "/lp", "/longpoll", "/long-poll", "/NOTIFY", "/proxy", "/getblocktemplate",
        )
    ),
    np.uint64,
)  # fmt: skip
"""The first eight bytes of paths that miners ask for without naming a method."""
_FIELDS = np.array(
    sorted(
        _word(field)
        for field in ("x-mining-extensions", "x-long-polling", "x-roll-ntime", "x-stratum", "x-reject-reason",
                      "x-hash-difficulty")
    ),
    np.uint64,
)  # fmt: skip
"""The first eight bytes of header fields of mining, in lower case."""


@inlined
def _past_space(d: Any, p: Any, last: Any) -> Any:
    """Return where the white space of JSON at p ends."""
    while p < last and (d[p] == 0x20 or d[p] == 0x0A or d[p] == 0x0D or d[p] == 0x09):
        p += 1
    return p


@inlined
def _lower(byte: Any) -> Any:
    return uint8(byte | 0x20) if 0x41 <= byte <= 0x5A else uint8(byte)


@inlined
def _word_at(d: Any, p: Any) -> Any:
    """Return eight bytes in lower case as a number."""
    word = uint64(0)
    for at in range(8):
        word = (word << uint64(8)) | uint64(_lower(d[p + at]))
    return word


@part
def is_json_rpc(d: Any, p: Any, end: Any) -> Any:
    """Say whether an object, or an array of objects, begins here and names a key that JSON-RPC uses."""
    p = _past_space(d, p, end)
    last = min(end, p + JSON_LOOK)
    if p < last and d[p] == 0x5B:
        p = _past_space(d, p + 1, last)
    if p >= last or d[p] != 0x7B:
        return False
    p += 1
    while p < last:
        if d[p] != 0x22:
            p += 1
            continue
        p += 1
        word, length = uint64(0), 0
        while p < last and d[p] != 0x22:
            if length < 8:
                word |= uint64(d[p]) << uint64(56 - 8 * length)
            length += 1
            p += 1
        p += 1
        p = _past_space(d, p, last)
        if p < last and d[p] == 0x3A and held(_KEYS, word):
            return True
    return False


@part
def is_cut_json(d: Any, p: Any, end: Any) -> Any:
    """Say whether a JSON object begins here in a segment so short that no key of JSON-RPC need show yet."""
    if end - p >= SHORT_JSON or d[p] != 0x7B:
        return False
    last = p + 1
    while last < end and d[last] != 0x3A and d[last] != 0x7D and d[last] != 0x0A:
        last += 1
    return last == end and (p + 1 == end or d[p + 1] == 0x22 or d[p + 1] == 0x20)


@part
def names_method(d: Any, p: Any, end: Any) -> Any:
    """Say whether a JSON string here is a method of mining, whatever its case."""
    last = min(end, p + BODY_LOOK)
    while p < last:
        if d[p] != 0x22:
            p += 1
            continue
        p += 1
        value = uint64(_BASIS)
        while p < last and d[p] != 0x22:
            value = (value ^ uint64(_lower(d[p]))) * uint64(_PRIME)
            p += 1
        if p < last and held(_METHODS, value):
            return True
        p += 1
    return False


@part
def http_matters(d: Any, p: Any, end: Any) -> Any:
    """Say whether an HTTP message begins here that can carry mining, upgrade to WebSocket or open a tunnel.

    A POST whose headers or body go on in a later segment is one: what it asks is not known yet.
    """
    if end - p < 16:
        return False
    verb = be32(d, p)
    if verb == _CONNECT:
        return d[p + 4] == 0x45 and d[p + 7] == 0x20  # E, T and the blank
    if verb == _HTTP and d[p + 4] != 0x2F:
        return False
    if verb != _POST and verb != _GET and verb != _PUT and verb != _HTTP:
        return False
    if verb == _HTTP and _word_at(d, p + 4) == _SWITCHING:
        return True
    path = p + 5 if verb == _POST else p + 4
    if verb != _HTTP and d[path] == 0x2F:
        word, length, over = uint64(0), 0, False
        while length < 8 and path + length < end:
            c = d[path + length]
            over = over or c == 0x20 or c == 0x3F
            word = (word << uint64(8)) | uint64(0 if over else c)
            length += 1
        if held(_PATHS, word):
            return True
    last = min(end, p + HTTP_LOOK)
    at = p + 14  # behind the shortest start line
    while at < last:
        if d[at] != 0x0A:
            at += 1
            continue
        at += 1
        if at < last and (d[at] == 0x0D or d[at] == 0x0A):  # the end of the headers
            body = at + 1 if d[at] == 0x0A else at + 2
            if verb != _POST:
                return False
            return body >= end or names_method(d, body, end)
        if at + 8 > last:
            break
        first = d[at] | 0x20
        if first == 0x78 and held(_FIELDS, _word_at(d, at)):
            return True
        if first == 0x75 and _word_at(d, at) == _UPGRADE:
            value = at + 8
            while value < last and d[value] == 0x20:
                value += 1
            if value + 8 <= last and _word_at(d, value) == _WEBSOCKET:
                return True
    return verb == _POST


@part
def is_websocket_text(d: Any, p: Any, end: Any, scratch: Any) -> Any:
    """Say whether a whole text frame of WebSocket begins here whose payload is an object of JSON-RPC."""
    if end - p < 8:
        return False
    second = d[p + 1]
    size = int64(second & 0x7F)
    at = p + 2
    if size == 126:
        size = be16(d, p + 2)
        at = p + 4
        if size < 126:
            return False
    elif size == 127 or size < 2:
        return False  # messages of 64 KiB and more are none of mining
    if not second & 0x80:
        return d[at] == 0x7B and is_json_rpc(d, at, min(end, at + size))
    if end - at < 6 or d[at] ^ d[at + 4] != 0x7B:
        return False
    count = min(min(size, int64(UNMASKED)), end - at - 4)
    for n in range(count):
        scratch[n] = d[at + 4 + n] ^ d[at + (n & 3)]
    return is_json_rpc(scratch, int64(0), count)
