"""Bitcoin's Stratum: configure, subscribe, authorize, set_difficulty, notify, submit."""

from collections.abc import Sequence
from typing import ClassVar

from benchmarks.lab.players.dialect import Dialect, Said
from benchmarks.lab.players.style import line
from benchmarks.lab.players.template import TIPS, bits, coinbase, previous

ERRORS = {"stale": [21, "Job not found", None], "low": [23, "Low difficulty share", None]}


class Bitcoin(Dialect):
    """The dialect of most ASICs."""

    name = "stratum-bitcoin"
    chatter: ClassVar[float] = 300.0
    previous = ""

    @property
    def room2(self) -> int:
        """Bytes of extranonce2."""
        return 4 if self.pool.style.extranonce <= 4 else 8

    def hello(self, difficulty: float) -> list[list[Said]]:
        """Subscribe, authorize, with version rolling before where the miner does it."""
        own, theirs, turns = self.rig.style, self.pool.style, []
        if own.rolling:
            wanted = {"version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2}
            ask = {"id": self.id, "method": "mining.configure", "params": [["version-rolling"], wanted]}
            told = {"version-rolling": True, "version-rolling.mask": "1fffe000"}
            turns += [[(0, line(own, ask))], [(1, line(theirs, self.reply(told)))]]
            self.id += 1
        ask = {"id": self.id, "method": "mining.subscribe", "params": [self.rig.agent]}
        name = self.hex(8)
        topics = [["mining.set_difficulty", name], ["mining.notify", name]]
        subscribed = [topics, self.hex(2 * theirs.extranonce), self.room2]
        turns += [[(0, line(own, ask))], [(1, line(theirs, self.reply(subscribed)))]]
        self.id += 1
        ask = {"id": self.id, "method": "mining.authorize", "params": [self.user(), "x"]}
        welcome = [(1, line(theirs, self.reply(True))), (1, self.difficulty(difficulty))]
        return [*turns, [(0, line(own, ask))], [*welcome, (1, self.job(True, 10))]]

    def enter(self, params: Sequence[object], result: object, *welcome: bytes) -> list[list[Said]]:
        """Return subscribe, authorize, and what a pool tells with its welcome: the usual opening."""
        own, theirs = self.rig.style, self.pool.style
        self.asked = 1
        ask = line(own, {"id": 1, "method": "mining.subscribe", "params": params})
        subscribed = line(theirs, self.reply(result))
        self.asked, self.id = None, 2
        login = line(own, {"id": 2, "method": "mining.authorize", "params": [self.user(), "x"]})
        told = [line(theirs, self.reply(True)), *welcome]
        return [[(0, ask)], [(1, subscribed)], [(0, login)], [(1, said) for said in told]]

    def reply(self, result: object, error: object = None) -> dict[str, object]:
        """Return the answer to a request."""
        return {"id": self.answers, "result": result, "error": error}

    def difficulty(self, difficulty: float) -> bytes:
        """Return mining.set_difficulty."""
        shown = int(difficulty) if difficulty.is_integer() else difficulty
        return line(self.pool.style, {"id": None, "method": "mining.set_difficulty", "params": [shown]})

    def job(self, clean: bool, entries: int) -> bytes:
        """Return mining.notify."""
        self.job_name = self.new_job()
        tip, now = TIPS[self.pool.coin.ticker], self.pool.epoch + int(self.now)
        if clean or not self.previous:
            self.previous = previous(self.rand, tip)
        parts = coinbase(self.rand, self.pool.style, tip, now, self.pool.style.extranonce + self.room2)
        branch = [self.hex(64) for _ in range(entries)]
        rest = ["20000000", bits(tip.work), f"{now:08x}", clean]
        params = [self.job_name, self.previous, *parts, branch, *rest]
        return line(self.pool.style, {"id": None, "method": "mining.notify", "params": params})

    @property
    def at_once(self) -> bool:
        """Most pools send work at once."""
        return bool(self.pool.style.wide)

    def retarget(self, difficulty: float) -> list[bytes]:
        """Set the difficulty; most pools send work at once."""
        later = [self.job(False, 10)] if self.pool.style.wide else []
        return [self.difficulty(difficulty), *later]

    def share(self) -> bytes:
        """Return mining.submit."""
        self.id += 1
        time = f"{self.pool.epoch + int(self.now):08x}"
        params = [self.user(), self.job_name, self.hex(2 * self.room2), time, self.hex(8)]
        if self.rig.style.rolling:
            params.append("00" + self.hex(2) + "e000")
        return line(self.rig.style, {"id": self.id, "method": "mining.submit", "params": params})

    def verdict(self, error: str | None, shares: int = 1) -> bytes:
        """Return true, or an error with its code."""
        answer = self.reply(True) if error is None else self.reply(None, ERRORS[error])
        return line(self.pool.style, answer)

    def chat(self) -> list[Said]:
        """Suggest a difficulty, which pools mostly just acknowledge."""
        self.id += 1
        ask = {"id": self.id, "method": "mining.suggest_difficulty", "params": [1024]}
        return [(0, line(self.rig.style, ask)), (1, line(self.pool.style, self.reply(True)))]
