"""A GPU rig mines through eth-proxy messages inside PPPoE: pushed work, shares, self-reported hashrate."""

import gzip

from scapy.layers.l2 import Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.packet import Packet

from pcaps.makers.making import C, S, Tape, line, number

FILE = "eth_proxy.pcap.gz"
WALLET = "0x" + "0" * 40
TARGET = "0x0000000112e0be826d694b2e62d01511f12a6061fbaec8bc02357593e70e52ba"  # 4e9 hashes a share


def _pppoe(packet: Packet) -> Packet:
    kind = 0x57 if packet.name == "IPv6" else 0x21
    return (
        Ether(src="02:00:00:00:00:04", dst="02:00:00:00:00:02")
        / PPPoE(sessionid=77)
        / PPP(proto=kind)
        / packet
    )


def work(count: int, request: int) -> bytes:
    """Return work as a response (`request` asked for it) or as a push (id 0)."""
    result = ["0x" + number(f"head{count}", 64), "0x" + number("seed", 64), TARGET, hex(21_400_000 + count)]
    return line({"id": request, "jsonrpc": "2.0", "result": result})


def make() -> bytes:
    """Return the capture."""
    login = {
        "id": 1,
        "jsonrpc": "2.0",
        "method": "eth_submitLogin",
        "worker": "gpu12",
        "params": [WALLET, "x"],
    }
    script = [
        (0.0, C, line(login)),
        (0.05, S, line({"id": 1, "jsonrpc": "2.0", "result": True})),
        (0.01, C, line({"id": 5, "jsonrpc": "2.0", "method": "eth_getWork", "params": []})),
        (0.05, S, work(0, 5)),
    ]
    for count in range(1, 9):
        script.append((13.0, S, work(count, 0)))
        found = [
            "0x" + number(f"n{count}", 16),
            "0x" + number(f"head{count}", 64),
            "0x" + number(f"mix{count}", 64),
        ]
        share = {"id": 40, "jsonrpc": "2.0", "method": "eth_submitWork", "params": found, "worker": "gpu12"}
        script.append((6.0, C, line(share)))
        script.append((0.05, S, line({"id": 40, "jsonrpc": "2.0", "result": True})))
        if count % 4 == 0:
            claimed = ["0x" + f"{252_000_000:064x}", "0x" + number("client", 64)]
            report = {
                "id": 9,
                "jsonrpc": "2.0",
                "method": "eth_submitHashrate",
                "params": claimed,
                "worker": "gpu12",
            }
            script.append((2.0, C, line(report)))
            script.append((0.05, S, line({"id": 9, "jsonrpc": "2.0", "result": True})))
    tape = Tape(wrap=_pppoe)
    tape.tcp(4.0, ("198.51.100.77", 50502), ("203.0.113.40", 9999), script)
    return gzip.compress(tape.pcap(), mtime=0)
