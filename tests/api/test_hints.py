"""An operator's own .mmdb file in the answers: a hint beside the place, and no way around a region."""

from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.access.gate import Mode
from api.models import AddressModel
from pipeline.hints import Hints
from pipeline.services import Services
from store.access_rules import AccountRole
from tests.api.accounts import key_of
from tests.api.stored import MINER, NODE, PURPOSE, app_of, asking
from tests.pipeline.test_hints import SAID, written


@pytest.fixture(scope="module")
def hinted(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Services:
    file: Path = tmp_path_factory.mktemp("hints") / "own.mmdb"
    return replace(services, hints=Hints(written(file, "192.0.2.0/24", SAID)))


def test_a_hint_stands_beside_the_registered_place_in_every_look_up(
    hinted: Services, services: Services
) -> None:
    with asking(hinted) as client, asking(services) as without:
        one = client.get(f"/v1/ips/{MINER}").json()
        assert (one["hint"]["hint"], one["hint"]["source"]) == (True, "own.mmdb")
        assert one["hint"]["city"] == "Town"
        assert one | {"hint": None} == without.get(f"/v1/ips/{MINER}").json()
        AddressModel.model_validate(one)
        assert client.post("/v1/ips:lookup", json=[MINER]).json() == one
        assert client.get(f"/v1/ips/{NODE}").json()["hint"] is None


def test_what_only_a_hint_knows_is_not_known(hinted: Services) -> None:
    with asking(hinted) as client:
        line = client.post("/v1/ips:lookup", json=["192.0.2.254"]).json()
        assert line["hint"]["city"] == "Town"
        assert line["site"] is None
        known = client.get("/v1/ips/192.0.2.254").status_code == 200
        assert known == line["known"]


def test_a_hint_shows_a_region_nothing_of_another(hinted: Services) -> None:
    with app_of(hinted, mode=Mode.CLOSED) as app, TestClient(app) as client:
        headers = PURPOSE | {"Authorization": f"Bearer {key_of(app, AccountRole.ANALYST, '330000')}"}
        answer = client.get(f"/v1/ips/{MINER}", headers=headers)
        assert answer.status_code == 404
        assert "Town" not in answer.text
