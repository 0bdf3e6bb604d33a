"""Messages to people and things: MQTT, XMPP, push, chat, mail that waits."""

from benchmarks.lab.benign.kind import Kind
from benchmarks.lab.benign.saying import REGULAR, Saying
from benchmarks.lab.columns import Array, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.rhythms import around, bursts


def mqtt(draw: Draw, lines: Lines) -> Array:
    """Publishers and subscribers: PUBLISH with PUBACK of 4 bytes, PINGREQ of 2, commands from the broker."""
    say = Saying(draw, lines)
    topic, body = say.whole("mqtt.topic", 14, 90), say.whole("mqtt.body", 8, 400)
    confirmed = say.makes_with(0.6)
    flow, at = say.clocked(say.between("mqtt.period", 1, 300), 0.6)
    size = 4 + topic[flow] + around(say.rng, body[flow], 0.15)
    sure = confirmed[flow]
    say.ask(flow[sure], at[sure], size[sure], 4, 2e-3)
    say.tell(flow[~sure], at[~sure], size[~sure])
    flow, at = say.times(say.between("mqtt.keepalive", 15, 300), REGULAR)
    say.ask(flow, at, 2, 2, 1e-3)
    flow, at = say.times(say.between("mqtt.orders", 20, 3_000))
    size = 4 + topic[flow] + around(say.rng, body[flow], 0.5)
    say.call(flow, at, size, 4, 5e-3)
    return say.rows()


def xmpp(draw: Draw, lines: Lines) -> Array:
    """Stanzas of XML: presence from many, messages in talks, stream management, pings."""
    say = Saying(draw, lines)
    address = say.whole("xmpp.address", 20, 90)
    flow, at = say.times(say.between("xmpp.presence", 10, 400))
    say.push(flow, at, 90 + 2 * address[flow] + say.rng.integers(0, 200, len(flow)))
    talk = say.times(say.between("xmpp.talk", 60, 1_500))
    flow, at, _ = bursts(say.rng, talk, say.between("xmpp.turns", 2, 20), say.between("xmpp.pause", 3, 25))
    size = 150 + 2 * address[flow] + say.rng.geometric(1 / 60, len(flow))
    mine = say.rng.random(len(flow)) < 0.5
    say.tell(flow[mine], at[mine], size[mine])
    say.push(flow[~mine], at[~mine], size[~mine])
    flow, at = say.times(say.between("xmpp.ping", 30, 300), REGULAR)
    say.ask(flow, at, 80 + address[flow], 70 + address[flow], 4e-3)
    return say.rows()


def push(draw: Draw, lines: Lines) -> Array:
    """Notifications to a telephone or desktop: rare pushes, each confirmed; a keepalive of many minutes."""
    say = Saying(draw, lines)
    body, receipt = say.whole("push.body", 120, 2_800), say.whole("push.receipt", 20, 90)
    flow, at = say.times(say.between("push.gap", 15, 900), say.between("push.shape", 0.3, 1.0))
    say.call(flow, at, around(say.rng, body[flow], 0.5), receipt[flow], 0.02)
    flow, at = say.times(say.between("push.keepalive", 60, 1_700), REGULAR)
    size = say.whole("push.ping", 4, 60)
    say.ask(flow, at, size[flow], size[flow] - 2, 2e-3)
    return say.rows()


def chat(draw: Draw, lines: Lines) -> Array:
    """A chat over WebSocket: JSON events of rooms, talks with typing notices and receipts, heartbeats."""
    say = Saying(draw, lines)
    wrap = say.whole("chat.wrap", 60, 420)
    flow, at = say.times(say.between("chat.events", 2, 120), 0.5)
    say.push(flow, at, wrap[flow] + say.rng.geometric(1 / 90, len(flow)))
    talk = say.times(say.between("chat.talk", 90, 1_200))
    flow, at, _ = bursts(say.rng, talk, say.between("chat.turns", 2, 25), say.between("chat.pause", 2, 20))
    say.ask(flow, at, wrap[flow] + say.rng.geometric(1 / 45, len(flow)), wrap[flow] // 2 + 40, 0.02)
    flow, at = say.times(say.between("chat.heartbeat", 10, 60), REGULAR)
    say.ask(flow, at, say.whole("chat.beat", 6, 60)[flow], say.whole("chat.beaten", 6, 60)[flow], 3e-3)
    return say.rows()


def mail(draw: Draw, lines: Lines) -> Array:
    """IMAP that waits (IDLE): EXISTS now and then, then a fetch; renewed every few minutes."""
    say = Saying(draw, lines)
    flow, at = say.times(say.between("mail.renew", 100, 1_600), REGULAR)
    say.ask(flow, at, 6, 40, 4e-3)
    say.ask(flow, at + 0.2, 10, 10, 4e-3)
    flow, at = say.times(say.between("mail.arrives", 40, 2_000))
    say.push(flow, at, 16)
    say.ask(flow, at + 0.15, 45, around(say.rng, say.whole("mail.body", 700, 30_000)[flow], 0.8), 0.03)
    flow, at = say.times(say.between("mail.still_here", 100, 400), REGULAR)
    say.push(flow, at, 17)
    return say.rows()


KINDS = (
    Kind("mqtt", 10, mqtt, ports=(8883, 443, 1883), carriers=("tls12", "tls13", "plain")),
    Kind("xmpp", 3, xmpp, ports=(5222, 5223, 443)),
    Kind("push", 14, push, ports=(443, 5223, 5228)),
    Kind("chat", 8, chat, carriers=("wss", "wss", "tls13")),
    Kind("mail-idle", 5, mail, ports=(993, 993, 143)),
)
