"""How large messages become in their carriers, worked by hand from specifications; what a path does."""

import numpy as np
import pytest

from benchmarks.lab.carriers import wraps
from benchmarks.lab.carriers.datagrams import wireguard
from benchmarks.lab.carriers.layer import Sealed
from benchmarks.lab.carriers.ssh import ALONGSIDE, packet_size
from benchmarks.lab.carriers.table import CARRIERS
from benchmarks.lab.carriers.tcp import Path, tcp
from benchmarks.lab.carriers.tls import CBC, CHACHA, GCM, sealed12, tls13
from benchmarks.lab.carriers.vantage import Vantage, seen
from benchmarks.lab.columns import SEND, Array, Kind, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.networks import network


def one_line(start: float = -100.0) -> Lines:
    column = np.array([start])
    return Lines(column, np.array([1e6]), np.array([0.001]), np.array([0.01]), np.array([0]), 1, 600.0)


def said(*messages: tuple[float, int, int]) -> Array:
    rows = np.zeros(len(messages), SEND)
    rows["at"], rows["way"], rows["size"] = np.array(messages).T if messages else ((), (), ())
    rows["text"] = -1
    return rows


def still(count: int = 1) -> Path:
    return Path(np.zeros(count), np.zeros(count))


@pytest.mark.parametrize(("plain", "sealed"), [(233, 255), (63, 85), (102, 124), (71, 93), (376, 398)])
def test_a_line_in_tls_13_takes_22_bytes_more(plain: int, sealed: int) -> None:
    draw = next(d for d in (Draw(seed, "train") for seed in range(99)) if _pads_nothing(d))
    rows = tls13(draw, one_line(), Sealed(said((5, 0, plain)), one_line().start)).rows
    assert sealed in rows["size"][(rows["kind"] == Kind.RECORD) & (rows["at"] == 5)]


def _pads_nothing(draw: Draw) -> bool:
    state = draw.rng.bit_generator.state
    rows = tls13(draw, one_line(), Sealed(said((5, 0, 100)), one_line().start)).rows
    draw.rng.bit_generator.state = state
    return bool((rows["size"] == 122).any())


def test_tls_12_adds_what_its_suites_add() -> None:
    size = np.array([16, 233, 1])
    assert sealed12(size, np.full(3, GCM)).tolist() == [45, 262, 30]
    assert sealed12(size, np.full(3, CHACHA)).tolist() == [37, 254, 22]
    assert sealed12(size, np.full(3, CBC)).tolist() == [
        21 + 48,
        21 + 256,
        21 + 32,
    ]  # with 20 of MAC and 1 to 16


def test_ssh_packets_are_padded_to_blocks() -> None:
    assert len(ALONGSIDE) == 4
    one, share = np.full(4, 1), np.full(4, 9 + 233)
    suites = np.arange(4)
    assert packet_size(one, suites).tolist() == [28, 36, 52, 36]
    # 243 bytes inside the blocks (247 with the length): 248, 256 (13 of padding), 256, 256 (9), and MACs
    assert packet_size(share, suites).tolist() == [4 + 248 + 16, 4 + 256 + 16, 4 + 256 + 32, 256 + 20]


def test_noise_adds_32_to_a_frame_and_shakes_hands_with_64_and_234() -> None:
    lines = one_line(2.0)
    rows = wraps.noise(
        Draw(1, "train"), lines, Sealed(said((5, 0, 30), (6, 1, 26), (7, 1, 54)), lines.start)
    ).rows
    assert rows["size"].tolist() == [64, 234, 62, 58, 86]


def test_websocket_frames_grow_by_two_four_and_their_mask() -> None:
    lines = one_line()
    rows = wraps.websocket(
        Draw(1, "train"),
        lines,
        Sealed(said((5, 0, 125), (6, 1, 125), (7, 0, 126), (8, 1, 70_000)), lines.start),
    ).rows
    assert rows["size"].tolist() == [131, 127, 134, 70_010]


def test_wireguard_carries_acknowledgements_too() -> None:
    lines = one_line()
    made = wireguard(Draw(3, "train"), lines, Sealed(said((5, 0, 100), (300, 1, 1)), lines.start), still())
    at, size = made.frames["at_ns"], made.frames["size"]
    near = size[(at >= 5 * 10**9) & (at < 6 * 10**9)].tolist()
    assert near == [32 + 160, 32 + 64]  # 52 + 100 and 52 bytes of IP, padded to 16
    assert {148, 92} <= set(size.tolist())


def test_padding_doubles_what_is_sent() -> None:
    lines = one_line()
    messages = [(float(at), 0, 300) for at in range(1, 590)]
    shares = []
    for seed in range(12):
        rows = wraps.padded(Draw(seed, "train"), lines, Sealed(said(*messages), lines.start)).rows
        shares.append(rows["size"].sum() / (300 * len(messages)))
    assert np.mean(shares) == pytest.approx(2.07, abs=0.12)  # 1.6 to 2.4 times half of it, and 26 bytes


def test_large_writes_become_segments_and_close_ones_become_one() -> None:
    lines = one_line()
    draw = Draw(5, "train")
    rows = said((5, 1, 5_000), (9, 0, 100), (9.00001, 0, 50), (9.2, 0, 7))
    frames = tcp(draw, lines, Sealed(rows, lines.start), still()).frames
    data = frames[frames["size"] > 0]
    assert data["size"][data["way"] == 1].sum() == 5_000
    assert len(data[data["way"] == 1]) == 4
    assert data["size"][data["way"] == 0].tolist() == [150, 7]
    assert data["offset"][data["way"] == 0].tolist() == [0, 150]


def test_lost_segments_come_again_and_every_byte_arrives() -> None:
    lines = one_line()
    rows = said(*[(float(at), at % 2, 200) for at in range(1, 500)])
    frames = tcp(
        Draw(6, "train"), lines, Sealed(rows, lines.start), Path(np.array([0.2]), np.array([0.05]))
    ).frames
    for way, count in ((0, 249), (1, 250)):
        data = frames[(frames["size"] > 0) & (frames["way"] == way)]
        assert sorted(set(data["offset"].tolist())) == [200 * turn for turn in range(count)]
        assert 5 < len(data) - count < 60
    assert (np.diff(frames["at_ns"]) >= 0).all()


def test_a_probe_keeps_one_packet_in_so_many() -> None:
    frames = network(1, miners=1, benign=60, minutes=5).batches[0].wire.frames
    frames = np.repeat(frames[(frames["at_ns"] > 0) & (frames["at_ns"] < 300 * 10**9)], 60)
    kept = seen(np.random.default_rng(1), frames, 300.0, Vantage(loss=0.05, sampling=10))
    assert len(kept) / len(frames) == pytest.approx(0.095, rel=0.1)


def test_a_probes_clock_runs_as_it_is_told() -> None:
    frames = network(1, miners=1, benign=0, minutes=5).batches[0].wire.frames[:1].copy()
    frames["at_ns"] = 100 * 10**9
    kept = seen(np.random.default_rng(1), frames, 300.0, Vantage(skew=1e-5, offset=0.25))
    assert kept["at_ns"].tolist() == [100_251_000_000]


def test_every_carrier_that_hides_is_a_carrier() -> None:
    from benchmarks.lab.carriers.table import ENCRYPTED

    assert set(ENCRYPTED) < set(CARRIERS)
