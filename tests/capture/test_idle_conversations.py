"""A worker with timeouts ends conversations while the traffic goes on, and reads the same of them."""

from pathlib import Path

from scapy.packet import Packet
from scapy.utils import wrpcap

from capture.sources.opening import open_source
from capture.timeouts import Timeouts
from capture.worker import Worker
from facts.conversation import Conversation
from pcaps.makers.making import START
from protocols.observe import Observation
from protocols.parser import Side
from tests.capture.test_worker import SUBSCRIBE, SUBSCRIBED, Conn, accepted, submit

HOUR = 3600


def talk(port: int, begins: float, share: int) -> list[Packet]:
    """A log-in and a share, a second apart."""
    conn = Conn()
    conn.ports = (port, 3333)
    packets = conn.open() + conn.say(Side.CLIENT, SUBSCRIBE) + conn.say(Side.SERVER, SUBSCRIBED)
    packets += conn.say(Side.CLIENT, submit(share)) + conn.say(Side.SERVER, accepted(share))
    for number, packet in enumerate(packets):
        packet.time = begins + number
    return packets


def seen_by(worker: Worker, path: Path) -> list[Observation | Conversation]:
    with open_source(str(path), window=1024) as source:  # small blocks: time goes on from one to the next
        return list(worker.run(source.blocks(), [source]))


def test_a_conversation_ends_when_it_is_idle_and_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "day.pcap"
    wrpcap(str(path), [each for hour in range(24) for each in talk(40_000 + hour, START + hour * HOUR, hour)])
    patient, strict = Worker(), Worker(timeouts=Timeouts())
    at_the_end, on_the_way = seen_by(patient, path), seen_by(strict, path)
    said = [[one for one in run if isinstance(one, Observation)] for run in (at_the_end, on_the_way)]
    ended = [
        sorted((one for one in run if isinstance(one, Conversation)), key=lambda one: one.first_ns)
        for run in (at_the_end, on_the_way)
    ]
    assert said[0] == said[1] != []
    assert len(ended[1]) == 24
    assert ended[0] == ended[1]
    assert [isinstance(one, Conversation) for one in at_the_end[-24:]] == [True] * 24
    assert [isinstance(one, Conversation) for one in on_the_way[-24:]].count(True) < 12
    assert (patient.summary.idle, patient.flows) == (0, 24)
    assert strict.summary.idle + strict.flows == strict.summary.flows == 24
    assert strict.flows <= 2
    assert strict.summary.packets == strict.summary.parsed == patient.summary.parsed
