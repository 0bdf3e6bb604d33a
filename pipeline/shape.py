"""The shape of flows at full speed: the loops of classifier/shape_kernels.py, compiled once and kept.

The rooms of judges know no machinery of capture, so the two are joined here. Importing this file loads
machine code (or compiles it, the first time); a capture without candidates never needs it.
"""

from capture.compiled import compiled
from capture.words import array, int64, uint8, void
from classifier import shape, shape_kernels, shape_masks, shape_series, shape_trees
from classifier.shape_features import Kernels, Rows

_FLOATS, _TABLE = array("f8"), array("f8", 2)
_INTS, _MARKS = int64[::1], uint8[::1]
_GATHER = void(
    _INTS,
    array("u2"),
    _MARKS,
    _MARKS,
    _INTS,
    _MARKS,
    _FLOATS,
    _FLOATS,
    _MARKS,
    _INTS,
    _TABLE,
    _TABLE,
)
_TELL = void(_FLOATS, _FLOATS, _MARKS, _INTS, _FLOATS, _MARKS, _INTS, _INTS, _TABLE)
_MEASURE = void(
    _FLOATS,
    _FLOATS,
    _INTS,
    _MARKS,
    _INTS,
    _FLOATS,
    array("i8", 2),
    _INTS,
    _INTS,
    _FLOATS,
    _INTS,
    _TABLE,
)

_WALK = void(_TABLE, int64[::1], _FLOATS, int64[::1], int64[::1], uint8[::1], _FLOATS, int64[::1], _FLOATS)
_ASK = void(_TABLE, _INTS, _FLOATS, _INTS, _INTS, _INTS, _FLOATS, _INTS, _INTS, _INTS, _FLOATS)

KERNELS = Kernels(
    compiled(_GATHER)(shape_kernels.gather),
    compiled(_TELL)(shape_kernels.tell),
    compiled(_MEASURE)(shape_series.measure),
)
LOOPS = shape.Loops(KERNELS, compiled(_WALK)(shape_trees.walk), compiled(_ASK)(shape_masks.ask))
"""What `scored` of this file measures and scores with."""


def scored(flows: Rows, packets: Rows, model: shape.Model | None = None) -> shape.Scores:
    """Score candidates: (n,) FLOW and (m,) PACKET by flow then time, as capture/rhythm.py and the lake give
    them."""
    return shape.scored(flows, packets, LOOPS, model)
