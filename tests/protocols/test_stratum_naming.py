"""What conversations tell of the coin and of the worth of shares, through the reader of the stream."""

import json
from typing import Any

import pytest

from protocols.events import Login, ShareResult, Work
from protocols.parser import Event, Side
from protocols.stratum import Stratum
from protocols.stratum_naming import MAX_JOBS, MAX_SUMS, Naming
from tests.protocols.test_coinbase import made, number
from tests.protocols.test_wallets import XMR, base58check

DIFFICULTY_1 = 2**256 / (0xFFFF << 208)
SCRYPT_1 = 2**256 / (0xFFFF << 224)


class Talk:
    """Plays both sides, a line at a time."""

    def __init__(self) -> None:
        self.parser = Stratum()
        self.events: list[Event] = []

    def miner(self, **message: Any) -> "Talk":
        return self._say(Side.CLIENT, message)

    def pool(self, **message: Any) -> "Talk":
        return self._say(Side.SERVER, message)

    def _say(self, side: Side, message: dict[str, Any]) -> "Talk":
        self.events += self.parser.feed(side, json.dumps(message).encode() + b"\n")
        return self

    def login(self, user: str, password: str = "x") -> "Talk":
        self.miner(id=1, method="mining.subscribe", params=["cgminer/4.11.1"])
        self.pool(id=1, result=[[["mining.notify", "ab"]], "08000002", 4], error=None)
        self.miner(id=2, method="mining.authorize", params=[user, password])
        return self.pool(id=2, result=True, error=None)

    def difficulty(self, value: float) -> "Talk":
        return self.pool(id=None, method="mining.set_difficulty", params=[value])

    def job(
        self, job: str, height: int = 840_000, bits: str = "17034219", time: int = 1_713_571_767
    ) -> "Talk":
        coinb1, coinb2 = made(number(height))
        params = [job, "ab" * 32, coinb1, coinb2, [], "20000000", bits, f"{time:08x}", False]
        return self.pool(id=None, method="mining.notify", params=params)

    def share(self, request: int, job: str, user: str = "farm.rig") -> "Talk":
        params = [user, job, "00000001", "665f0001", "00abcdef"]
        self.miner(id=request, method="mining.submit", params=params)
        return self.pool(id=request, result=True, error=None)

    def last(self, kind: type[Event]) -> Any:
        return next(event for event in reversed(self.events) if isinstance(event, kind))


def test_a_job_of_bitcoin_is_worth_its_difficulty() -> None:
    work = Talk().login("farm.rig").difficulty(1024).job("a").last(Work)
    assert (work.coin, work.algorithm, work.height) == ("BTC", "sha256d", 840_000)
    assert work.hashes == pytest.approx(1024 * DIFFICULTY_1, rel=1e-12)
    assert work.network_hashes == pytest.approx(86_388_558_925_171.02 * DIFFICULTY_1, rel=1e-12)
    assert work.pool_tag == "/pool.test/"


def test_a_job_of_litecoin_is_worth_what_scrypt_counts() -> None:
    work = (
        Talk().login("farm.rig").difficulty(65_536).job("a", 2_772_730, "1930ecd0", 1_728_673_449).last(Work)
    )
    assert (work.coin, work.algorithm) == ("LTC", "scrypt")
    assert work.hashes == pytest.approx(65_536 * SCRYPT_1, rel=1e-12)


def test_a_job_of_no_known_coin_is_worth_nothing_that_is_known() -> None:
    work = Talk().login("farm.rig").difficulty(8).job("a", 100, "207fffff").last(Work)
    assert (work.coin, work.algorithm, work.hashes, work.height) == (None, None, None, 100)
    assert work.network_hashes == pytest.approx(2.0, rel=1e-6)


def test_a_new_difficulty_is_for_the_jobs_that_follow() -> None:
    talk = Talk().login("farm.rig").difficulty(1024).job("a").difficulty(4096)
    assert talk.share(4, "a").last(ShareResult).hashes is None  # as the last job told
    talk.job("b")
    assert talk.last(Work).hashes == pytest.approx(4096 * DIFFICULTY_1)
    late = talk.share(5, "a").last(ShareResult)
    assert late.hashes == pytest.approx(1024 * DIFFICULTY_1)
    assert late.algorithm == "sha256d"
    assert talk.share(6, "b").last(ShareResult).hashes is None
    assert talk.share(7, "never seen").last(ShareResult).hashes is None


def test_a_share_of_a_job_whose_worth_is_not_known_is_worth_nothing() -> None:
    talk = Talk().login("farm.rig").job("a").difficulty(1024).job("b")
    assert talk.share(4, "a").last(ShareResult).hashes == 0.0


def test_a_refused_share_is_worth_nothing() -> None:
    talk = Talk().login("farm.rig").difficulty(1024).job("a").difficulty(2048).job("b")
    talk.miner(id=9, method="mining.submit", params=["farm.rig", "a", "00000001", "665f0001", "00abcdef"])
    talk.pool(id=9, result=None, error=[21, "Job not found", None])
    assert talk.last(ShareResult).hashes is None


def test_a_target_is_for_the_jobs_that_follow_as_well() -> None:
    talk = Talk()
    first, second = f"{2**240:064x}", f"{2**236:064x}"

    def job(name: str) -> None:
        params = [name, "04000000", "ab" * 32, "cd" * 32, "00" * 32, "665f0001", "1d00ffff", True]
        talk.pool(id=None, method="mining.notify", params=params)

    talk.pool(id=None, method="mining.set_target", params=[first])
    job("a")
    assert talk.last(Work).hashes == 2.0**16
    talk.pool(id=None, method="mining.set_target", params=[second])
    job("b")
    assert talk.last(Work).hashes == 2.0**20
    talk.miner(id=5, method="mining.submit", params=["x", "a", "665f0001", "00" * 27, "fd4005" + "00" * 1344])
    talk.pool(id=5, result=True)
    assert talk.last(ShareResult).hashes == 2.0**16


