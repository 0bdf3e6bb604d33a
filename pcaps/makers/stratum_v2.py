"""Stratum V2 in clear on a local network: a miner, a translator, a template provider, a declarator of jobs.

Also the frames of the specification (chapters 3, 5, 6, 7, extensions 0x0001 and 0x0002), one function a
message, which other makers and the tests build their conversations of.
"""

import hashlib
import struct

from pcaps.makers.making import C, S, Script, Tape, base58check, number

FILE = "stratum_v2.pcap"
BLOCK_BITS = 0x17034219
VERSION = 0x20000000


def frame(kind: int, payload: bytes, *, channel: bool = False, extension: int = 0) -> bytes:
    """Return one frame: extension type with the channel bit, message type, 24 bits of length, payload."""
    head = struct.pack("<HB", extension | (0x8000 if channel else 0), kind)
    return head + struct.pack("<I", len(payload))[:3] + payload


def string(text: str) -> bytes:
    """STR0_255."""
    return bytes([len(text.encode())]) + text.encode()


def short(raw: bytes) -> bytes:
    """B0_32 or B0_255."""
    return bytes([len(raw)]) + raw


def long(raw: bytes) -> bytes:
    """B0_64K."""
    return struct.pack("<H", len(raw)) + raw


def hash_of(seed: str) -> bytes:
    """Return 32 bytes that look drawn at random and are the same every time."""
    return hashlib.sha256(seed.encode()).digest()


def target_of(difficulty: float) -> bytes:
    """Return the target of a difficulty in Bitcoin's unit, as a little-endian U256."""
    return int(0xFFFF * 2**208 / difficulty).to_bytes(32, "little")


def setup_connection(
    protocol: int = 0, *, flags: int = 0, host: str = "", port: int = 0, vendor: str = "", hardware: str = "",
    firmware: str = "", device: str = "",
) -> bytes:  # fmt: skip
    """The first message of a client."""
    body = struct.pack("<BHHI", protocol, 2, 2, flags) + string(host) + struct.pack("<H", port)
    return frame(0x00, body + string(vendor) + string(hardware) + string(firmware) + string(device))


def setup_success(flags: int = 0) -> bytes:
    """Its answer."""
    return frame(0x01, struct.pack("<HI", 2, flags))


def setup_error(code: str, flags: int = 0) -> bytes:
    """Its refusal."""
    return frame(0x02, struct.pack("<I", flags) + string(code))


def open_standard(request: int, user: str, rate: float, target: bytes) -> bytes:
    """A request for a standard channel."""
    return frame(0x10, struct.pack("<I", request) + string(user) + struct.pack("<f", rate) + target)


def open_standard_success(request: int, channel: int, target: bytes, prefix: bytes, group: int) -> bytes:
    """Its answer."""
    body = struct.pack("<II", request, channel) + target + short(prefix) + struct.pack("<I", group)
    return frame(0x11, body)


def open_error(request: int, code: str) -> bytes:
    """The refusal of either kind of channel."""
    return frame(0x12, struct.pack("<I", request) + string(code))


def open_extended(request: int, user: str, rate: float, target: bytes, extranonce: int) -> bytes:
    """A request for an extended channel."""
    body = struct.pack("<I", request) + string(user) + struct.pack("<f", rate) + target
    return frame(0x13, body + struct.pack("<H", extranonce))


def open_extended_success(
    request: int, channel: int, target: bytes, extranonce: int, prefix: bytes, group: int | None
) -> bytes:
    """Its answer; without a group as drafts had it."""
    body = struct.pack("<II", request, channel) + target + struct.pack("<H", extranonce) + short(prefix)
    return frame(0x14, body + (b"" if group is None else struct.pack("<I", group)))


def option(value: int | None) -> bytes:
    """OPTION[U32]."""
    return b"\0" if value is None else b"\1" + struct.pack("<I", value)


def new_job(channel: int, job: int, at: int | None, root: bytes) -> bytes:
    """A standard job; `at` None for one that waits for its block."""
    body = struct.pack("<II", channel, job) + option(at) + struct.pack("<I", VERSION) + root
    return frame(0x15, body, channel=True)


