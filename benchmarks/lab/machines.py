"""Machines that mine: what they do and what they take, for fleets whose truth is known.

Source: makers' figures as collected in docs/quantities.md; tolerance 5 %. The lab keeps its own few
rows, so that what is tested and what tests it do not share a table.
"""

from dataclasses import dataclass

from benchmarks.lab.draw import Draw


@dataclass(frozen=True, slots=True)
class Model:
    """One model as it is sold."""

    name: str
    algorithm: str
    hashrate: float
    """H/s."""
    watts: float
    agent: str


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine as it runs."""

    model: str
    algorithm: str
    hashrate: float
    """H/s."""
    watts: float
    agent: str


MODELS = (
    Model("Antminer S9", "sha256d", 13.5e12, 1_323, "bmminer/2.0.0"),
    Model("Antminer S17", "sha256d", 56e12, 2_520, "bmminer/2.0.0"),
    Model("Whatsminer M20S", "sha256d", 62e12, 2_976, "whatsminer/v1.1"),
    Model("Avalon 1246", "sha256d", 90e12, 3_420, "cgminer/4.11.1"),
    Model("Antminer S19", "sha256d", 95e12, 3_250, "bmminer/2.0.0"),
    Model("Antminer S19 Pro", "sha256d", 110e12, 3_250, "bmminer/2.0.0"),
    Model("Whatsminer M30S++", "sha256d", 106e12, 3_472, "whatsminer/v1.1"),
    Model("Antminer S19 XP", "sha256d", 140e12, 3_010, "bmminer/2.0.0"),
    Model("Whatsminer M60", "sha256d", 172e12, 3_423, "whatsminer/v1.1"),
    Model("Antminer S21", "sha256d", 200e12, 3_500, "bmminer/2.0.0"),
    Model("Antminer L7", "scrypt", 9.5e9, 3_425, "bmminer/2.0.0"),
    Model("RTX 3070", "etchash", 62e6, 200, "ethminer-0.19.0"),
    Model("RTX 3080", "etchash", 98e6, 280, "GMiner/3.44"),
    Model("RX 6800 XT", "etchash", 64e6, 230, "teamredminer/0.10.21"),
    Model("Desktop of 16 cores", "rx/0", 17e3, 135, "XMRig/6.21.0 (Linux x86_64) libuv/1.46.0 gcc/11.3.0"),
)
TOLERANCE = 0.05


def make_machines(algorithm: str, count: int, draw: Draw, models: int = 2) -> list[Machine]:
    """Return `count` machines of at most `models` models of an algorithm, each within the makers' tolerance.

    Raises ValueError for an algorithm for which the table has no model.
    """
    rng = draw.rng
    fitting = [model for model in MODELS if model.algorithm == algorithm]
    if not fitting:
        raise ValueError(f"no model mines {algorithm}")
    bought = [fitting[i] for i in rng.choice(len(fitting), min(models, len(fitting)), replace=False)]
    made = []
    for choice in rng.integers(0, len(bought), count).tolist():
        model = bought[choice]
        speed, taken = rng.uniform(1 - TOLERANCE, 1 + TOLERANCE, 2).tolist()
        made.append(Machine(model.name, algorithm, model.hashrate * speed, model.watts * taken, model.agent))
    return made
