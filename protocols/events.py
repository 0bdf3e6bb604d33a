"""The nouns that streams speak of, shared by all dialects: a judge needs no dialect to weigh them.

Pool events say by their type who must have sent them (a share comes from a miner, a job from a pool),
whatever the capture says about who opened the connection; `sender` is that role.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from facts.endpoint import Address
from facts.quick import quick
from protocols.parser import Event

Party = Literal["miner", "pool"]
Cause = Literal["copies", "fragments", "urgent"]
"""Two copies of the same bytes differ, of a segment or of a fragment; or urgent data, which a receiver reads
in line or takes out of the stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolEvent(Event):
    """Something said in a mining conversation.

    `protocol` is the dialect as it was decided when this was said, by the first of these that is known:
    the shape of a job (Work), of a share (Submit) or of mining.set_target; what a request, a login or the
    answer to a subscription declares; the vocabulary alone. A better founded decision replaces a weaker one
    and never the other way round, so the last event of a conversation carries its name.
    """

    sender: ClassVar[Party]


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe(PoolEvent):
    """A miner introduced itself, not yet naming an account (mining.subscribe, mining.configure, ...)."""

    kind: ClassVar[str] = "pool.subscribe"
    sender: ClassVar[Party] = "miner"
    method: str
    """The method on the wire."""
    agent: str | None = None
    pool_host: str | None = None
    """The pool's host name as the miner wrote it (ZIP-301 and EthereumStratum/2.0.0 send it)."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed(PoolEvent):
    """A pool answered a subscription in the structure of its dialect."""

    kind: ClassVar[str] = "pool.subscribed"
    sender: ClassVar[Party] = "pool"


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Login(PoolEvent):
    """A miner named the account to be paid (mining.authorize, login, eth_submitLogin)."""

    kind: ClassVar[str] = "pool.login"
    sender: ClassVar[Party] = "miner"
    method: str
    user: str
    """As sent."""
    wallet: str | None = None
    """The part of `user` that has the form of a wallet address, else None (a pool account)."""
    coin: str | None = None
    """Ticker that the wallet's form allows without ambiguity, else None; None as well where the account says
    that it is only paid in that coin."""
    worker: str | None = None
    agent: str | None = None
    algorithms: tuple[str, ...] = ()
    session: int | None = None
    """The machine's number, where one stream carries many (BTCAgent)."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class LoginResult(PoolEvent):
    """A pool accepted or refused an account."""

    kind: ClassVar[str] = "pool.login_result"
    sender: ClassVar[Party] = "pool"
    accepted: bool
    message: str | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty(PoolEvent):
    """A pool set the difficulty or the target of later jobs."""

    kind: ClassVar[str] = "pool.difficulty"
    sender: ClassVar[Party] = "pool"
    difficulty: float | None = None
    """As sent, in the dialect's unit; None where a target was sent."""
    hashes: float | None = None
    """Expected hashes a share (2^256 / target), where the wire tells it without knowing the algorithm."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Work(PoolEvent):
    """A pool gave out work: mining.notify, job, eth_getWork result."""

    kind: ClassVar[str] = "pool.work"
    sender: ClassVar[Party] = "pool"
    job_id: str | None = None
    algorithm: str | None = None
    """As the wire names it, e.g. `rx/0`; or implied by the dialect or the coin, e.g. `sha256d`; else None."""
    coin: str | None = None
    """The coin that is mined (docs/protocols/coins.md), which need not be the one that is paid out."""
    height: int | None = None
    clean: bool | None = None
    """True where older jobs are void, normally a new block."""
    hashes: float | None = None
    """Expected hashes for one share of this job, where the job itself carries the target."""
    network_hashes: float | None = None
    """Expected hashes for a block, where the job tells the network's target (nBits)."""
    pool_tag: str | None = None
    """What the pool wrote into the coinbase for itself, e.g. `/pool.example/`."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Submit(PoolEvent):
    """A miner sent a share."""

    kind: ClassVar[str] = "pool.submit"
    sender: ClassVar[Party] = "miner"
    job_id: str | None = None
    worker: str | None = None
    session: int | None = None
    """The machine's number, where one stream carries many (BTCAgent)."""
    space: str | None = None
    """The part of the search space that it was found in, lower-case hex, first what a proxy sets: the
    extranonce2 of Bitcoin, the nonce of CryptoNote from its last byte on."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ShareResult(PoolEvent):
    """A pool answered a share; matched to its Submit by request id and direction."""

    kind: ClassVar[str] = "pool.share_result"
    sender: ClassVar[Party] = "pool"
    accepted: bool
    code: int | None = None
    message: str | None = None
    session: int | None = None
    """The machine whose share it was, where one stream carries many (BTCAgent)."""
    hashes: float | None = None
    """Expected hashes of this very share, where its own difficulty is known apart from the stream's: it
    was of an older job (0 where that one's is not known), or of another machine."""
    algorithm: str | None = None
    """Of this very share, where `hashes` is told and the job names it."""
    count: int = 1
    """Shares that it answers: Stratum V2 acknowledges several at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedHashrate(PoolEvent):
    """A miner said how fast it is (eth_submitHashrate, mining.hashrate)."""

    kind: ClassVar[str] = "pool.reported_hashrate"
    sender: ClassVar[Party] = "miner"
    hashrate: float
    """Hashes a second, as claimed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(PoolEvent):
    """Another request of a mining dialect: eth_getWork, keepalived, mining.extranonce.subscribe, ..."""

    kind: ClassVar[str] = "pool.request"
    sender: ClassVar[Party] = "miner"
    method: str
    session: int | None = None
    """The machine's number, where one stream carries many (BTCAgent)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(PoolEvent):
    """Another message of a pool: client.reconnect, client.show_message, mining.set_extranonce, ..."""

    kind: ClassVar[str] = "pool.notice"
    sender: ClassVar[Party] = "pool"
    method: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(PoolEvent):
    """A pool answered a request (other than a share or a login) with an error: life, but no exchange."""

    kind: ClassVar[str] = "pool.refused"
    sender: ClassVar[Party] = "pool"
    method: str
    code: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolAsMiner(PoolEvent):
    """The side that spoke as the pool said what only a miner says: a log or an echo, no conversation.

    Nothing more is told of the stream.
    """

    kind: ClassVar[str] = "pool.as_miner"
    sender: ClassVar[Party] = "pool"


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerAsPool(PoolEvent):
    """The side that spoke as the miner said what only a pool says: a log or an echo, no conversation.

    Nothing more is told of the stream.
    """

    kind: ClassVar[str] = "pool.as_pool"
    sender: ClassVar[Party] = "miner"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEvent(Event):
    """Something said between nodes of a blockchain network."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHello(NodeEvent):
    """A peer introduced itself: Bitcoin `version`, Levin handshake, ..."""

    kind: ClassVar[str] = "node.hello"
    coins: tuple[str, ...] = ()
    """Tickers that magic, network id, port and agent leave possible; one where certain."""
    agent: str | None = None
    height: int | None = None
    services: int | None = None
    network: str = "mainnet"
    full: bool | None = None
    """True where it says that it serves blocks (NODE_NETWORK), False where it says that it does not."""
    port: int | None = None
    """Where it says that it listens."""
    peer_id: int | None = None
    """The number by which it knows itself (Levin), drawn at its start."""
    peers: int | None = None
    """Addresses of others that it passed on with this."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMessage(NodeEvent):
    """Any other well-formed message of a node network, its checksum or hash verified where it has one."""

    kind: ClassVar[str] = "node.message"
    command: str
    """The specification's name, e.g. `inv`, `timed_sync`, `findnode`."""
    coins: tuple[str, ...] = ()
    spv: bool = False
    """True for messages that only a light client sends (filterload, getcfilters, ...)."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class NodeBlock(NodeEvent):
    """A peer told of a block, by its hash: announced it, or sent it."""

    kind: ClassVar[str] = "node.block"
    command: str
    """How: `inv`, `headers`, `cmpctblock`, `block`, `new_fluffy_block`, ..."""
    block: str
    """Its hash, hex, in the wire's order; worked out from the block where the message has none."""
    height: int | None = None
    coins: tuple[str, ...] = ()
    asked: bool = False
    """True where the other side asked for it, or may have: then it does not tell who knew of it first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameEvent(Event):
    """A host name connected with an address."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class DnsQuery(NameEvent):
    """A client asked for a name."""

    kind: ClassVar[str] = "dns.query"
    name: str
    """Lower case, no trailing dot."""
    qtype: int


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class DnsAnswer(NameEvent):
    """A server answered with addresses; `name` is what was asked, aliases followed within the message."""

    kind: ClassVar[str] = "dns.answer"
    name: str
    addresses: tuple[Address, ...]
    rcode: int = 0
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    """Seconds for which it may be used: the least of the records on the way; None where there are none."""
    alpn: tuple[str, ...] = ()
    """Protocols that a service binding (HTTPS, SVCB) offers."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class TlsHello(NameEvent):
    """A ClientHello."""

    kind: ClassVar[str] = "tls.client_hello"
    sni: str | None
    alpn: tuple[str, ...]
    ja4: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsCertificate(NameEvent):
    """The leaf certificate of a server, where the handshake shows it (TLS 1.2 and older)."""

    kind: ClassVar[str] = "tls.certificate"
    names: tuple[str, ...]
    """Subject alternative names, else the common name; lower case."""
    issuer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamAmbiguous(Event):
    """What one side said depends on who received it: the wire alone cannot tell. `protocol` is `tcp`.

    The first copy was read on; it is told once a direction and connection.
    """

    kind: ClassVar[str] = "stream.ambiguous"
    cause: Cause


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyTarget(NameEvent):
    """A client asked a proxy for a connection to somewhere else (SOCKS, HTTP CONNECT)."""

    kind: ClassVar[str] = "proxy.target"
    host: str
    """Host name in lower case without trailing dot, or an address in its canonical form."""
    port: int
