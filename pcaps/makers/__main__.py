"""`python -m pcaps.makers`: build every sample capture again; the bytes do not change."""

from importlib import import_module

from pcaps.makers.making import FOLDER

MAKERS = (
    "almost_stratum",
    "bip324",
    "bitcoin_extensions",
    "browser_mining",
    "btc_farm",
    "btcagent_farm",
    "chain_jobs",
    "chia_nodes",
    "chia_pool",
    "cryptonote_variants",
    "cut_short",
    "datum_gateway",
    "devp2p",
    "dialects_in_a_row",
    "dns_over_tcp",
    "electrum",
    "equihash_relatives",
    "etc_nicehash",
    "eth_proxy",
    "ethereum_stratum",
    "getwork",
    "http_connect",
    "kaspa_nodes",
    "kawpow_rigs",
    "lookalike_logs",
    "lookalike_rpc",
    "lookalike_web",
    "lossy",
    "nimiq",
    "nodes",
    "other_coins",
    "own_words",
    "pool_names",
    "prober",
    "quic_names",
    "socks",
    "solo",
    "solo_node",
    "stratum_v2",
    "stratum_v2_noise",
    "tunnels",
    "unanswered",
    "webminerpool",
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
