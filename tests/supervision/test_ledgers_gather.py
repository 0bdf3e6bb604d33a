"""What the screening rests on beside the ledgers: registry, ownership graph, verdicts, flows of money."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from pipeline.services import Services, build_services
from store.ledgers_ties import of_clusters, of_registry
from supervision.ledgers.gather import of_flows
from supervision.ledgers.model import Flow, NodeKind, Relation, RelationKind
from supervision.ledgers.screened import Screened, screen_day
from supervision.ledgers.weights import shipped
from tests.api.stored import CLUSTER, SEEN_NS, WALLET, filled
from tests.supervision.ledgers_made import taken, write

EAST, WEST, SOUTH = "91990101MADEUP0132", "91990101MADEUP048L", "91990101MADEUP03XL"
DAY = date(2026, 3, 2)
SEAT = {"exchange": "示例交易中心", "entered": "2025-01-01"}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with build_services(filled(tmp_path)) as opened:
        yield opened


def traded(services: Services, folder: Path, *codes: str) -> Screened:
    rows = [SEAT | {"participant": one, "uscc": one, "name": one} for one in codes]
    assert taken(services.database, write(folder, "market", *rows))[1] == []
    return screen_day(services, DAY, shipped())


def test_who_works_for_the_wallet_of_a_miner_is_found_by_traffic_alone(
    services: Services, tmp_path: Path
) -> None:
    """No list, no ledger of relations: an address of the west mines, one of the south has the same payee."""
    done = traded(services, tmp_path, EAST, WEST, SOUTH)
    found = {one.uscc: one for one in done.findings}
    assert set(found) == {WEST, SOUTH}
    assert (found[WEST].sort, found[WEST].score) == ("mines", 0.98)
    assert found[WEST].seed.because == "192.0.2.200"
    assert found[SOUTH].sort == "disguised"
    assert {tie.kind: tie.shown for tie in found[SOUTH].steps[0].ties if tie.weight} == {
        "wallet": WALLET,
        "cluster": CLUSTER,
    }
    with services.database.reading() as connection:
        tied = set(of_clusters(connection))
    assert {(one.uscc, one.kind) for one in tied} == {
        (code, kind) for code in (WEST, SOUTH) for kind in ("wallet", "cluster")
    }


def test_victims_of_insiders_are_no_miners(services: Services, tmp_path: Path) -> None:
    with services.database.writing() as connection:
        connection.execute(text("UPDATE ownership_clusters SET sort = 'insider'"))
    assert traded(services, tmp_path, EAST, WEST, SOUTH).findings == ()


def test_a_day_before_the_traffic_knows_nothing_of_it(services: Services, tmp_path: Path) -> None:
    rows = [SEAT | {"participant": "p", "uscc": WEST, "name": "x"}]
    taken(services.database, write(tmp_path, "market", *rows))
    assert screen_day(services, date(2026, 2, 1), shipped()).findings == ()
    assert [one.uscc for one in screen_day(services, DAY, shipped()).findings] == [WEST]


def test_the_registry_tells_addresses_lines_and_places_as_valid_then(services: Services) -> None:
    with services.database.reading() as connection:
        now = set(of_registry(connection, SEEN_NS))
        before = set(of_registry(connection, 0))
    kinds = {one.kind for one in now}
    assert {"address", "line", "site"} <= kinds
    assert {one.kind for one in before} <= {"address"}
    assert {one.uscc for one in now if one.kind == "site" and one.value == "site-west-1"} >= {WEST}


def test_flows_tie_holders_to_accounts_and_to_the_wallets_that_pay_them() -> None:
    def flow(begin: tuple[NodeKind, str], end: tuple[NodeKind, str], holder: str = "") -> Flow:
        return Flow(
            *begin, *end, "示例银行", None, holder, "", None, None, None, "公安", "1号", "s", "330000"
        )  # fmt: skip

    exchange = (NodeKind.EXCHANGE_ACCOUNT, "ex")
    flows = [
        flow((NodeKind.WALLET, "w"), exchange),
        flow(exchange, (NodeKind.BANK_ACCOUNT, "b"), SOUTH),
    ]
    assert of_flows(flows) == [
        Relation(SOUTH, RelationKind.BANK_ACCOUNT, "示例银行 b"),
        Relation(SOUTH, RelationKind.WALLET, "w"),
    ]