def coinbase(height: int) -> tuple[bytes, bytes]:
    """Return the parts of a coinbase transaction before and behind the extranonce (8 bytes of it)."""
    pushed = bytes([3]) + height.to_bytes(3, "little")
    script = pushed + b"\x0a/example/"
    before = struct.pack("<IB", 2, 1) + bytes(32) + b"\xff" * 4 + bytes([len(script) + 8]) + script
    output = struct.pack("<Q", 312_500_000) + b"\x16\x00\x14" + bytes(20)
    witness = struct.pack("<Q", 0) + b"\x26\x6a\x24\xaa\x21\xa9\xed" + hash_of(f"witness {height}")
    return before, b"\xff" * 4 + b"\x02" + output + witness + bytes(4)


def new_extended_job(channel: int, job: int, at: int | None, height: int, path: int) -> bytes:
    """An extended job whose merkle path has `path` hashes."""
    before, behind = coinbase(height)
    body = struct.pack("<II", channel, job) + option(at) + struct.pack("<IB", VERSION, 1)
    body += bytes([path]) + b"".join(hash_of(f"branch {job} {n}") for n in range(path))
    return frame(0x1F, body + long(before) + long(behind), channel=True)


def new_prev_hash(channel: int, job: int, at: int, bits: int = BLOCK_BITS) -> bytes:
    """The block before the one that is to be found."""
    body = struct.pack("<II", channel, job) + hash_of(f"block {at}") + struct.pack("<II", at, bits)
    return frame(0x20, body, channel=True)


def set_target(channel: int, target: bytes) -> bytes:
    """A new target."""
    return frame(0x21, struct.pack("<I", channel) + target, channel=True)


def update_channel(channel: int, rate: float, target: bytes) -> bytes:
    """A new hashrate."""
    return frame(0x16, struct.pack("<If", channel, rate) + target, channel=True)


def share(channel: int, sequence: int, job: int, at: int) -> bytes:
    """A share of a standard channel."""
    nonce = int.from_bytes(hash_of(f"nonce {sequence}")[:4], "little")
    return frame(0x1A, struct.pack("<6I", channel, sequence, job, nonce, at, VERSION), channel=True)


def extended_share(
    channel: int, sequence: int, job: int, at: int, extranonce: bytes, worker: str | None = None
) -> bytes:
    """A share of an extended channel; `worker` as extension 0x0002 appends it."""
    nonce = int.from_bytes(hash_of(f"nonce {sequence}")[:4], "little")
    body = struct.pack("<6I", channel, sequence, job, nonce, at, VERSION) + short(extranonce)
    if worker is not None:
        body += b"\x00\x02\x01" + struct.pack(">H", len(worker.encode())) + worker.encode()
    return frame(0x1B, body, channel=True)


def share_success(channel: int, last: int, count: int, difficulties: int) -> bytes:
    """The acceptance of `count` shares."""
    return frame(0x1C, struct.pack("<IIIQ", channel, last, count, difficulties), channel=True)


def share_error(channel: int, sequence: int, code: str) -> bytes:
    """The refusal of one."""
    return frame(0x1D, struct.pack("<II", channel, sequence) + string(code), channel=True)


def request_extensions(*wanted: int) -> bytes:
    """Extension 0x0001: what the client wants to use."""
    body = struct.pack("<HH", 1, len(wanted)) + b"".join(struct.pack("<H", one) for one in wanted)
    return frame(0x00, body, extension=1)


def request_extensions_success(*agreed: int) -> bytes:
    """Extension 0x0001: what the server agrees to."""
    body = struct.pack("<HH", 1, len(agreed)) + b"".join(struct.pack("<H", one) for one in agreed)
    return frame(0x01, body, extension=1)


def allocate_token(user: str, request: int) -> bytes:
    """Job declaration: a request for a token."""
    return frame(0x50, string(user) + struct.pack("<I", request))


