"""Miners that do not know their pool: one dialect after another on a connection, taken up last or never."""

from pcaps.makers.making import C, S, Tape, line, monero_address, number
from pcaps.makers.xmr_rig import job

FILE = "dialects_in_a_row.pcap"
WALLET = "0x" + "0" * 40


def _attempts() -> list[tuple[float, int, bytes]]:
    """eth-proxy, then Bitcoin's subscription, then EthereumStratum's: each refused in its own way."""
    eth = {"id": 1, "jsonrpc": "2.0", "method": "eth_submitLogin", "params": [WALLET, "x"]}
    plain = {"id": 2, "method": "mining.subscribe", "params": ["lolMiner 1.76"]}
    nice = {"id": 3, "method": "mining.subscribe", "params": ["lolMiner 1.76", "EthereumStratum/1.0.0"]}
    unknown = {"code": -32601, "message": "Method not found"}
    return [
        (0.0, C, line(eth)),
        (0.1, S, line({"id": 1, "jsonrpc": "2.0", "error": unknown})),
        (0.5, C, line(plain, spaced=True)),
        (0.1, S, line({"id": 2, "result": None, "error": [20, "Not supported.", None]})),
        (0.5, C, line(nice)),
        (0.1, S, line({"id": 3, "result": False, "error": None})),
    ]


def _cryptonote() -> list[tuple[float, int, bytes]]:
    """CryptoNote, which is taken up."""
    login = {"login": monero_address(), "pass": "x", "agent": "lolMiner 1.76", "algo": ["rx/0"]}
    result = {"id": "41", "job": job(0), "status": "OK"}
    script = [
        (0.5, C, line({"id": 4, "jsonrpc": "2.0", "method": "login", "params": login})),
        (0.1, S, line({"id": 4, "jsonrpc": "2.0", "error": None, "result": result})),
    ]
    for turn in range(5, 9):
        share = {
            "id": "41",
            "job_id": job(0)["job_id"],
            "nonce": number(f"n{turn}", 8),
            "result": number(f"r{turn}", 64),
        }
        script.append((17.0, C, line({"id": turn, "jsonrpc": "2.0", "method": "submit", "params": share})))
        script.append(
            (0.1, S, line({"id": turn, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}}))
        )
    return script


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    tape.tcp(0.0, ("192.0.2.131", 53131), ("203.0.113.131", 4444), [*_attempts(), *_cryptonote()])
    tape.tcp(1.0, ("192.0.2.132", 53132), ("203.0.113.132", 4444), _attempts())
    return tape.in_time_order().pcap()
