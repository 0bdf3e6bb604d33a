"""Files, evidence packets, exports, decisions and jobs, over a replay of a real sample capture."""

import base64
import csv
import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import stix2
from starlette.testclient import TestClient

from api import models, models_bulk, models_files, models_service
from api.jobs import Jobs
from api.pcap import PCAP, PCAPNG, capture_file
from api.routes import jobs as jobs_route
from api.routes.bulk import Slots
from api.sheets import COLUMNS
from capture.matched import MAX_BYTES
from facts.evidence import Evidence
from facts.instant import NS
from facts.names import Level, Role
from facts.where import Where
from minescope.main import run
from pipeline.evidence_packets import MAX_OF_VERDICT, packets_of, wanted_places
from pipeline.services import Services, build_services
from pipeline.settings import Settings
from store.decisions import DecisionStore
from store.jobs import JobState, JobStore
from store.packets import Packet, PacketStore
from tests.api.stored import CLEARED, MINER, NODE, POOL, SEEN_NS, asking, serving, verdict

ROOT = Path(__file__).parents[2]
CAPTURE = ROOT / "pcaps" / "btc_farm.pcap"
FARM = "192.0.2.21"


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The API after `registry sample` and `replay --store` of a sample capture, by the commands."""
    home = tmp_path_factory.mktemp("farm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINESCOPE_HOME", str(home))
        assert run(["registry", "sample"]) == 0
        assert run(["replay", str(CAPTURE), "--store", "--json", "--quiet"]) == 1
    with build_services(Settings(home=home)) as services, asking(services) as client:
        yield client


def test_an_analyst_is_at_the_packet_in_three_calls(farm: TestClient) -> None:
    known = models.AddressModel.model_validate(farm.get(f"/v1/ips/{FARM}").json())
    assert known.enterprise is not None
    answer = farm.get(f"/v1/enterprises/{known.enterprise.uscc}")
    file = models_files.EnterpriseFileModel.model_validate(answer.json())
    [kept] = [one for one in file.evidence if one.address == FARM]
    assert kept.packets > 0
    assert {site.id for site in file.sites} >= {known.site.id if known.site else ""}
    capture = farm.get(kept.href)
    assert capture.headers["content-type"] == PCAP
    digest = base64.b64encode(hashlib.sha256(capture.content).digest()).decode()
    assert capture.headers["content-digest"] == f"sha-256=:{digest}:"
    assert farm.get(kept.href, headers={"If-None-Match": capture.headers["etag"]}).status_code == 304

    import scapy.utils

    with scapy.utils.RawPcapReader(str(CAPTURE)) as reader:
        original = list(reader)
    packets = list(scapy.utils.RawPcapReader(io.BytesIO(capture.content)))
    assert len(packets) == kept.packets
    listed = models_files.EvidencePacketsModel.model_validate(farm.get(f"/v1/ips/{FARM}/evidence").json())
    assert [base64.b64decode(one.data) for one in listed.packets] == [data for data, _ in packets]
    for one in listed.packets:
        assert original[one.frame - 1][0] == base64.b64decode(one.data)
        assert hashlib.sha256(base64.b64decode(one.data)).hexdigest() == one.sha256
        assert one.intact
        assert one.kinds


def test_a_changed_packet_is_told(tmp_path: Path) -> None:
    held = verdict(MINER, evidence=(verdict(MINER).evidence[0],))
    with serving(tmp_path, [held]) as services:
        [where] = [weighed.evidence.where for weighed in held.evidence]
        packet = Packet(where, 1, SEEN_NS, 60, b"x" * 60, hashlib.sha256(b"x" * 60).hexdigest())
        PacketStore(services.database).keep([packet], SEEN_NS)
        with asking(services) as client:
            assert client.get(f"/v1/ips/{MINER}/evidence").json()["packets"][0]["intact"] is True
            with services.database.writing() as connection:
                from sqlalchemy import text

                connection.execute(text("UPDATE evidence_packets SET data = x'00'"))
            assert client.get(f"/v1/ips/{MINER}/evidence").json()["packets"][0]["intact"] is False
            assert client.get(f"/v1/ips/{POOL}/evidence").json()["packets"] == []
            assert len(client.get(f"/v1/ips/{POOL}/evidence.pcap").content) == 24


def test_only_named_frames_are_kept_and_of_a_cleared_verdict_none() -> None:
    def shown(level: Level, count: int) -> object:
        base = verdict(MINER).evidence[0].evidence
        said = [
            Evidence(base.address, Role.MINER, base.kind, Where("a.pcap", n + 1), base.at_ns, (), 1)
            for n in range(count)
        ]
        weighed = tuple(type(verdict(MINER).evidence[0])(one, 1.0) for one in said)
        return verdict(MINER, level=level, evidence=weighed)

    for level, most in MAX_OF_VERDICT.items():
        assert len(wanted_places(shown(level, 50))) == most
    assert list(packets_of([verdict(MINER, evidence=())])) == []
    nowhere = verdict(MINER)  # its capture is not there
    assert list(packets_of([nowhere])) == []
    assert MAX_BYTES <= 65_535


def test_packets_of_several_link_types_are_one_pcapng() -> None:
    import scapy.utils

    packets = [
        Packet(Where("a", n), link, SEEN_NS + n, 70 + n, bytes([n]) * (60 + n), "")
        for n, link in ((1, 1), (2, 101))
    ]
    raw, media_type = capture_file(packets)
    assert media_type == PCAPNG
    read = list(scapy.utils.RawPcapNgReader(io.BytesIO(raw)))
    assert [data for data, _ in read] == [packet.data for packet in packets]
    assert [meta.linktype for _, meta in read] == [1, 101]
    assert [meta.wirelen for _, meta in read] == [71, 72]
    assert [(meta.tshigh << 32) + meta.tslow for _, meta in read] == [SEEN_NS + 1, SEEN_NS + 2]


def test_packets_are_purged_by_age_and_what_is_left_is_counted(services: Services, tmp_path: Path) -> None:
    with serving(tmp_path) as own:
        store = PacketStore(own.database)
        made = [Packet(Where("a", n), 1, n, 1, b"x", "00" * 32) for n in range(1, 11)]
        assert store.keep(made[:6], 100) == 6
        assert store.keep(made[6:], 200) == 4
        done = store.purge(150)
        assert (done.deleted, done.left, done.overdue, done.oldest_ns) == (6, 4, 0, 200)


def test_the_file_of_an_enterprise_holds_its_addresses_sites_and_verdicts(client: TestClient) -> None:
    told = client.get("/v1/enterprises/91990101MADEUP048L").json()
    file = models_files.EnterpriseFileModel.model_validate(told)
    assert {one.prefix for one in file.assignments} >= {"192.0.2.200/32", "198.51.100.0/24"}
    assert [site.id for site in file.sites] == ["site-west-1"]
    assert {one.address for one in file.verdicts} == {MINER}
    assert client.get("/v1/enterprises/91990101MADEUP0991").status_code == 404
    assert client.get("/v1/enterprises/rubbish").status_code == 422


def test_the_file_of_a_site_names_who_is_there(client: TestClient) -> None:
    file = models_files.SiteFileModel.model_validate(client.get("/v1/sites/site-hydro-1").json())
    assert [one.uscc for one in file.enterprises] == ["91990101MADEUP03XL"]
    assert {one.address for one in file.verdicts} == {POOL, CLEARED}
    assert client.get("/v1/sites/none").status_code == 404


def test_the_file_of_a_pool_names_its_addresses_and_who_works_for_it(client: TestClient) -> None:
    file = models_files.PoolFileModel.model_validate(client.get("/v1/pools/example-pool").json())
    assert file.addresses == [POOL]
    assert {one.address for one in file.verdicts} >= {MINER, POOL}
    assert NODE not in {one.address for one in file.verdicts}
    for name in ("example", "none", '"', "%25", "示例"):
        assert client.get(f"/v1/pools/{name}").status_code == 404


def test_probes_are_told_by_their_runs(client: TestClient) -> None:
    [run_] = models_service.ProbesModel.model_validate(client.get("/v1/probes").json()).runs
    assert (run_.name, run_.verdicts, run_.sources) == ("test", 5, 1)


def test_an_export_is_the_hits_in_each_form(client: TestClient) -> None:
    hits = client.get("/v1/hits").json()["hits"]
    lines = client.get("/v1/exports/hits?format=ndjson").text.splitlines()
    assert list(map(json.loads, lines)) == hits
    answer = client.get("/v1/exports/hits?format=csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="hits.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["address"] for row in rows] == [hit["address"] for hit in hits]
    assert rows[1]["enterprise"] == hits[1]["attribution"]["enterprise"]
    book = zipfile.ZipFile(io.BytesIO(client.get("/v1/exports/hits?format=xlsx").content))
    sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    names = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    cells = [
        ["".join(cell.itertext()) for cell in row.findall("s:c", names)]
        for row in sheet.iterfind(".//s:row", names)
    ]
    assert cells[0] == list(COLUMNS)
    assert [row[0] for row in cells[1:]] == [hit["address"] for hit in hits]


def test_filters_of_an_export_are_those_of_hits(client: TestClient) -> None:
    lines = client.get("/v1/exports/hits?format=ndjson&role=pool").text.splitlines()
    assert [json.loads(line)["address"] for line in lines] == [POOL]
    for wrong in ("format=doc", "limit=1", "since=now", "format=csv&prefix=x"):
        assert client.get(f"/v1/exports/hits?{wrong}").status_code == 422


def test_a_stix_bundle_is_valid_and_the_same_again(client: TestClient) -> None:
    answer = client.get("/v1/exports/hits?format=stix&level=cleared")
    assert answer.headers["content-type"] == "application/stix+json;version=2.1"
    parsed = stix2.parse(answer.json(), allow_custom=False)
    kinds = [one["type"] for one in parsed.objects]
    assert kinds.count("indicator") == kinds.count("observed-data") == 5
    assert {"ipv4-addr", "ipv6-addr", "identity", "relationship"} <= set(kinds)
    ids = {one["id"] for one in answer.json()["objects"]}
    references = set()
    for one in answer.json()["objects"]:
        references |= {one[key] for key in ("source_ref", "target_ref", "created_by_ref") if key in one}
        references |= set(one.get("object_refs", ()))
    assert references <= ids
    address = next(one for one in parsed.objects if one["type"] == "ipv4-addr")
    assert stix2.IPv4Address(value=address["value"]).id == address["id"]
    assert client.get("/v1/exports/hits?format=stix&level=cleared").content == answer.content
    empty = client.get("/v1/exports/hits?format=stix&coin=none").json()
    assert empty["objects"] == []


@pytest.mark.parametrize("start", "=+-@")
def test_no_cell_of_an_export_is_run(tmp_path: Path, start: str) -> None:
    held = verdict(MINER, agents=(f"{start}HYPERLINK(1)",), source=f"{start}cmd")
    with serving(tmp_path, [held]) as services, asking(services) as client:
        [row] = csv.DictReader(io.StringIO(client.get("/v1/exports/hits").content.decode("utf-8-sig")))
        assert row["agents"].startswith("'")
        book = zipfile.ZipFile(io.BytesIO(client.get("/v1/exports/hits?format=xlsx").content))
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


DECISION = {"decision": "reject", "reason": "a laboratory of the university"}


def test_a_decision_is_kept_beside_the_verdicts_and_none_is_changed(tmp_path: Path) -> None:
    with serving(tmp_path) as services, asking(services) as client:
        made = client.post(f"/v1/ips/{MINER}/decisions", json=DECISION)
        assert made.status_code == 201
        assert made.headers["location"] == f"/v1/ips/{MINER}/decisions"
        models_files.DecisionModel.model_validate(made.json())
        client.post(f"/v1/ips/{MINER}/decisions", json={"decision": "confirm", "reason": "seen on site"})
        told = client.get(f"/v1/ips/{MINER}/decisions")
        decisions = models_files.DecisionsModel.model_validate(told.json()).decisions
        assert [(one.decision, one.by) for one in decisions] == [("confirm", "local"), ("reject", "local")]
        file = client.get("/v1/enterprises/91990101MADEUP048L").json()
        assert [one["decision"] for one in file["decisions"]] == ["confirm", "reject"]
        for header, status in (
            (told.headers["etag"], 201),
            (told.headers["etag"], 412),
            ('"x"', 412),
            ("*", 201),
        ):
            answer = client.post(f"/v1/ips/{MINER}/decisions", json=DECISION, headers={"If-Match": header})
            assert answer.status_code == status
        assert client.post("/v1/ips/8.8.8.8/decisions", json=DECISION).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"decision": "maybe", "reason": "reason"},
        {"decision": "confirm"},
        {"decision": "confirm", "reason": "  "},
        {"decision": "confirm", "reason": "x" * 1001},
        {"decision": "confirm", "reason": "reason", "by": "somebody else"},
    ],
)
def test_a_decision_without_reason_is_refused(client: TestClient, body: dict) -> None:
    assert client.post(f"/v1/ips/{MINER}/decisions", json=body).status_code == 422


def test_a_write_is_done_once_for_its_key(tmp_path: Path) -> None:
    with serving(tmp_path) as services, asking(services) as client:
        path, key = f"/v1/ips/{MINER}/decisions", {"Idempotency-Key": "k1"}
        first = client.post(path, json=DECISION, headers=key)
        again = client.post(path, json=DECISION, headers=key)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers
        other = client.post(path, json=DECISION | {"decision": "confirm"}, headers=key)
        assert other.status_code == 422
        assert other.json()["type"].endswith("idempotency-key-reused")
        elsewhere = client.post(f"/v1/ips/{POOL}/decisions", json=DECISION, headers=key)
        assert elsewhere.status_code == 422
        client.post(path, json=DECISION, headers={"Idempotency-Key": "k2"})
        from facts.endpoint import parse_address

        assert len(DecisionStore(services.database).of_addresses([parse_address(MINER)])) == 2


def waited(client: TestClient, job_id: str) -> dict:
    for _ in range(1200):
        told = client.get(f"/v1/jobs/{job_id}").json()
        if told["state"] in ("done", "failed", "cancelled"):
            return told
        time.sleep(0.05)
    raise AssertionError(told)


def test_a_job_gives_the_lines_of_a_bulk_look_up(tmp_path: Path) -> None:
    asked = [MINER, "rubbish", "8.8.8.8", NODE] * 300
    with serving(tmp_path) as services, asking(services) as client:
        key = {"Idempotency-Key": "job"}
        begun = client.post("/v1/jobs", json=asked, headers=key)
        assert begun.status_code == 202
        job = models_bulk.JobModel.model_validate(begun.json())
        assert (job.entries, job.invalid) == (1200, 300)
        assert begun.headers["location"] == f"/v1/jobs/{job.id}"
        assert client.post("/v1/jobs", json=asked, headers=key).json()["id"] == job.id
        told = waited(client, job.id)
        assert (told["state"], told["done"]) == ("done", 1200)
        result = client.get(told["result"])
        assert result.headers["content-type"] == "application/x-ndjson"
        bulk = client.post("/v1/ips:lookup", json=asked)
        assert result.text.replace(f"/v1/jobs/{job.id}", "/v1/ips:lookup") == bulk.text
        assert client.delete(f"/v1/jobs/{job.id}").json()["state"] == "done"
        assert client.get(f"/v1/jobs/{'0' * 32}").status_code == 404


def test_a_job_can_be_cancelled_and_a_result_is_not_there_before(tmp_path: Path) -> None:
    with serving(tmp_path) as services, asking(services) as client:
        ids = [client.post("/v1/jobs", json=[MINER] * 20_000).json()["id"] for _ in range(2)]
        second = ids[1]
        assert client.get(f"/v1/jobs/{second}/result").status_code == 409
        assert client.delete(f"/v1/jobs/{second}").json()["state"] == "cancelled"
        first = client.delete(f"/v1/jobs/{ids[0]}").json()["state"]
        assert first in ("cancelled", "done")
        assert waited(client, second)["state"] == "cancelled"


def test_jobs_of_an_ended_server_have_failed_and_old_ones_go(tmp_path: Path) -> None:
    with serving(tmp_path) as services, asking(services) as client:
        store = JobStore(services.database)
        done = client.post("/v1/jobs", json=[MINER]).json()["id"]
        waited(client, done)
        with services.database.writing() as connection:
            from sqlalchemy import text

            connection.execute(text("UPDATE jobs SET state = 'running'"))
        store.fail_unfinished(5)
        assert client.get(f"/v1/jobs/{done}").json()["state"] == "failed"
        jobs: Jobs = client.app.state.jobs
        assert jobs.result(done).is_file()
        with services.database.writing() as connection:
            connection.execute(text("UPDATE jobs SET created_ns = 1"))
        waited(client, client.post("/v1/jobs", json=[MINER]).json()["id"])
        assert client.get(f"/v1/jobs/{done}").status_code == 404
        assert not jobs.result(done).exists()


def test_too_many_bodies_of_jobs_at_once_are_told_to_wait(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_route, "_reading", Slots(0))
    assert client.post("/v1/jobs", json=[MINER]).status_code == 503


def test_a_job_that_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from facts.errors import StoreError

    def fails(*_: object) -> None:
        raise StoreError("gone")

    with serving(tmp_path) as services, asking(services) as client:
        monkeypatch.setattr(type(services.verdicts), "of_addresses", fails)
        job = client.post("/v1/jobs", json=[MINER]).json()["id"]
        assert waited(client, job)["state"] == JobState.FAILED.value
    assert SEEN_NS > NS
