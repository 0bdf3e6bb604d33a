"""One mining conversation: which dialect it speaks, who mines, what was asked. Whatever carries its messages.

The decision for a dialect has a grade, and only a decision of the same or a higher grade replaces it. So a
session's name gets better and never worse, and the last event of a conversation carries its best name.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, TypeVar

from facts.errors import ParseError
from facts.quick import quick
from protocols.chains import Block
from protocols.coins import Told
from protocols.cryptonote_blob import Blob
from protocols.events import (
    Difficulty,
    Login,
    LoginResult,
    MinerAsPool,
    PoolAsMiner,
    PoolEvent,
    ShareResult,
    Submit,
    Subscribe,
    Subscribed,
    Work,
)
from protocols.jsonrpc import Message, Pending, failure_of
from protocols.parser import Side
from protocols.stratum_naming import Naming, Worth

BITCOIN = "stratum-bitcoin"
CRYPTONOTE = "stratum-cryptonote"
ETHPROXY = "stratum-ethproxy"
ETHEREUM = "stratum-ethereum"
EQUIHASH = "stratum-equihash"
KAWPOW = "stratum-kawpow"
KASPA = "stratum-kaspa"
ERGO = "stratum-ergo"
CKB = "stratum-ckb"
ALEPHIUM = "stratum-alephium"
HANDSHAKE = "stratum-handshake"
CONFLUX = "stratum-conflux"
DECRED = "stratum-decred"
XELIS = "stratum-xelis"
ALEO = "stratum-aleo"
GRIN = "stratum-grin"
BEAM = "stratum-beam"
IRONFISH = "stratum-ironfish"
KADENA = "stratum-kadena"
BTCAGENT = "btcagent"

HASHES_PER_DIFFICULTY = {ETHEREUM: 2.0**48 / 0xFFFF, KASPA: 2.0**32, ALEPHIUM: 2.0**30}
"""Expected hashes of a share of difficulty 1, in the dialects whose difficulty is that of one algorithm."""


class Grade(IntEnum):
    """How well a dialect is known."""

    NOTHING = 0
    WORDS = 1
    """By its vocabulary only; the first vocabulary spoken gives the name."""
    DECLARED = 2
    """One side named it, or a login, or the shape of the answer to a subscription."""
    SHAPE = 3
    """The shape of a share, or a message that few dialects have (mining.set_target)."""
    WORK = 4
    """The shape of a job: decisive."""
    AGENT = 5
    """BTCAgent: its jobs are those of another dialect, its streams are not."""


@quick
@dataclass(frozen=True, slots=True)
class Job:
    """What a job says, read by the dialect whose shape it has."""

    protocol: str | None
    """The dialect that the shape decides for; None where several share it."""
    job_id: str | None
    algorithm: str | None = None
    coin: str | None = None
    height: int | None = None
    clean: bool | None = None
    hashes: float | None = None
    network_hashes: float | None = None
    """Expected hashes of a block, by its nBits."""
    block: Block | None = None
    """Of a Bitcoin-style job: what tells the chain."""
    blob: Blob | None = None
    """Of a CryptoNote job: the head of its blob."""
    seeded: bool = False
    """Of a CryptoNote job: whether it has a seed hash, as RandomX needs it."""


Answer = Callable[["Session", Message, "Asked"], Iterable[PoolEvent]]
Reader = Callable[["Session", Message], Iterable[PoolEvent]]


@dataclass(slots=True)
class Asked:
    """A request that waits for its answer."""

    method: str
    answer: Answer | None
    """Reads the response; None for a request of no mining dialect, whose response says nothing."""
    declared: bool = False
    """Subscriptions: True where the request itself named its dialect (ZIP-301's four parameters)."""
    worth: Worth | None = None
    """Shares: what their job asked for; None where the job was not seen."""


class Contradiction(ParseError):
    """One side said what only miners say and what only pools say."""


_P = TypeVar("_P", bound=PoolEvent)
_OTHER_WORDS = (ETHPROXY, CRYPTONOTE, GRIN, BEAM)
"""Dialects whose conversations begin in other words than `mining.subscribe`."""
_PROOFS = frozenset({Subscribed, Difficulty, Work})
"""Events that only a pool's own answer makes."""
_SURE_OF_SIDES = (Subscribe, Subscribed, Login, LoginResult, Difficulty, Work, Submit, ShareResult)
"""Events that settle which side mines; pings and notices are said by both in the wild."""


class Session:
    """The state of one conversation; dialect files read messages with it."""

    def __init__(self) -> None:
        self.protocol = BITCOIN
        self.grade = Grade.NOTHING
        self.miner: Side | None = None
        self.algorithm: str | None = None
        """As a pool announced it apart from the jobs (EthereumStratum/2.0.0 mining.set)."""
        self.held: Login | None = None
        """A login in words that other programs use as well: told once a job proves what it was."""
        self.held_answer: LoginResult | None = None
        """The answer to it."""
        self.difficulty: float | None = None
        """As last set, where no target was set since."""
        self.announced: tuple[str, int] | None = None
        """Coin and height that a pool announced apart from the jobs (Verus)."""
        self.clean: bool | None = None
        """Whether later jobs make older ones void, as AlephiumStratum says it apart from the jobs."""
        self.begun = False
        """Whether the first words of the miner were read, and nothing was lost since."""
        self.packing = False
        """Whether the parties speak of compression (EthereumStratum/2.0.0, AlephiumStratum)."""
        self.packed = False
        """Whether they agreed on it."""
        self.proved = False
        """Whether a pool has answered as one: accepted something, set a target or given work."""
        self.contradicted = False
        """Whether one side has spoken as miner and as pool: then nothing more is believed."""
        self.naming = Naming()
        self._pending: tuple[Pending[Asked], Pending[Asked]] = (Pending(), Pending())
        self._last: tuple[Message, Asked] | None = None

    def decide(self, protocol: str, grade: Grade) -> None:
        """Take a dialect for decided, unless a better founded decision stands."""
        if grade > self.grade or (grade == self.grade and grade > Grade.WORDS):
            self.protocol = protocol
            self.grade = grade

    def attempt(self) -> None:
        """Learn that a miner subscribes: what it has tried in other words, and no pool took up, is over."""
        if not self.proved and self.grade <= Grade.DECLARED and self.protocol in _OTHER_WORDS:
            self.protocol, self.grade = BITCOIN, Grade.NOTHING

    def event(self, kind: type[_P], message: Message, /, **fields: Any) -> _P:
        """Make an event of a message; raises ParseError where its sender cannot be on that side, and
        Contradiction where no misunderstanding explains that."""
        side = message.side
        miner = side if kind.sender == "miner" else side.other
        if self.miner is not miner:
            if self.miner is not None:
                wrong = Contradiction if kind in _SURE_OF_SIDES else ParseError
                raise wrong(f"a {kind.sender}'s message from the other side", message.offset)
            if kind in _SURE_OF_SIDES:
                self.miner = miner
        if kind is Login:
            wallet, mined = self._login(message, fields["user"])
            fields |= {} if wallet else {"wallet": None}
            fields |= {} if mined else {"coin": None}
        made = kind(protocol=self.protocol, side=side, offset=message.offset, **fields)
        if not self.proved:
            self.proved = kind in _PROOFS or fields.get("accepted") is True
        if kind is Submit:
            self._submit(message, fields.get("job_id"))
        elif kind is Difficulty:
            self.naming.target = fields.get("hashes")
        return made

    def _login(self, message: Message, user: str) -> tuple[bool, bool]:
        """Take a login's account; say whether its wallet is one, and may be of the coin that is mined."""
        params = message.params
        password = params.get("pass") if isinstance(params, dict) else None
        if isinstance(params, list) and len(params) > 1:
            password = params[1]
        return self.naming.login(user, password)

    def _submit(self, message: Message, job_id: str | None) -> None:
        """Keep what a share is worth with its open request; its account stands for a login not seen."""
        if self._last is not None and self._last[0] is message:
            self._last[1].worth = self.naming.share_of(job_id)
        params = message.params
        if isinstance(params, list) and params and isinstance(params[0], str):
            self.naming.share_by(params[0])

    def work(self, message: Message, job: Job) -> list[PoolEvent]:
        """Tell of a job, deciding for the dialect of its shape; a login that was held comes first."""
        self.decide(job.protocol or self.protocol, Grade.WORK)
        if self.announced is not None and self.protocol == EQUIHASH and job.height is None:
            announced, height = self.announced
            job = replace(job, coin=job.coin or announced, height=height)
        told = Told(
            job.coin,
            job.algorithm or self.algorithm,
            job.height,
            job.network_hashes,
            job.block,
            job.blob,
            job.seeded,
        )
        coin, algorithm = self.naming.name(job.protocol or self.protocol, told)
        work = self.event(
            Work,
            message,
            job_id=job.job_id,
            algorithm=algorithm,
            coin=coin,
            height=job.height,
            clean=self.clean if job.clean is None and self.protocol == ALEPHIUM else job.clean,
            hashes=self._hashes(job) or self.naming.hashes(self.difficulty, algorithm),
            network_hashes=job.network_hashes,
            pool_tag=job.block.coinbase.tag if job.block is not None and job.block.coinbase else None,
        )
        self.naming.job(work.job_id, work.hashes, work.algorithm)
        return [*self.release(), work]

    def _hashes(self, job: Job) -> float | None:
        """Return the expected hashes of a share of a job.

        The difficulty may have been set before the dialect was known. Ergo's multiplies the target of the
        job; where another dialect sets one, a target in the job is the block's.
        """
        if self.difficulty is None:
            return job.hashes
        if job.protocol == ERGO:
            return job.hashes / self.difficulty if job.hashes and job.hashes >= self.difficulty else None
        return self.hashes_of(self.difficulty) or job.hashes

    def hashes_of(self, difficulty: float) -> float | None:
        """Return the expected hashes of a share, where the dialect tells what a difficulty is."""
        unit = HASHES_PER_DIFFICULTY.get(self.protocol)
        return None if unit is None else difficulty * unit

    def release(self) -> list[PoolEvent]:
        """Tell of the login that was held, and of its answer, under the name decided since."""
        if self.held is None:
            return []
        login, answer = self.held, self.held_answer
        self.held = self.held_answer = None
        if login.side is not self.miner:
            return []
        told: list[PoolEvent] = [replace(login, protocol=self.protocol)]
        return told if answer is None else [*told, replace(answer, protocol=self.protocol)]

    def contradict(self, message: Message) -> PoolEvent:
        """Tell that the side of this message has spoken as both parties."""
        self.contradicted = True
        kind = MinerAsPool if message.side is self.miner else PoolAsMiner
        return kind(protocol=self.protocol, side=message.side, offset=message.offset)

    def ask(self, message: Message, answer: Answer | None, declared: bool = False) -> None:
        """Remember a request until it is answered. A notification (no id at all) gets no answer."""
        if "id" in message.body and message.method is not None:
            asked = Asked(message.method, answer, declared)
            self._pending[message.side].ask(message.id, asked)
            self._last = message, asked

    def asked(self, message: Message) -> Asked | None:
        """Return the request that a response would answer, and leave it open."""
        return self._pending[message.side.other].peek(message.id)

    @property
    def waits(self) -> bool:
        """Whether a request of either side has no answer yet."""
        one, other = self._pending
        return one.open > 0 or other.open > 0

    def answered(self, message: Message) -> None:
        """Close the request that a response answers."""
        self.close(message.side.other, message.id)

    def close(self, side: Side, request_id: object) -> Asked | None:
        """Close the oldest open request of this side and id, and return it; None where there is none."""
        return self._pending[side].answer(request_id)

    def gap(self) -> None:
        """Forget what was asked: the answer, or a later request with the same id, may be what was lost.

        So may be a new difficulty, or a new block.
        """
        self.begun = False
        self.difficulty = self.announced = None
        self.naming.lost()
        for pending in self._pending:
            pending.clear()


def no_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read the answer to a mining request whose answer says nothing."""
    return []


def share_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read the answer to a share: true or {"status": "OK"}; an error of any shape, or false."""
    failure = failure_of(message.error)
    if failure is not None and session.protocol == ETHEREUM and 200 <= (failure.code or 0) < 300:
        accepted = session.event(
            ShareResult, message, accepted=True, code=failure.code, message=failure.message
        )
        return [accepted]  # EIP-1571: accepted with a note, such as 202, stale
    if failure is not None:
        return [
            session.event(ShareResult, message, accepted=False, code=failure.code, message=failure.message)
        ]
    result = message.result
    if isinstance(result, list) and result and isinstance(result[0], bool):
        result = result[0]  # Conflux
    if result is False:
        return [session.event(ShareResult, message, accepted=False)]
    bare = session.protocol == ETHEREUM and "result" not in message.body  # EIP-1571: {"id": n} is a success
    if (
        result is True
        or result == "OK"
        or bare
        or (isinstance(result, dict) and result.get("status") == "OK")
    ):
        apart = session.naming.apart(asked.worth)
        return [session.event(ShareResult, message, accepted=True, **apart)]
    return []
