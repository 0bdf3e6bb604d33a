"""The handshakes of Stratum V2: exact sizes of random bytes, and in drafts a proposal in clear before them.

Source: Stratum V2 specification, chapter 4, and its drafts of 2020 to 2023; docs/protocols/stratum-v2.md.
"""

from dataclasses import dataclass

from protocols.parser import Heads, Match, Side

DISTINCT = 0.72
"""Of the different byte values expected in random bytes: seven deviations less; text has far fewer."""


@dataclass(frozen=True, slots=True)
class Draft:
    """How a version of the specification looks from outside."""

    act1: int
    """Bytes of the client's key."""
    act2: int
    """Bytes of the server's answer: two keys, one of them sealed, and the sealed certificate of 74."""
    overhead: int
    """Bytes that sealing adds to a message's payload."""


MAC = 16
CERTIFICATE = 74 + MAC
FRAMES = 6 + MAC + MAC  # header and payload are sealed apart
NOISE_FRAMES = 2 + 6 + MAC  # drafts sealed whole frames, their length before them in clear
DRAFTS = (
    Draft(64, 64 + 64 + MAC + CERTIFICATE, FRAMES),  # ElligatorSwift keys: the specification
    Draft(32, 32 + 32 + MAC + CERTIFICATE, FRAMES),  # x-only keys: drafts of 2023
    Draft(33, 33 + 33 + MAC + CERTIFICATE, FRAMES),  # compressed keys: not seen in any source
)
MAGIC = b"STR3"
"""Begins the proposal of algorithms in drafts that negotiated them, in clear."""
MAX_OFFERED = 32
"""Algorithms that a proposal may list."""
_HANDSHAKES = {draft.act1: draft.act2 for draft in DRAFTS}


def probe_keys(heads: Heads) -> Match:
    """YES once both keys have passed with exactly their sizes, and looked random."""
    client, server = bytes(heads.get(Side.CLIENT, b"")), bytes(heads.get(Side.SERVER, b""))
    if MAGIC in client[:6]:
        return _negotiated(client, server)
    if not client:
        return Match.NO if server else Match.MORE
    if len(client) > max(_HANDSHAKES) or not looks_random(client):
        return Match.NO
    due = _HANDSHAKES.get(len(client))
    if not server:
        return Match.MORE
    if due is None or len(server) > due or not looks_random(server):
        return Match.NO
    return Match.YES if len(server) == due else Match.MORE


def looks_random(data: bytes) -> bool:
    """Say whether bytes may be random by the variety of their values; short pieces always may."""
    size = len(data)
    if size < 24:
        return True
    return len(set(data[:512])) >= DISTINCT * 256 * (1 - (255 / 256) ** min(size, 512))


def _negotiated(client: bytes, server: bytes) -> Match:
    """Probe the proposal of algorithms and the choice of one: in clear, their lengths before them or not."""
    prefix = client.find(MAGIC)
    body = client[prefix + len(MAGIC) :]
    if prefix not in (0, 2):
        return Match.NO
    if not body:
        return Match.MORE
    count = body[0]
    if not 1 <= count <= MAX_OFFERED:
        return Match.NO
    if len(body) < 1 + 4 * count or len(server) < prefix + 4:
        return Match.MORE
    offered = [body[at : at + 4] for at in range(1, 1 + 4 * count, 4)]
    behind = (len(body) - 1 - 4 * count, len(server) - prefix - 4)  # other parsers may have been in doubt
    due = {(0, 0)}
    for draft in DRAFTS:
        due |= {(draft.act1 + prefix, 0), (draft.act1 + prefix, draft.act2 + prefix)}
    return Match.YES if server[prefix : prefix + 4] in offered and behind in due else Match.NO
