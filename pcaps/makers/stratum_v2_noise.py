"""Stratum V2 under Noise: a miner on a standard channel, a farm on an extended one, and three look-alikes.

Sealed bytes are random, as they are to everybody else: no key is agreed on here, since only the sizes of
what is sent can be seen. They follow chapter 4.6: the header sealed by itself, the payload in blocks.
"""

from pcaps.makers import stratum_v2 as plain
from pcaps.makers.making import C, S, Tape, base58check, number

FILE = "stratum_v2_noise.pcap"
TAG = 16
BLOCK = 65_535 - TAG
KEY, CERTIFICATE = 64, 2 + 4 + 4 + 64
AT = 1_772_416_800

Line = tuple[float, int, bytes]


class Noise:
    """Random bytes of the sizes that sealing gives, the same every time."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def random(self, size: int) -> bytes:
        """Return `size` bytes."""
        self._count += 1
        return bytes.fromhex(number(f"{self._seed}/{self._count}", 2 * size))

    def sealed(self, *frames: bytes) -> bytes:
        """Return frames as they are on the wire, one behind the other."""
        return b"".join(self.random(self.size(len(frame) - 6)) for frame in frames)

    def keys(self) -> list[Line]:
        """Return both acts of the handshake."""
        answer = KEY + (KEY + TAG) + (CERTIFICATE + TAG)
        return [(0.0, C, self.random(KEY)), (0.04, S, self.random(answer))]

    @staticmethod
    def size(payload: int) -> int:
        """Return the bytes that a message of this payload takes."""
        whole, rest = divmod(payload, BLOCK)
        return 6 + TAG + whole * (BLOCK + TAG) + (rest + TAG if rest else 0)


def miner(seed: str) -> list[Line]:
    """One machine, every message in a segment of its own; eleven shares, three jobs, a second block."""
    noise = Noise(seed)
    asked, given = plain.target_of(1), plain.target_of(8192)
    setup = plain.setup_connection(
        flags=1, host="v2.sample.example", port=34254, vendor="Sample", hardware="Board-601", firmware="2.9.0"
    )
    said = noise.keys()
    said += [
        (0.01, C, noise.sealed(setup)),
        (0.04, S, noise.sealed(plain.setup_success())),
        (0.01, C, noise.sealed(plain.open_standard(1, "sampleaccount.rig1", 1.2e12, asked))),
        (0.04, S, noise.sealed(plain.open_standard_success(1, 7, given, bytes(8), 1))),
        (0.0, S, noise.sealed(plain.new_job(7, 1, None, bytes(32)))),
        (0.0, S, noise.sealed(plain.new_prev_hash(7, 1, AT))),
    ]
    for sequence in range(1, 12):
        if sequence == 4:
            said.append((7.0, S, noise.sealed(plain.new_job(7, 2, AT + 60, bytes(32)))))
        if sequence == 8:
            target = plain.target_of(16_384)
            said.append((2.0, S, noise.sealed(plain.set_target(7, target))))
            said.append((3.0, S, noise.sealed(plain.new_job(7, 3, None, bytes(32)))))
            said.append((4.0, S, noise.sealed(plain.new_prev_hash(7, 3, AT + 130))))
        said.append((11.0, C, noise.sealed(plain.share(7, sequence, 1, AT))))
        said.append((0.04, S, noise.sealed(plain.share_success(7, sequence, 1, 8192))))
    return said


def farm(seed: str, shares: int = 16) -> list[Line]:
    """A translator whose pool sends the answer, the job and the block in one write; some shares at once."""
    noise = Noise(seed)
    said = noise.keys()
    first = [
        plain.open_extended_success(1, 3, plain.target_of(1e6), 8, bytes(8), 1),
        plain.new_extended_job(3, 1, None, 912_345, 12),
        plain.new_prev_hash(3, 1, AT),
    ]
    said += [
        (0.01, C, noise.sealed(plain.setup_connection(flags=4, vendor="Sample translator"))),
        (0.03, S, noise.sealed(plain.setup_success())),
        (0.01, C, noise.sealed(plain.open_extended(1, base58check(b"\0"), 6e14, plain.target_of(1), 8))),
        (0.03, S, noise.sealed(*first)),
    ]
    for sequence in range(1, shares + 1):
        sent = plain.extended_share(3, sequence, 1, AT, bytes(8))
        twice = sequence % 5 == 0
        said.append((7.0, C, noise.sealed(*[sent] * (1 + twice))))
        accepted = plain.share_success(3, sequence, 1, 1_000_000)
        said.append((0.03, S, noise.sealed(*[accepted] * (1 + twice))))
        if sequence % 4 == 0:
            said.append((5.0, S, noise.sealed(plain.new_extended_job(3, sequence, AT, 912_345, 11))))
    return said


def messenger(seed: str) -> list[Line]:
    """Some other application that agrees on keys of the same sizes, then sends what it likes."""
    noise = Noise(seed)
    said = noise.keys()
    for turn in range(8):
        said.append((3.0, C, noise.random(40 + 37 * turn % 400)))
        said.append((0.1, S, noise.random(60 + 91 * turn % 900)))
    return said


def silent(seed: str) -> list[Line]:
    """Keys, and nothing behind them."""
    return Noise(seed).keys()


def declarator(seed: str) -> list[Line]:
    """Stratum V2 itself, but no mining: blocks are declared."""
    noise = Noise(seed)
    return [
        *noise.keys(),
        (0.01, C, noise.sealed(plain.setup_connection(1, flags=1, vendor="Sample declarator"))),
        (0.03, S, noise.sealed(plain.setup_success())),
        (0.01, C, noise.sealed(plain.allocate_token("sampleaccount", 1))),
        (0.03, S, noise.sealed(plain.allocate_token_success(1))),
        (1.0, C, noise.sealed(plain.declare_job(2, 912_345, 120))),
        (0.05, S, noise.sealed(plain.declare_job_success(2))),
    ]


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    tape.tcp(1.0, ("198.51.100.51", 49852), ("203.0.113.70", 34254), miner("rig"))
    plain.repeat(tape, 3, 9, 15, 31)
    tape.tcp(2.0, ("198.51.100.52", 51000), ("203.0.113.71", 3336), plain.cut(farm("farm"), 536))
    tape.tcp(3.0, ("198.51.100.53", 52000), ("203.0.113.72", 34254), messenger("chat"))
    tape.tcp(4.0, ("198.51.100.54", 52001), ("203.0.113.73", 34254), silent("quiet"))
    tape.tcp(5.0, ("198.51.100.55", 52002), ("203.0.113.74", 34264), declarator("jobs"))
    return tape.in_time_order().pcap()
