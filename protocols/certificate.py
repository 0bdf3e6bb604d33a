"""The names in an X.509 certificate: a walk over its DER that looks at nothing else.

Source: RFC 5280 section 4.1, ITU-T X.690; docs/protocols/tls.md. No signature, date or key is checked.
"""

from dataclasses import dataclass
from enum import IntEnum

from facts.errors import ParseError

MAX_NAMES = 256  # subject alternative names kept of one certificate; content networks list about a hundred
MAX_TEXT = 255  # bytes of a name that are kept: the longest host name

COMMON_NAME = bytes.fromhex("550403")  # 2.5.4.3
ORGANISATION = bytes.fromhex("55040a")  # 2.5.4.10
SUBJECT_ALT_NAME = bytes.fromhex("551d11")  # 2.5.29.17


class Tag(IntEnum):
    """DER tags on the way to the names."""

    BMP_STRING = 0x1E
    OCTET_STRING = 0x04
    OID = 0x06
    DNS_NAME = 0x82
    """[2], the host name form of a subject alternative name."""
    VERSION = 0xA0
    """[0], left out by version 1 certificates."""
    EXTENSIONS = 0xA3
    """[3]"""
    SEQUENCE = 0x30
    SET = 0x31


@dataclass(frozen=True, slots=True)
class Names:
    """What a certificate calls its subject and its issuer."""

    hosts: tuple[str, ...]
    """Subject alternative host names, else the common name; lower case, in their order, without repeats."""
    issuer: str
    """The issuer's common name, else its organisation, else empty."""


_Element = tuple[int, int, int]
"""Tag, begin and end of the content."""


def read_names(der: bytes) -> Names:
    """Return the names of one certificate; raises ParseError (offset within `der`) where it is malformed."""
    certificate = _expect(der, _element(der, 0, len(der)), Tag.SEQUENCE)
    body = _children(der, _expect(der, _element(der, certificate[1], certificate[2]), Tag.SEQUENCE))
    if body and body[0][0] == Tag.VERSION:
        del body[0]
    if len(body) < 6:  # serial number, algorithm, issuer, validity, subject, key
        raise ParseError("a certificate without its fields", certificate[1])
    issuer, subject = _name(der, body[2]), _name(der, body[4])
    hosts: list[str] = []
    for element in body[6:]:
        if element[0] == Tag.EXTENSIONS:
            hosts = _alternatives(der, element)
    if not hosts and COMMON_NAME in subject:
        hosts = [subject[COMMON_NAME].lower()]
    return Names(tuple(dict.fromkeys(hosts)), issuer.get(COMMON_NAME, issuer.get(ORGANISATION, "")))


def _alternatives(der: bytes, extensions: _Element) -> list[str]:
    for extension in _children(der, _element(der, extensions[1], extensions[2])):
        parts = _children(der, extension)
        if len(parts) < 2 or der[parts[0][1] : parts[0][2]] != SUBJECT_ALT_NAME:
            continue
        value = _expect(der, parts[-1], Tag.OCTET_STRING)
        names = _children(der, _element(der, value[1], value[2]), MAX_NAMES)
        return [_text(der, name).lower() for name in names if name[0] == Tag.DNS_NAME]
    return []


def _name(der: bytes, name: _Element) -> dict[bytes, str]:
    """Return the first value of each attribute by its object identifier."""
    found: dict[bytes, str] = {}
    for group in _children(der, _expect(der, name, Tag.SEQUENCE)):
        for pair in _children(der, _expect(der, group, Tag.SET)):
            parts = _children(der, pair)
            if len(parts) == 2 and parts[0][0] == Tag.OID:
                found.setdefault(der[parts[0][1] : parts[0][2]], _text(der, parts[1]))
    return found


def _text(der: bytes, element: _Element) -> str:
    tag, begin, end = element
    raw = der[begin : min(end, begin + MAX_TEXT)]
    text = raw.decode("utf-16-be" if tag == Tag.BMP_STRING else "utf-8", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _expect(der: bytes, element: _Element, tag: Tag) -> _Element:
    if element[0] != tag:
        raise ParseError(f"tag {element[0]:#04x} where {tag.name} is due", element[1])
    return element


def _children(der: bytes, parent: _Element, limit: int = 1024) -> list[_Element]:
    """Return the elements within `parent`, at most `limit` of them."""
    at, end = parent[1], parent[2]
    children: list[_Element] = []
    while at < end and len(children) < limit:
        children.append(_element(der, at, end))
        at = children[-1][2]
    return children


def _element(der: bytes, at: int, limit: int) -> _Element:
    begin = at + 2
    if begin > limit:
        raise ParseError("a certificate that is cut off", at)
    size = der[at + 1]
    if size >= 0x80:
        width = size & 0x7F
        if not 1 <= width <= 3 or begin + width > limit:  # three bytes hold any certificate of a handshake
            raise ParseError("a length that no certificate has", at)
        size = int.from_bytes(der[begin : begin + width], "big")
        begin += width
    if begin + size > limit:
        raise ParseError(f"{size} bytes claimed, {limit - begin} remain", at)
    return der[at], begin, begin + size
