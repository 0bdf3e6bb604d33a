"""Machines among themselves: telemetry, scrapes, polls, replication, streams of calls."""

import numpy as np

from benchmarks.lab.benign.kind import Kind
from benchmarks.lab.benign.saying import REGULAR, Saying
from benchmarks.lab.columns import Array, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.rhythms import around, bursts


def telemetry(draw: Draw, lines: Lines) -> Array:
    """Small reports by the clock, each confirmed with a few bytes: the nearest thing to shares."""
    say = Saying(draw, lines)
    report, receipt = say.whole("iot.report", 40, 420), say.whole("iot.receipt", 4, 140)
    wide = say.between("iot.wide", 0.001, 0.2)
    shape = np.where(say.makes_with(0.5), REGULAR, say.between("iot.shape", 0.6, 20))
    flow, at = say.times(say.between("iot.period", 2, 120), shape)
    size = report[flow] * np.exp(say.rng.standard_normal(len(flow)) * wide[flow])
    say.ask(flow, at, size.astype(np.int64), receipt[flow], 0.01)
    asked = say.makes_with(0.4)
    flow, at = say.times(np.where(asked, say.between("iot.config", 30, 900), 1e9))
    say.push(flow, at, around(say.rng, say.whole("iot.order", 40, 600)[flow], 0.1))
    return say.rows()


def scrape(draw: Draw, lines: Lines) -> Array:
    """A monitor that asks for metrics by the clock on a kept connection."""
    say = Saying(draw, lines)
    flow, at = say.times(say.between("scrape.period", 5, 60), REGULAR * 4)
    size = around(say.rng, say.whole("scrape.page", 600, 20_000)[flow], 0.01)
    say.ask(flow, at, say.whole("scrape.ask", 120, 420)[flow], size, 0.02)
    return say.rows()


def polling(draw: Draw, lines: Lines) -> Array:
    """JSON-RPC or REST asked again and again: balances, states of jobs, dashboards."""
    say = Saying(draw, lines)
    ask, answer = say.whole("poll.ask", 60, 700), say.whole("poll.answer", 60, 3_000)
    flow, at = say.clocked(say.between("poll.period", 1, 60), 0.7)
    varied = say.rng.random(len(flow)) < 0.2
    size = np.where(varied, around(say.rng, answer[flow], 0.6), answer[flow])
    say.ask(flow, at, around(say.rng, ask[flow], 0.0, 3), size, say.between("poll.think", 0.002, 0.3)[flow])
    return say.rows()


def long_poll(draw: Draw, lines: Lines) -> Array:
    """Requests that the server holds until something happens or a limit passes."""
    say = Saying(draw, lines)
    ask = say.whole("hold.ask", 200, 900)
    flow, at = say.times(say.between("hold.gap", 5, 60), say.between("hold.shape", 0.8, 60))
    say.push(
        flow, at, np.where(say.rng.random(len(flow)) < 0.6, 180, say.rng.geometric(1 / 600, len(flow)) + 180)
    )
    say.tell(flow, at + 2 * lines.near[flow] + 0.01, ask[flow])
    return say.rows()


def grpc(draw: Draw, lines: Lines) -> Array:
    """Streams of HTTP/2: small DATA frames both ways, WINDOW_UPDATE, PING by the clock."""
    say = Saying(draw, lines)
    flow, at = say.times(say.between("grpc.gap", 0.5, 30), say.between("grpc.shape", 0.5, 10))
    size, back = say.whole("grpc.message", 30, 900), say.whole("grpc.back", 20, 900)
    two = say.makes_with(0.5)[flow]
    say.call(flow[two], at[two], around(say.rng, size[flow[two]], 0.2), 9 + back[flow[two]], 0.01)
    say.push(flow[~two], at[~two], around(say.rng, size[flow[~two]], 0.2))
    say.tell(flow[~two], at[~two] + 2 * lines.near[flow[~two]] + 1e-3, 13)
    flow, at = say.times(say.between("grpc.ping", 10, 300), REGULAR)
    say.ask(flow, at, 17, 17, 1e-3)
    return say.rows()


def replication(draw: Draw, lines: Lines) -> Array:
    """A database's log to its replica: commits in bursts, status by the clock, keepalives."""
    say = Saying(draw, lines)
    commits = say.times(say.between("replica.gap", 2, 60), 0.6)
    flow, at, turn = bursts(say.rng, commits, say.between("replica.burst", 1, 5), np.full(len(lines), 0.004))
    say.push(flow, at, 30 + say.rng.geometric(1 / say.whole("replica.entry", 80, 1_500)[flow], len(flow)))
    last = np.append(turn[1:] == 0, True)[: len(flow)]
    say.tell(flow[last], at[last] + 2 * lines.near[flow[last]] + 3e-3, 39)
    flow, at = say.times(say.between("replica.status", 5, 30), REGULAR)
    say.call(flow, at, 23, 39, 2e-3)
    return say.rows()