def test_after_a_gap_the_difficulty_is_not_known() -> None:
    talk = Talk().login("farm.rig").difficulty(1024).job("a")
    talk.parser.gap(Side.SERVER, 100)
    talk.pool(id=None, method="mining.ping", params=[])  # ends the line around the hole
    assert talk.job("b").last(Work).hashes is None


def test_an_account_of_another_coin_does_not_name_the_job() -> None:
    for wallet in (base58check(b"\x30"), base58check(b"\x1e"), XMR):
        talk = Talk().login(f"{wallet}.rig").difficulty(1).job("a")
        assert talk.last(Work).coin == "BTC"


@pytest.mark.parametrize(
    ("user", "password", "coin"),
    [
        (base58check(b"\x30") + ".rig", "x", "LTC"),
        (base58check(b"\x30") + ".rig", "c=LTC,d=5", None),
        ("LTC:" + base58check(b"\x30") + ".rig", "x", None),
        ("farm.rig", "x", None),
    ],
)
def test_a_login_names_its_coin_unless_it_is_only_paid_out(
    user: str, password: str, coin: str | None
) -> None:
    login = Talk().login(user, password).last(Login)
    assert login.coin == coin
    assert login.wallet == (None if user == "farm.rig" else base58check(b"\x30"))


def test_a_wallet_names_a_coin_of_which_nothing_is_known_beforehand() -> None:
    bells = base58check(b"\x19")
    talk = Talk().login(f"{bells}.rig").difficulty(1).job("a", 300_000, "1a0fffff")
    assert talk.last(Work).coin == "BEL"
    paid = Talk().login(f"{bells}.rig", "c=BEL").difficulty(1).job("a", 300_000, "1a0fffff")
    assert paid.last(Work).coin is None


def test_shares_stand_for_a_login_that_was_not_seen() -> None:
    wallet = base58check(b"\x19")
    talk = Talk().difficulty(1).job("a", 300_000, "1a0fffff")
    assert talk.last(Work).coin is None
    talk.share(4, "a", f"{wallet}.rig").job("b", 300_001, "1a0fffff")
    assert talk.last(Work).coin == "BEL"


def test_accounts_that_differ_name_nothing() -> None:
    talk = Talk().login(base58check(b"\x19"))
    talk.miner(id=3, method="mining.authorize", params=[base58check(b"\x24", b"\x22" * 20), "x"])
    talk.miner(id=4, method="mining.authorize", params=[base58check(b"\x30"), "x"])
    assert talk.job("a", 300_000, "1a0fffff").last(Work).coin is None


def test_monero_is_named_by_wallet_and_algorithm() -> None:
    talk = Talk()
    params = {"login": XMR, "pass": "x", "agent": "XMRig/6.21.0", "algo": ["rx/0", "cn/r"]}
    talk.miner(id=1, jsonrpc="2.0", method="login", params=params)
    blob = "1010" + "f0d9ecb106" + "ab" * 32 + "00000000" + "cd" * 32 + "05"  # version 16, 2024-05-07
    job = {"blob": blob, "job_id": "j", "target": "b88d0600", "seed_hash": "ef" * 32}
    talk.pool(id=1, jsonrpc="2.0", error=None, result={"id": "s", "job": job, "status": "OK"})
    work = talk.last(Work)
    assert (work.coin, work.algorithm, work.hashes) == ("XMR", "rx/0", 10_000)
    other = job | {"algo": "rx/wow", "job_id": "k", "target": "dc460300"}
    talk.pool(jsonrpc="2.0", method="job", params=other)
    assert (talk.last(Work).coin, talk.last(Work).algorithm) == ("WOW", "rx/wow")
    share = {"id": "s", "job_id": "j", "nonce": "d0030040", "result": "ab" * 32}
    talk.miner(id=2, jsonrpc="2.0", method="submit", params=share)
    talk.pool(id=2, jsonrpc="2.0", error=None, result={"status": "OK"})
    assert (talk.last(ShareResult).hashes, talk.last(ShareResult).algorithm) == (10_000, "rx/0")


def test_only_so_many_jobs_are_remembered() -> None:
    naming = Naming()
    for job in range(2 * MAX_JOBS):
        naming.job(str(job), 1.0, "scrypt")
    kept = [job for job in range(2 * MAX_JOBS) if naming.share_of(str(job)) is not None]
    assert kept == list(range(MAX_JOBS, 2 * MAX_JOBS))


def test_groestlcoins_wallets_are_verified_as_long_as_that_takes_no_time() -> None:
    wallet = "Fj62rBJi8LvbmWu2jzkaUX1NFXLEqDLoZM"
    login = Talk().login(f"{wallet}.rig").last(Login)
    assert (login.wallet, login.coin, login.worker) == (wallet, "GRS", "rig")
    spoiled = Talk().login(f"{wallet[:-1]}N.rig").last(Login)
    assert (spoiled.wallet, spoiled.coin, spoiled.worker) == (None, None, "rig")
    naming = Naming()
    assert all(naming.login(wallet, "x") == (True, True) for _ in range(MAX_SUMS))
    assert naming.login(wallet, "x") == (False, False)
