"""People at work and at play: terminals, remote desktops, video, calls, tunnels that stand open."""

import numpy as np

from benchmarks.lab.benign.kind import Kind
from benchmarks.lab.benign.saying import REGULAR, Saying
from benchmarks.lab.columns import Array, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.rhythms import bursts, periodic, talks


def terminal(draw: Draw, lines: Lines) -> Array:
    """Keys typed and echoed, output of commands, pauses."""
    say = Saying(draw, lines)
    spells = say.times(say.between("ssh.command", 5, 120), 0.5)
    flow, at, turn = bursts(
        say.rng, spells, say.between("ssh.keys", 4, 20), say.between("ssh.typing", 0.08, 0.3)
    )
    say.ask(flow, at, 1, 1 + say.rng.integers(0, 3, len(flow)), 2e-3)
    last = np.append(turn[1:] == 0, True)[: len(flow)]
    size = np.minimum(
        say.rng.geometric(1 / say.whole("ssh.output", 60, 3_000)[flow[last]], int(last.sum())), 40_000
    )
    say.push(flow[last], at[last] + 0.2, size)
    return say.rows()


def watching(draw: Draw, lines: Lines) -> Array:
    """A terminal left open on a program that paints its screen by the clock."""
    say = Saying(draw, lines)
    flow, at = say.times(say.between("top.period", 1, 10), REGULAR)
    say.push(flow, at, say.rng.integers(200, 1_400, len(flow)))
    flow, at = say.times(np.full(len(lines), 200.0))
    say.ask(flow, at, 1, 20, 2e-3)
    return say.rows()


def desktop(draw: Draw, lines: Lines) -> Array:
    """Remote desktop: pointer and keys up while somebody is there, pictures down; a pulse when nobody is."""
    say = Saying(draw, lines)
    spell, begin, end = talks(
        say.rng,
        lines.seen_from,
        lines.seen_to,
        say.between("rdp.there", 5, 40),
        say.between("rdp.away", 60, 600),
    )
    gap = say.between("rdp.pointer", 0.1, 0.5)[spell]
    of, at = periodic(say.rng, begin, end, gap, 0.02)
    flow = spell[of]
    say.tell(flow, at, say.rng.integers(12, 60, len(flow)))
    say.push(flow, at + 2 * lines.far[flow] + 0.03, np.minimum(say.rng.geometric(1 / 900, len(flow)), 20_000))
    flow, at = say.times(say.between("rdp.pulse", 5, 60), REGULAR)
    say.ask(flow, at, 14, 14, 2e-3)
    return say.rows()


def video(draw: Draw, lines: Lines) -> Array:
    """Segments of a film every few seconds, each asked for."""
    say = Saying(draw, lines)
    flow, at = say.times(say.between("video.segment", 2, 10), 60.0)
    say.ask(
        flow, at, say.whole("video.ask", 300, 900)[flow], say.rng.integers(60_000, 400_000, len(flow)), 0.03
    )
    return say.rows()


def radio(draw: Draw, lines: Lines) -> Array:
    """Audio that trickles: small segments by the clock."""
    say = Saying(draw, lines)
    flow, at = say.times(say.between("radio.segment", 4, 20), 200.0)
    size = say.whole("radio.bytes", 6_000, 40_000)[flow]
    say.ask(flow, at, say.whole("radio.ask", 150, 700)[flow], size, 0.02)
    return say.rows()


def call(draw: Draw, lines: Lines) -> Array:
    """WebRTC: voice both ways by the clock in spells, connectivity checks and reports; UDP."""
    say = Saying(draw, lines)
    spell, begin, end = talks(
        say.rng, lines.seen_from, lines.seen_to, np.full(len(lines), 8.0), np.full(len(lines), 120.0)
    )
    for way in (0, 1):
        of, at = periodic(say.rng, begin, end, np.full(len(spell), 0.06), 0.003)
        say.talk.say(spell[of], at, way, 90 + say.rng.integers(0, 60, len(of)))
    flow, at = say.times(np.full(len(lines), 2.5), 200.0)
    say.ask(flow, at, 108, 72, 1e-3)
    flow, at = say.times(np.full(len(lines), 5.0), 20.0)
    say.tell(flow, at, 70 + say.rng.integers(0, 30, len(flow)))
    return say.rows()


def idle_vpn(draw: Draw, lines: Lines) -> Array:
    """A VPN that stands open: keepalives by the clock, now and then a little of what it carries; UDP."""
    say = Saying(draw, lines)
    period, size = say.between("vpn.keepalive", 10, 60), say.whole("vpn.pulse", 32, 120)
    for way in (0, 1):
        flow, at = say.times(period, REGULAR)
        say.talk.say(flow, at, way, size[flow])
    spells = say.times(say.between("vpn.carries", 20, 300))
    flow, at, _ = bursts(say.rng, spells, say.between("vpn.packets", 2, 12), np.full(len(lines), 0.05))
    bulk = 32 + 16 * say.rng.integers(4, 86, len(flow))
    say.ask(flow, at, 32 + 16 * say.rng.integers(4, 12, len(flow)), bulk, 0.02)
    flow, at = say.times(np.full(len(lines), 120.0), REGULAR)
    say.ask(flow, at, 148, 92, 1e-3)
    return say.rows()


def play(draw: Draw, lines: Lines) -> Array:
    """A game in motion: states and moves by the clock in small datagrams; UDP."""
    say = Saying(draw, lines)
    rate = say.between("play.rate", 0.4, 2.0)
    for way, low, high in ((0, 30, 110), (1, 50, 500)):
        flow, at = say.times(rate, 400.0)
        say.talk.say(
            flow, at, way, say.whole(f"play.size{way}", low, high)[flow] + say.rng.integers(0, 30, len(flow))
        )
    return say.rows()


KINDS = (
    Kind("ssh-terminal", 4, terminal, ports=(22,), carriers=("ssh",)),
    Kind("ssh-watching", 1, watching, ports=(22,), carriers=("ssh",)),
    Kind("remote-desktop", 3, desktop, ports=(3389, 443)),
    Kind("radio", 2, radio),
    Kind("call", 1, call, ports=(3478, 19305), carriers=("datagrams",), life=(200, 3_000)),
    Kind("vpn-idle", 4, idle_vpn, ports=(51820, 1194, 4500), carriers=("datagrams",)),
    Kind("vpn-tcp", 1, idle_vpn, ports=(443, 1194), carriers=("tls13", "tls12")),
    Kind("game-udp", 1, play, ports=(27015, 3074), carriers=("datagrams",), life=(300, 3_000)),
    Kind("video", 0.3, video, heavy=True, life=(120, 2_000)),
)