def allocate_token_success(request: int) -> bytes:
    """Its answer: a token, and the pool's outputs."""
    outputs = b"\x01" + struct.pack("<Q", 0) + b"\x16\x00\x14" + bytes(20)
    return frame(0x51, struct.pack("<I", request) + short(hash_of("token")[:8]) + long(outputs))


def declare_job(request: int, height: int, transactions: int) -> bytes:
    """Job declaration: a template, by the hashes of its transactions."""
    before, behind = coinbase(height)
    listed = struct.pack("<H", transactions) + b"".join(hash_of(f"tx {n}") for n in range(transactions))
    body = struct.pack("<I", request) + short(hash_of("token")[:8]) + struct.pack("<I", VERSION)
    return frame(0x57, body + long(before) + long(behind) + listed + long(b""))


def declare_job_success(request: int) -> bytes:
    """Its acceptance."""
    return frame(0x58, struct.pack("<I", request) + short(hash_of("declared")[:8]))


def coinbase_constraints(size: int, sigops: int) -> bytes:
    """Template distribution: what the client will add to the coinbase."""
    return frame(0x70, struct.pack("<IH", size, sigops))


def new_template(template: int, height: int, path: int) -> bytes:
    """Template distribution: a template that waits for its block."""
    prefix = bytes([3]) + height.to_bytes(3, "little")
    body = struct.pack("<QBII", template, 1, VERSION, 2) + short(prefix)
    body += struct.pack("<IQI", 0xFFFFFFFF, 312_500_000, 1) + long(hash_of("output"))
    body += struct.pack("<I", 0) + bytes([path]) + b"".join(hash_of(f"leaf {n}") for n in range(path))
    return frame(0x71, body)


def template_prev_hash(template: int, at: int, bits: int = BLOCK_BITS) -> bytes:
    """Template distribution: the block before."""
    body = struct.pack("<Q", template) + hash_of(f"block {at}") + struct.pack("<II", at, bits)
    return frame(0x72, body + target_of(8e13))


def submit_solution(template: int, at: int, height: int) -> bytes:
    """Template distribution: a block was found."""
    before, behind = coinbase(height)
    return frame(0x76, struct.pack("<QIII", template, VERSION, at, 7) + long(before + bytes(8) + behind))


def miner(at: int = 1_772_416_800) -> list[tuple[float, int, bytes]]:
    """One machine on a standard channel: four jobs, a new block, seven shares, one of them stale."""
    asked, given = target_of(1), target_of(16_384)
    talk: list[tuple[float, int, bytes]] = [
        (0.0, C, setup_connection(
            flags=1, host="sv2.sample.example", port=34254, vendor="Sample", hardware="Board-401",
            firmware="sample-os-2.9.0", device="02:00:00:00:00:01",
        )),
        (0.03, S, setup_success()),
        (0.01, C, open_standard(1, "sampleaccount.rig1", 1.2e12, asked)),
        (0.03, S, open_standard_success(1, 7, given, bytes(4), 1)),
        (0.00, S, new_job(7, 1, None, hash_of("root 1")) + new_prev_hash(7, 1, at)),
    ]  # fmt: skip
    for sequence in range(1, 4):
        talk.append((17.0, C, share(7, sequence, 1, at + sequence)))
        talk.append((0.03, S, share_success(7, sequence, 1, 16_384)))
    talk.append((9.0, S, new_job(7, 2, at + 60, hash_of("root 2"))))
    talk.append((11.0, C, share(7, 4, 2, at + 70)))
    talk.append((21.0, C, share(7, 5, 2, at + 91)))
    talk.append((0.03, S, share_success(7, 5, 2, 32_768)))
    talk.append((5.0, S, new_job(7, 3, None, hash_of("root 3"))))
    talk.append((20.0, S, new_prev_hash(7, 3, at + 120)))
    talk.append((0.01, C, share(7, 6, 2, at + 119)))
    talk.append((0.03, S, share_error(7, 6, "stale-share")))
    talk.append((4.0, S, set_target(7, target_of(32_768)) + new_job(7, 4, at + 125, hash_of("root 4"))))
    talk.append((60.0, C, share(7, 7, 4, at + 180)))
    talk.append((0.03, S, share_success(7, 7, 1, 32_768)))
    return talk


