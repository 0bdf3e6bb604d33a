"""The arithmetic of evaluations, by hand; and one small evaluation from shards to page."""

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.evaluate import fused, report, tables
from benchmarks.evaluate.baselines import hunter, nemea
from benchmarks.evaluate.endpoints import NEVER, SCORED, Scored, endpoints, hosts, scored
from benchmarks.evaluate.figures import precision, rate, roc, threshold_for
from benchmarks.evaluate.fused_tables import fused_summary, harder
from benchmarks.evaluate.shards import ABOUT, Plan, evaluation, make, read, training
from benchmarks.evaluate.words import WORDS, coded
from classifier import shape
from facts.flow import FLOW
from facts.rhythm import PACKET

NS = 10**9


def test_a_rate_has_its_exact_interval() -> None:
    none = rate(0, 100)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 100))
    assert rate(100, 100).low == pytest.approx(0.025 ** (1 / 100))
    assert math.isnan(rate(0, 0).value)


def test_precision_is_that_of_one_in_1300() -> None:
    found = precision(rate(997, 1_000), rate(23, 1_000_000))
    assert found.value == pytest.approx(0.997 / (0.997 + 1_300 * 23e-6))
    assert found.low < found.value < found.high


def test_the_curve_goes_down_to_one_window_in_all() -> None:
    others = np.arange(1_000.0)
    hits = np.array([999.5, 998.5, 900.5, -1.0])
    rates, recall = roc(hits, others, 4)
    assert rates[0] == pytest.approx(1e-3)
    assert recall[0] == 0.5  # one window may be above: 998 is the threshold
    assert threshold_for(others, 0.0) == 999.0
    assert recall[-1] == 0.75


def test_recall_is_told_as_far_down_as_there_are_windows() -> None:
    rows = np.zeros(20_010, SCORED)
    rows["mines"][:10] = True
    rows["kind"] = coded("kind", np.array(["miner"]))[0]
    rows["log_odds"] = np.repeat([4.0, 1.0, 5.0, 2.0, 0.5], [9, 1, 2, 10, 19_988])
    told = tables.summary(Scored(rows, np.zeros(len(rows), np.int32)), {})["allowed"]
    assert list(told) == ["0.001", "0.0001"]
    assert told["0.0001"]["endpoints"]["hits"] == 9  # two of 20,000 may be above 2.0, and are
    assert told["0.001"]["endpoints"]["hits"] == 10
    rows["log_odds"][12] = 4.0  # a third takes those at its own score with it
    told = tables.summary(Scored(rows, np.zeros(len(rows), np.int32)), {})["allowed"]
    assert told["0.0001"]["endpoints"]["hits"] == 0


def test_an_endpoint_is_judged_by_all_its_connections_and_a_host_by_its_best() -> None:
    about = np.zeros(5, ABOUT)
    about["end"], about["host"], about["mines"] = [0, 0, 0, 1, 2], [4, 4, 4, 4, 5], True
    about["joint"], about["kept"] = [False, False, True, False, False], [True, True, True, True, False]
    best = endpoints(about)
    assert best.tolist() == [2, 3, 4]
    rows = np.zeros(3, SCORED)
    rows["mines"], rows["host"] = True, about["host"][best]
    rows["log_odds"] = np.array([9.0, 1.0, 3.0, 5.0, NEVER])[best]
    best = hosts(Scored(rows, np.zeros(3, np.int32)))
    assert best["log_odds"].tolist() == [5.0, NEVER]
    twice = Scored(np.concatenate([rows, rows]), np.array([0, 0, 0, 1, 1, 1], np.int32))
    assert len(hosts(twice)) == 4  # the same number in another network is another host


def test_the_points_of_the_flow_rule() -> None:
    flows = np.zeros(3, FLOW)
    flows["flags"], flows["ports"] = 24, 50_000 << 16 | 3_333
    flows["packets"], flows["last_ns"] = 50, 600 * NS
    flows["bytes"] = 50 * (14 + 100)
    flows["flags"][1], flows["last_ns"][1] = 16, 299 * NS
    flows["bytes"][2], flows["ports"][2] = 50 * (14 + 900), 3_333 << 16 | 50_000
    # 13 in all; the second lacks PUSH (2) and time (3); the third has large packets (2) and a low port (3)
    assert nemea(flows, np.zeros(3, np.uint8)).tolist() == [13, 8, 8]


def test_the_similarity_with_blocks_by_hand() -> None:
    packets = np.zeros(3, PACKET)
    packets["at_ns"] = np.array([101, 150, 205]) * NS
    blocks = np.array([100, 200, 203, 300]) * NS
    begins = np.array([0, 3])
    # one interval of 100 s: first packet after 1 s, two in it; that of 3 s is skipped, the last has no end
    wanted = (98 / 100) ** 2 * (1 - 1 / 100)
    assert hunter(packets, begins, np.zeros(1, np.uint8), [blocks])[0] == pytest.approx(wanted)
    assert hunter(packets, begins, np.ones(1, np.uint8), [blocks])[0] == 0


def test_training_and_evaluation_share_no_shard_and_no_split() -> None:
    learned = training(2, 40_000, 4_000)
    frozen = training(90, 8_000, 400, split="test")
    tested = evaluation(1, 40_000, 4_000)
    assert {plan.split for plan in learned} == {"train"}
    assert {plan.split for plan in [*frozen, *tested]} == {"test"}
    assert not {plan.seed for plan in frozen} & {plan.seed for plan in tested}
    assert len({plan.name for plan in tested}) == len(tested)


