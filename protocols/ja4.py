"""JA4: a fingerprint of the software that sent a ClientHello.

Source: FoxIO-LLC/ja4 technical_details/JA4.md; docs/protocols/ja4.md.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from struct import pack

SERVER_NAME = 0x0000
ALPN = 0x0010
NOTHING = "000000000000"
"""Stands for the hash of an empty list."""
MAX_COUNT = 99  # two digits

GREASE = frozenset(0x1010 * n + 0x0A0A for n in range(16))
"""The fillers that RFC 8701 reserves among ciphers, extensions, versions and algorithms."""
_VERSIONS = {
    0x0304: "13",
    0x0303: "12",
    0x0302: "11",
    0x0301: "10",
    0x0300: "s3",
    0x0002: "s2",
    0xFEFF: "d1",
    0xFEFD: "d2",
    0xFEFC: "d3",
}


def ja4(
    *,
    legacy_version: int,
    versions: Sequence[int],
    ciphers: Sequence[int],
    extensions: Sequence[int],
    algorithms: Sequence[int],
    alpn: bytes | None,
    transport: str = "t",
) -> str:
    """Return the fingerprint of the values of one ClientHello, each list in its order on the wire.

    `versions` and `algorithms` are those of the extensions supported_versions and signature_algorithms,
    `alpn` the first protocol offered; `transport` is t for TCP, q for QUIC, d for DTLS.
    """
    version = max(_honest(versions), default=legacy_version)
    plain_ciphers = _honest(ciphers)
    plain_extensions = _honest(extensions)
    name = "d" if SERVER_NAME in plain_extensions else "i"
    counts = f"{min(len(plain_ciphers), MAX_COUNT):02}{min(len(plain_extensions), MAX_COUNT):02}"
    hashed = _hex(sorted([kind for kind in plain_extensions if kind not in (SERVER_NAME, ALPN)]))
    signed = _hex(_honest(algorithms))
    return "_".join(
        (
            transport + _VERSIONS.get(version, "00") + name + counts + _alpn_ends(alpn),
            _hash(_hex(sorted(plain_ciphers))),
            _hash(f"{hashed}_{signed}" if signed else hashed),
        )
    )


def _honest(values: Iterable[int]) -> list[int]:
    return [value for value in values if value not in GREASE]


def _hex(values: Sequence[int]) -> str:
    """Return 16-bit values as four digits each, with commas between them."""
    return pack(f">{len(values)}H", *values).hex(",", 2)


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12] if text else NOTHING


def _alpn_ends(alpn: bytes | None) -> str:
    """Return the ends of a protocol name, or of its hex form where they are not alphanumeric."""
    if not alpn:
        return "00"
    first, last = alpn[:1], alpn[-1:]
    if first.isalnum() and last.isalnum():
        return (first + last).decode("ascii")
    return alpn.hex()[0] + alpn.hex()[-1]
