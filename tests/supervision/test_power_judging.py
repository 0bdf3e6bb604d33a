"""Accounts judged in groups, by several threads, with reasons for the few told of: as all at once."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.lab.loads import KINDS, loads
from registry.power_accounts import PowerAccount
from supervision.power import features as of_features
from supervision.power.features import NAMES, features
from supervision.power.found import of_scores
from supervision.power.judging import judged
from supervision.power.model import score, shipped
from supervision.power.steps import of_fours
from supervision.power.words import reasons

ACCOUNT = PowerAccount("", "", "", "330102", "A", None, 1.0, (), 0, None, "test")


def test_threads_and_groups_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_features, "CHUNK", 7)
    curves = loads(5, "test", dict.fromkeys(KINDS, 2), 28).curves
    rows = features(curves)
    every = score(rows, shipped(), 0.2)
    accounts = [replace(ACCOUNT, number=f"{i:03}") for i in range(curves.accounts)]
    middle = curves.accounts // 2
    groups = [
        (accounts[:middle], curves.part(0, middle)),
        (accounts[middle:], curves.part(middle, curves.accounts)),
    ]
    found = list(judged(groups, shipped(), 0.2, threads=3))
    assert [one.account.number for one in found] == [one.number for one in accounts]
    assert {one.level for one in found} >= {"likely", "none"}
    for i, one in enumerate(found):
        assert one.level == every.level(i)
        assert one.probability == pytest.approx(every.probability[i], nan_ok=True, rel=1e-12)
        assert one.unusual == pytest.approx(every.unusual[i], nan_ok=True, rel=1e-12)
        assert one.kw == pytest.approx(10 ** float(rows[i, NAMES.index("log_kw")]), rel=1e-6)
        told = () if one.level in ("none", "unknown") else reasons(rows[i], every.parts[i])
        assert [(each.feature, each.value) for each in one.reasons] == [
            (each.feature, each.value) for each in told
        ]


def test_only_what_is_told_of_is_kept_and_what_was() -> None:
    curves = loads(5, "test", dict.fromkeys(KINDS, 2), 28).curves
    accounts = [replace(ACCOUNT, number=f"{i:03}") for i in range(curves.accounts)]
    found = list(judged([(accounts, curves)], shipped(), 0.2))
    plain = [one for one in found if one.level == "none"]
    before = {plain[0].account.number: "likely", plain[1].account.number: "none"}
    kept = of_scores([*found, replace(plain[2], level="unknown")], before)
    assert [one.subject for one in kept if one.level == "none"] == [plain[0].account.number]
    assert not [one for one in kept if one.level == "unknown"]
    weights = [one.weight for one in kept]
    assert weights == sorted(weights, reverse=True)
    assert all(set(each) == {"kind", "value", "log_odds"} for one in kept for each in one.record["reasons"])


def test_a_sum_of_four_is_numpys_own() -> None:
    values = np.random.default_rng(1).normal(0, 1e3, (50, 96, 4)).astype(np.float32)
    values[3, 5, 1] = np.nan
    assert np.array_equal(of_fours(values, np.add), values.sum(axis=2), equal_nan=True)
    known = np.isfinite(values)
    assert np.array_equal(of_fours(known, np.logical_and), known.all(axis=2))
