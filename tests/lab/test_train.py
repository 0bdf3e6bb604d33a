"""`minescope train` end to end: the laboratory, analysts' decisions on a stored lake, a current model."""

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.evaluate.shards import make, read
from benchmarks.evaluate.shards import training as plans
from benchmarks.lab.candidates import candidates
from benchmarks.lab.capture_file import write_capture
from benchmarks.lab.networks import Network, network
from classifier import shape
from classifier.shape_compare import compared, showing
from classifier.shape_ship import estimator
from facts.endpoint import Address, address_of
from minescope.main import run
from pipeline.settings import load_settings
from pipeline.shape import LOOPS, scored
from store.database import open_database
from store.decisions import decide

LEARN = ["train", "--seed", "5", "--benign", "16000", "--miners", "800", "--frozen-part", "0.07"]


def client_of(made: Network, flow: int) -> Address:
    """The client's address of a flow."""
    end = "b" if made.client_way[flow] else "a"
    row = made.flows[flow]
    return address_of(int(row[f"{end}_hi"]), int(row[f"{end}_lo"]))


def test_too_little_to_hold_anything_out_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "home"))
    out = ["--out", str(tmp_path / "model"), "--folder", str(tmp_path)]
    assert run(["train", "--benign", "4000", "--miners", "200", *out]) == 3
    assert "16,000 benign flows and 800 miners" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


@pytest.mark.prove
def test_a_worse_candidate_is_refused_and_a_better_one_takes_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Decisions on a stored capture become labels; drift is told; files are whole or as they were."""
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "home"))
    made = network(61, "test", 15, miners=40, benign=900)
    capture = tmp_path / "network.pcap"
    write_capture(made, capture)
    assert run(["replay", str(capture), "--store", "--quiet"]) in (0, 1)
    capture.unlink()
    chosen = candidates(made)
    mines, honest = (
        sorted(
            {client_of(made, int(flow)) for flow in chosen.rows[made.truth["mines"][chosen.rows] == kind]},
            key=str,
        )
        for kind in (True, False)
    )
    with open_database(load_settings().database_url) as database, database.writing() as connection:
        for address in mines[:25]:
            decide(connection, address, "confirm", "seen on site", "li", 1)
        for address in [one for one in honest if one not in mines][:60]:
            decide(connection, address, "reject", "a chat", "li", 2)
    current = shape.loaded()
    folder, out = ["--folder", str(tmp_path / "shards")], tmp_path / "model"

    # a model that is shipped knows more than one made of so little
    out.mkdir()
    before = shape.written(out / "shape.npz", current)
    assert run([*LEARN, *folder, "--out", str(out)]) == 1
    told = capsys.readouterr()
    assert "confirmed" in told.err
    assert "drift: " in told.out
    assert "measures moved" in told.out
    assert "refused: recall" in told.out
    assert hashlib.sha256((out / "shape.npz").read_bytes()).hexdigest() == before
    assert [path.name for path in out.iterdir()] == ["shape.npz"]

    # one that hardly dares to speak is worse than it
    timid = replace(current, log_odds=current.log_odds / 50)
    shape.written(out / "shape.npz", timid)
    assert run([*LEARN, *folder, "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert "refused" not in told.out
    card = json.loads((out / "shape.json").read_text("utf-8"))
    fresh = shape.read(out / "shape.npz", card["sha256"])
    assert card["rows"]["labelled by analysts"] >= 60
    assert card["frozen set"]["benign"] >= 1_000
    flows, packets = chosen.flows, chosen.packets
    odds = scored(flows, packets, fresh).log_odds
    truth = made.truth["mines"][chosen.rows]
    assert showing(odds, truth).separation > 0.99
    raw = shape.raw_scores(np.zeros((3, len(fresh.names))), fresh.trees, shape.Loops())
    kept = estimator(out / "shape.json")
    assert np.abs(raw - kept.decision_function(np.zeros((3, len(fresh.names))))).max() < 1e-9

    # a report trains nothing
    identity = hashlib.sha256((out / "shape.npz").read_bytes()).hexdigest()
    assert run([*LEARN, *folder, "--out", str(out), "--report"]) == 0
    told = capsys.readouterr()
    assert "on decisions, current: recall" in told.out
    assert "drift: " in told.out
    assert hashlib.sha256((out / "shape.npz").read_bytes()).hexdigest() == identity

    # the comparison is the rule that the command goes by
    table, about = read([make(tmp_path / "shards", plan) for plan in plans(90, 4_200, 280, split="test")])
    table, about = table[about["kept"]], about[about["kept"]]
    rows = np.asarray(table, np.float64)
    shown = [showing(shape.judged(rows, one, LOOPS)[0], about["mines"]) for one in (fresh, timid)]
    assert compared(shown[1], shown[0]).worse == ()
    assert compared(shown[0], shown[1]).worse
    assert math.isfinite(shown[0].loss)
