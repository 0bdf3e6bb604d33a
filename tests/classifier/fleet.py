"""Made-up fleets of known hashrate: their pools' words, as a capture that loses packets holds them.

Shares come as a Poisson process whose difficulty the pool varies; some are late, some are wrong. What is
said goes through the real parser, gaps included, and into a casebook; the truth stays here.
"""

import heapq
import json
from dataclasses import dataclass, field
from ipaddress import ip_address
from random import Random

from classifier.casebook import Casebook
from facts.conversation import Conversation, Flow
from facts.endpoint import Endpoint
from facts.instant import NS
from facts.where import Where
from pcaps.makers.stratum_lines import notify
from protocols.observe import Observation
from protocols.parser import Side
from protocols.stratum import Stratum
from tests.classifier.scenes import MINER, POOL, START, listed
from tests.protocols.wire import drain

SHA256 = 2**48 / 0xFFFF
"""Hashes of a share of difficulty 1, worked out in test_worth.py."""
WALLET = "48" + "A" * 93
Said = tuple[float, Side, bytes]
C, S = Side.CLIENT, Side.SERVER


@dataclass
class Pool:
    """How a pool treats its miners."""

    chance: Random
    dialect: str = "bitcoin"
    aim_s: float = 10.0
    """Seconds a share that it retargets for."""
    retarget_s: float = 90.0
    job_s: float = 45.0
    stale: float = 0.01
    wrong: float = 0.003
    off: float = 4.0
    """How far the first difficulty may be off, either way."""


@dataclass
class Rig:
    """What speaks through one connection."""

    workers: list[tuple[str, float]]
    """Names and hashes a second."""
    agent: str = "cgminer/4.12.1"
    begin_s: float = 0.0
    reported: float | None = None

    @property
    def rate(self) -> float:
        """Hashes a second of all."""
        return sum(rate for _, rate in self.workers)


def dumps(**message: object) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


