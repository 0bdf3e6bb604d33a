"""What export records show of a dependency, as evidence of its client, and the verdict that this makes.

`suspected` is the most: counts alone have no job and no share in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from classifier.encrypted_docket import ENCRYPTED
from classifier.kinds import Kind
from classifier.score import judge
from classifier.weights import Weights
from facts.endpoint import Address, Endpoint
from facts.evidence import Evidence
from facts.names import Level, PeerState, Role
from facts.verdict import Peer, Verdict
from facts.where import Where

WITNESS = 4.6
"""Nats, a ratio of 100, from which a dependency is a witness of mining, as in encrypted_evidence.py."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One dependency as records tell of it."""

    client: Address
    server: Endpoint
    nats: float
    """What its shape is worth: natural log of the likelihood ratio of mining."""
    measures: tuple[tuple[str, float, float], ...]
    """Name, value and usual value of the measures that speak most for it."""
    records: int
    connections: int
    packets: int
    sampling: float
    """How many packets each that was counted stands for."""
    first_ns: int
    last_ns: int
    where: Where


def verdicts_of(found: Sequence[Counted], source: str, weights: Weights) -> list[Verdict]:
    """Judge each client by the dependency that speaks most of it, in the order of addresses."""
    of: dict[Address, list[Counted]] = {}
    for one in found:
        if one.nats >= WITNESS:
            of.setdefault(one.client, []).append(one)
    made = []
    for client in sorted(of, key=lambda address: (address.version, int(address))):
        mine = sorted(of[client], key=lambda one: (-one.nats, one.first_ns, str(one.server)))
        judged = judge(_evidence(mine[0]), weights, Level.SUSPECTED)
        peers = {Peer(o.server.address, o.server.port, None, ENCRYPTED, PeerState.ATTEMPT) for o in mine}
        made.append(
            Verdict(
                source=source,
                address=client,
                role=Role.MINER,
                level=judged.level,
                score=judged.score,
                protocols=(ENCRYPTED,),
                coins=(),
                algorithms=(),
                encrypted=True,
                peers=tuple(sorted(peers, key=lambda peer: (str(peer.address), peer.port))),
                first_seen_ns=min(one.first_ns for one in mine),
                last_seen_ns=max(one.last_ns for one in mine),
                agents=(),
                wallets=(),
                workers=None,
                pools=(),
                hashrate=(),
                evidence=judged.evidence,
            )
        )
    return made


def _evidence(one: Counted) -> list[Evidence]:
    peer = str(one.server)
    said = "; ".join(f"{name} {value:.3g} ({usual:.3g})" for name, value, usual in one.measures)

    def state(kind: Kind, measured: float | None, **params: str | int | float | bool) -> Evidence:
        told = tuple(sorted({"peer": peer, **params}.items()))
        return Evidence(one.client, Role.MINER, kind, one.where, one.first_ns, told, measured=measured)

    return [
        state(Kind.RHYTHM_REDUCED, one.nats, message=said or "-"),
        state(
            Kind.RHYTHM_RECORDS,
            None,
            minutes=max(1, round((one.last_ns - one.first_ns) / 60e9)),
            records=one.records,
            connections=one.connections,
            packets=one.packets,
            sampling=round(one.sampling),
        ),
    ]
