"""What offices and homes do all day: the web, anonymity, tunnels in use, file shares, look-ups, gossip."""

import numpy as np

from benchmarks.lab.benign.kind import Kind
from benchmarks.lab.benign.saying import REGULAR, Saying
from benchmarks.lab.columns import Array, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.rhythms import around, bursts


def web(draw: Draw, lines: Lines) -> Array:
    """A browser on a kept connection: pages in spells, each of many requests; scripts that report; pings."""
    say = Saying(draw, lines)
    pages = say.times(say.between("web.page", 15, 200), say.between("web.shape", 0.4, 1.2))
    flow, at, turn = bursts(
        say.rng, pages, say.between("web.requests", 1, 10), say.between("web.pace", 0.02, 0.6)
    )
    ask = around(say.rng, say.whole("web.ask", 40, 900)[flow], 0.3)
    size = np.minimum(
        150 + say.rng.lognormal(0, 1.3, len(flow)) * say.whole("web.answer", 500, 9_000)[flow], 200_000
    )
    say.ask(
        flow,
        at,
        ask + np.where(turn == 0, 250, 0),
        size.astype(np.int64),
        say.between("web.think", 0.005, 0.2)[flow],
    )
    reports = say.makes_with(0.4)
    flow, at = say.times(
        np.where(reports, say.between("web.report", 5, 60), 1e9), say.between("web.clock", 1, 300)
    )
    body = around(say.rng, say.whole("web.report_size", 150, 1_500)[flow], 0.2)
    say.ask(flow, at, body, say.whole("web.noted", 40, 350)[flow], 0.02)
    flow, at = say.times(say.between("web.ping", 15, 60), REGULAR)
    say.ask(flow, at, 17, 17, 1e-3)
    return say.rows()


def cells(draw: Draw, lines: Lines) -> Array:
    """An onion circuit: everything in cells of one size, padding both ways, data in clusters."""
    say = Saying(draw, lines)
    cell = np.where(say.makes_with(0.5), 514, 536)
    flow, at = say.times(say.between("cells.padding", 2, 20), say.between("cells.shape", 1, 8))
    mine = say.rng.random(len(flow)) < 0.5
    say.tell(flow[mine], at[mine], cell[flow[mine]])
    say.push(flow[~mine], at[~mine], cell[flow[~mine]])
    spells = say.times(say.between("cells.use", 20, 200), 0.6)
    flow, at, _ = bursts(say.rng, spells, say.between("cells.requests", 1, 8), np.full(len(lines), 0.3))
    count = say.rng.geometric(0.12, len(flow))
    say.ask(flow, at, cell[flow], cell[flow] * count, 0.3)
    return say.rows()


def tunnel(draw: Draw, lines: Lines) -> Array:
    """A VPN in use: pages, ACKs and pulses of what it carries, in datagrams padded to 16; UDP."""
    say = Saying(draw, lines)
    pages = say.times(say.between("tunnel.page", 10, 120), 0.5)
    flow, at, _ = bursts(say.rng, pages, say.between("tunnel.packets", 4, 30), np.full(len(lines), 0.04))
    up = say.rng.random(len(flow)) < 0.45
    small = say.rng.random(len(flow)) < 0.5
    size = 32 + 16 * np.where(small, say.rng.integers(3, 8, len(flow)), say.rng.integers(8, 86, len(flow)))
    say.tell(flow[up], at[up], size[up])
    say.push(flow[~up], at[~up], size[~up])
    flow, at = say.times(say.between("tunnel.inside", 2, 40), say.between("tunnel.clock", 0.7, 200))
    say.ask(
        flow,
        at,
        32 + 16 * say.whole("tunnel.ask", 4, 30)[flow],
        32 + 16 * say.whole("tunnel.reply", 4, 40)[flow],
        0.02,
    )
    say.tell(flow, at + 2 * (lines.near + lines.far)[flow] + 0.03, 96)
    flow, at = say.times(np.full(len(lines), 120.0), REGULAR)
    say.ask(flow, at, 148, 92, 1e-3)
    return say.rows()


