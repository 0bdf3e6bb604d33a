"""Flows of protocols that look random, and are none of Stratum V2: sizes of their flights, a column a flight.

Sizes only, drawn by the thousand; the bytes are random. A flight is positive from the client, negative from
the server, 0 where the flow has ended.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from protocols.parser import Side
from protocols.sv2_noise import StratumV2Noise

Sizes = npt.NDArray[np.int64]
FLIGHTS = 14
POOL = 1 << 16


def _column(sizes: list[Sizes], count: int) -> Sizes:
    """Put flights side by side, the client's and the server's in turn; the rest is what applications send."""
    sign = np.where(np.arange(len(sizes)) % 2 == 0, 1, -1)
    return np.stack([np.broadcast_to(one, (count,)) for one in sizes], axis=1) * sign


def _chatter(rng: np.random.Generator, count: int, flights: int, added: int) -> list[Sizes]:
    """What is sent once keys are agreed on: mostly short, sometimes long, sealed by `added` bytes."""
    short = rng.integers(1, 400, (flights, count))
    long = rng.geometric(1 / 900, (flights, count))
    return list(np.where(rng.random((flights, count)) < 0.8, short, long) + added)


def tls(rng: np.random.Generator, count: int) -> Sizes:
    hello = rng.integers(180, 1900, count)
    answer = rng.integers(1200, 6000, count)
    return _column(
        [hello, answer, rng.choice([64, 80, 126, 93], count), *_chatter(rng, count, 11, 22)], count
    )


def ssh(rng: np.random.Generator, count: int) -> Sizes:
    banner = rng.integers(20, 60, count)
    sizes = [
        banner,
        rng.integers(20, 60, count),
        8 * rng.integers(60, 200, count),
        *_chatter(rng, count, 11, 36),
    ]
    return _column(sizes, count)


def wireguard(rng: np.random.Generator, count: int) -> Sizes:
    prefix = rng.choice([0, 2, 4], count)
    data = [32 + 16 * rng.integers(0, 90, count) + prefix for _ in range(12)]
    return _column([148 + prefix, 92 + prefix, *data], count)


def bip324(rng: np.random.Generator, count: int) -> Sizes:
    """Garbage of 0 to 4,095 bytes, as of the reference client, and none at all in half of the flows."""
    none = rng.random((2, count)) < 0.5
    garbage = np.where(none, 0, rng.integers(0, 4096, (2, count)))
    answer = 64 + garbage[1] + np.where(rng.random(count) < 0.5, 36, 0)
    version = 16 + 20 + 20 + 106 + rng.integers(10, 60, count)
    return _column([64 + garbage[0], answer, version, version + 0, *_chatter(rng, count, 10, 20)], count)


def bip324_like_keys(rng: np.random.Generator, count: int) -> Sizes:
    """The worst of them: no garbage from the client, and a server whose first flight is just 234 bytes."""
    flows = bip324(rng, count)
    flows[:, 0], flows[:, 1] = 64, -234
    return flows


def shadowsocks(rng: np.random.Generator, count: int) -> Sizes:
    salt = rng.choice([16, 24, 32], count)
    first = salt + 18 + 16 + rng.integers(7, 700, count)
    return _column(
        [first, salt + 18 + 16 + rng.integers(1, 1400, count), *_chatter(rng, count, 12, 34)], count
    )


def obfs4(rng: np.random.Generator, count: int) -> Sizes:
    sizes = [
        64 + rng.integers(85, 8128, count),
        64 + rng.integers(32, 8128, count),
        *_chatter(rng, count, 12, 21),
    ]
    return _column(sizes, count)


def lightning(rng: np.random.Generator, count: int) -> Sizes:
    """BOLT 8: acts of 50, 50 and 66 bytes, then messages of 18 + n + 16."""
    init = 66 + 34 + rng.integers(6, 60, count)
    return _column([np.full(count, 50), np.full(count, 50), init, *_chatter(rng, count, 11, 34)], count)


def noise(rng: np.random.Generator, count: int) -> Sizes:
    """Noise handshakes of all kinds: keys of 32, 33, 56 or 64 bytes, lengths before them or not, payloads."""
    key = rng.choice([32, 33, 56, 64], count)
    prefix = rng.choice([0, 2], count)
    pattern = rng.integers(0, 4, count)  # NN, XX, IK, NX with a payload
    payload = rng.integers(0, 300, count)
    first = np.where(pattern == 2, key + key + 16 + 16, key) + prefix
    sealed = np.where(pattern == 0, 16, np.where(pattern == 2, 16, key + 16 + 16))
    second = key + sealed + np.where(pattern == 3, payload, 0) + prefix
    return _column([first, second, *_chatter(rng, count, 12, 18)], count)


def mtproto(rng: np.random.Generator, count: int) -> Sizes:
    """Obfuscated MTProto: 64 bytes of set-up, alone or with the first message behind them."""
    alone = rng.random(count) < 0.5
    first = np.where(alone, 64, 64 + 4 * rng.integers(10, 200, count))
    return _column([first, 4 * rng.integers(10, 300, count), *_chatter(rng, count, 12, 4)], count)


def uniform(rng: np.random.Generator, count: int) -> Sizes:
    """Anything at all, of small sizes."""
    return _column(list(rng.integers(1, 400, (FLIGHTS, count))), count)


FAMILIES: Mapping[str, Callable[[np.random.Generator, int], Sizes]] = {
    one.__name__: one
    for one in (
        tls,
        ssh,
        wireguard,
        bip324,
        bip324_like_keys,
        shadowsocks,
        obfs4,
        lightning,
        noise,
        mtproto,
        uniform,
    )
}


def same_keys(rng: np.random.Generator, count: int) -> Sizes:
    """Applications that agree on keys with exactly the flights of Stratum V2: no known one does."""
    keys = [np.full(count, 64), np.full(count, 234)]
    return _column([*keys, *_chatter(rng, count, FLIGHTS - 2, 38)], count)


def told_of(flows: Sizes, seed: int) -> Iterator[int]:
    """Yield of how many events each flow made a reader think that it saw, from probe to parser."""
    pool = np.random.default_rng(seed).bytes(2 * POOL)
    places = np.random.default_rng(seed + 1).integers(0, POOL, flows.shape).tolist()
    for sizes, where in zip(flows.tolist(), places, strict=True):
        yield _told(sizes, where, pool)


def _told(sizes: list[int], where: list[int], pool: bytes) -> int:
    heads = {Side.CLIENT: b"", Side.SERVER: b""}
    parser: StratumV2Noise | None = None
    told = 0
    for turn, (size, at) in enumerate(zip(sizes, where, strict=True)):
        side = Side.CLIENT if size > 0 else Side.SERVER
        data = pool[at : at + abs(size)]
        if parser is not None:
            told += sum(1 for _ in parser.feed(side, data))
            if parser.finished:
                break
            continue
        heads[side] += data
        answer = StratumV2Noise.probe(heads).value
        if answer == "no":
            break
        if answer == "yes":
            parser = StratumV2Noise()
            for before in range(turn + 1):
                piece = pool[where[before] : where[before] + abs(sizes[before])]
                list(parser.feed(Side.CLIENT if sizes[before] > 0 else Side.SERVER, piece))
    return told
