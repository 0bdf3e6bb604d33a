"""XMRig on an IPv6 server behind a VLAN mines Monero: login with algorithms, jobs, shares, keepalive."""

from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet

from pcaps.makers.making import C, S, Tape, line, monero_address, number

FILE = "xmr_rig.pcapng"
SESSION = "0e6f9a52-1d6b-4d3f-9f6e-3a5c2f1b7d10"
AGENT = "XMRig/6.26.0 (Linux x86_64) libuv/1.51.0 gcc/13.2.1"


def _vlan(packet: Packet) -> Packet:
    return Ether(src="02:00:00:00:00:03", dst="02:00:00:00:00:02") / Dot1Q(vlan=120) / packet


def job(count: int) -> dict[str, object]:
    """Return the job object of block `count`."""
    blob = "1010" + number(f"blob{count}", 74) + "00000000" + number(f"tail{count}", 66)
    return {
        "blob": blob,
        "job_id": number(f"job{count}", 28),
        "target": "b88d0600",
        "algo": "rx/0",
        "height": 3_620_000 + count,
        "seed_hash": number("seed", 64),
    }


def make() -> bytes:
    """Return the capture."""
    login = {
        "login": monero_address(),
        "pass": "x",
        "agent": AGENT,
        "rigid": "node07",
        "algo": ["rx/0", "cn/r"],
    }
    welcome = {"id": SESSION, "job": job(0), "extensions": ["algo", "keepalive"], "status": "OK"}
    script = [
        (0.0, C, line({"id": 1, "jsonrpc": "2.0", "method": "login", "params": login})),
        (0.08, S, line({"id": 1, "jsonrpc": "2.0", "error": None, "result": welcome})),
    ]
    for count in range(14):
        request, current = 2 + count, count // 5
        if count and count % 5 == 0:
            script.append((9.0, S, line({"jsonrpc": "2.0", "method": "job", "params": job(current)})))
        if count == 9:
            script.append(
                (
                    60.0,
                    C,
                    line(
                        {"id": request, "jsonrpc": "2.0", "method": "keepalived", "params": {"id": SESSION}}
                    ),
                )
            )
            reply = {"id": request, "jsonrpc": "2.0", "error": None, "result": {"status": "KEEPALIVED"}}
            script.append((0.05, S, line(reply)))
            continue
        share = {"id": SESSION, "job_id": job(current)["job_id"], "nonce": number(f"n{count}", 8)}
        share |= {"result": number(f"r{count}", 64), "algo": "rx/0"}
        script.append(
            (
                23.0 + 3 * (count % 4),
                C,
                line({"id": request, "jsonrpc": "2.0", "method": "submit", "params": share}),
            )
        )
        reply = {"id": request, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}}
        script.append((0.05, S, line(reply)))
    tape = Tape(wrap=_vlan)
    tape.tcp(2.0, ("2001:db8:10::7", 41822), ("2001:db8:f00d::14", 14444), script)
    return tape.pcapng()
