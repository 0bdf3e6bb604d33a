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
        own, theirs = self.rig.style, self.pool.style
        self.target = ""
        host = [None, self.rig.host, "4505"] if own.spare else []
        ask = {"id": 1, "method": "mining.subscribe", "params": [self.rig.agent, *host]}
        subscribed = line(theirs, self.reply([None, self.hex(2 * min(4, theirs.extranonce))]))
        self.id = 2
        login = {"id": 2, "method": "mining.authorize", "params": [self.user(), "x"]}
        welcome = [line(theirs, self.reply(True)), self.difficulty(difficulty), self.job(True, 0)]
        return [
            [(0, line(own, ask))],
            [(1, subscribed)],
            [(0, line(own, login))],
            [(1, said) for said in welcome],
        ]

    def difficulty(self, difficulty: float) -> bytes:
        """Return mining.set_target."""
        self.target = f"{min(2**256 - 1, int(_ONE / max(difficulty, 1e-9))):064x}"
        return line(self.pool.style, {"id": None, "method": "mining.set_target", "params": [self.target]})

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
