"""Bitcoin-style Stratum messages with placeholder work, shared by several makers."""

from pcaps.makers.making import C, S, base58check, line, number

ACCOUNT = base58check(b"\x00")
"""The Bitcoin address of the all-zero hash."""


def notify(job: str, height: int, *, clean: bool) -> bytes:
    """Return a nine-parameter mining.notify whose coinbase carries the BIP 34 height."""
    script = bytes([3]) + height.to_bytes(3, "little") + b"\x04sample-pool"
    coinbase1 = "01000000" + "01" + "00" * 32 + "ffffffff" + f"{len(script) + 12:02x}" + script.hex()
    coinbase2 = "ffffffff" + "01" + "0000000000000000" + "19" + "76a914" + "00" * 20 + "88ac" + "00000000"
    branch = [number(f"branch{i}", 64) for i in range(11)]
    params = [
        job,
        number(f"prev{height}", 64),
        coinbase1,
        coinbase2,
        branch,
        "20000000",
        "17030ecd",
        "69a50080",
        clean,
    ]
    return line({"id": None, "method": "mining.notify", "params": params})


def opening(worker: str, agent: str, extranonce1: str) -> list[tuple[float, int, bytes]]:
    """Return configure, subscribe and authorize with their answers, and the first difficulty."""
    mask = {"version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2}
    subscriptions = [["mining.set_difficulty", extranonce1 * 3], ["mining.notify", extranonce1 * 3]]
    return [
        (0.0, C, line({"id": 1, "method": "mining.configure", "params": [["version-rolling"], mask]})),
        (
            0.03,
            S,
            line(
                {
                    "id": 1,
                    "result": {"version-rolling": True, "version-rolling.mask": "1fffe000"},
                    "error": None,
                }
            ),
        ),
        (0.01, C, line({"id": 2, "method": "mining.subscribe", "params": [agent]})),
        (0.03, S, line({"id": 2, "result": [subscriptions, extranonce1, 8], "error": None})),
        (0.01, C, line({"id": 3, "method": "mining.authorize", "params": [f"{ACCOUNT}.{worker}", "x"]})),
        (0.03, S, line({"id": 3, "result": True, "error": None})),
        (0.00, S, line({"id": None, "method": "mining.set_difficulty", "params": [65536]})),
    ]


def share(request: int, worker: str, job: str) -> bytes:
    """Return a mining.submit with version bits."""
    seed = f"{worker}{request}"
    params = [f"{ACCOUNT}.{worker}", job, number(seed, 16), "69a50081", number(seed + "n", 8), "00800000"]
    return line({"id": request, "method": "mining.submit", "params": params})


def answer(request: int, *, accepted: bool) -> bytes:
    """Return what a pool says of a share."""
    if accepted:
        return line({"id": request, "result": True, "error": None})
    return line({"id": request, "result": None, "error": [23, "low difficulty share", None]})
