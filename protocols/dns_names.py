"""Names in DNS messages: labels behind their lengths, with pointers to what stood before.

Source: RFC 1035 sections 3.1 and 4.1.4; docs/protocols/dns.md.
"""

from facts.errors import ParseError

MAX_NAME = 255  # bytes of a name on the wire, RFC 1035 section 2.3.4
MAX_JUMPS = 64  # compression pointers in one name: each must lead backwards, and no honest name has many
POINTER = 0xC0  # the two high bits of a label length

_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789-_."


def read_name(message: bytes, at: int) -> tuple[str, int]:
    """Return the name at `at` and the offset behind it, pointers followed.

    Raises IndexError where the message ends within it, ParseError where it is malformed.
    """
    labels: list[bytes] = []
    total = 0
    after = -1  # behind the first pointer
    jumps = 0
    while size := message[at]:
        if size < POINTER:
            if size > 63:
                raise ParseError(f"a label type {size >> 6} that nobody uses", at)
            total += size + 1
            if total >= MAX_NAME:
                raise ParseError(f"a name longer than {MAX_NAME} bytes", at)
            labels.append(message[at + 1 : at + 1 + size])
            at += size + 1
        else:
            target = (size & 0x3F) << 8 | message[at + 1]
            jumps += 1
            if target >= at or jumps > MAX_JUMPS:
                raise ParseError("a compression pointer that does not lead backwards", at)
            if after < 0:
                after = at + 2
            at = target
    raw = b".".join(labels).lower()
    if raw.translate(None, _PLAIN) or raw.count(b".") != max(len(labels) - 1, 0):
        text = ".".join(escaped(label.lower()) for label in labels)
    else:
        text = raw.decode("ascii") or "."
    return text, at + 1 if after < 0 else after


def escaped(label: bytes) -> str:
    """Write a label as zone files do: a dot as `\\.`, what is not printable as three decimal digits."""
    return "".join(
        f"\\{byte:03d}" if not 0x21 <= byte <= 0x7E else f"\\{byte:c}" if byte in b".\\" else f"{byte:c}"
        for byte in label
    )
