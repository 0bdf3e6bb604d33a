"""Every error is a problem details object."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.models_problems import ProblemModel
from api.problems import Problem, pointer
from facts.errors import StoreError
from pipeline.services import Services
from tests.api.stored import MINER, asking, serving

JSON = {"Content-Type": "application/json"}

ERRORS = [
    ("GET", "/nowhere", {}, 404, "not-found"),
    ("GET", "/", {}, 404, "not-found"),
    ("GET", "/v1/ips/192.0.2.0/24", {}, 404, "not-found"),
    ("GET", "/v1/ips/8.8.8.8", {}, 404, "unknown-address"),
    ("DELETE", "/v1/hits", {}, 405, "method-not-allowed"),
    ("GET", "/v1/ips:lookup", {}, 405, "method-not-allowed"),
    ("OPTIONS", "/v1/hits", {}, 405, "method-not-allowed"),
    ("GET", "/v1/ips/300.1.1.1", {}, 422, "invalid-request"),
    ("GET", "/v1/ips/%00", {}, 422, "invalid-request"),
    ("GET", "/v1/ips/fe80::1%25eth0", {}, 422, "invalid-request"),
    ("GET", f"/v1/ips/{MINER}?port=70000", {}, 422, "invalid-request"),
    ("GET", f"/v1/ips/{MINER}?at=now", {}, 422, "invalid-request"),
    ("GET", f"/v1/ips/{MINER}?when=now", {}, 422, "invalid-request"),
    ("GET", "/v1/hits?cursor=x", {}, 400, "invalid-cursor"),
    ("POST", "/v1/ips:lookup", {"content": b"[1,", "headers": JSON}, 400, "malformed-json"),
    ("POST", "/v1/ips:lookup", {"content": b"", "headers": JSON}, 400, "malformed-json"),
    ("POST", "/v1/ips:lookup", {"content": b"{}", "headers": JSON}, 422, "invalid-request"),
    ("POST", "/v1/ips:lookup", {"content": b"[]"}, 415, "unsupported-media-type"),
    ("POST", "/v1/ips:lookup", {"data": {"a": "b"}}, 415, "unsupported-media-type"),
    (
        "POST",
        "/v1/ips:lookup",
        {"content": b"[]", "headers": JSON | {"Content-Encoding": "gzip"}},
        415,
        "unsupported-media-type",
    ),
    (
        "POST",
        "/v1/ips:lookup",
        {"content": b"[]", "headers": JSON | {"Content-Length": "99999999"}},
        413,
        "body-too-large",
    ),
]


@pytest.mark.parametrize(("method", "path", "request_", "status", "kind"), ERRORS)
@pytest.mark.parametrize(("header", "tag"), [("en", "en"), ("zh-CN,zh;q=0.9", "zh-CN")])
def test_every_error_is_a_problem_in_the_language_asked_for(
    client: TestClient, method: str, path: str, request_: dict, status: int, kind: str, header: str, tag: str
) -> None:
    request = request_ | {"headers": request_.get("headers", {}) | {"Accept-Language": header}}
    answer = client.request(method, path, **request)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == tag
    told = ProblemModel.model_validate(answer.json())
    assert told.type == f"urn:minescope:problem:{kind}"
    assert told.status == status
    assert told.instance.startswith("/")
    assert told.title.isascii() == (tag == "en")
    assert bool(told.errors) == (kind == "invalid-request")


def test_a_wrong_method_names_the_right_ones(client: TestClient) -> None:
    answer = client.put("/v1/ips:lookup")
    assert answer.headers["allow"] == "POST"
    assert "POST" in answer.json()["detail"]


def test_a_wrong_media_type_names_the_right_one(client: TestClient) -> None:
    assert client.post("/v1/ips:lookup", content=b"[]").headers["accept"] == "application/json"


class Broken:
    """A store that fails in a chosen way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def _fail(self, *_: object, **__: object) -> None:
        raise self._error

    of_address = of_addresses = at_once = hits = counts = _fail


@contextmanager
def broken(services: Services, error: Exception) -> Iterator[TestClient]:
    with asking(replace(services, verdicts=Broken(error))) as client:  # type: ignore[arg-type]
        yield client


@pytest.mark.parametrize("path", ["/healthz", "/v1/hits", f"/v1/ips/{MINER}"])
def test_a_database_that_does_not_answer_is_a_503(services: Services, path: str) -> None:
    with broken(services, StoreError("gone")) as client:
        answer = client.get(path)
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:minescope:problem:store-unavailable"
    assert answer.headers["retry-after"] == "5"


def test_a_bulk_look_up_without_a_database_is_a_503(services: Services) -> None:
    with broken(services, StoreError("gone")) as client:
        answer = client.post("/v1/ips:lookup", json=[MINER])
    assert answer.status_code == 503


def test_a_fault_of_the_service_is_a_500_that_tells_nothing_of_itself(services: Services) -> None:
    with broken(services, RuntimeError("secret")) as client:
        answer = client.get("/v1/hits")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["type"] == "urn:minescope:problem:internal-error"
    assert "secret" not in answer.text


def test_a_database_that_fails_midway_answers_the_rest_with_errors(
    services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from api import bulk

    with serving(tmp_path) as own, asking(own) as client:
        real, calls = own.verdicts.of_addresses, []

        def once(addresses: object) -> object:
            calls.append(1)
            if len(calls) > 1:
                raise StoreError("gone")
            return real(addresses)  # type: ignore[arg-type]

        monkeypatch.setattr(type(own.verdicts), "of_addresses", lambda _, addresses: once(addresses))
        answer = client.post("/v1/ips:lookup", json=[MINER] * (bulk.BATCH + 2))
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert len(told) == bulk.BATCH + 2
    assert [line["type"] for line in told[bulk.BATCH - 1 :]] == ["address", "error", "error"]
    assert told[-1]["error"]["status"] == 503


def test_every_kind_of_problem_has_its_own_name_and_two_languages() -> None:
    names = [problem.value.name for problem in Problem]
    assert len(set(names)) == len(names)
    for problem in Problem:
        for text in (problem.value.title, problem.value.detail):
            assert text.en.isascii()
            assert not text.zh.isascii()


def test_every_kind_of_problem_is_in_the_manual() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
    for problem in Problem:
        assert f"`{problem.value.name}`" in manual


def test_a_pointer_escapes_as_rfc_6901_says() -> None:
    assert pointer("body", 3, "a/b~c") == "#/body/3/a~1b~0c"


def test_security_headers_are_on_every_answer(client: TestClient) -> None:
    for path in ("/healthz", "/nowhere", "/docs", "/openapi.json", f"/v1/ips/{MINER}"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8765", 200),
        ("LOCALHOST", 200),
        ("[::1]:8765", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:80", 421),
        ("[::2]", 421),
        ("", 421),
    ],
)
def test_a_server_on_loopback_answers_to_its_own_names_only(
    services: Services, host: str, status: int
) -> None:
    from api.server import LOOPBACK_NAMES

    with asking(services, LOOPBACK_NAMES) as client:
        answer = client.get("/healthz", headers={"Host": host})
    assert answer.status_code == status
    if status == 421:
        assert answer.json()["type"] == "urn:minescope:problem:misdirected-request"


def test_the_sentences_of_evidence_follow_the_language(client: TestClient) -> None:
    def because(header: str) -> str:
        answer = client.get(f"/v1/ips/{MINER}", headers={"Accept-Language": header})
        verdict = next(v for v in answer.json()["verdicts"] if v["role"] == "miner")
        return str(verdict["evidence"][0]["because"])

    assert because("en").isascii()
    assert not because("zh-CN").isascii()
