"""EthereumStratum/1.0.0, NiceHash's dialect for ethash and its kin."""

from benchmarks.lab.players.bitcoin import Bitcoin
from benchmarks.lab.players.dialect import Said
from benchmarks.lab.players.style import line

PROTOCOL = "EthereumStratum/1.0.0"


class Ethereum(Bitcoin):
    """Short work of four fields; nonces of what the extranonce leaves free."""

    name = "stratum-ethereum"

    def hello(self, difficulty: float) -> list[list[Said]]:
        """Subscribe in the dialect's name, authorize."""
        result = [["mining.notify", self.hex(32), PROTOCOL], self.hex(2 * self.room())]
        return self.enter([self.rig.agent, PROTOCOL], result, self.difficulty(difficulty), self.job(True, 0))

    def room(self) -> int:
        """Return bytes of the extranonce, at most 3."""
        return 1 + self.pool.style.extranonce % 3

    def job(self, clean: bool, entries: int) -> bytes:
        """Return mining.notify: job, seed, header, clean."""
        self.job_name = self.new_job()
        params = [self.job_name, "17" * 32, self.hex(64), clean]
        return line(self.pool.style, {"id": None, "method": "mining.notify", "params": params})

    def share(self) -> bytes:
        """Return mining.submit: user, job, nonce."""
        self.id += 1
        params = [self.user(), self.job_name, self.hex(16 - 2 * self.room())]
        return line(self.rig.style, {"id": self.id, "method": "mining.submit", "params": params})
