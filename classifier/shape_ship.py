"""Laying a fitted model down: flat arrays for scoring, skops for whoever wants the estimator, and its facts.

shape.npz    what replay and probe score with
shape.skops  scikit-learn's estimator, in a form that runs no code when it is read
shape.json   SHA-256 of both, the measures, versions, how it was made and what it showed
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from classifier.shape import ModelError, written
from classifier.shape_fit import Fitted


def ship(folder: Path, fitted: Fitted, facts: Mapping[str, Any], stem: str = "shape") -> str:
    """Write the three files of a model; return the SHA-256 of its flat arrays. The card comes last."""
    from skops import io

    arrays, estimator, card = (folder / f"{stem}{ending}" for ending in (".npz", ".skops", ".json"))
    identity = written(arrays, fitted.model)
    io.dump(fitted.estimator, estimator)
    told = {
        "sha256": identity,
        "skops_sha256": hashlib.sha256(estimator.read_bytes()).hexdigest(),
        "measures": list(fitted.model.names),
        "scikit_learn": version("scikit-learn"),
        "skops": version("skops"),
        "numpy": version("numpy"),
        **facts,
    }
    card.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return identity


def estimator(card: Path) -> Any:
    """Read the estimator beside a card. Raises ModelError where it is another, or holds types not trusted."""
    from skops import io

    told = json.loads(card.read_text(encoding="utf-8"))
    path = card.with_suffix(".skops")
    if hashlib.sha256(path.read_bytes()).hexdigest() != told["skops_sha256"]:
        raise ModelError(f"{path}: not the file that {card.name} tells of")
    strange = [name for name in io.get_untrusted_types(file=path) if not name.startswith("sklearn.")]
    if strange:
        raise ModelError(f"{path}: holds types that are not trusted: {', '.join(strange)}")
    return io.load(path, trusted=io.get_untrusted_types(file=path))
