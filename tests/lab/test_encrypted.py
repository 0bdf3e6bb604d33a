"""Encrypted miners of whole networks, found in their capture files as a replay finds them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.lab.candidates import candidates
from benchmarks.lab.capture_file import write_capture
from benchmarks.lab.mining import Habits
from benchmarks.lab.networks import Network, network
from benchmarks.lab.windows import windows
from classifier.clocks import Clock, clock_of
from classifier.encrypted_clock import follow
from classifier.encrypted_flows import dependencies
from classifier.encrypted_rate import algorithm_of
from facts.endpoint import Address, address_of
from facts.names import MINING_ROLES, Level, Role
from facts.verdict import Verdict
from minescope.main import run
from pipeline.world import World, scan_alone
from store.database import open_database
from store.rhythms import RhythmStore
from store.verdicts import VerdictStore

NS = 10**9
ENCRYPTED = "encrypted"


def ends(made: Network, flow: int) -> tuple[Address, Address]:
    """The client's and the server's address of a flow."""
    row = made.flows[flow]
    pair = [address_of(int(row[f"{end}_hi"]), int(row[f"{end}_lo"])) for end in "ab"]
    way = int(made.client_way[flow])
    return pair[way], pair[1 - way]


def sealed_clients(made: Network, seconds: float) -> set[Address]:
    """Who mines sealed for that long at least, and nothing in clear."""
    truth, flows = made.truth, made.flows
    lives = (flows["last_ns"] - flows["first_ns"]) / NS
    clear = {ends(made, flow)[0] for flow in np.flatnonzero(truth["mines"] & (truth["carrier"] == "plain"))}
    long = np.flatnonzero(truth["mines"] & (truth["carrier"] != "plain") & (lives >= seconds))
    return {ends(made, int(flow))[0] for flow in long} - clear


def judged(path: Path) -> dict[tuple[Address, Role], Verdict]:
    world = scan_alone(str(path))
    assert isinstance(world, World)
    return {(one.address, one.role): one for one in world.verdicts}


def false_alarms(made: Network, found: dict[tuple[Address, Role], Verdict]) -> list[Verdict]:
    """Verdicts of mining, suspected or more, on addresses that have no part in it."""
    guilty = {end for flow in np.flatnonzero(made.truth["mines"]) for end in ends(made, int(flow))}
    return [
        one
        for (address, role), one in found.items()
        if role in MINING_ROLES and one.level is not Level.CLEARED and address not in guilty
    ]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Network, Path]]:
    """One miner in clear for nine that hide, at one pool; among 60 other flows."""
    steady = Habits(multiplexed=0, old=1, reconnects=0, duty=0, donation=0)
    made = network(
        44, "test", 15, 10, 60, "tls13", 0.1, dialects=("stratum-cryptonote",), pools=1, habits=steady
    )
    path = tmp_path_factory.mktemp("lab") / "network.pcap"
    write_capture(made, path)
    yield made, path
    path.unlink()


def test_one_miner_in_clear_betrays_nine_that_hide(small: tuple[Network, Path]) -> None:
    made, path = small
    found = judged(path)
    hidden = sealed_clients(made, 800)
    assert len(hidden) >= 5
    for client in hidden:
        one = found[client, Role.MINER]
        assert one.level in (Level.LIKELY, Level.SUSPECTED)
        assert (one.encrypted, one.protocols) == (True, (ENCRYPTED,))
        kinds = {weighed.evidence.kind for weighed in one.evidence}
        assert "rhythm.window" in kinds
        assert kinds & {"rhythm.cleared_clock", "rhythm.cleared_shape"}
    assert not false_alarms(made, found)


@pytest.mark.parametrize(("loss", "sampling", "refused"), [(0.05, 1, False), (0.0, 4, True)])
def test_the_shape_of_what_is_sampled_makes_no_verdict_and_a_few_per_cent_lost_are_no_sample(
    tmp_path: Path, loss: float, sampling: int, refused: bool
) -> None:
    steady = Habits(multiplexed=0, old=1, reconnects=0, duty=0, donation=0)
    made = network(
        44,
        "test",
        15,
        10,
        60,
        "tls13",
        0.1,
        dialects=("stratum-cryptonote",),
        pools=1,
        habits=steady,
        capture_loss=loss,
        sampling=sampling,
    )
    write_capture(made, tmp_path / "network.pcap")
    world = scan_alone(str(tmp_path / "network.pcap"))
    assert isinstance(world, World)
    assert ("casebook-shapes-of-samples" in world.counts.released) == refused
    sealed = [one for one in world.verdicts if one.encrypted]
    told = {weighed.evidence.kind for one in sealed for weighed in one.evidence}
    assert ("rhythm.sample" in told) == refused
    assert ("rhythm.shape" in told) != refused
    levels = {one.level for one in sealed}
    assert levels == {Level.CLEARED} if refused else Level.LIKELY in levels
    read = [one for one in world.verdicts if one.level is Level.CONFIRMED]
    assert {one.role for one in read} == {Role.MINER, Role.POOL}  # what is in clear is read as ever


def test_past_traffic_is_found_when_a_clock_comes_in(
    small: tuple[Network, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The lake is filled, a clock of another site imported, the lake scanned: once, and then not again."""
    made, path = small
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    assert run(["replay", str(path), "--store", "--json", "-q", "--probe", "north"]) == 1
    capsys.readouterr()
    assert run(["clocks", "list", "--lang", "en"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) > 1
    assert run(["clocks", "export", str(tmp_path / "named.json")]) == 0
    assert "without a name left out" in capsys.readouterr().out
    assert run(["clocks", "export", "--addresses", str(tmp_path / "all.json")]) == 0
    for line in listed[1:]:
        assert run(["clocks", "forget", line.split("\t")[0]]) in (0, 2)
    assert run(["clocks", "import", str(tmp_path / "all.json"), str(tmp_path / "nothing.json")]) == 2
    capsys.readouterr()
    assert run(["rescan", "--json", "--lang", "en"]) == 1
    first = capsys.readouterr()
    assert '"source": "lake:date=' in first.out or '"source":"lake:date=' in first.out
    with open_database(f"sqlite:///{tmp_path / 'minescope.db'}") as database:
        sources = {
            hit.verdict.source
            for client in sealed_clients(made, 800)
            for hit in VerdictStore(database).of_address(client)
        }
        assert any(source.startswith("lake:") for source in sources)
        assert RhythmStore(database).scanned()
    assert run(["rescan", "--lang", "en"]) == 0
    assert "0 days of probes scanned" in capsys.readouterr().err
    (tmp_path / "blocks.csv").write_text(
        "coin,time\n" + "".join(f"XMR,{made.start_ns / NS + 97 * n}\n" for n in range(9)), encoding="utf-8"
    )
    assert run(["clocks", "import", str(tmp_path / "blocks.csv")]) == 0
    assert run(["rescan", "--lang", "en", "--until", "2000-01-01"]) == 0
    capsys.readouterr()
    assert run(["rescan", "--lang", "en", "-h"]) == 0
    capsys.readouterr()
    run(["rescan", "--lang", "en"])
    assert "0 days of probes scanned" not in capsys.readouterr().err


def test_the_algorithm_of_a_coin_is_that_of_the_parsers() -> None:
    assert algorithm_of("BTC") == "sha256d"
    assert algorithm_of("XMR") == "rx/0"
    assert algorithm_of(None) is None


def told(made: Network, start_ns: int) -> tuple[list[Clock], set[str]]:
    """The clocks of a network's pools, as if it began at a time; and which of them have a job every 3 to 60
    s."""
    clocks, quick = [], set()
    for name, jobs in made.clocks.items():
        inside = jobs["at"][(jobs["at"] > 0) & (jobs["at"] < 900)]
        pool = made.pools[name]
        if len(inside) < 4 or pool.own_refresh:
            continue
        clocks.append(
            clock_of(name, pool.coin.ticker, "jobs", start_ns + np.asarray(jobs["at"] * NS, np.int64))
        )
        if 3 <= np.median(np.diff(inside)) <= 60:
            quick.add(name)
    return clocks, quick


@pytest.mark.prove
@pytest.mark.parametrize("first", [100, 300])
def test_the_pool_clock_alone_keeps_its_promise(first: int) -> None:
    """Recall 99 % at 2e-5 in 15 minutes, one in ten in clear, pools with a job every 60 s or more often."""
    hit = tried = false = honest = 0
    for seed in range(first, first + 30):
        made = network(seed, "test", 15, 40, 1_000, None, 0.1)
        chosen = candidates(made)
        clocks, quick = told(made, made.start_ns)
        found = dependencies(chosen.flows, chosen.packets, ["x"], lambda pair: False)
        for one, tested in zip(found, follow(found, clocks), strict=True):
            rows = made.truth[chosen.rows[list(one.rows)]]
            sure = tested.match is not None and tested.match.p_value <= 2e-5
            if not rows["mines"].any():
                honest += 1
                false += sure
            elif rows["pool"][0] in quick and one.last_ns - one.first_ns >= 800 * NS:
                tried += 1
                hit += sure
    print(f"pool clock alone: {hit} of {tried} found, {false} of {honest} honest dependencies accused")
    assert tried >= 500
    assert hit >= 0.99 * tried
    assert false <= max(1, 2e-5 * honest)


@pytest.mark.prove
def test_the_pool_clock_alone_accuses_nobody_of_a_hundred_thousand() -> None:
    """Honest windows of 15 minutes, each against the clocks of a whole network's pools."""
    others = [network(seed, "test", 15, 40, 60, None, 0.1) for seed in range(130, 140)]
    honest = tests = false = 0
    for turn, one in enumerate(windows(7_000, "test", 100_000)):
        flows = one.chosen.flows
        clocks, _ = told(others[turn % len(others)], int(flows["first_ns"].min()))
        found = dependencies(flows, one.chosen.packets, ["x"], lambda pair: False)
        for tested in follow(found, clocks):
            honest += 1
            tests += tested.clocks
            false += tested.match is not None and tested.match.p_value <= 2e-5
    print(f"pool clock alone: {false} of {honest} honest dependencies accused, in {tests} tests")
    assert tests >= 5 * honest
    assert false <= 2e-5 * honest


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(200, 206))
def test_encrypted_miners_of_whole_networks_are_found_and_nobody_else(seed: int, tmp_path: Path) -> None:
    made = network(seed, "test", 15, 30, 3_000, None, 0.1, pools=6)
    path = tmp_path / "network.pcap"
    write_capture(made, path)
    found = judged(path)
    hidden = sealed_clients(made, 800)
    missed = [client for client in hidden if _level(found, client) is Level.CLEARED]
    print(f"seed {seed}: {len(hidden) - len(missed)} of {len(hidden)} found")
    assert len(missed) <= 1
    assert not false_alarms(made, found)


def _level(found: dict[tuple[Address, Role], Verdict], client: Address) -> Level:
    one = found.get((client, Role.MINER)) or found.get((client, Role.PROXY))
    return Level.CLEARED if one is None else one.level
