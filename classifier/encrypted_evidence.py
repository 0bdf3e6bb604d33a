"""What a sealed dependency shows, as evidence: of its client as miner, and of its server as pool."""

import math
from collections.abc import Callable, Iterable
from typing import Protocol

from classifier.encrypted import ALONE, Company, Standing
from classifier.encrypted_learning import NEW_BLOCKS
from classifier.encrypted_rate import CERTAIN
from classifier.kinds import Kind
from classifier.weights import Weights
from facts.endpoint import Address
from facts.evidence import Evidence
from facts.instant import NS, rfc3339
from facts.names import Role

WITNESS = 4.6
"""Nats of clock or shape, a ratio of 100, from which a dependency is a witness of mining."""

Value = str | int | float | bool


class _State(Protocol):
    """Makes evidence of a kind, with what its sentence needs."""

    def __call__(self, kind: Kind, measured: float | None = None, **params: Value) -> Evidence: ...


def is_witness(one: Standing, weights: Weights, company: float = 0.0) -> bool:
    """Say whether a dependency speaks for mining at all, by itself or in the `company` (nats) that it is in.

    A shape that is seen in a sample is a witness that is heard and not believed: its verdict says why."""
    return max(*spoken(one, weights), one.shape if one.sample else 0.0) >= WITNESS or (
        company > 0 and log_odds(one, weights) + company >= 0
    )


def spoken(one: Standing, weights: Weights) -> tuple[float, float]:
    """Return the nats of clock and shape as far as their kinds count; in a sample a shape says nothing."""
    most = abs(weights.kinds[_clock_kind(one)].nats)
    shape = abs(weights.kinds[Kind.RHYTHM_SHAPE].nats) if not one.sample else 0.0
    return min(one.clock, most), min(max(one.shape, -shape), shape)


def log_odds(one: Standing, weights: Weights) -> float:
    """Return the log-odds of mining by rhythm alone."""
    return weights.prior + math.fsum(spoken(one, weights))


def heaviest(standings: Iterable[Standing], odds: Callable[[Standing], float]) -> Standing:
    """Return the dependency that speaks most by `odds`."""
    return max(standings, key=lambda one: (odds(one), -one.first_ns, str(one.server)))


def coin_of(one: Standing) -> str | None:
    """Return the coin of a dependency, where the clock is certain enough of it."""
    return one.match.clock.coin if one.match is not None and one.clock >= CERTAIN else None


def pool_of(one: Standing) -> str | None:
    """Return the pool that it follows, by name; None where the clock has only an address or a coin."""
    if one.match is None or one.match.clock.told != "jobs" or one.clock < CERTAIN:
        return None
    name = one.match.clock.name
    return None if is_endpoint(name) else name.partition(" (")[0]


def evidence_of(
    one: Standing, address: Address, role: Role, weights: Weights, company: Company = ALONE
) -> list[Evidence]:
    """State what a dependency shows of one of its ends: reasons, window, and what would have cleared it."""
    peer = str(one.server) if role is not Role.POOL else str(one.client)

    def state(kind: Kind, measured: float | None = None, **params: Value) -> Evidence:
        told = tuple(sorted({"peer": peer, **params}.items()))
        return Evidence(address, role, kind, one.where, one.begun_ns, told, measured=measured)

    found = []
    clock, shape = spoken(one, weights)
    match = one.match
    if match is not None and clock > 0:
        clock_kind = _clock_kind(one)
        found.append(
            state(
                clock_kind,
                one.clock,
                pool=match.clock.name,
                coin=match.clock.coin or "?",
                instants=match.instants,
                followed=match.followed,
                chance=round(match.expected, 1),
                delay=round(match.delay_ns / NS, 1),
            )
        )
    if one.sample:
        found.append(state(Kind.RHYTHM_SAMPLE, percent=round(100 * one.sample)))
    elif one.shape:
        kind = Kind.RHYTHM_SHAPE if one.shape > 0 else Kind.RHYTHM_OTHER_SHAPE
        said = "; ".join(f"{name} {_short(value)} ({_short(usual)})" for name, value, usual in one.measures)
        found.append(state(kind, one.shape, message=said or "-"))
    if company.nats:
        found.append(state(Kind.RHYTHM_COMPANY, company.nats, clients=company.clients))
    if one.unlike > 1 and not one.sample:
        found.append(state(Kind.RHYTHM_UNFAMILIAR, distance=round(one.unlike, 1)))
    lost = round(100 * one.lost / max(1, one.packets), 1)
    found.append(
        state(
            Kind.RHYTHM_WINDOW,
            minutes=one.minutes,
            connections=one.connections,
            packets=one.packets,
            lost=lost,
        )
    )
    if one.windows > 1:
        found.append(state(Kind.RHYTHM_HISTORY, windows=one.windows, since=rfc3339(one.first_ns)))
    excess = log_odds(one, weights) + company.nats
    if excess >= 0:
        found.append(_would_clear(one, excess, clock, shape, state))
    if one.rate is not None and role is not Role.POOL:
        found.append(one.rate.because(address, peer, one.where, one.begun_ns))
    return found


def _would_clear(one: Standing, excess: float, clock: float, shape: float, state: _State) -> Evidence:
    """State what would have cleared it: weaker evidence of the witness that counts most."""
    times = f"{math.exp(min(excess, 30)):.2g}"
    match = one.match
    if match is None or clock <= shape:
        return state(Kind.RHYTHM_CLEARED_SHAPE, times=times)
    enough = max(0, math.ceil(match.followed * max(0.0, 1 - excess / clock)) - 1)
    return state(Kind.RHYTHM_CLEARED_CLOCK, times=times, most=enough, instants=match.instants)


def _clock_kind(one: Standing) -> Kind:
    told = one.match.clock.told if one.match is not None else "jobs"
    return {"jobs": Kind.RHYTHM_CLOCK, "unread": Kind.RHYTHM_UNREAD}.get(told, Kind.RHYTHM_BLOCKS)


def is_endpoint(name: str) -> bool:
    """Say whether a clock's name is but the address and port of a server."""
    name = name.removesuffix(NEW_BLOCKS)
    head, _, port = name.rpartition(":")
    return port.isdigit() and (head.startswith("[") or head.replace(".", "").isdigit())


def _short(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"