def share(draw: Draw, lines: Lines) -> Array:
    """A network drive: questions about files in clusters, contents now and then, echoes by the clock."""
    say = Saying(draw, lines)
    spells = say.times(say.between("share.spell", 8, 120), 0.5)
    flow, at, _ = bursts(say.rng, spells, say.between("share.calls", 3, 20), np.full(len(lines), 0.03))
    ask, reply = say.whole("share.ask", 90, 260), say.whole("share.reply", 70, 320)
    content = say.rng.random(len(flow)) < 0.1
    size = np.where(content, say.rng.integers(1_000, 40_000, len(flow)), around(say.rng, reply[flow], 0.25))
    say.ask(flow, at, around(say.rng, ask[flow], 0.12), size, 2e-3)
    flow, at = say.times(say.between("share.echo", 20, 120), REGULAR)
    say.ask(flow, at, 72, 72, 1e-3)
    return say.rows()


def requests(draw: Draw, lines: Lines) -> Array:
    """Datagrams that ask and are answered: RADIUS, SNMP, control of access points; random or by the clock."""
    say = Saying(draw, lines)
    shape = np.where(
        say.makes_with(0.5), say.between("udp.clock", 20, 2_000), say.between("udp.loose", 0.5, 2)
    )
    flow, at = say.times(say.between("udp.gap", 2, 60), shape)
    ask = around(say.rng, say.whole("udp.ask", 40, 320)[flow], 0.0, 12)
    say.ask(flow, at, ask, around(say.rng, say.whole("udp.reply", 20, 500)[flow], 0.0, 12), 0.01)
    return say.rows()


def telephone(draw: Draw, lines: Lines) -> Array:
    """SIP: registrations and OPTIONS by the clock, calls now and then, keepalives of 4 bytes; UDP."""
    say = Saying(draw, lines)
    flow, at = say.times(say.between("sip.register", 20, 300), REGULAR)
    say.ask(flow, at, say.whole("sip.ask", 420, 900)[flow], say.whole("sip.reply", 320, 640)[flow], 0.01)
    say.ask(
        flow,
        at + 0.1,
        say.whole("sip.ask", 420, 900)[flow] + 180,
        say.whole("sip.reply", 320, 640)[flow],
        0.01,
    )
    flow, at = say.times(say.between("sip.pulse", 10, 60), REGULAR)
    say.tell(flow, at, 4)
    flow, at = say.times(say.between("sip.options", 15, 120), REGULAR)
    say.call(
        flow, at, say.whole("sip.options_size", 320, 520)[flow], say.whole("sip.alive", 300, 480)[flow], 5e-3
    )
    return say.rows()


def gossip(draw: Draw, lines: Lines) -> Array:
    """Peers of a file or message network: announcements of many sizes, either side at any time, pings."""
    say = Saying(draw, lines)
    mean = say.whole("gossip.size", 60, 500)
    for name in ("gossip.tells", "gossip.told"):
        flow, at = say.times(say.between(name, 1, 40), say.between("gossip.shape", 0.5, 1.5))
        size = 20 + say.rng.geometric(1 / mean[flow], len(flow))
        (say.tell if name == "gossip.tells" else say.push)(flow, at, size)
    flow, at = say.times(say.between("gossip.ping", 10, 150), REGULAR)
    say.ask(flow, at, say.whole("gossip.pinged", 8, 64)[flow], say.whole("gossip.pong", 8, 64)[flow], 5e-3)
    return say.rows()


KINDS = (
    Kind(
        "web", 16, web, ports=(443, 443, 80), carriers=("tls13", "tls13", "tls12", "plain"), life=(120, 3_000)
    ),
    Kind("onion", 2, cells, ports=(443, 9001), life=(600, 10_000)),
    Kind("vpn-used", 3, tunnel, ports=(51820, 1194, 4500), carriers=("datagrams",), life=(600, 20_000)),
    Kind("file-share", 3, share, ports=(445, 2049), carriers=("plain", "tls13")),
    Kind("udp-requests", 3, requests, ports=(1812, 161, 5246, 7001), carriers=("datagrams",)),
    Kind("telephone", 2, telephone, ports=(5060, 5061), carriers=("datagrams", "tls12")),
    Kind("gossip", 2, gossip, ports=(6881, 6346, 30303), carriers=("datagrams", "plain", "tls13")),
)
