"""Names of kinds, carriers and dialects as small numbers, so that millions of rows stay small."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.lab.benign.table import KINDS
from benchmarks.lab.carriers.table import CARRIERS
from benchmarks.lab.chains import COINS

Array = npt.NDArray[Any]

WORDS: Final = {
    "kind": tuple(sorted({"", "miner", "donation", *(kind.name for kind in KINDS)})),
    "carrier": tuple(sorted({"", *CARRIERS})),
    "dialect": tuple(sorted({"", *(coin.dialect for coin in COINS)})),
}
"""What each column may say, sorted; a row holds its place."""


def coded(column: str, words: Array) -> Array:
    """Return (n,) u1 places of (n,) words in WORDS[column]. Raises ValueError for an unknown word."""
    known = np.array(WORDS[column])
    place = np.minimum(np.searchsorted(known, words), len(known) - 1)
    if (wrong := known[place] != words).any():
        raise ValueError(f"{column}: no word {str(words[wrong][0])!r} is known")
    made: Array = place.astype(np.uint8)
    return made


def said(column: str, places: Array) -> dict[str, Array]:
    """Return, for each word that occurs in (n,) places, which rows say it."""
    return {WORDS[column][place]: places == place for place in np.unique(places).tolist()}
