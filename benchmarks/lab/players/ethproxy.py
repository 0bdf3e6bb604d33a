"""eth-proxy: JSON-RPC getwork over TCP, as ethminer and its heirs speak it. Work comes as a bare result."""

from typing import ClassVar

from benchmarks.lab.players.dialect import Dialect, Said
from benchmarks.lab.players.style import line

ERRORS = {"stale": [21, "Stale share"], "low": [23, "Invalid share"]}


class Ethproxy(Dialect):
    """Graphics cards on Ethereum Classic."""

    name = "stratum-ethproxy"
    chatter: ClassVar[float] = 60.0

    def hello(self, difficulty: float) -> list[list[Said]]:
        """Log in, then ask for work."""
        self.target = self.target_of(difficulty)
        self.work: list[str] = []
        self.client = "0x" + self.hex(64)
        own, theirs, worker = self.rig.style, self.pool.style, self.rig.workers[0]
        login = {"id": 1, "jsonrpc": "2.0", "method": "eth_submitLogin", "worker": worker}
        login["params"] = [self.rig.account, "x"] if own.spare else [self.rig.account]
        ask = {"id": 5, "jsonrpc": "2.0", "method": "eth_getWork", "params": []}
        welcome = line(theirs, {"id": 1, "jsonrpc": "2.0", "result": True})
        first = line(theirs, {"id": 5, "jsonrpc": "2.0", "result": self.new_work()})
        return [[(0, line(own, login))], [(1, welcome)], [(0, line(own, ask))], [(1, first)]]

    def target_of(self, difficulty: float) -> str:
        """Return the target of shares of so many hashes."""
        return f"0x{min(2**256 - 1, int(2**256 / max(difficulty, 1.0))):064x}"

    def new_work(self) -> list[str]:
        """Return header, seed and target, and the height where the pool tells it."""
        self.work = ["0x" + self.hex(64), "0x" + "17" * 32, self.target]
        if self.pool.style.spare:
            self.work.append(hex(19_000_000 + self.count))
        self.count += 1
        return self.work

    def job(self, clean: bool, entries: int) -> bytes:
        """Return work that nobody asked for."""
        return line(self.pool.style, {"id": 0, "jsonrpc": "2.0", "result": self.new_work()})

    def retarget(self, difficulty: float) -> list[bytes]:
        """The target lies in the work."""
        self.target = self.target_of(difficulty)
        return [self.job(False, 0)]

    def agreed(self, difficulty: float) -> None:
        """The target lies in the work."""
        self.target = self.target_of(difficulty)

    def share(self) -> bytes:
        """Return eth_submitWork."""
        self.id = 40 + self.rand.randrange(4)
        found = ["0x" + self.hex(16), self.work[0], "0x" + self.hex(64)]
        ask = {"id": self.id, "jsonrpc": "2.0", "method": "eth_submitWork", "params": found}
        return line(self.rig.style, ask | {"worker": self.rand.choice(self.rig.workers)})

    def verdict(self, error: str | None, shares: int = 1) -> bytes:
        """Return true, or an error."""
        told: dict[str, object] = {"id": self.answers, "jsonrpc": "2.0", "result": error is None or None}
        if error is not None:
            code, text = ERRORS[error]
            told["error"] = {"code": code, "message": text}
        return line(self.pool.style, told)

    def chat(self) -> list[Said]:
        """Report the hashrate; the pool says true."""
        width = 64 if self.rig.style.wide else 8
        params = [f"0x{int(self.rig.hashrate):0{width}x}", self.client]
        ask = {"id": 9, "jsonrpc": "2.0", "method": "eth_submitHashrate", "params": params}
        told = {"id": 9, "jsonrpc": "2.0", "result": True}
        return [(0, line(self.rig.style, ask)), (1, line(self.pool.style, told))]
