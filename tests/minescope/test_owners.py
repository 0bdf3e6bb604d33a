"""`minescope owners` on runs of real samples: list, show, export, rebuild."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from minescope.main import run

PCAPS = Path(__file__).parents[2] / "pcaps"
SPACE = "{http://graphml.graphdrawing.org/xmlns}"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    for name in ("ethereum_stratum.pcap", "stratum_v2.pcap"):
        assert run(["replay", "--store", "-q", str(PCAPS / name)]) == 1
    capsys.readouterr()


def test_clusters_are_listed_and_shown(kept: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["owners", "list", "--json", "--lang", "en"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["addresses"] for one in listed] == [2, 2]
    assert run(["owners", "show", "198.51.100.9", "--json", "--lang", "zh"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["says"] == "同一经营者"
    assert told["campaign"]["kind"] == "none"
    assert 0 <= told["campaign"]["probability"] < 0.5
    assert [member["address"] for member in told["members"]] == ["198.51.100.9", "198.51.100.10"]
    for what in (told["id"], "samplefarm"):
        assert run(["owners", "show", what, "--lang", "en"]) == 0
        assert "samplefarm" in capsys.readouterr().out
    assert run(["owners", "show", "8.8.8.8"]) == 2


def test_graphml_holds_every_tie_with_its_place(
    kept: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "graph.graphml"
    assert run(["owners", "export", "--out", str(out)]) == 0
    root = ElementTree.parse(out).getroot()
    assert root.tag == f"{SPACE}graphml"
    keys = {key.attrib["id"]: key.attrib for key in root.iter(f"{SPACE}key")}
    assert all(key["for"] in ("node", "edge") for key in keys.values())
    nodes = {node.attrib["id"] for node in root.iter(f"{SPACE}node")}
    assert len(nodes) == len(list(root.iter(f"{SPACE}node")))
    edges = list(root.iter(f"{SPACE}edge"))
    assert edges
    for edge in edges:  # what GraphML's schema asks: known ends, known keys, an id of its own
        assert {edge.attrib["source"], edge.attrib["target"]} <= nodes
        data = {part.attrib["key"]: part.text for part in edge}
        assert data.keys() <= {name for name, key in keys.items() if key["for"] == "edge"}
        assert int(data["frame"] or 0) > 0
        assert (data["source"] or "").endswith(".pcap")
    assert len({edge.attrib["id"] for edge in edges}) == len(edges)
    assert run(["owners", "export", "--format", "json"]) == 0
    clusters = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(len(one["ties"]) for one in clusters) == len(edges)


def test_a_rebuild_changes_nothing_and_replay_shows_the_same_cluster(
    kept: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["owners", "list", "--json"]) == 0
    before = capsys.readouterr().out
    assert run(["owners", "rebuild"]) == 0
    capsys.readouterr()
    assert run(["owners", "list", "--json"]) == 0
    assert capsys.readouterr().out == before
    run(["replay", "--json", "-q", str(PCAPS / "ethereum_stratum.pcap")])
    verdicts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    shown = {
        one["address"]: one["cluster"]
        for one in verdicts
        if one["type"] == "verdict" and one["role"] == "miner"
    }
    assert shown["198.51.100.9"] == shown["198.51.100.10"]
    assert shown["198.51.100.9"]["id"] in before
    assert shown["198.51.100.11"] is None


def test_that_there_is_nothing_to_list_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    for lang, words in (
        ("en", "no cluster of 2 addresses or more is held"),
        ("zh", "没有包含 2 个及以上地址的关联簇"),
    ):
        assert run(["owners", "list", "--lang", lang]) == 0
        said = capsys.readouterr()
        assert (said.out, words in said.err) == ("", True)
