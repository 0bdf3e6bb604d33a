"""Coordinates from one datum to another: WGS-84, GCJ-02 and CGCS2000.

CGCS2000 and WGS-84 (G1150 and later) are realised within a few centimetres of each other, and their
ellipsoids differ by 0.1 mm at the pole: here they are the same. GCJ-02 is WGS-84 with an offset that depends
on the place, added within a rectangle around China; the formula is the one that public implementations share.
It has no closed inverse, so the way back is found by iteration, to better than 1e-9 degrees (0.1 mm).
"""

from math import cos, pi, sin, sqrt

from registry.model import Datum

_A = 6378245.0  # metres: semi-major axis of the Krasovsky 1940 ellipsoid, which the offset is made with
_EE = 0.00669342162296594323  # its first eccentricity squared
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_CLOSE = 1e-11  # degrees at which the iteration ends; it gains two digits a round
_ROUNDS = 30

Place = tuple[float, float]
"""Degrees east and north."""


def convert(place: Place, given: Datum, wanted: Datum) -> Place:
    """Return (longitude, latitude) of a place in another datum."""
    if (given is Datum.GCJ_02) == (wanted is Datum.GCJ_02):
        return place
    return _from_gcj(place) if given is Datum.GCJ_02 else _to_gcj(place)


def within_china(place: Place) -> bool:
    """Say whether GCJ-02 differs from WGS-84 there: a rectangle, which holds neighbours too."""
    return _WEST <= place[0] <= _EAST and _SOUTH <= place[1] <= _NORTH


def _to_gcj(place: Place) -> Place:
    if not within_china(place):
        return place
    east, north = _offset(place)
    return place[0] + east, place[1] + north


def _from_gcj(place: Place) -> Place:
    """Return the place whose GCJ-02 coordinates are these."""
    guess = place
    for _ in range(_ROUNDS):
        shown = _to_gcj(guess)
        east, north = place[0] - shown[0], place[1] - shown[1]
        guess = guess[0] + east, guess[1] + north
        if abs(east) < _CLOSE and abs(north) < _CLOSE:
            break
    return guess


def _offset(place: Place) -> Place:
    longitude, latitude = place
    x, y = longitude - 105.0, latitude - 35.0
    common = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + common
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + common
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    angle = latitude / 180.0 * pi
    magic = 1 - _EE * sin(angle) ** 2
    north_metres = _A * (1 - _EE) / (magic * sqrt(magic)) * pi / 180.0
    east_metres = _A / sqrt(magic) * cos(angle) * pi / 180.0
    return east / east_metres, north / north_metres
