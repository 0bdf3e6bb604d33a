"""Rigs on several chains, told apart by what their jobs say: height, nBits, coinbase, version, wallet.

Litecoin under an account of the pool, its difficulty raised on the way; Dash; Bitcoin Cash by its wallet;
eCash by the output to its fund; DigiByte's Groestl; a Bitcoin wallet that is only paid for mining Litecoin;
and a test network, which is none of them.
"""

from pcaps.makers.making import START, C, S, Script, Tape, base58check, line, number

FILE = "chain_jobs.pcap"
POOL = "203.0.113.30"
FUND = "a914d37c4c809fe9840e7bfa77b86bd47163f6fb6c6087"
EASY, HARD = 65_536, 131_072


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    rigs = [
        ("litecoin-farm.rig1", "x", ltc, EASY),
        ("dash-farm.rig1", "x", dash, 4096),
        (f"{cashaddr('bitcoincash')}.rig1", "x", bch, EASY),
        ("ecash-farm.rig1", "x", xec, EASY),
        (f"{base58check(bytes([30]))}.rig1", "x", dgb, 16),
        (f"{base58check(bytes([0]))}.rig1", "c=BTC", ltc, EASY),
        ("someone.rig1", "x", testnet, 1),
    ]
    for place, (user, password, job, difficulty) in enumerate(rigs):
        client = (f"192.0.2.{60 + place}", 50_400 + place)
        script = cut(session(user, password, job, difficulty), place)
        tape.tcp(place * 0.9, client, (POOL, 3340 + place), script)
    return tape.in_time_order().pcap()


def session(user: str, password: str, job: "Job", difficulty: int) -> Script:
    """Two jobs with ten shares each, fifteen seconds apart; the second job is for twice the difficulty, which
    is set before the last share of the first."""
    script: list[tuple[float, int, bytes]] = [
        (0.0, C, line({"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.12.1"]})),
        (0.03, S, line({"id": 1, "result": [[["mining.notify", "5e55"]], "08000002", 4], "error": None})),
        (0.01, C, line({"id": 2, "method": "mining.authorize", "params": [user, password]})),
        (0.03, S, line({"id": 2, "result": True, "error": None})),
        (0.0, S, line({"id": None, "method": "mining.set_difficulty", "params": [difficulty]})),
        (0.0, S, job("1a", 0)),
    ]
    for count in range(20):
        if count == 9:
            raised = {"id": None, "method": "mining.set_difficulty", "params": [2 * difficulty]}
            script.append((0.0, S, line(raised)))
        if count == 10:
            script.append((0.0, S, job("1b", 1)))
        nonce = number(f"{user}{count}", 8)
        params = [user, "1a" if count < 10 else "1b", number(nonce, 8), "69a50101", nonce]
        script.append((15.0, C, line({"id": 3 + count, "method": "mining.submit", "params": params})))
        script.append((0.03, S, line({"id": 3 + count, "result": True, "error": None})))
    return script


def cut(script: Script, place: int) -> Script:
    """Put what a side says at one go into one segment, or cut it in two, by turns."""
    parts: list[tuple[float, int, bytes]] = []
    for pause, side, payload in script:
        if place % 2 == 0 and pause == 0.0 and parts and parts[-1][1] == side:
            parts[-1] = (parts[-1][0], side, parts[-1][2] + payload)
        elif place % 2 and len(payload) > 90:
            at = 30 + 11 * place
            parts += [(pause, side, payload[:at]), (0.0, side, payload[at:])]
        else:
            parts.append((pause, side, payload))
    return parts


class Job:
    """The jobs of one chain: `later` blocks after the one that was mined when the sample begins."""

    def __init__(self, height: int, bits: str, *, zeros: int = 0, version: str = "20000000") -> None:
        self.height = height
        self.bits = bits
        self.zeros = zeros  # hex digits with which the previous block's id begins
        self.version = version
        self.coinbase_version = "01000000"
        self.extra = ""
        self.outputs = ["76a914" + "00" * 20 + "88ac"]

    def __call__(self, job: str, later: int) -> bytes:
        """Return the mining.notify of a job."""
        height = self.height + later
        pushed = height.to_bytes((height.bit_length() + 8) // 8, "little").hex()
        script = f"{len(pushed) // 2:02x}{pushed}08" + number(job, 8)
        name = b"/sample-pool/".hex()
        length = len(script) // 2 + 8 + len(name) // 2
        first = f"{self.coinbase_version}01{'00' * 32}ffffffff{length:02x}{script}"
        values = "".join(f"{5 * 10**9:016x}{len(out) // 2:02x}{out}" for out in self.outputs)
        second = f"{name}ffffffff{len(self.outputs):02x}{values}00000000" + self.payload(height)
        previous = "0" * self.zeros + number(f"prev{height}", 64 - self.zeros)
        header = bytes.fromhex(previous)[::-1]  # as in the header: little-endian
        words = b"".join(header[at : at + 4][::-1] for at in range(0, 32, 4))
        branch = [number(f"branch{i}", 64) for i in range(3)]
        time = f"{int(START):08x}"
        params = [job, words.hex(), first, second, branch, self.version, self.bits, time, later > 0]
        return line({"id": None, "method": "mining.notify", "params": params})

    def payload(self, height: int) -> str:
        """Return what follows the lock time: nothing, or DIP 4's version, height and root of masternodes."""
        if not self.extra:
            return ""
        payload = "0100" + height.to_bytes(4, "little").hex() + self.extra
        return f"{len(payload) // 2:02x}{payload}"


ltc = Job(3_068_000, "19400000")
dash = Job(2_432_000, "19400000", zeros=14)
dash.coinbase_version, dash.extra = "03000500", number("masternodes", 64)
bch = Job(939_500, "1802d414", zeros=18)
xec = Job(939_900, "1816a09e", zeros=17)
xec.outputs = [*xec.outputs, FUND]
dgb = Job(23_028_000, "1b00ffff", version="20000402")
testnet = Job(101, "207fffff")


def cashaddr(prefix: str) -> str:
    """Return the address of the all-zero key hash."""
    values = [0] * 34
    check = 1
    for value in [ord(sign) & 31 for sign in prefix] + [0] + values + [0] * 8:
        top = check >> 35
        check = (check & 0x07FFFFFFFF) << 5 ^ value
        for bit, mask in enumerate((0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)):
            check ^= mask if top >> bit & 1 else 0
    check ^= 1
    values += [check >> 5 * (7 - at) & 31 for at in range(8)]
    return prefix + ":" + "".join("qpzry9x8gf2tvdw0s3jn54khce6mua7l"[value] for value in values)
