"""One address, and many."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from api.bulk import BATCH, MAX_BODY, MAX_ENTRIES
from api.models import AddressModel
from api.models_bulk import EntryErrorModel
from api.routes.bulk import MAX_BULKS, Slots
from pipeline.services import Services
from tests.api.stored import CLEARED, MINER, NODE, POOL, asking


def test_an_address_tells_who_mines_how_that_is_known_and_whose_it_is(client: TestClient) -> None:
    answer = client.get(f"/v1/ips/{MINER}")
    assert answer.status_code == 200
    told = AddressModel.model_validate(answer.json())
    assert told.verdict is not None
    assert (told.verdict.role, told.verdict.level) == ("miner", "confirmed")
    assert told.roles == ["miner"]
    assert (told.pools, told.coins) == (["example-pool"], ["XMR"])
    assert (told.first_seen, told.last_seen) == ("2026-03-01T07:59:00.000000Z", "2026-03-01T08:00:00.000000Z")
    assert told.enterprise is not None
    assert told.enterprise.name.startswith("示例企业")
    assert told.site is not None
    assert told.site.longitude is not None
    [evidence] = next(v for v in told.verdicts if v.role == "miner").evidence
    assert (evidence.source, evidence.frame) == ("captures/office.pcap", 118)
    assert evidence.because


def test_every_verdict_is_the_object_that_replay_writes(client: TestClient, services: Services) -> None:
    from api.wording import wording
    from facts.endpoint import parse_address
    from pipeline.contract import Hit, verdict_json

    stored = services.verdicts.of_address(parse_address(MINER))
    expected = [
        verdict_json(
            Hit(
                s.verdict,
                services.attributor.attribute(s.verdict.address, s.verdict.last_seen_ns),
                s.cluster,
            ),
            wording("en"),
        )
        for s in stored
    ]
    assert client.get(f"/v1/ips/{MINER}").json()["verdicts"] == json.loads(json.dumps(expected))


def test_a_cleared_verdict_is_shown_and_gives_no_role(client: TestClient) -> None:
    told = client.get(f"/v1/ips/{CLEARED}").json()
    assert told["roles"] == []
    assert told["pools"] == []
    assert told["verdict"]["level"] == "cleared"
    assert len(told["verdicts"]) == 1


@pytest.mark.parametrize(
    "spelling", ["2001:DB8::7", "2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::0.0.0.7"]
)
def test_an_ipv6_address_is_found_in_any_spelling(client: TestClient, spelling: str) -> None:
    assert client.get(f"/v1/ips/{spelling}").json()["address"] == NODE


@pytest.mark.parametrize("spelling", [f"::ffff:{MINER}", "::FFFF:c000:2c8"])
def test_a_mapped_address_is_the_ipv4_address(client: TestClient, spelling: str) -> None:
    assert client.get(f"/v1/ips/{spelling}").json()["address"] == MINER


def test_an_address_that_nothing_is_known_of_is_a_404(client: TestClient) -> None:
    answer = client.get("/v1/ips/8.8.8.8")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:minescope:problem:unknown-address"
    assert "8.8.8.8" in answer.json()["detail"]


def test_a_registered_address_that_no_capture_has_shown_is_a_200(client: TestClient) -> None:
    told = client.get("/v1/ips/192.0.2.10").json()
    assert (told["verdict"], told["verdicts"], told["first_seen"]) == (None, [], None)
    assert told["known"] is True
    assert told["attribution"]["candidates"] or told["attribution"]["certain"]


def test_the_time_decides_whose_the_address_was(client: TestClient) -> None:
    def holder(at: str) -> str:
        told = client.get("/v1/ips/192.0.2.70", params={"at": at}).json()
        assert told["attribution"]["certain"]
        return str(told["attribution"]["line"])

    assert holder("2020-01-01T00:00:00Z") == "line-1002"
    assert holder("2021-07-01T00:00:00Z") == "line-1003"
    assert holder("2015-06-01T08:00:00+08:00") == "line-1001"


def test_a_time_at_which_nobody_held_it_is_still_a_known_address(client: TestClient) -> None:
    answer = client.get("/v1/ips/198.51.100.5", params={"at": "2020-03-01T00:00:00Z"})
    assert answer.status_code == 200
    assert answer.json()["enterprise"] is None
    assert answer.json()["attribution"]["missing"] == ["assignment"]


def test_contradicting_sources_are_a_set_and_never_one_name(client: TestClient) -> None:
    told = client.get("/v1/ips/203.0.113.200", params={"at": "2024-01-01T00:00:00Z"}).json()
    assert told["enterprise"] is None
    assert told["site"] is None
    assert len(told["attribution"]["candidates"]) == 2


def test_the_port_asked_for_is_told_back(client: TestClient) -> None:
    assert client.get(f"/v1/ips/{MINER}", params={"port": 40123}).json()["port"] == 40123


def lines(text: str) -> list[dict]:
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def test_a_bulk_look_up_answers_every_entry_in_order_and_bad_ones_in_place(client: TestClient) -> None:
    asked = [MINER, "rubbish", {"address": "192.0.2.70", "at": "2020-01-01T00:00:00Z"}, 7, "8.8.8.8", MINER]
    answer = client.post("/v1/ips:lookup", json=asked)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert (answer.headers["minescope-entries"], answer.headers["minescope-invalid"]) == ("6", "2")
    told = lines(answer.text)
    assert [line["type"] for line in told] == ["address", "error", "address", "error", "address", "address"]
    assert told[0] == told[5] == client.get(f"/v1/ips/{MINER}").json()
    assert told[2]["attribution"]["line"] == "line-1002"
    assert told[4]["known"] is False
    for line in told:
        (EntryErrorModel if line["type"] == "error" else AddressModel).model_validate(line)
    assert told[1]["error"]["errors"][0]["pointer"] == "#/body/1"
    assert told[3]["input"] == "7"


def test_an_empty_bulk_look_up_has_no_lines(client: TestClient) -> None:
    answer = client.post("/v1/ips:lookup", json=[])
    assert (answer.status_code, answer.text) == (200, "")


def test_batches_leave_no_seam(client: TestClient) -> None:
    asked = [f"192.0.{n >> 8}.{n & 255}" for n in range(2 * BATCH + 1)]
    answer = client.post("/v1/ips:lookup", json=asked)
    assert [line["address"] for line in lines(answer.text)] == asked


def test_more_than_100000_addresses_are_a_413(client: TestClient) -> None:
    answer = client.post("/v1/ips:lookup", json=["192.0.2.1"] * (MAX_ENTRIES + 1))
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:minescope:problem:too-many-addresses"


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_beyond_its_ceiling_is_a_413(client: TestClient, declared: bool) -> None:
    chunk = b" " * 65536
    count = MAX_BODY // len(chunk) + 1
    content = chunk * count if declared else (chunk for _ in range(count))
    answer = client.post("/v1/ips:lookup", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:minescope:problem:body-too-large"


def test_a_lone_surrogate_comes_back_replaced(client: TestClient) -> None:
    answer = client.post(
        "/v1/ips:lookup", content=b'["\\ud800"]', headers={"Content-Type": "application/json"}
    )
    assert lines(answer.text)[0]["input"] == "?"


def test_bulk_look_ups_beyond_the_limit_are_told_to_wait(services: Services) -> None:
    with asking(services) as client:
        client.app.state.bulks = Slots(0)
        answer = client.post("/v1/ips:lookup", json=[MINER])
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["type"] == "urn:minescope:problem:busy"


def test_every_slot_is_given_back(services: Services) -> None:
    with asking(services) as client:
        for _ in range(MAX_BULKS + 1):
            assert client.post("/v1/ips:lookup", content=b"[", headers=JSON).status_code == 400
        for _ in range(MAX_BULKS + 1):
            assert client.post("/v1/ips:lookup", json=[POOL]).status_code == 200


def test_many_ask_at_once_and_everyone_gets_their_own_answer(client: TestClient) -> None:
    asked = [MINER, POOL, NODE, CLEARED] * 25
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda address: client.get(f"/v1/ips/{address}").json()["address"], asked))
    assert told == asked


JSON = {"Content-Type": "application/json"}
