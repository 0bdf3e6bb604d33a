"""`python -m pcaps.makers`: build every sample capture again; the bytes do not change."""

from importlib import import_module

from pcaps.makers.making import FOLDER

MAKERS = (
    "almost_stratum",
    "btc_farm",
    "cut_short",
    "etc_nicehash",
    "eth_proxy",
    "lossy",
    "nodes",
    "pool_names",
    "prober",
    "tunnels",
    "unanswered",
    "xmr_rig",
    "zec_rig",
)
"""Explicit: a test asserts that every maker in the folder is named."""


def main() -> None:
    """Write each maker's file."""
    for name in MAKERS:
        maker = import_module(f"pcaps.makers.{name}")
        data = maker.make()
        (FOLDER / maker.FILE).write_bytes(data)
        print(f"{maker.FILE}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
