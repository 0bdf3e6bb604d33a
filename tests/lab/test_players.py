"""What players say: read by the product as mining, of the protocols' sizes, at the pool's instants."""

from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.lab.capture_file import write_capture
from benchmarks.lab.chains import COINS, blocks
from benchmarks.lab.draw import Draw
from benchmarks.lab.mining import Habits
from benchmarks.lab.networks import network
from benchmarks.lab.players.rigs import make_rig
from benchmarks.lab.players.session import Span, play
from benchmarks.lab.players.table import DIALECTS
from benchmarks.lab.pools import LEAD, Pool, make_pool
from tests.lab.reading import verdicts

STEADY = Habits(multiplexed=0, old=0, reconnects=0, duty=0, donation=0)


def some_pool(dialect: str, seed: int, seconds: float = 600) -> Pool:
    draw = Draw(seed, "train")
    coin = next(coin for coin in COINS if coin.dialect == dialect)
    found = blocks(draw.rng, coin.interval, -LEAD, seconds)
    return make_pool("pool", coin, found, seconds, 1_750_000_000, draw)


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_every_miner_in_clear_text_is_confirmed_under_its_dialect(dialect: str, tmp_path: Path) -> None:
    made = network(2, "test", 4, miners=5, benign=0, plain=1, dialects=(dialect,), habits=STEADY, loss=0)
    path = tmp_path / "clear.pcap"
    write_capture(made, path)
    found = [one for one in verdicts(path) if one.role == "miner"]
    assert len(found) == len(np.unique(made.truth["client"]))
    assert {(one.level, one.protocols) for one in found} == {("confirmed", (dialect,))}


@pytest.mark.parametrize(
    ("dialect", "low", "high"),
    [
        ("stratum-bitcoin", 110, 215),
        ("stratum-cryptonote", 170, 260),
        ("stratum-ethproxy", 215, 280),
        ("stratum-ethereum", 75, 170),
        ("stratum-kawpow", 220, 290),
        ("stratum-kaspa", 75, 185),
        ("stratum-v2", 30, 35),
    ],
)
def test_shares_are_as_large_as_the_protocol_makes_them(dialect: str, low: int, high: int) -> None:
    for seed in range(8):
        draw = Draw(seed, "train")
        pool = some_pool(dialect, seed)
        speaker = DIALECTS[dialect](Random(seed), pool, make_rig(pool, 1, draw))
        speaker.hello(1_000.0)
        assert low <= len(speaker.share()) <= high


def test_an_equihash_share_is_one_of_two_sizes() -> None:
    sizes = []
    for coin in (coin for coin in COINS if coin.dialect == "stratum-equihash"):
        draw = Draw(3, "train")
        pool = make_pool("pool", coin, np.empty(0), 60, 1_750_000_000, draw)
        speaker = DIALECTS[coin.dialect](Random(1), pool, make_rig(pool, 1, draw))
        speaker.hello(10.0)
        sizes.append(len(speaker.share()))
    assert 2_820 < max(sizes) < 2_960
    assert 320 < min(sizes) < 460


def test_shares_are_as_many_as_hashrate_and_difficulty_give() -> None:
    pool = some_pool("stratum-cryptonote", 4, 40_000)
    rig = make_rig(pool, 1, Draw(4, "train"))
    spoken = play(Random(5), pool, rig, Span(0, 40_000, 0.002, 0.02, 0.0))
    work, unit = 0.0, 1.0
    for _, way, text in spoken:
        if way and b'"target":"' in text.replace(b" ", b""):
            raw = bytes.fromhex(text.replace(b" ", b"").split(b'"target":"')[1].split(b'"')[0].decode())
            unit = 2 ** (8 * len(raw)) / int.from_bytes(raw, "little")
        elif not way and b'"submit"' in text:
            work += unit
    shares = sum(b'"submit"' in text for _, way, text in spoken if not way)
    assert work / 40_000 == pytest.approx(rig.hashrate, rel=4 / shares**0.5)


def test_all_clients_of_a_pool_hear_of_work_at_the_same_instants() -> None:
    pool = some_pool("stratum-bitcoin", 6, 1_800)
    heard = []
    for client in range(4):
        far = 0.01 + 0.06 * client
        rig = make_rig(pool, 1, Draw(client, "train"))
        spoken = play(Random(client), pool, rig, Span(-3_000, 1_800, 0.002, far, 0.001))
        jobs = np.array([at for at, way, text in spoken if way and b"mining.notify" in text])
        delay = [np.min(np.abs(jobs - at - far)) for at in pool.jobs["at"] if 0 < at < 1_795]
        heard.append(len(delay))
        assert np.median(delay) < 3 * pool.fan_out + 0.01
        assert np.max(delay) < 10 * pool.fan_out + 0.05
    assert min(heard) > 20


def test_blocks_come_at_random_with_the_coins_mean() -> None:
    gaps = np.diff(blocks(np.random.default_rng(1), 120.0, 0, 2_000_000))
    assert gaps.mean() == pytest.approx(120, rel=0.03)
    assert gaps.std() == pytest.approx(120, rel=0.04)
    assert (gaps > 900 * 120 / 600).mean() == pytest.approx(np.exp(-1.5), abs=0.01)


def test_stratum_v2_under_noise_is_told_by_its_sizes(tmp_path: Path) -> None:
    made = network(
        21,
        "test",
        6,
        miners=6,
        benign=0,
        tunnel="noise",
        plain=0,
        dialects=("stratum-v2",),
        habits=STEADY,
        loss=0,
    )
    path = tmp_path / "noise.pcap"
    write_capture(made, path)
    found = [one for one in verdicts(path) if one.role == "miner"]
    assert {one.protocols for one in found} == {("stratum-v2",)}
    assert all(one.encrypted and one.level in {"likely", "confirmed"} for one in found)
    assert len(found) == len(np.unique(made.truth["client"]))
