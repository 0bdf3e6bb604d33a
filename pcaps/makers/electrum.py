"""Electrum wallets and their server, on the usual port and on a pool's; and a miner on the same server."""

from pcaps.makers.making import C, S, Tape, line, monero_address, number
from pcaps.makers.nodes import cut, header, repeat

FILE = "electrum.pcap"
GENESIS = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"


def wallet(seed: int) -> list[tuple[float, int, bytes]]:
    """Return what a wallet asks in its first minutes."""

    def asked(ident: int, method: str, *params: object) -> bytes:
        return line({"jsonrpc": "2.0", "method": method, "params": list(params), "id": ident})

    def told(ident: int, result: object) -> bytes:
        return line({"jsonrpc": "2.0", "result": result, "id": ident})

    tip = {"hex": header(seed).hex(), "height": 938_400}
    next_tip = {"hex": header(seed + 1).hex(), "height": 938_401}
    history = [{"height": 900_000 + n, "tx_hash": number(f"{seed}/{n}", 64)} for n in range(60)]
    features = {"genesis_hash": GENESIS, "hash_function": "sha256", "server_version": "ElectrumX 1.16.0"}
    names = [number(f"script/{seed}/{n}", 64) for n in range(20)]
    return [
        (0.0, C, asked(0, "server.version", "electrum/4.5.8", ["1.4", "1.4.2"])),
        (0.05, S, told(0, ["ElectrumX 1.16.0", "1.4"])),
        (0.05, C, asked(1, "server.features") + asked(2, "blockchain.headers.subscribe")),
        (0.05, S, told(1, features) + told(2, tip)),
        (
            0.5,
            C,
            b"".join(asked(3 + n, "blockchain.scripthash.subscribe", one) for n, one in enumerate(names)),
        ),
        (0.1, S, b"".join(told(3 + n, None) for n in range(len(names)))),
        (0.5, C, asked(30, "blockchain.scripthash.get_history", names[0])),
        (0.1, S, told(30, history)),
        (0.5, C, asked(31, "mempool.get_fee_histogram") + asked(32, "blockchain.estimatefee", 2)),
        (0.1, S, told(32, 0.00012) + told(31, [[12, 34]])),
        (60.0, C, asked(33, "server.ping")),
        (0.1, S, told(33, None)),
        (90.0, S, line({"jsonrpc": "2.0", "method": "blockchain.headers.subscribe", "params": [next_tip]})),
    ]


def miner() -> list[tuple[float, int, bytes]]:
    """Return a miner's session."""
    job = {
        "blob": "10" * 76, "job_id": "j1", "target": "b88d0600", "algo": "rx/0", "height": 3_620_000,
        "seed_hash": number("seed", 64),
    }  # fmt: skip
    login = {"login": monero_address(), "pass": "x", "agent": "XMRig/6.21.0", "algo": ["rx/0"]}
    share = {"id": "s1", "job_id": "j1", "nonce": "01020304", "result": number("share", 64)}
    return [
        (0.0, C, line({"id": 1, "jsonrpc": "2.0", "method": "login", "params": login})),
        (0.1, S, line({"id": 1, "jsonrpc": "2.0", "result": {"id": "s1", "job": job, "status": "OK"}})),
        (9.0, C, line({"id": 2, "jsonrpc": "2.0", "method": "submit", "params": share})),
        (0.1, S, line({"id": 2, "jsonrpc": "2.0", "result": {"status": "OK"}})),
    ]


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    tape.tcp(0.0, ("192.0.2.71", 42_000), ("203.0.113.71", 50_001), wallet(1))
    tape.tcp(1.0, ("192.0.2.72", 42_001), ("203.0.113.72", 3333), cut(wallet(2), 700))
    tape.tcp(2.0, ("192.0.2.73", 42_002), ("203.0.113.71", 50_001), miner())
    both = [*wallet(3)[:2], *miner()]  # a greeting of Electrum that hides a miner
    tape.tcp(3.0, ("192.0.2.74", 42_003), ("203.0.113.74", 50_001), both)
    repeat(tape, 7)
    return tape.in_time_order().pcap()
