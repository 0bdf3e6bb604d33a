"""The forms of port-block messages in CGNAT logs: one line in, what it says of a block out.

- Juniper SRX and MX: RT_SRC_NAT_PBA_ALLOC, _INTERIM, _RELEASE, in words or as structured data, and
  JSERVICES_NAT_PORT_BLOCK_ALLOC, _ACTIVE, _RELEASE.
- Cisco IOS XR: `[UserbasedA ...]` and `[UserbasedW ...]` of the NAT44 external log.
- H3C (`china-telecom` and `china-unicom-nat444` of `info-center loghost`; the manuals of HP's routers show
  both) and Huawei (user log of NAT444, `nat syslog descriptive format`): the layouts that the carriers of
  China ask for, `NAT444:userbasedA [17 10.0.0.1 - 203.0.113.1 - 10000 11000]` and `NAT444: SessionA[...]`:
  protocol, private address, VPN, public address, nothing, first and last port.
- `event=assign private=... public=... ports=1024-1535 [realm=...]`, for what can be made to write it.
"""

import re
from dataclasses import dataclass

_IP = r"\d{1,3}(?:\.\d{1,3}){3}"
_JUNIPER = re.compile(
    r"RT_SRC_NAT_PBA_(ALLOC|INTERIM|RELEASE):? .*?[Ss]ubscriber (?P<private>" + _IP + r").*?"
    r"port block \[(?P<first>\d+)-(?P<last>\d+)\] (?:from|to|of) (?P<public>" + _IP + r")"
)
_JUNIPER_MX = re.compile(
    r"JSERVICES_NAT_PORT_BLOCK_(ALLOC|ACTIVE|RELEASE):? .*?(?P<private>" + _IP + r") ?-> ?"
    r"(?P<public>" + _IP + r"):(?P<first>\d+)-(?P<last>\d+)"
)
_CISCO = re.compile(
    r"\[Userbased(A|W) \S+ (?P<private>" + _IP + r") (?P<realm>\S+) \S+ (?P<public>" + _IP + r") \S+ "
    r"(?P<first>\d+) (?P<last>\d+)\b"
)
_CARRIER = re.compile(
    r"\b(?:NAT\d+|L2NAT|DS-?LITE)\s*:\s*(?P<kind>User|Session)(?P<based>based)?(?P<way>[AW])\b\s*"
    r"(?:\[(?P<inside>[^\]]*)(?P<end>\])?)?",
    re.IGNORECASE,
)
_STRUCTURED = re.compile(r"RT_SRC_NAT_PBA_(ALLOC|INTERIM|RELEASE) \[(?P<fields>[^\]]*)\]")
_PLAIN = re.compile(r"\bevent=\"?(\w+)\"?")
_FIELD = re.compile(r"([\w-]+)=\"?([^\s\"\],]+)\"?")
_MARK = re.compile(r"RT_SRC_NAT_PBA_(?:ALLOC|INTERIM|RELEASE)\b|JSERVICES_NAT_PORT_BLOCK_|\[Userbased[AW]\b")
_GIVEN = {"ALLOC", "INTERIM", "ACTIVE", "A", "assign", "alloc", "interim"}
_TAKEN = {"RELEASE", "W", "withdraw", "release", "free"}
_FIELDS_OF_JUNIPER = {
    "private": "internal-ip",
    "public": "reflexive-ip",
    "first": "block-port-low",
    "last": "block-port-high",
}
_NONE = "-"
_CARRIER_FIELDS = 7


@dataclass(frozen=True, slots=True)
class Message:
    """What one line says of a port block."""

    given: bool
    """Given out, or told again while it is; else taken back."""
    fields: dict[str, str]
    """`private`, `public`, `first`, `last` and, where it is named, `realm`: texts, not judged yet."""


def message_of(text: str) -> Message | None:
    """Return what a line says; None where it speaks of something else, such as a single session.

    Raises ValueError where it is a port-block message that cannot be read.
    """
    for pattern in (_JUNIPER, _JUNIPER_MX, _CISCO):
        if (match := pattern.search(text)) is not None:
            return _message(match[1], {name: value for name, value in match.groupdict().items() if value})
    if (match := _CARRIER.search(text)) is not None:
        return _of_carrier(match)
    if (match := _STRUCTURED.search(text)) is not None:
        named = dict(_FIELD.findall(match["fields"]))
        fields = {ours: named[theirs] for ours, theirs in _FIELDS_OF_JUNIPER.items() if theirs in named}
        return _message(match[1], fields)
    if (match := _PLAIN.search(text)) is not None and match[1] in _GIVEN | _TAKEN:
        fields = dict(_FIELD.findall(text))
        first, dash, last = fields.get("ports", "").partition("-")
        return _message(match[1], {**fields, "first": first, "last": last if dash else first})
    if (mark := _MARK.search(text)) is not None:
        raise ValueError(f"a message {mark[0]!r} whose fields are not where they belong")
    return None


def _of_carrier(match: re.Match[str]) -> Message | None:
    """Read the layout of Chinese carriers; with `Session` it is a block only where no private port stands."""
    is_user = match["kind"].lower() == "user"
    words = (match["inside"] or "").replace("\N{EN DASH}", _NONE).split()
    if not is_user and (match["based"] or len(words) != _CARRIER_FIELDS or words[4] != _NONE):
        return None  # the log of one session: its fifth field is the private port
    if match["end"] is None:
        raise ValueError("the fields of the message do not end with ]")
    if len(words) < _CARRIER_FIELDS:
        raise ValueError(f"{len(words)} fields between [ and ], not {_CARRIER_FIELDS}")
    _, private, realm, public, _, first, last = words[:_CARRIER_FIELDS]
    if private == _NONE and ":" in realm:  # NAT64 and DS-Lite: the subscriber's address is the field after
        private, realm = realm, _NONE
    fields = {"private": private, "public": public, "first": first, "last": last, "realm": realm}
    return _message(match["way"].upper(), fields)


def _message(word: str, fields: dict[str, str]) -> Message:
    if fields.get("realm") == _NONE:
        del fields["realm"]
    return Message(word in _GIVEN, fields)
