"""The farm's capture cut inside a record, as a full disk leaves it: read up to the damage, which is named."""

from pcaps.makers import btc_farm

FILE = "cut_short.pcap"
KEEP = 21_000  # bytes: inside a packet


def make() -> bytes:
    """Return the capture."""
    return btc_farm.make()[:KEEP]
