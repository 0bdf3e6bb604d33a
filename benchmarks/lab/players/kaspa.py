"""Kaspa's bridge: work many times a minute, hashes as four numbers or as hex."""

from benchmarks.lab.players.bitcoin import ERRORS, Bitcoin
from benchmarks.lab.players.dialect import Said
from benchmarks.lab.players.ethereum import PROTOCOL
from benchmarks.lab.players.style import line


class Kaspa(Bitcoin):
    """kHeavyHash machines."""

    name = "stratum-kaspa"

    def hello(self, difficulty: float) -> list[list[Said]]:
        """Subscribe, authorize; extranonce and difficulty before the first work."""
        extra = {"id": None, "jsonrpc": "2.0", "method": "mining.set_extranonce", "params": [self.hex(4)]}
        welcome = line(self.pool.style, extra), self.difficulty(difficulty), self.job(True, 0)
        return self.enter([self.rig.agent, PROTOCOL], [True, PROTOCOL], *welcome)

    def job(self, clean: bool, entries: int) -> bytes:
        """Return mining.notify in one of its two forms."""
        self.count += 1
        self.job_name = str(self.count % 100)
        if self.pool.style.wide:
            body: list[object] = [self.hex(80)]
        else:
            body = [[self.rand.getrandbits(64) for _ in range(4)], 1_700_000_000_000 + 100 * self.count]
        told = {
            "id": self.count,
            "jsonrpc": "2.0",
            "method": "mining.notify",
            "params": [self.job_name, *body],
        }
        return line(self.pool.style, told)

    def share(self) -> bytes:
        """Return mining.submit: user, job, nonce."""
        self.id += 1
        params = [self.user(), self.job_name, "0x" + self.hex(16)]
        return line(self.rig.style, {"id": self.id, "method": "mining.submit", "params": params})

    def verdict(self, error: str | None, shares: int = 1) -> bytes:
        """Return true, or an error with its code."""
        return line(self.pool.style, self.reply(True) if error is None else self.reply(None, ERRORS[error]))
