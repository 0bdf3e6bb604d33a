"""Coin and algorithm of the block templates that nodes hand out: a job's facts, under a template's names.

Sources: BIP 22, BIP 23; Bitcoin ABC (coinbasetxn.minerfund); Monero's daemon RPC; docs/protocols/coins.md.
"""

from collections.abc import Mapping
from typing import Any

from protocols import cryptonote_blob
from protocols.chains import Block
from protocols.coinbase import MAX_HEIGHT, Coinbase
from protocols.coins import MINER_FUND, Named, Told, Wanted, name
from protocols.stratum_shapes import is_any_hex, is_hex
from protocols.targets import hashes_of_bits


def of_template(template: Mapping[str, Any]) -> Named:
    """Name the chain of a template of getblocktemplate, whole or its outer members."""
    bits, time, version = template.get("bits"), template.get("curtime"), template.get("version")
    previous, height = template.get("previousblockhash"), template.get("height")
    if not isinstance(bits, str) or not is_hex(bits, 8) or type(time) is not int or not 0 <= time < 2**32:
        return None, None
    made = template.get("coinbasetxn")
    scripts = (MINER_FUND,) if isinstance(made, dict) and "minerfund" in made else ()
    known = type(height) is int and 0 < height < MAX_HEIGHT
    block = Block(
        time,
        version & 0xFFFFFFFF if type(version) is int else 0,
        hashes_of_bits(int(bits, 16)),
        int(previous, 16) if isinstance(previous, str) and is_hex(previous, 64) else 2**256 - 1,
        Coinbase(height if known else None, scripts=scripts),
    )
    return name("stratum-bitcoin", Told(block=block), Wanted())


def of_daemon(template: Mapping[str, Any]) -> Named:
    """Name the coin of a CryptoNote daemon's template."""
    blob, height = (
        template.get("blockhashing_blob", template.get("blocktemplate_blob")),
        template.get("height"),
    )
    told = Told(
        height=height if type(height) is int else None,
        blob=cryptonote_blob.read(blob) if isinstance(blob, str) and is_any_hex(blob) else None,
        seeded=is_hex(template.get("seed_hash"), 64),
    )
    return name("stratum-cryptonote", told, Wanted())
