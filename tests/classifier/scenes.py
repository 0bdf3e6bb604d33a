"""Scenes for the classifier's tests: events of mining conversations, without bytes."""

from dataclasses import dataclass, field
from ipaddress import ip_address

from classifier.casebook import Casebook
from classifier.poolnames import COLUMNS, PoolNames
from facts.conversation import Conversation, Flow, Transport
from facts.endpoint import Endpoint
from facts.instant import NS
from facts.names import Role
from facts.verdict import Verdict
from facts.where import Where
from protocols import events
from protocols.observe import Observation
from protocols.parser import Event, Side

MINER, POOL, OTHER = "192.0.2.10", "198.51.100.1", "198.51.100.2"
START = 1_700_000_000 * NS
WALLET = "48" + "A" * 93
ROW = ("eu.pool.example", "3333", "stratum+tcp", "XMR", "Example Pool", "test", "", "", "", "")


def listed() -> PoolNames:
    """A list of one pool host."""
    assert len(ROW) == len(COLUMNS)
    return PoolNames([ROW], "test.csv")


def end(address: str, port: int) -> Endpoint:
    return Endpoint(ip_address(address), port)


@dataclass
class Line:
    """One connection; what it says is told to a list, in order, a second apart unless told otherwise."""

    client: Endpoint
    server: Endpoint
    protocol: str = "stratum-cryptonote"
    transport: Transport = "tcp"
    at_ns: int = START
    frame: int = 1
    told: list[Observation | Conversation] = field(default_factory=list)
    opened: bool = True
    payload: list[int] = field(default_factory=lambda: [0, 0])
    first_ns: int = 0

    def say(self, side: Side, event: type[Event], after: float = 1.0, **fields: object) -> "Line":
        self.first_ns = self.first_ns or self.at_ns
        self.at_ns += int(after * NS)
        self.frame += 1
        self.payload[side] += 100
        made = event(protocol=self.protocol, side=side, offset=0, **fields)  # type: ignore[arg-type]
        where = Where("scene.pcap", self.frame)
        self.told.append(Observation(made, Flow(self.client, self.server, self.transport), where, self.at_ns))
        return self

    def miner(self, event: type[Event], after: float = 1.0, **fields: object) -> "Line":
        return self.say(Side.CLIENT, event, after, **fields)

    def pool(self, event: type[Event], after: float = 1.0, **fields: object) -> "Line":
        return self.say(Side.SERVER, event, after, **fields)

    def over(
        self,
        after: float = 1.0,
        packets: tuple[int, int] = (9, 9),
        payload: tuple[int, int] | None = None,
        read_ns: int | None = None,
    ) -> "Line":
        first = self.first_ns or self.at_ns
        self.told.append(
            Conversation(
                Flow(self.client, self.server, self.transport),
                Where("scene.pcap", 1),
                first,
                self.at_ns + int(after * NS),
                packets,
                payload if payload is not None else (self.payload[0], self.payload[1]),
                self.opened,
                read_ns=read_ns,
            )
        )
        return self


def line(
    client: str = MINER, server: str = POOL, port: int = 3333, own: int = 40_000, **more: object
) -> Line:
    return Line(end(client, own), end(server, port), **more)  # type: ignore[arg-type]


def login(to: Line, wallet: str | None = WALLET) -> Line:
    """A miner logs in and gets work."""
    to.miner(events.Login, method="login", user=WALLET, wallet=wallet, worker="rig1", agent="XMRig/6.21.0")
    to.pool(events.LoginResult, after=0.1, accepted=True)
    return to.pool(events.Work, after=0.1, job_id="j1", algorithm="rx/0", hashes=10_000.0)


def subscribe(to: Line) -> Line:
    """A client asks for a subscription and is answered with one, and with work."""
    to.protocol = "stratum-bitcoin"
    to.miner(events.Subscribe, method="mining.subscribe", agent="cgminer/4.11.1")
    to.pool(events.Subscribed, after=0.1)
    to.pool(events.Difficulty, after=0.1, difficulty=1024.0)
    return to.pool(events.Work, after=0.1, job_id="j1")


def share(to: Line, after: float = 10.0) -> Line:
    """A miner submits a share, and it is accepted."""
    to.miner(events.Submit, after, job_id="j1", worker="rig1")
    return to.pool(events.ShareResult, after=0.1, accepted=True)


def book(*lines: Line) -> Casebook:
    """A casebook that was told the lines one after another."""
    made = Casebook("scene.pcap", listed())
    for one in lines:
        tell(made, one.told)
    return made


def tell(made: Casebook, items: list[Observation | Conversation]) -> None:
    for item in items:
        if isinstance(item, Observation):
            made.observe(item)
        else:
            made.conclude(item)


def verdicts(*lines: Line) -> dict[tuple[str, Role], Verdict]:
    """Verdicts by address and role."""
    return {(str(one.address), one.role): one for one in book(*lines).verdicts()}


def resolved(at_ns: int = START - 10 * NS) -> Line:
    """A look-up of a listed pool, answered with POOL."""
    one = line(server="192.0.2.53", port=53, transport="udp", protocol="dns", at_ns=at_ns)
    return one.pool(events.DnsAnswer, name="eu.pool.example", addresses=(ip_address(POOL),)).over()


def greeted(sni: str | None, long: bool) -> Line:
    """A TLS connection to POOL: long and quiet, or a short visit."""
    one = line(port=443, protocol="tls").miner(events.TlsHello, sni=sni, alpn=(), ja4="")
    if long:
        return one.over(900, packets=(90, 90), payload=(9_000, 18_000))
    return one.over(5, packets=(20, 90), payload=(2_000, 120_000))
