"""What mines at addresses, as their current verdicts have it: for questions about a whole cluster at once."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from facts.endpoint import Address
from facts.names import Level, Role
from facts.verdict import Machines, Power
from store.clusters import batches
from store.quantity_rows import from_json
from store.tables import VerdictRow

_MINES = (Role.MINER.value, Role.SOLO_MINER.value, Role.PROXY.value)


@dataclass(frozen=True, slots=True)
class Mining:
    """The figures of one address."""

    algorithms: tuple[str, ...]
    machines: Machines | None
    power: Power | None


def mining_at(connection: Connection, addresses: Collection[Address]) -> dict[Address, Mining]:
    """Return what mines at each address that has a current verdict of mining, cleared ones left out.

    Of several the one counts that knows the power, and among those the largest: one capture may hold a part.
    """
    best: dict[Address, tuple[float, Mining]] = {}
    row = VerdictRow
    asked = select(row.address, row.algorithms, row.hashrate).where(
        row.superseded_by.is_(None), row.role.in_(_MINES), row.level != Level.CLEARED
    )
    for part in batches(list(addresses)):
        for address, algorithms, told in connection.execute(asked.where(row.address.in_(part))):
            fields = from_json(told)
            power, machines = fields.get("power"), fields.get("machines")
            found = Mining(tuple(algorithms), machines, power)
            rank = power.value if power is not None else -1.0
            if address not in best or (rank, found.algorithms) > (
                best[address][0],
                best[address][1].algorithms,
            ):
                best[address] = (rank, found)
    return {address: found for address, (_, found) in best.items()}