@dataclass
class Script:
    """One connection in the making."""

    pool: Pool
    rig: Rig
    seconds: float
    said: list[Said] = field(default_factory=list)
    job: int = 0
    request: int = 100

    def say(self, at: float, side: Side, data: bytes) -> None:
        self.said.append((at, side, data))

    def made(self) -> list[Said]:
        """Return what is said in `seconds`, in order."""
        chance, pool, rig = self.pool.chance, self.pool, self.rig
        hashes = rig.rate * pool.aim_s * pool.off ** chance.uniform(-1, 1)
        names = [name for name, _ in rig.workers]
        weights = [rate for _, rate in rig.workers]
        self._open(hashes)
        self._job(0.2, hashes, True)
        next_job, next_target, since = 0.2 + pool.job_s, 0.2 + pool.retarget_s, 0
        at = 0.2
        while True:
            wait = chance.expovariate(rig.rate / hashes)
            event = min(next_job, next_target)
            if at + wait < event:
                at += wait
                if at >= self.seconds:
                    break
                since += 1
                self._share(at, chance.choices(names, weights)[0])
                continue
            at = event  # exponential waits begin anew: they remember nothing
            if at >= self.seconds:
                break
            if event == next_target:
                pace = since / pool.retarget_s * pool.aim_s
                next_target, since = at + pool.retarget_s, 0
                if not 0.7 < pace < 1.4:
                    hashes *= min(4.0, max(0.25, pace))
                    self._target(at, hashes)
                    self._job(at, hashes, False)
            else:
                next_job = at + pool.job_s
                self._job(at, hashes, chance.random() < 0.1)
        return sorted(self.said, key=lambda one: one[0])

    def _open(self, hashes: float) -> None:
        name, rig = self.rig.workers[0][0], self.rig
        if self.pool.dialect == "bitcoin":
            self.say(0.0, C, dumps(id=1, method="mining.subscribe", params=[rig.agent]))
            pairs = [["mining.set_difficulty", "ab" * 4], ["mining.notify", "ab" * 4]]
            self.say(0.03, S, dumps(id=1, result=[pairs, "a0000001", 8], error=None))
            for number, (worker, _) in enumerate(rig.workers):
                self.say(
                    0.05, C, dumps(id=2 + number, method="mining.authorize", params=[f"a.{worker}", "x"])
                )
                self.say(0.1, S, dumps(id=2 + number, result=True, error=None))
            self._target(0.15, hashes)
        else:
            login = {"login": f"{WALLET}.{name}", "pass": "x", "agent": rig.agent, "algo": ["rx/0"]}
            self.say(0.0, C, dumps(id=1, jsonrpc="2.0", method="login", params=login))

    def _target(self, at: float, hashes: float) -> None:
        if self.pool.dialect == "bitcoin":
            self.say(at, S, dumps(id=None, method="mining.set_difficulty", params=[hashes / SHA256]))

    def _job(self, at: float, hashes: float, clean: bool) -> None:
        self.job += 1
        if self.pool.dialect == "bitcoin":
            self.say(at, S, notify(f"{self.job:x}", 938_400, clean=clean))
            return
        target = ((2**64 - 1) // max(1, round(hashes))).to_bytes(8, "little").hex()
        job = {
            "blob": "1010" + "d1" * 74, "job_id": f"j{self.job}", "target": target, "algo": "rx/0",
            "height": 3_000_000, "seed_hash": "ab" * 32,
        }  # fmt: skip
        if self.job == 1:
            result = {"id": "s1", "job": job, "status": "OK"}
            self.say(at, S, dumps(id=1, jsonrpc="2.0", error=None, result=result))
        else:
            self.say(at, S, dumps(jsonrpc="2.0", method="job", params=job))

    def _share(self, at: float, worker: str) -> None:
        chance = self.pool.chance
        self.request += 1
        stale = chance.random() < self.pool.stale and self.job > 1
        wrong = chance.random() < self.pool.wrong
        number = self.job - 1 if stale else self.job
        nonce = f"{chance.getrandbits(32):08x}"
        if self.pool.dialect == "bitcoin":
            params = [f"a.{worker}", f"{number:x}", f"{chance.getrandbits(64):016x}", "69a50081", nonce]
            self.say(at, C, dumps(id=self.request, method="mining.submit", params=params))
            error = [21, "Job not found", None] if stale else [23, "low difficulty share", None]
            answer = {"result": None if stale or wrong else True, "error": error if stale or wrong else None}
            self.say(at + 0.04, S, dumps(id=self.request, **answer))
            return
        share = {"id": "s1", "job_id": f"j{number}", "nonce": nonce, "result": "cd" * 32}
        self.say(at, C, dumps(id=self.request, jsonrpc="2.0", method="submit", params=share))
        message = "Block expired" if stale else "Low difficulty share"
        if stale or wrong:
            told: dict[str, object] = {"error": {"code": -1, "message": message}}
        else:
            told = {"error": None, "result": {"status": "OK"}}
        self.say(at + 0.04, S, dumps(id=self.request, jsonrpc="2.0", **told))


def captured(
    pool: Pool,
    rigs: list[Rig],
    seconds: float,
    loss: float = 0.0,
    from_s: float = 0.0,
    miner: str = MINER,
) -> Casebook:
    """Return a casebook that was told of a fleet's connections from `from_s` on, less the packets lost."""
    book = Casebook("fleet.pcap", listed())
    telling: list[tuple[float, int, Side, bytes]] = []
    for number, rig in enumerate(rigs):
        script = Script(pool, rig, seconds - rig.begin_s)
        part = [(at + rig.begin_s, number, side, data) for at, side, data in script.made()]
        telling = list(heapq.merge(telling, part, key=lambda one: one[0]))
    flows = [
        Flow(Endpoint(ip_address(miner), 40_000 + n), Endpoint(ip_address(POOL), 3333), "tcp")
        for n in range(len(rigs))
    ]
    parsers = [Stratum() for _ in rigs]
    gone = [[0, 0] for _ in rigs]
    lost = [[False, False] for _ in rigs]
    first = [START + int(rig.begin_s * NS) for rig in rigs]
    for frame, (at, number, side, data) in enumerate(telling):
        if at < from_s:
            continue
        if pool.chance.random() < loss:
            gone[number][side] += len(data)
            lost[number][side] = True
            continue
        parser = parsers[number]
        if gone[number][side]:
            parser.gap(side, gone[number][side])
            gone[number][side] = 0
        for event in drain(parser, side, data):
            where = Where("fleet.pcap", frame + 1)
            book.observe(Observation(event, flows[number], where, START + int(at * NS)))
    for number, flow in enumerate(flows):
        begun = from_s <= rigs[number].begin_s
        book.conclude(
            Conversation(
                flow,
                Where("fleet.pcap", 1),
                first[number] if begun else START + int(from_s * NS),
                START + int(seconds * NS),
                (9, 9),
                (900, 900),
                begun,
                (lost[number][0], lost[number][1]),
            )
        )
    return book
