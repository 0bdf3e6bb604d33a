"""What else is on a provider's links: shells, mail, games, calls, file sharing, VPNs, scans, things."""

import struct

from scapy.layers.inet import ICMP, IP, UDP, fragment
from scapy.layers.ipsec import ESP
from scapy.layers.l2 import ARP
from scapy.packet import Raw

from benchmarks.mix.template import (
    CLIENT,
    SERVER,
    Draw,
    Kind,
    Recorder,
    mid_stream,
    record,
    tcp,
    udp,
    unanswered,
)
from pcaps.makers import lookalike_logs, lookalike_rpc, lookalike_web
from pcaps.makers.making import C, S, Script

SCANNED = (22, 23, 445, 3333, 3389, 5555, 8080, 8333)


def ssh(draw: Draw) -> Script:
    """Return a shell: banners, key exchange, then sealed packets of a typist."""
    script: list[tuple[float, int, bytes]] = [
        (0.0, C, b"SSH-2.0-OpenSSH_9.6\r\n"),
        (0.03, S, b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
        (0.0, C, struct.pack(">IBB", 1500, 6, 20) + draw.randbytes(1498)),
        (0.03, S, struct.pack(">IBB", 1076, 6, 20) + draw.randbytes(1074)),
        (0.01, C, struct.pack(">IBB", 44, 6, 30) + draw.randbytes(42)),
        (0.03, S, struct.pack(">IBB", 500, 6, 31) + draw.randbytes(498)),
    ]
    for _ in range(25):
        script += [(0.4, C, draw.randbytes(36)), (0.02, S, draw.randbytes(draw.choice((36, 52, 132, 900))))]
    return script


def rdp(draw: Draw) -> Script:
    """Return a remote desktop inside TLS."""
    script: list[tuple[float, int, bytes]] = [
        (0.0, C, bytes.fromhex("030000130ee000000000000100080003000000")),
        (0.03, S, bytes.fromhex("030000130ed000001234000200080002000000")),
    ]
    return script + [(0.1, S, record(draw, draw.randrange(100, 1400))) for _ in range(20)]


def mqtt(draw: Draw) -> Script:
    """Return a thing that reports its temperature."""
    name = f"thing-{draw.randrange(10**4)}".encode()
    connect = b"\x00\x04MQTT\x04\x02\x00\x3c" + struct.pack(">H", len(name)) + name
    script: list[tuple[float, int, bytes]] = [
        (0.0, C, b"\x10" + bytes([len(connect)]) + connect),
        (0.05, S, b"\x20\x02\x00\x00"),
    ]
    for _ in range(10):
        body = b"\x00\x06home/t" + b'{"t":%d}' % draw.randrange(30)
        script.append((10.0, C, b"\x30" + bytes([len(body)]) + body))
    return script


def dht(draw: Draw) -> Recorder:
    """Return file sharing's look-ups: bencoded questions and answers."""
    said = []
    for turn in range(4):
        head = b"d1:ad2:id20:" + draw.randbytes(20)
        asked = head + b"9:info_hash20:" + draw.randbytes(20) + b"e1:q9:get_peers1:t2:%02d1:y1:qe" % turn
        told = b"d1:rd2:id20:" + draw.randbytes(20) + b"5:nodes208:" + draw.randbytes(208)
        said += [(C, asked), (S, told + b"e1:t2:%02d1:y1:re" % turn)]
    return udp(said, 6881, 0.2)


def torrent(draw: Draw) -> Script:
    """Return a piece of a file from a stranger."""
    hello = b"\x13BitTorrent protocol" + bytes(8) + draw.randbytes(40)
    script: list[tuple[float, int, bytes]] = [(0.0, C, hello), (0.05, S, hello[:48] + draw.randbytes(20))]
    for turn in range(4):
        request = struct.pack(">IBIII", 13, 6, 1, 16384 * turn, 16384)
        piece = struct.pack(">IBII", 9 + 8000, 7, 1, 16384 * turn) + draw.randbytes(8000)
        script += [(0.1, C, request), (0.05, S, piece)]
    return script


def wireguard(draw: Draw) -> Recorder:
    """Return a VPN: two messages of the handshake, then data."""
    said = [(C, b"\x01\0\0\0" + draw.randbytes(144)), (S, b"\x02\0\0\0" + draw.randbytes(88))]
    said += [(turn % 2, b"\x04\0\0\0" + draw.randbytes(draw.choice((28, 92, 1308)))) for turn in range(20)]
    return udp(said, 51820, 0.05)


def call(draw: Draw) -> Recorder:
    """Return a call's voice: RTP, 50 packets a second each way."""
    voice = [
        (turn % 2, struct.pack(">BBHII", 0x80, 0, turn, 160 * turn, 7 + turn % 2)) for turn in range(120)
    ]
    return udp([(side, head + draw.randbytes(160)) for side, head in voice], 30000, 0.01)


def stun(draw: Draw) -> Recorder:
    """Return how a browser learns its address."""
    ident = b"\x21\x12\xa4\x42" + draw.randbytes(12)
    answer = (
        struct.pack(">HH", 0x101, 12) + ident + struct.pack(">HHBBH", 0x20, 8, 0, 1, 1) + draw.randbytes(4)
    )
    return udp([(C, struct.pack(">HH", 1, 0) + ident), (S, answer)], 3478)


def ntp(draw: Draw) -> Recorder:
    """Return the time of day."""
    return udp([(C, b"\x23" + bytes(47)), (S, b"\x24\x02\x06\xe9" + draw.randbytes(44))], 123)


def game(draw: Draw) -> Recorder:
    """Return a game: small datagrams, sixty a second."""
    return udp([(turn % 2, draw.randbytes(40 + turn % 90)) for turn in range(60)], 27015, 0.016)


def fragments(draw: Draw) -> Recorder:
    """Return datagrams that do not fit."""
    tape = Recorder()
    for turn in range(4):
        whole = (
            IP(src=SERVER, dst=CLIENT, id=turn + 1) / UDP(sport=2049, dport=43000) / Raw(draw.randbytes(4000))
        )
        for piece in fragment(whole, 1480):
            tape.add(turn * 0.05, piece)
    return tape


def ipsec(draw: Draw) -> Recorder:
    """Return an office's tunnel."""
    tape = Recorder()
    for turn in range(20):
        there, back = (CLIENT, SERVER) if turn % 2 else (SERVER, CLIENT)
        tape.add(0.05 * turn, IP(src=there, dst=back) / ESP(spi=9, seq=turn, data=draw.randbytes(700)))
    return tape


def other(draw: Draw) -> Recorder:
    """Return an ARP question and some pings."""
    tape = Recorder()
    tape.add(0.0, ARP(psrc=CLIENT, pdst=SERVER))
    for turn in range(4):
        tape.add(0.1 + turn, IP(src=CLIENT, dst=SERVER) / ICMP(seq=turn) / Raw(draw.randbytes(56)))
        tape.add(0.13 + turn, IP(src=SERVER, dst=CLIENT) / ICMP(type=0, seq=turn) / Raw(draw.randbytes(56)))
    return tape


def database(draw: Draw) -> Recorder:
    """Return a talk with some server of data, chat or mail, of those that others take for mining."""
    talk, port = draw.choice(
        (
            (lookalike_logs.sql_mysql, 3306),
            (lookalike_logs.sql_postgres, 5432),
            (lookalike_logs.redis, 6379),
            (lookalike_logs.mail, 25),
            (lookalike_logs.mail_fetched, 143),
            (lookalike_logs.chat, 5222),
            (lookalike_logs.shipped_lines, 5170),
        )
    )
    return tcp(talk(), port)


def json_rpc(draw: Draw) -> Recorder:
    """Return JSON-RPC that is no mining: wallets, editors, games, monitors."""
    talk, port = draw.choice(
        (
            (lookalike_web.dapp_over_http, 8545),
            (lookalike_web.defi_wallet, 8545),
            (lookalike_web.dapp_over_websocket, 8546),
            (lookalike_rpc.calculator, 4000),
            (lookalike_rpc.game_login, 7777),
            (lookalike_rpc.monitor, 10050),
        )
    )
    return tcp(talk(), port)


def bulk(draw: Draw) -> Recorder:
    """Return the middle of a long download."""
    return mid_stream([(0.01, S, record(draw, 1400) * 8) for _ in range(10)], 443)


KINDS = (
    Kind("ssh", 0.004, lambda draw: tcp(ssh(draw), 22), 4),
    Kind("rdp", 0.001, lambda draw: tcp(rdp(draw), 3389), 2),
    Kind("mqtt", 0.003, lambda draw: tcp(mqtt(draw), 1883), 3),
    Kind("database-mail-chat", 0.003, database, 14),
    Kind("json-rpc", 0.0008, json_rpc, 12),
    Kind("bittorrent", 0.003, lambda draw: tcp(torrent(draw), 6881), 3),
    Kind("bittorrent-dht", 0.012, dht, 6),
    Kind("wireguard", 0.002, wireguard, 2),
    Kind("ipsec", 0.001, ipsec),
    Kind("voice", 0.006, call, 2),
    Kind("stun", 0.008, stun, 4),
    Kind("ntp", 0.030, ntp, 4),
    Kind("game", 0.003, game, 2),
    Kind("bulk-mid-stream", 0.004, bulk, 2),
    Kind("fragments", 0.004, fragments, 2),
    Kind("icmp-arp", 0.010, other, 2),
    *(Kind(f"scan-{port}", 0.060 / len(SCANNED), lambda _, port=port: unanswered(port)) for port in SCANNED),
)
