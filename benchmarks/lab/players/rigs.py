"""What mines: machines and proxies, their programs, accounts and speeds."""

from benchmarks.lab.draw import Draw
from benchmarks.lab.players.dialect import Rig
from benchmarks.lab.players.style import miner_style
from benchmarks.lab.pools import Pool

_ASIC = (
    "cgminer/4.11.1",
    "cgminer/4.12.0",
    "bmminer/2.0.0",
    "bosminer-plus-tuner/23.12",
    "sgminer/4.4.2",
    "bfgminer/5.5.0",
    "cpuminer/2.5.1",
    "bitaxe/BM1370/v2.6.0",
    "whatsminer/v1.1",
    "btcminer/3.8",
)
_CPU = (
    "XMRig/6.21.0 (Linux x86_64) libuv/1.46.0 gcc/11.3.0",
    "XMRig/6.22.2 (Windows NT 10.0; Win64; x64) libuv/1.49.2 msvc/2022",
    "xmr-stak/2.10.8/26d3f9ba8/master/win/cpu/aeon-cryptonight-monero/20",
    "xmrigCC/3.4.0",
    "SRBMiner-MULTI/2.5.8",
    "XMRig/5.11.4 (Linux aarch64) libuv/1.38.1 gcc/9.3.0",
    "cpuminer-multi/1.3.7",
    "xmrig-proxy/6.24.0",
)
_GPU = (
    "ethminer-0.19.0",
    "GMiner/3.44",
    "lolMiner/1.88",
    "T-Rex/0.26.8",
    "teamredminer/0.10.21",
    "NBMiner/42.3",
    "miniZ/2.4d",
    "PhoenixMiner/6.2c",
    "bzminer-v21.2.0",
    "kawpowminer/1.2.4",
    "EWBF 0.3.4b",
    "rigel/1.18.0",
)
AGENTS = {
    "stratum-bitcoin": _ASIC,
    "stratum-v2": _ASIC,
    "stratum-cryptonote": _CPU,
}
SPEEDS = {
    "sha256d": (2e13, 4e15),
    "scrypt": (3e8, 1e11),
    "x11": (5e10, 5e12),
    "rx/0": (4e2, 4e4),
    "rx/wow": (4e2, 4e4),
    "etchash": (2e7, 3e9),
    "ethash": (2e7, 3e9),
    "equihash-200-9": (2e2, 4e5),
    "equihash-144-5": (2e1, 4e3),
    "kawpow": (8e6, 3e8),
    "kheavyhash": (2e8, 2e13),
}
"""H/s (Equihash: solutions/s), from the smallest machine in use to a small farm behind one connection."""


def make_rig(pool: Pool, machines: int, draw: Draw) -> Rig:
    """Draw what connects to a pool; `machines` above 1 stand behind one connection."""
    low, high = SPEEDS[pool.coin.algorithm]
    name = draw.pick("rig.name", ("rig", "worker", "miner", "s19x", "gpu", "node", "m", "asic-"))
    workers = tuple(f"{name}{number}" for number in range(1, machines + 1))
    return Rig(
        account=_account(pool.coin.dialect, draw),
        workers=workers,
        agent=draw.pick("rig.agent", AGENTS.get(pool.coin.dialect, _GPU)),
        hashrate=draw.one("rig.speed", low, high, log=True),
        style=miner_style(draw),
        chatty=draw.chance(0.5),
        host=f"{pool.coin.ticker.lower()}.pool.example",
    )


def _account(dialect: str, draw: Draw) -> str:
    """Return a wallet by chance in the form of the dialect's coins, or the name of an account."""
    letters = "".join(draw.rng.choice(list("abcdefghjkmnpqrstuvwxyz23456789"), 94))
    match dialect:
        case "stratum-cryptonote":
            return "4" + letters
        case "stratum-ethproxy" | "stratum-ethereum":
            return "0x" + draw.rng.bytes(20).hex()
        case "stratum-kaspa":
            return "kaspa:" + letters[:61]
        case "stratum-equihash":
            return "t1" + letters[:33]
        case "stratum-kawpow":
            return "R" + letters[:33]
    return (
        "bc1q" + letters[:38]
        if draw.chance(0.5)
        else "account" + letters[: draw.number("rig.account", 1, 14)]
    )
