"""Equihash, ZIP 301: targets, and solutions that make shares larger than work."""

from benchmarks.lab.players.bitcoin import Bitcoin
from benchmarks.lab.players.dialect import Said
from benchmarks.lab.players.style import line

_ONE = 0x0007FFFF << 224
"""The target of difficulty 1: 8,192 solutions."""


class Equihash(Bitcoin):
    """(200,9) with solutions of 1,344 bytes, (144,5) with 100."""

    name = "stratum-equihash"

    def hello(self, difficulty: float) -> list[list[Said]]:
        """Subscribe with the pool's name, authorize; the target comes before the first work."""
        self.extra = self.pool.style.extranonce
        params = [self.rig.agent, None, self.rig.host, "3333"]
        welcome = self.difficulty(difficulty), self.job(True, 0)
        return self.enter(params, [None, self.hex(2 * self.extra)], *welcome)

    def difficulty(self, difficulty: float) -> bytes:
        """Return mining.set_target."""
        target = f"{min(2**256 - 1, int(_ONE / max(difficulty, 1e-3))):064x}"
        return line(self.pool.style, {"id": None, "method": "mining.set_target", "params": [target]})

    def job(self, clean: bool, entries: int) -> bytes:
        """Return mining.notify of eight fields, ten for (144,5)."""
        self.job_name = self.new_job()
        fields = [self.hex(64), self.hex(64), self.hex(64), self.hex(8), self.hex(8), clean]
        params = [self.job_name, "04000000", *fields]
        if self.small:
            params += ["144_5", "BgoldPoW"]
        return line(self.pool.style, {"id": None, "method": "mining.notify", "params": params})

    @property
    def small(self) -> bool:
        """Whether it is (144,5)."""
        return self.pool.coin.algorithm.endswith("144-5")

    def share(self) -> bytes:
        """Return mining.submit with the solution."""
        self.id += 1
        solution = "64" + self.hex(200) if self.small else "fd4005" + self.hex(2_688)
        params = [self.user(), self.job_name, self.hex(8), self.hex(64 - 2 * self.extra), solution]
        return line(self.rig.style, {"id": self.id, "method": "mining.submit", "params": params})