def test_shards_are_made_once_scored_and_told_on_a_page(tmp_path: Path) -> None:
    plans = [Plan("test", True, 5, 15.0, 12), Plan("test", False, 5, 15.0, 300)]
    paths = [make(tmp_path, plan) for plan in plans]
    before = [path.stat().st_mtime_ns for path in paths]
    table, about = read(make(tmp_path, plan) for plan in plans)
    assert [path.stat().st_mtime_ns for path in paths] == before
    assert len(table) == len(about)
    assert np.isnan(table[~about["kept"]]).all()
    found = scored(tmp_path, plans, shape.loaded())
    assert len(found.rows) < len(about)
    assert found.rows["mines"].sum() >= 12
    benign, mining = (found.rows["log_odds"][found.rows["mines"] == mines] for mines in (False, True))
    assert np.median(mining) > np.log(1_300) > np.quantile(benign, 0.99)
    assert len(set(found.rows["print"].tolist())) > 0.99 * len(found.rows)
    told = tables.summary(found, {"again": found})
    assert set(told["rules"]) == {"this model", "NEMEA score", "MineHunter"}
    assert list(told["allowed"]) == []  # of a few hundred windows none is one in a thousand
    many = told["diversity"]
    assert many["networks"] == 1
    assert 50 < many["implementations"] <= told["benign windows"]
    opened = told["harder"]["again"]["by opening"]
    kept = found.rows["mines"] & (found.rows["log_odds"] > NEVER)
    assert [row["of"] for row in opened.values()] == [
        int((kept & found.rows["opened"]).sum()),
        int((kept & ~found.rows["opened"]).sum()),
    ]
    assert 0 < opened["seen"]["of"] < kept.sum()
    kinds = told["by"]["kind of false positive"]
    assert sum(row["of"] for row in kinds.values()) == told["benign windows"]
    assert max(row["greatest log-odds"] for row in kinds.values()) == pytest.approx(benign.max(), abs=0.01)
    told["model"] = {"sha256": "0" * 64}
    page = tmp_path / "evaluation.md"
    page.write_text(f"# Head\n\n{report.BEGIN}\nstale figures\n{report.END}\n\nfoot\n", encoding="utf-8")
    report.write(page, told)
    text = page.read_text("utf-8")
    assert text.startswith("# Head")
    assert text.endswith("foot\n")
    assert "stale" not in text
    assert "| NEMEA score |" in text
    assert (tmp_path / "evaluation" / "roc.svg").stat().st_size > 1_000
    report.write(page, told)
    assert page.read_text("utf-8") == text


def test_the_judge_hears_clocks_of_those_in_clear_and_each_endpoint_counts_once(tmp_path: Path) -> None:
    plan = fused.Plan(5, 20, 4, 600)
    clear, rest = fused.make(tmp_path, plan)
    before = rest.stat().st_mtime_ns
    found = fused.judged(tmp_path, [plan])
    assert rest.stat().st_mtime_ns == before
    rows = found.rows
    keys = ("client_hi", "client_lo", "server_hi", "server_lo", "port")
    assert len(np.unique(rows[list(keys)])) == len(rows)
    mining, benign = rows[rows["mines"]], rows[~rows["mines"]]
    assert "plain" not in mining["carrier"]  # who mines in clear is read, not judged by rhythm
    with np.load(rest) as file:
        told = file["clear"]
    assert set(told["carrier"]) == {"plain"}
    assert len(told) >= 2
    with_clock = set(mining["pool"][mining["heard"] == 2])
    assert with_clock
    assert with_clock <= set(told["pool"])
    assert {*mining["coin"][mining["heard"] == 1]} <= {*told["coin"]}
    assert not benign["heard"].any()
    assert (benign["log_odds"] < 0).all()
    assert found.accused == found.strays == 0
    hidden = mining[(mining["heard"] == 2) & (mining["lasting"] >= 600)]
    assert (hidden["log_odds"] >= 0).all()
    told_of = fused_summary(found, 1)
    level = told_of["levels"]["suspected"]["counted"]["endpoints"]["recall"]
    assert (level["hits"], level["of"]) == (int((mining["log_odds"] >= 0).sum()), len(mining))
    assert told_of["by"]["clock heard from"]["its pool"]["suspected"]["value"] == 1
    page = tmp_path / "evaluation.md"
    told_of["harder"] = {"5 min": harder(found)}
    assert told_of["harder"]["5 min"]["recall"] == level
    watched = [row["suspected"] for row in told_of["watched"].values()]
    assert sum(row["of"] for row in watched) == len(mining)
    assert sum(row["hits"] for row in watched) == level["hits"]
    figures = tables.summary(_nothing_but(found), {})
    figures |= {"model": {"sha256": "0" * 64}, "fused": told_of}
    report.write(page, figures)
    assert "| suspected or more | endpoints (" in page.read_text("utf-8")
    assert "| the judge, harder | judged |" in page.read_text("utf-8")
    assert clear.stat().st_size > 10_000


def _nothing_but(found: fused.Fused) -> Scored:
    """The same endpoints as the shape's tables know them, by the judge's log-odds."""
    rows = np.zeros(len(found.rows), SCORED)
    for name in ("mines", "lasting", "log_odds"):
        rows[name] = found.rows[name]
    for name in WORDS:
        rows[name] = coded(name, found.rows[name])
    return Scored(rows, np.zeros(len(rows), np.int32))