def broker(draw: Draw, lines: Lines) -> Array:
    """A consumer of a queue (AMQP, Kafka): fetch, wait, batch; heartbeats and commits by the clock."""
    say = Saying(draw, lines)
    flow, at = say.times(say.between("queue.fetch", 1, 30), say.between("queue.shape", 1, 400))
    empty = say.rng.random(len(flow)) < say.between("queue.empty", 0.2, 0.95)[flow]
    batch = say.rng.geometric(1 / say.whole("queue.batch", 200, 6_000)[flow], len(flow))
    size = say.whole("queue.none", 20, 90)[flow] + np.where(empty, 0, batch)
    say.ask(flow, at, say.whole("queue.ask", 60, 220)[flow], size, 0.02)
    flow, at = say.times(say.between("queue.beat", 3, 60), REGULAR)
    say.ask(flow, at, say.whole("queue.pulse", 8, 160)[flow], say.whole("queue.pulsed", 8, 60)[flow], 2e-3)
    return say.rows()


def updates(draw: Draw, lines: Lines) -> Array:
    """A program that asks whether there is something newer, and seldom gets it."""
    say = Saying(draw, lines)
    flow, at = say.clocked(say.between("update.period", 20, 600), 0.8)
    news = say.rng.random(len(flow)) < 0.04
    size = np.where(
        news, say.rng.integers(5_000, 60_000, len(flow)), say.whole("update.none", 150, 900)[flow]
    )
    say.ask(flow, at, say.whole("update.ask", 150, 1_200)[flow], size, 0.06)
    return say.rows()


def doh(draw: Draw, lines: Lines) -> Array:
    """DNS over HTTPS or TLS on a kept connection: bursts of look-ups as pages and programs ask."""
    say = Saying(draw, lines)
    pages = say.times(say.between("doh.page", 5, 90), 0.5)
    flow, at, _ = bursts(say.rng, pages, say.between("doh.names", 1, 10), np.full(len(lines), 0.05))
    padded = say.makes_with(0.6)[flow]
    ask = np.where(padded, 128 + 60, 75 + say.rng.integers(0, 45, len(flow)))
    reply = np.where(padded, 468 + 40, 100 + say.rng.geometric(1 / 80, len(flow)))
    say.ask(flow, at, ask, reply, 0.02)
    return say.rows()


def uploads(draw: Draw, lines: Lines) -> Array:
    """A device that wakes, sends what it noted in a few writes, each confirmed, and falls silent again."""
    say = Saying(draw, lines)
    wakes = say.times(say.between("upload.wakes", 20, 200), say.between("upload.shape", 0.8, 50))
    flow, at, turn = bursts(
        say.rng, wakes, say.between("upload.writes", 2, 8), say.between("upload.pace", 0.05, 1.5)
    )
    size = around(say.rng, say.whole("upload.write", 60, 1_300)[flow], 0.4)
    say.ask(flow, at, size, say.whole("upload.receipt", 8, 120)[flow], 0.03)
    say.push(flow[turn == 0], at[turn == 0] + 0.4, say.whole("upload.order", 20, 300)[flow[turn == 0]])
    return say.rows()


def backup(draw: Draw, lines: Lines) -> Array:
    """A client that copies changed files: many large writes up, little back."""
    say = Saying(draw, lines)
    spells = say.times(say.between("backup.gap", 30, 300))
    flow, at, _ = bursts(say.rng, spells, say.between("backup.blocks", 2, 12), np.full(len(lines), 0.4))
    size = say.rng.integers(4_000, 260_000, len(flow))
    say.ask(flow, at, size, say.whole("backup.receipt", 60, 400)[flow], 0.05)
    return say.rows()


KINDS = (
    Kind(
        "iot-telemetry", 12, telemetry, ports=(443, 8883, 5684), carriers=("tls12", "tls13", "tls13", "plain")
    ),
    Kind("monitoring", 5, scrape, ports=(443, 9100, 10250)),
    Kind("json-polling", 9, polling, ports=(443, 8545, 8443)),
    Kind("long-poll", 4, long_poll),
    Kind("grpc", 6, grpc, ports=(443, 50051)),
    Kind("replication", 3, replication, ports=(5432, 3306, 27017)),
    Kind("queue", 4, broker, ports=(5671, 9093, 443)),
    Kind("updates", 6, updates),
    Kind("uploads", 5, uploads, life=(90, 3_000)),
    Kind("doh", 6, doh, ports=(443, 853)),
    Kind("backup", 1, backup, heavy=True),
)
