"""A rig speaks EthereumStratum/1.0.0 (NiceHash): extranonce, difficulty, four-parameter notify, shares."""

from pcaps.makers.making import C, S, Tape, line, number

FILE = "etc_nicehash.pcap"
PROTOCOL = "EthereumStratum/1.0.0"


def make() -> bytes:
    """Return the capture."""
    user = "sampleaccount.rig3"
    script = [
        (0.0, C, line({"id": 1, "method": "mining.subscribe", "params": ["lolMiner/1.76", PROTOCOL]})),
        (
            0.04,
            S,
            line({"id": 1, "result": [["mining.notify", number("s", 32), PROTOCOL], "080c"], "error": None}),
        ),
        (0.01, C, line({"id": 2, "method": "mining.authorize", "params": [user, "x"]})),
        (0.04, S, line({"id": 2, "result": True, "error": None})),
        (0.00, S, line({"id": None, "method": "mining.set_difficulty", "params": [0.5]})),
    ]
    for count in range(6):
        job = f"bf0488{count:02x}"
        params = [job, number("epoch", 64), number(f"head{count}", 64), count == 0]
        script.append((0.1, S, line({"id": None, "method": "mining.notify", "params": params})))
        share = {"id": 10 + count, "method": "mining.submit", "params": [user, job, number(f"n{count}", 12)]}
        script.append((14.0, C, line(share)))
        script.append((0.04, S, line({"id": 10 + count, "result": True, "error": None})))
    tape = Tape()
    tape.tcp(6.0, ("198.51.100.30", 51022), ("203.0.113.50", 3353), script)
    return tape.pcap()