def translator(at: int = 1_772_416_800) -> list[tuple[float, int, bytes]]:
    """A translator of a farm: an extended channel whose shares name their workers."""
    wallet = base58check(b"\0")
    talk: list[tuple[float, int, bytes]] = [
        (0.0, C, setup_connection(flags=4, host="10.0.0.1", port=34254, vendor="Sample translator")),
        (0.03, S, setup_success()),
        (0.01, C, request_extensions(2)),
        (0.03, S, request_extensions_success(2)),
        (0.01, C, open_extended(9, wallet, 6e14, target_of(1), 8)),
        (
            0.03,
            S,
            open_extended_success(9, 3, target_of(1e6), 8, number_bytes("prefix", 8), 1)
            + new_extended_job(3, 1, None, 912_345, 12)
            + new_prev_hash(3, 1, at),
        ),
    ]
    for sequence in range(1, 13):
        worker = f"hall{sequence % 3}-{sequence % 4:02d}"
        sent = extended_share(3, sequence, 1, at + sequence, number_bytes(f"e{sequence}", 8), worker)
        talk.append((6.0, C, sent))
        if sequence % 4 == 0:
            talk.append((0.02, S, share_success(3, sequence, 4, 4_000_000)))
    talk.append((1.0, C, update_channel(3, 5.5e14, target_of(1))))
    return talk


def provider(at: int = 1_772_416_800) -> list[tuple[float, int, bytes]]:
    """A template provider at work."""
    return [
        (0.0, C, setup_connection(2, host="10.0.0.9", port=8442, vendor="Sample declarator")),
        (0.01, S, setup_success()),
        (0.01, C, coinbase_constraints(100, 400)),
        (0.01, S, new_template(1, 912_345, 12) + template_prev_hash(1, at)),
        (30.0, S, new_template(2, 912_345, 12)),
        (60.0, C, submit_solution(2, at + 90, 912_345)),
    ]


def declarator() -> list[tuple[float, int, bytes]]:
    """A job is declared; the declaration takes several segments."""
    return [
        (0.0, C, setup_connection(1, flags=1, host="10.0.0.7", port=34264, vendor="Sample declarator")),
        (0.02, S, setup_success()),
        (0.01, C, allocate_token("sampleaccount", 1)),
        (0.02, S, allocate_token_success(1)),
        (1.0, C, declare_job(2, 912_345, 90)),
        (0.05, S, declare_job_success(2)),
    ]


def number_bytes(seed: str, size: int) -> bytes:
    """Return bytes that look drawn at random and are the same every time."""
    return bytes.fromhex(number(seed, 2 * size))


def cut(script: Script, *sizes: int) -> list[tuple[float, int, bytes]]:
    """Return a script whose payloads are cut into pieces of these sizes in turn."""
    pieces: list[tuple[float, int, bytes]] = []
    turn = 0
    for pause, side, payload in script:
        rest = payload
        while rest:
            size = sizes[turn % len(sizes)]
            turn += 1
            pieces.append((pause if len(rest) == len(payload) else 0.0, side, rest[:size]))
            rest = rest[size:]
    return pieces


def repeat(tape: Tape, *places: int) -> None:
    """Send packets of a tape once more, a moment after the first time."""
    for place in sorted(places, reverse=True):
        at, raw = tape.packets[place]
        tape.packets.insert(place + 1, (at + 0.005, raw))


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    tape.tcp(1.0, ("198.51.100.41", 49852), ("203.0.113.60", 34254), miner())
    repeat(tape, 3, 11, 17)
    tape.tcp(2.0, ("198.51.100.42", 50100), ("203.0.113.60", 34255), cut(translator(), 536, 300, 41, 1460))
    tape.tcp(3.0, ("198.51.100.43", 50222), ("203.0.113.61", 8442), provider())
    tape.tcp(4.0, ("198.51.100.43", 50223), ("203.0.113.62", 34264), declarator())
    return tape.in_time_order().pcap()
