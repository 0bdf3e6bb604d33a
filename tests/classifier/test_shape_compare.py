import numpy as np
import pytest

from classifier.shape_compare import VERDICT, compared, showing, stability


def rows(good: float, bad: float = -6.0, alarms: int = 0) -> tuple[np.ndarray, np.ndarray]:
    mines = np.arange(5_000) >= 4_000
    odds = np.where(mines, good, bad).astype(float)
    odds[:alarms] = 8.0
    return odds, mines


def test_recall_false_alarms_and_separation_are_counted() -> None:
    odds, mines = rows(8.0, alarms=3)
    odds[-100:] = VERDICT - 0.01
    shown = showing(odds, mines)
    assert (shown.mining, shown.benign, shown.false_alarms) == (1_000, 4_000, 3)
    assert shown.recall == pytest.approx(0.9)
    # 900 tie with three alarms and 100 lie below them
    assert shown.separation == pytest.approx((900 * (3_997 + 1.5) + 100 * 3_997) / 1_000 / 4_000)
    with pytest.raises(ValueError, match="both"):
        showing(odds, np.zeros(5_000, bool))


def test_a_worse_candidate_is_refused_with_its_reasons() -> None:
    now = showing(*rows(8.0))
    assert compared(now, showing(*rows(8.0))).worse == ()
    assert compared(now, showing(*rows(9.0))).worse == ()
    assert "recall" in compared(now, showing(*rows(5.0))).worse[0]
    assert "false alarms" in compared(now, showing(*rows(8.0, alarms=9))).worse[0]
    assert any("loss" in why for why in compared(now, showing(*rows(8.0, bad=-2.0))).worse)


def test_calibration_that_claims_too_much_is_seen() -> None:
    rng = np.random.default_rng(2)
    raw = np.concatenate([rng.normal(-1, 1, 20_000), rng.normal(1, 1, 20_000)])  # log-odds are 2 raw
    mines = np.arange(40_000) >= 20_000
    assert showing(2 * raw, mines).off < 0.2
    assert showing(2 * raw + 2, mines).off == pytest.approx(2, abs=0.15)


def test_the_stability_index_is_zero_for_the_same_and_grows_with_the_shift() -> None:
    rng = np.random.default_rng(4)
    old = rng.normal(size=(4_000, 3))
    new = rng.normal(size=(4_000, 3))
    new[:, 1] += 1.0
    new[:2_000, 2] = np.nan
    found = stability(old, new)
    assert found[0] < 0.02
    assert found[1] > 0.25
    assert found[2] > 0.25
    assert (stability(old, old) == 0).all()


def test_the_stability_index_by_hand() -> None:
    old = np.array([[0.0]] * 50 + [[1.0]] * 50)
    new = np.array([[0.0]] * 80 + [[1.0]] * 20)
    p, q = (50.5 / 101, 50.5 / 101), (80.5 / 101, 20.5 / 101)
    parts = [(b - a) * np.log(b / a) for a, b in zip(p, q, strict=True)]
    assert stability(old, new, bins=2)[0] == pytest.approx(sum(parts), rel=0.05)
