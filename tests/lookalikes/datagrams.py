"""Datagrams that are no mining: VPNs, torrents, games, calls, and random bytes at a discovery port."""

import random
import struct

from pcaps.makers.lookalike_web import Lines
from pcaps.makers.making import C, S, Script, Tape
from tests.lookalikes.streams import beats, noise


def wireguard() -> Lines:
    """WireGuard: initiation 148, response 92, keep-alives 32, data."""
    said: Lines = [(0.0, C, b"\x01\0\0\0" + noise("i", 144)), (0.05, S, b"\x02\0\0\0" + noise("r", 88))]
    return said + beats(40, 25.0, b"\x04\0\0\0" + noise("k", 28), b"\x04\0\0\0" + noise("d", 92))


def table_lookup() -> Lines:
    """BitTorrent's DHT."""
    return beats(
        30,
        2.0,
        b"d1:ad2:id20:" + noise("id", 20) + b"e1:q4:ping1:t2:aa1:y1:qe",
        b"d1:rd2:id20:" + noise("me", 20) + b"e1:t2:aa1:y1:re",
    )


def micro_transport() -> Lines:
    """uTP: headers of 20 bytes, a torrent inside."""
    return beats(
        40,
        0.1,
        struct.pack(">BBHIIIHH", 0x01, 0, 9, 1, 2, 3, 4, 5) + noise("u", 1200),
        struct.pack(">BBHIIIHH", 0x21, 0, 9, 1, 2, 3, 4, 5),
    )


def shooter() -> Lines:
    """Source engine: A2S_INFO and its answer."""
    return beats(
        20,
        5.0,
        b"\xff\xff\xff\xffTSource Engine Query\0",
        b"\xff\xff\xff\xffI\x11A server\0de_dust2\0cstrike\0CS\0" + bytes(9),
    )


def playground() -> Lines:
    """RakNet, as Roblox and Minecraft's other edition speak it."""
    magic = bytes.fromhex("00ffff00fefefefefdfdfdfd12345678")
    opened = beats(
        2, 1.0, b"\x05" + magic + b"\x0b" + bytes(1400), b"\x06" + magic + bytes(8) + b"\0\x05\x78"
    )
    return opened + beats(60, 0.05, b"\x84" + noise("m", 60), b"\x84" + noise("w", 180))


def call_setup() -> Lines:
    """SIP: OPTIONS as keep-alives."""
    text = b"OPTIONS sip:b@example SIP/2.0\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    return beats(
        30, 30.0, text, b"SIP/2.0 200 OK\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )


def voice() -> Lines:
    """RTP: 20 ms of speech each way."""
    return beats(
        100,
        0.02,
        struct.pack(">BBHII", 0x80, 0, 1, 160, 7) + noise("v", 160),
        struct.pack(">BBHII", 0x80, 0, 1, 160, 8) + noise("w", 160),
    )


def random_datagrams() -> Lines:
    """Datagrams of random bytes, of the sizes of discovery packets."""
    rng = random.Random(3)
    return [(0.2, one % 2, noise(f"d{one}", rng.randrange(99, 1280))) for one in range(200)]


DATAGRAMS: dict[str, tuple[int, Script]] = {
    "WireGuard": (51820, wireguard()),
    "BitTorrent's DHT": (6881, table_lookup()),
    "uTP": (6881, micro_transport()),
    "Source engine": (27015, shooter()),
    "RakNet": (53640, playground()),
    "SIP": (5060, call_setup()),
    "RTP": (16384, voice()),
    "random datagrams": (30303, random_datagrams()),
}
"""Port and script of each, over UDP."""


def lay_datagrams(
    tape: Tape, at: float, client: tuple[str, int], server: tuple[str, int], script: Script
) -> None:
    """Lay a script as datagrams."""
    for pause, side, data in script:
        at += pause
        ends = (client, server) if side == C else (server, client)
        tape.udp(at, *ends, data)
