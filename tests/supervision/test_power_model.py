"""The load models: equal to the library that grew them, explained to the last nat, refused when damaged."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.lab.loads import KINDS, MINES, loads
from facts.errors import StoreError
from supervision.power.features import NAMES, features
from supervision.power.model import FILES, read, score, shipped
from supervision.power.trees import Trees, from_arrays
from supervision.power.words import reasons, table

DATA = Path("supervision/power/data")


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    made = loads(91, "test", dict.fromkeys(KINDS, 4), 60)
    return features(made.curves), made.kind


def test_the_arrays_judge_as_the_library_does(rows: tuple[np.ndarray, np.ndarray]) -> None:
    import skops.io
    from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest

    from supervision.power.model import ranked
    from supervision.power.training import _path

    path = DATA / FILES.models
    held = skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    model = shipped()
    classifier, forest = held["mines"], held["unlike"]
    assert isinstance(classifier, HistGradientBoostingClassifier)
    assert isinstance(forest, IsolationForest)
    raw = classifier.decision_function(rows[0])
    np.testing.assert_allclose(model.mines.sums(rows[0]), raw, atol=1e-9)
    depth = model.unlike.sums(ranked(rows[0], model.knots)) / model.unlike.root.size
    usual = float(_path(np.array([float(forest._max_samples)]))[0])
    np.testing.assert_allclose(
        -(2 ** (-depth / usual)), forest.score_samples(ranked(rows[0], model.knots)), atol=1e-6
    )


def test_the_parts_of_every_account_sum_to_its_log_odds(rows: tuple[np.ndarray, np.ndarray]) -> None:
    model = shipped()
    found = score(rows[0], model)
    start = model.slope * model.mines.start + model.offset
    np.testing.assert_allclose(found.parts.sum(axis=1) + start, found.log_odds, atol=1e-9)


def test_machines_stand_above_look_alikes_of_parameters_never_seen(
    rows: tuple[np.ndarray, np.ndarray],
) -> None:
    found = score(rows[0], shipped())
    kind = rows[1]
    mines = (kind < len(MINES)) & (kind != KINDS.index("hidden"))
    assert np.median(found.log_odds[mines]) > 4
    assert np.median(found.log_odds[kind >= len(MINES)]) < -2
    for name in ("ai_hall", "data_centre", "cold_store", "aluminium", "chemical", "telecom"):
        assert np.median(found.log_odds[kind == KINDS.index(name)]) < 0, name


def test_less_than_a_week_is_unknown_and_a_missing_import_is_not() -> None:
    empty = np.full((1, len(NAMES)), np.nan, np.float32)
    assert score(empty, shipped()).level(0) == "unknown"
    one = loads(4, "test", {"farm": 1}, 60).curves
    from dataclasses import replace

    bare = replace(one, kvar=None, phases=None, celsius=None, capacity=None)
    assert score(features(bare), shipped()).level(0) != "unknown"


def test_reasons_speak_both_languages_and_every_feature_has_words(
    rows: tuple[np.ndarray, np.ndarray],
) -> None:
    assert set(NAMES) | {"levels"} == set(table())
    found = score(rows[0], shipped())
    told = reasons(rows[0][0], found.parts[0])
    assert told
    assert list(told) == sorted(told, key=lambda one: -abs(one.log_odds))
    for name in NAMES:
        for lang in ("en", "zh"):
            assert "{" not in str(table()[name][lang]).format(value="1")
    assert all(one.text("zh") != one.text("en") for one in told)


@pytest.mark.parametrize("damage", ["bytes", "features", "missing", "paper"])
def test_a_damaged_model_is_refused(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    paper = json.loads((folder / FILES.paper).read_text("utf-8"))
    match damage:
        case "bytes":
            raw = bytearray((folder / FILES.arrays).read_bytes())
            raw[len(raw) // 2] ^= 1
            (folder / FILES.arrays).write_bytes(raw)
        case "features":
            paper["features"][0] = "other"
            (folder / FILES.paper).write_text(json.dumps(paper), "utf-8")
        case "missing":
            (folder / FILES.arrays).unlink()
        case _:
            (folder / FILES.paper).write_text("{", "utf-8")
    with pytest.raises(StoreError):
        read(folder)


def test_a_tree_with_a_way_back_is_refused() -> None:
    good: Trees = shipped().mines
    arrays = good.arrays("x")
    left = good.left.copy()
    left[5] = 0
    with pytest.raises(ValueError, match="out of order"):
        from_arrays({**arrays, "x.left": left}, "x")
