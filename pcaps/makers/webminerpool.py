"""webminerpool: two pages mine, by wallet and by number; a third speaks CryptoNote's own dialect."""

from pcaps.makers.browser_mining import blob, compact, frame, upgrade
from pcaps.makers.making import C, S, Tape, monero_address, number

FILE = "webminerpool.pcap"


def _page(handshake: dict[str, str], seed: str, algo: str, variant: int) -> list[tuple[float, int, bytes]]:
    """A page mines: 10,000 hashes a share; one share is wrong."""
    ask, answer = upgrade("pages.example.org:8181", "/", seed)
    script = [
        (0.0, C, ask),
        (0.04, S, answer),
        (0.01, C, frame(compact({"identifier": "handshake", **handshake, "version": 8}), seed)),
    ]
    for turn in range(9):
        if turn % 4 == 0:
            fields = {
                "job_id": number(f"job{turn}", 28),
                "algo": algo,
                "variant": variant,
                "height": 2_100_000 + turn,
            }
            work = {"identifier": "job", **fields, "blob": blob(turn), "target": "b88d0600"}
            script.append((0.1, S, frame(compact(work))))
        found = {"job_id": number(f"job{turn // 4 * 4}", 28), "nonce": number(f"{seed}{turn}", 8)}
        solved = {"identifier": "solved", **found, "result": number(f"{seed}r{turn}", 64)}
        script.append((7.0, C, frame(compact(solved), f"{seed}{turn}")))
        reply = {"identifier": "error", "param": "wrong hash"} if turn == 5 else {"identifier": "hashsolved"}
        script.append((0.05, S, frame(compact(reply))))
    return script


def _stratum() -> list[tuple[float, int, bytes]]:
    """A page speaks login, job, submit, each message with the LF that TCP would need."""
    ask, answer = upgrade("xmr.pool.example", "/", "stratum")
    job = {
        "blob": blob(0),
        "job_id": number("job", 28),
        "target": "b88d0600",
        "algo": "cn/half",
        "height": 77,
    }
    login = {"login": monero_address(), "pass": "x", "agent": "page/1.0", "algo": ["cn/half"]}
    result = {"id": number("session", 36), "job": job, "status": "OK"}
    script = [
        (0.0, C, ask),
        (0.04, S, answer),
        (
            0.0,
            C,
            frame(compact({"id": 1, "jsonrpc": "2.0", "method": "login", "params": login}) + b"\n", "login"),
        ),
        (0.05, S, frame(compact({"id": 1, "jsonrpc": "2.0", "error": None, "result": result}) + b"\n")),
    ]
    for turn in range(2, 7):
        found = {"id": result["id"], "job_id": job["job_id"], "nonce": number(f"n{turn}", 8)}
        share = {
            "id": turn,
            "jsonrpc": "2.0",
            "method": "submit",
            "params": {**found, "result": number(f"r{turn}", 64)},
        }
        script.append((9.0, C, frame(compact(share) + b"\n", f"submit{turn}")))
        reply = {"id": turn, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}}
        script.append((0.05, S, frame(compact(reply) + b"\n")))
    return script


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    wallet = {"pool": "moneroocean.stream", "login": monero_address(), "password": "", "userid": "attic"}
    tape.tcp(0.0, ("198.51.100.91", 40401), ("203.0.113.91", 8181), _page(wallet, "one", "cn", 1))
    by_number = {"loginid": "49", "userid": ""}
    tape.tcp(1.5, ("198.51.100.92", 40402), ("203.0.113.91", 8181), _page(by_number, "two", "cn-lite", 1))
    tape.tcp(3.0, ("198.51.100.93", 40403), ("203.0.113.93", 8080), _stratum())
    tape.in_time_order()
    data = [at for at, (_, raw) in enumerate(tape.packets) if len(raw) > 54]
    time, raw = tape.packets[data[20]]
    tape.packets.insert(data[20] + 1, (time + 0.001, raw))  # sent twice
    return tape.pcap()
