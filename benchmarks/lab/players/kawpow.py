"""KawPow: work of seven fields with its target, shares with header and mix."""

from benchmarks.lab.players.bitcoin import Bitcoin
from benchmarks.lab.players.dialect import Said
from benchmarks.lab.players.style import line

_ONE = 0x00000000FF << 216


class Kawpow(Bitcoin):
    """Ravencoin and its kin."""

    name = "stratum-kawpow"

    def hello(self, difficulty: float) -> list[list[Said]]:
        """Subscribe, authorize; the target comes before the first work."""
        host = [None, self.rig.host, "4505"] if self.rig.style.spare else []
        extra = self.hex(2 * min(4, self.pool.style.extranonce))
        welcome = self.difficulty(difficulty), self.job(True, 0)
        return self.enter([self.rig.agent, *host], [None, extra], *welcome)

    def difficulty(self, difficulty: float) -> bytes:
        """Return mining.set_target."""
        self.target = f"{min(2**256 - 1, int(_ONE / max(difficulty, 1e-9))):064x}"
        return line(self.pool.style, {"id": None, "method": "mining.set_target", "params": [self.target]})

    def agreed(self, difficulty: float) -> None:
        """Every work repeats the target."""
        self.difficulty(difficulty)

    def job(self, clean: bool, entries: int) -> bytes:
        """Return mining.notify: job, header, seed, target, clean, height, bits."""
        self.job_name, self.header = self.new_job(), self.hex(64)
        rest = [clean, 3_900_000 + self.count, "1b00ffff"]
        params = [self.job_name, self.header, "17" * 32, self.target, *rest]
        return line(self.pool.style, {"id": None, "method": "mining.notify", "params": params})

    def share(self) -> bytes:
        """Return mining.submit: user, job, nonce, header, mix."""
        self.id += 1
        params = [self.user(), self.job_name, "0x" + self.hex(16), "0x" + self.header, "0x" + self.hex(64)]
        return line(self.rig.style, {"id": self.id, "method": "mining.submit", "params": params})
