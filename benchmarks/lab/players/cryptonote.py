"""CryptoNote's Stratum: login, job, submit, keepalived; RandomX and its kin."""

from typing import ClassVar

from benchmarks.lab.players.dialect import Dialect, Said
from benchmarks.lab.players.style import line

TEXTS = {"stale": "Block expired", "low": "Low difficulty share"}
ALGORITHMS = (
    "rx/0",
    "cn/r",
    "rx/wow",
    "rx/arq",
    "cn/0",
    "cn/1",
    "cn/2",
    "cn/fast",
    "cn/half",
    "argon2/chukwa",
)


class Cryptonote(Dialect):
    """The dialect of XMRig and its relatives."""

    name = "stratum-cryptonote"
    silence: ClassVar[float] = 60.0

    def hello(self, difficulty: float) -> list[list[Said]]:
        """Log in; the answer holds the first job."""
        self.target = self.target_of(difficulty)
        self.session = self.hex(self.pool.style.session)
        own = self.rig.style
        params: dict[str, object] = {"login": self.user(), "pass": "x", "agent": self.rig.agent}
        if own.spare:
            params |= {"rigid": self.rig.workers[0], "algo": list(ALGORITHMS[: 2 + own.job_id % 9])}
        ask: dict[str, object] = {"id": 1, "jsonrpc": "2.0", "method": "login", "params": params}
        result: dict[str, object] = {"id": self.session, "job": self.work()}
        if self.pool.style.spare:
            result["extensions"] = ["algo", "nicehash", "connect", "tls", "keepalive"]
        result["status"] = "OK"
        return [[(0, line(own, ask))], [(1, line(self.pool.style, self.reply(result)))]]

    def target_of(self, difficulty: float) -> str:
        """Return the target for a difficulty, 4 or 8 bytes little-endian."""
        bits = 64 if self.pool.style.wide else 32
        target = max(1, min((1 << bits) - 1, int((1 << bits) / max(difficulty, 1))))
        return target.to_bytes(bits // 8, "little").hex()

    def reply(self, result: object, error: object = None) -> dict[str, object]:
        """Return the answer to a request."""
        told: dict[str, object] = {"id": self.answers, "jsonrpc": "2.0"}
        if error is not None:
            return told | {"error": error}
        return told | ({"error": None, "result": result} if self.pool.style.spare else {"result": result})

    def work(self) -> dict[str, object]:
        """Return what a job holds."""
        self.job_name = self.new_job()
        algorithm = self.pool.coin.algorithm
        job: dict[str, object] = {
            "blob": "1010" + self.hex(148),
            "job_id": self.job_name,
            "target": self.target,
        }
        if self.pool.style.spare:
            job |= {"algo": algorithm, "height": 3_300_000 + self.count}
        return job | {"seed_hash": self.hex(64)}

    def job(self, clean: bool, entries: int) -> bytes:
        """Return a job notification."""
        return line(self.pool.style, {"jsonrpc": "2.0", "method": "job", "params": self.work()})

    def retarget(self, difficulty: float) -> list[bytes]:
        """A new target comes with a new job."""
        self.target = self.target_of(difficulty)
        return [self.job(False, 0)]

    def agreed(self, difficulty: float) -> None:
        """The target lies in the work."""
        self.target = self.target_of(difficulty)

    def share(self) -> bytes:
        """Return submit."""
        params: dict[str, object] = {"id": self.session, "job_id": self.job_name}
        params |= {"nonce": self.hex(8), "result": self.hex(64)}
        if self.rig.style.spare:
            params["algo"] = self.pool.coin.algorithm
        return self.request("submit", params)

    def request(self, method: str, params: object) -> bytes:
        """Return a request under the next id."""
        self.id += 1
        ask = {"id": self.id, "jsonrpc": "2.0", "method": method, "params": params}
        return line(self.rig.style, ask)

    def verdict(self, error: str | None, shares: int = 1) -> bytes:
        """Return status OK, or an error text."""
        if error is None:
            return line(self.pool.style, self.reply({"status": "OK"}))
        return line(self.pool.style, self.reply(None, {"code": -1, "message": TEXTS[error]}))

    def alive(self) -> list[Said]:
        """Return keepalived and its answer."""
        ask = self.request("keepalived", {"id": self.session})
        return [(0, ask), (1, line(self.pool.style, self.reply({"status": "KEEPALIVED"})))]
