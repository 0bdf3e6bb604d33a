"""Feeds: tickers over WebSocket, news of markets and of chains, wallets and nodes that hear of blocks."""

import numpy as np

from benchmarks.lab.benign.kind import Kind
from benchmarks.lab.benign.saying import REGULAR, Saying
from benchmarks.lab.columns import Array, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.rhythms import around, bursts


def ticker(draw: Draw, lines: Lines) -> Array:
    """Prices pushed at a steady rate, as JSON of nearly one size; pings of either side."""
    say = Saying(draw, lines)
    shape = np.where(
        say.makes_with(0.5), say.between("ticker.steady", 20, 3_000), say.between("ticker.loose", 0.5, 2)
    )
    flow, at = say.times(say.between("ticker.gap", 1, 60), shape)
    say.push(flow, at, around(say.rng, say.whole("ticker.quote", 80, 900)[flow], 0.0, 6))
    flow, at = say.times(say.between("ticker.ping", 10, 180), REGULAR)
    size = say.whole("ticker.pinged", 2, 40)
    mine = say.makes_with(0.5)[flow]
    say.ask(flow[mine], at[mine], size[flow[mine]], size[flow[mine]], 2e-3)
    say.call(flow[~mine], at[~mine], size[flow[~mine]], size[flow[~mine]], 2e-3)
    return say.rows()


def trading(draw: Draw, lines: Lines) -> Array:
    """A trader's session: market pushes in clusters, orders with confirmations at random times."""
    say = Saying(draw, lines)
    flow, at = say.times(say.between("trade.market", 1, 30), 0.4)
    say.push(flow, at, around(say.rng, say.whole("trade.quote", 100, 700)[flow], 0.2))
    flow, at = say.times(say.between("trade.order", 5, 120))
    size = around(say.rng, say.whole("trade.ask", 110, 400)[flow], 0.0, 5)
    say.ask(flow, at, size, around(say.rng, say.whole("trade.receipt", 60, 500)[flow], 0.0, 5), 0.01)
    return say.rows()


def wallet(draw: Draw, lines: Lines) -> Array:
    """Electrum's protocol in TLS: line JSON-RPC, headers at each block, pings, histories."""
    say = Saying(draw, lines)
    coin = say.rng.choice((600.0, 600.0, 150.0, 60.0), lines.makes)
    flow, at = _blocks(say, coin)
    say.push(flow, at, 300)
    flow, at = say.times(say.between("electrum.ping", 45, 300), REGULAR)
    say.ask(flow, at, 57, 40, 0.02)
    flow, at = say.times(say.between("electrum.coins", 40, 1_500))
    say.push(flow, at, 180)
    say.ask(flow, at + 0.05, 140, around(say.rng, np.full(len(flow), 420), 0.6), 0.05)
    flow, at = say.times(say.between("electrum.fees", 30, 300))
    say.ask(flow, at, 75, 60, 0.02)
    return say.rows()


def node(draw: Draw, lines: Lines) -> Array:
    """A full node's peer under encryption: announcements both ways, blocks in compact form, pings."""
    say = Saying(draw, lines)
    coin = say.rng.choice((600.0, 150.0, 120.0, 60.0), lines.makes)
    flow, at = _blocks(say, coin)
    say.push(flow, at, around(say.rng, np.full(len(flow), 9_000), 0.5))
    told = say.times(say.between("node.told", 1, 15))
    flow, at, _ = bursts(say.rng, told, np.full(len(lines), 1.4), np.full(len(lines), 0.05))
    many = say.rng.geometric(0.2, len(flow))
    say.push(flow, at, 21 + 36 * many)
    some = say.rng.random(len(flow)) < 0.3
    say.ask(flow[some], at[some] + 0.02, 21 + 36 * many[some], 300 * many[some], 0.03)
    flow, at = say.times(say.between("node.tells", 2, 20))
    say.tell(flow, at, 21 + 36 * say.rng.geometric(0.3, len(flow)))
    flow, at = say.times(np.full(len(lines), 120.0), REGULAR)
    say.ask(flow, at, 29, 29, 5e-3)
    say.call(flow, at + 40, 29, 29, 5e-3)
    return say.rows()


def explorer(draw: Draw, lines: Lines) -> Array:
    """A page that shows new blocks and transactions: pushes at the very times at which pools send work."""
    say = Saying(draw, lines)
    coin = say.rng.choice((600.0, 150.0, 120.0, 60.0, 13.0), lines.makes)
    flow, at = _blocks(say, coin)
    say.push(flow, at, around(say.rng, say.whole("explorer.block", 250, 2_500)[flow], 0.1))
    flow, at = say.times(say.between("explorer.transactions", 3, 90))
    say.push(flow, at, around(say.rng, say.whole("explorer.transaction", 120, 900)[flow], 0.3))
    flow, at = say.times(say.between("explorer.ping", 15, 60), REGULAR)
    say.ask(flow, at, 12, 12, 2e-3)
    return say.rows()


def game(draw: Draw, lines: Lines) -> Array:
    """A game of turns or a lobby: moves of players, states pushed, heartbeats."""
    say = Saying(draw, lines)
    flow, at = say.times(say.between("game.move", 2, 40), say.between("game.shape", 0.7, 4))
    say.ask(flow, at, around(say.rng, say.whole("game.action", 20, 300)[flow], 0.1), 60, 0.03)
    flow, at = say.times(say.between("game.state", 1, 20), say.between("game.turn", 0.7, 60))
    say.push(flow, at, around(say.rng, say.whole("game.world", 40, 1_200)[flow], 0.4))
    flow, at = say.times(say.between("game.beat", 5, 30), REGULAR)
    say.ask(flow, at, say.whole("game.pulse", 4, 40)[flow], say.whole("game.pulsed", 4, 40)[flow], 2e-3)
    return say.rows()


def _blocks(say: Saying, interval: Array) -> tuple[Array, Array]:
    """Return when each flow hears of a block; flows of one implementation hear of the same blocks."""
    flows, times = [], []
    for make, mean in enumerate(interval):
        found = np.sort(say.rng.random(say.rng.poisson(say.lines.seconds / mean)) * say.lines.seconds)
        rows = np.flatnonzero(say.lines.make == make)
        flows.append(np.repeat(rows, len(found)))
        times.append(np.tile(found, len(rows)) + say.rng.exponential(0.5, len(rows) * len(found)))
    return np.concatenate(flows), np.concatenate(times)


KINDS = (
    Kind("ticker", 8, ticker, carriers=("wss", "wss", "tls13"), ports=(443, 9443)),
    Kind("trading", 3, trading, carriers=("wss", "tls13")),
    Kind("wallet", 3, wallet, ports=(50002, 443)),
    Kind("node", 2, node, carriers=("plain", "tls13"), ports=(8333, 18080, 30303)),
    Kind("explorer", 2, explorer, carriers=("wss",)),
    Kind("game", 4, game, carriers=("tls13", "plain"), ports=(443, 3724, 27015)),
)
