"""Logging in at an OpenID provider that is really there, and at one that lies."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from starlette.testclient import TestClient

from api.access.gate import Mode
from api.access.opening import at_provider, opened_gate
from api.app import create_app
from api.oidc.rights import rights_of
from facts.errors import SettingsError
from pipeline.access_settings import OidcSettings, Rule, load_access_settings
from pipeline.services import Services
from store.access_rules import AccountRole, Department
from store.audit import AuditStore
from store.identities import Identity, Rights, account_name
from tests.api.accounts import gate_of
from tests.api.provider import (
    CLIENT,
    EC_KEY,
    NEW_KEY,
    RSA_KEY,
    SECRET,
    Provider,
    jwk,
    providing,
    public_pem,
)
from tests.api.stored import MINER, PURPOSE, serving

AFTER = "http://127.0.0.1:8765/docs"
CALLBACK = "http://127.0.0.1:8765/v1/session/oidc/callback"
RULES = (
    Rule(claims={"groups": "mining-analysts"}, role="analyst", division="990100", department="cyberspace"),
    Rule(claims={"groups": "province"}, role="supervisor", division="990000", division_claim="region"),
)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providing() as made:
        yield made


@pytest.fixture
def fresh(provider: Provider) -> Provider:
    """The provider as it was at first, but for its address."""
    for name, value in vars(Provider(issuer=provider.issuer)).items():
        setattr(provider, name, value)
    provider.claims = {"groups": ["mining-analysts"]}
    return provider


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with serving(tmp_path_factory.mktemp("sign-on")) as services:
        yield services


@pytest.fixture
def client(own: Services, fresh: Provider) -> Iterator[TestClient]:
    settings = OidcSettings(
        issuer=fresh.issuer,
        client_id=CLIENT,
        client_secret=SECRET,
        redirect_uri=CALLBACK,
        after_log_out_uri=AFTER,
        algorithms=("RS256", "ES256"),
        rules=RULES,
    )
    with opened_gate(own, Mode.CLOSED, time.time_ns, durable=False) as gate:
        gate._login_rate = gate._rate
        app = create_app(own, gate, None, at_provider(settings, own, time.time_ns))
        with TestClient(app, base_url="http://127.0.0.1:8765", follow_redirects=False) as client:
            yield client


def sent_away(client: TestClient, **query: str) -> str:
    """The path and query with which the provider sends the browser back."""
    begun = client.get("/v1/session/oidc", params=query)
    assert begun.status_code == 303, begun.text
    back = httpx.get(begun.headers["location"], trust_env=False)
    assert back.status_code == 302
    return back.headers["location"]


def refused(client: TestClient, path: str | None = None) -> None:
    answer = client.get(path or sent_away(client))
    assert answer.status_code == 401, answer.text
    assert answer.json()["type"].endswith("sign-on-refused")
    assert "minescope_session" not in answer.headers.get("set-cookie", "")
    assert client.get("/v1/session").status_code == 401


def test_a_person_logs_in_with_what_the_claims_give_and_looks_up(
    client: TestClient, own: Services, fresh: Provider
) -> None:
    answer = client.get(sent_away(client, leads_to="/v1/session"))
    assert answer.status_code == 200
    assert "url=/v1/session" in answer.text
    cookies = [value for name, value in answer.headers.multi_items() if name == "set-cookie"]
    [session] = [cookie.lower() for cookie in cookies if cookie.startswith("minescope_session")]
    assert "httponly" in session
    assert "samesite=strict" in session
    told = client.get("/v1/session").json()
    assert told["name"] == account_name(Identity(fresh.issuer, "00u1"), "li")
    assert (told["role"], told["division"], told["department"]) == ("analyst", "990100", "cyberspace")
    assert client.get(f"/v1/ips/{MINER}", headers=PURPOSE).status_code == 200
    found = AuditStore(own.database).newest(3)
    assert [one["action"] for one in found] == ["getAddress", "getSession", "finishLogIn"]
    assert found[-1]["actor"] == told["name"]
    assert "code" not in found[-1]["subject"]


def test_what_leaves_the_browser_tells_neither_nonce_nor_verifier(client: TestClient) -> None:
    begun = client.get("/v1/session/oidc")
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert set(asked) == {
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
        "code_challenge_method",
    }  # fmt: skip
    cookie = begun.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/v1/session/oidc" in cookie
    again = parse_qs(urlsplit(client.get("/v1/session/oidc").headers["location"]).query)
    for name in ("state", "nonce", "code_challenge"):
        assert again[name] != asked[name]


@pytest.mark.parametrize(
    "leads_to", ["//evil.example", "/\\evil.example", "https://evil.example", "x", "/ x"]
)
def test_nobody_is_led_to_another_site(client: TestClient, leads_to: str) -> None:
    assert client.get("/v1/session/oidc", params={"leads_to": leads_to}).status_code == 422


def test_a_state_is_good_once_and_in_its_own_browser(client: TestClient, own: Services) -> None:
    path = sent_away(client)
    with TestClient(client.app, base_url="http://127.0.0.1:8765") as other:
        refused(other, path)
    refused(client, path)  # tried elsewhere it is used up: who steals a code cannot have it tried twice
    path = sent_away(client)
    assert client.get(path).status_code == 200
    client.cookies.delete("minescope_session")
    refused(client, path)
    refused(client, "/v1/session/oidc/callback?state=made-up&code=x")
    path = sent_away(client)
    refused(client, path.replace("code=", "error=access_denied&kode="))


def test_without_a_rule_or_a_link_there_are_no_rights(
    client: TestClient, own: Services, fresh: Provider
) -> None:
    fresh.subject, fresh.claims = "nobody", {"groups": ["staff"]}
    refused(client)
    assert all("nobody" not in user.name for user in gate_of(client.app).access.users())


def test_rights_that_were_taken_away_end_the_session(client: TestClient, fresh: Provider) -> None:
    fresh.subject = "leaver"
    assert client.get(sent_away(client)).status_code == 200
    cookie = client.cookies["minescope_session"]
    fresh.claims = {}
    assert client.get(sent_away(client)).status_code == 401
    gate_of(client.app).forget(cookie)
    assert client.get("/v1/session").status_code == 401


def without(name: str) -> dict[str, Any]:
    return {"groups": ["mining-analysts"], name: None}


NOW = int(time.time_ns() // 10**9)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"]},
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"iss": "https://evil.example"},
        {"exp": NOW - 3600, "iat": NOW - 7200},
        {"exp": True},
        {"exp": "soon"},
        {"nbf": NOW + 3600},
        {"iat": NOW + 3600},
        {"nonce": "another"},
        {"nonce": 7},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        without("nonce"),
        without("exp"),
        without("iat"),
        without("aud"),
        without("iss"),
        without("sub"),
    ],
)
def test_a_token_that_says_anything_else_is_refused(
    client: TestClient, fresh: Provider, claims: dict[str, Any]
) -> None:
    fresh.claims = {"groups": ["mining-analysts"]} | claims
    refused(client)


def signed_none(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, None, "none", {"kid": "rsa-1"})


def signed_with_public_key(claims: dict[str, Any]) -> str:
    """HS256 with the public key as the secret: what a verifier takes that believes the header."""
    import base64
    import hmac

    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    head = part({"alg": "HS256", "typ": "JWT", "kid": "rsa-1"}) + b"." + part(claims)
    mac = hmac.digest(public_pem(RSA_KEY), head, "sha256")
    return (head + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


@pytest.mark.parametrize(
    "sign",
    [
        signed_none,
        signed_with_public_key,
        lambda claims: jwt.encode(claims, NEW_KEY, "RS256", {"kid": "rsa-1"}),
        lambda claims: jwt.encode(claims, NEW_KEY, "RS256", {"kid": "unknown"}),
        lambda claims: jwt.encode(claims, RSA_KEY, "RS512", {"kid": "rsa-1"}),
        lambda claims: jwt.encode(claims, EC_KEY, "ES256", {"kid": "rsa-1"}),
        lambda claims: jwt.encode(claims, RSA_KEY, "RS256", {"kid": "rsa-1", "crit": ["b64"], "b64": True}),
        lambda claims: jwt.encode(claims, RSA_KEY, "RS256", {"kid": "rsa-1"})[:-6] + "AAAAAA",
        lambda claims: "not.a.token",
        lambda claims: "",
        lambda claims: "x" * 100_000,
    ],
)
def test_a_token_that_was_signed_otherwise_is_refused(client: TestClient, fresh: Provider, sign: Any) -> None:
    fresh.sign = sign
    refused(client)


def test_keys_may_change_and_be_of_another_kind(client: TestClient, fresh: Provider) -> None:
    assert client.get(sent_away(client)).status_code == 200
    fresh.keys = [jwk(NEW_KEY, "rsa-2", "RS256"), jwk(EC_KEY, "ec-1", "ES256")]
    fresh.sign = lambda claims: jwt.encode(claims, EC_KEY, "ES256", {"kid": "ec-1"})
    provider = client.app.state.sign_on._provider  # type: ignore[attr-defined]
    provider._keys_ns -= 11 * 10**9  # the least time between two questions for keys has passed
    assert client.get(sent_away(client)).status_code == 200
    before = fresh.asked.count("/jwks")
    fresh.sign = lambda claims: jwt.encode(claims, RSA_KEY, "RS256", {"kid": "rsa-1"})
    for _ in range(3):
        assert client.get(sent_away(client)).status_code == 401
    assert fresh.asked.count("/jwks") == before  # strange key names do not make us ask again and again


def test_a_code_of_another_provider_is_refused(client: TestClient, fresh: Provider) -> None:
    fresh.answers_iss = "https://evil.example"
    refused(client)
    assert "/token" not in fresh.asked
    fresh.answers_iss = fresh.issuer
    assert client.get(sent_away(client)).status_code == 200


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_document_that_is_not_the_providers_is_not_believed(
    client: TestClient, fresh: Provider, document: dict[str, Any]
) -> None:
    fresh.document = document
    answer = client.get("/v1/session/oidc")
    assert answer.status_code == 503
    assert answer.json()["type"].endswith("provider-unavailable")


def test_a_provider_that_is_down_stops_nobody_else(client: TestClient, fresh: Provider) -> None:
    fresh.is_up = False
    assert client.get("/v1/session/oidc").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_without_a_provider_there_is_no_such_path(services: Services) -> None:
    with opened_gate(services, Mode.CLOSED, time.time_ns, durable=False) as gate:
        client = TestClient(create_app(services, gate))
        for path in ("/v1/session/oidc", "/v1/session/oidc/callback?state=x"):
            assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("claims", "given"),
    [
        ({"groups": "mining-analysts"}, ("analyst", "990100", "cyberspace")),
        ({"groups": ["x", "mining-analysts"]}, ("analyst", "990100", "cyberspace")),
        ({"groups": ["province"], "region": "990102"}, ("supervisor", "990102", "other")),
        ({"groups": ["province"], "region": "990000"}, ("supervisor", "990000", "other")),
        ({"groups": ["province"], "region": "330000"}, None),
        ({"groups": ["province"], "region": "000000"}, None),
        ({"groups": ["province"], "region": ["990102"]}, None),
        ({"groups": ["province"]}, None),
        ({"groups": ["Mining-Analysts"]}, None),
        ({"groups": {"mining-analysts": True}}, None),
        ({"groups": True}, None),
        ({}, None),
    ],
)
def test_rights_are_those_of_the_first_rule_that_holds(claims: dict[str, Any], given: Any) -> None:
    made = None if given is None else Rights(AccountRole(given[0]), given[1], Department(given[2]))
    assert rights_of(claims, RULES) == made


def oidc(**other: str) -> str:
    made = {"issuer": "https://id.example", "client_id": "m", "redirect_uri": "https://m.example/"} | other
    return "[oidc]\n" + "".join(f'{name} = "{value}"\n' for name, value in made.items())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (oidc(issuer="http://id.example"), "oidc.issuer"),
        (oidc(client_id=""), "client_id"),
        (oidc() + 'algorithms = ["HS256"]', "algorithms"),
        (oidc() + '[[oidc.rules]]\nclaims = {}\nrole = "analyst"', "claims"),
        (oidc() + '[[oidc.rules]]\nclaims = {a = "b"}\nrole = "king"', "role"),
        (oidc() + 'client_secret = "a"\nclient_secret_file = "b"', "exclude"),
        ("[audit]\ndurably = true", "durably"),
        ("[audit", "access.toml"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Any, text: str, named: str) -> None:
    (tmp_path / "access.toml").write_text(text)
    (tmp_path / "access.toml").chmod(0o600)
    with pytest.raises(SettingsError, match=named):
        load_access_settings(tmp_path)


def test_a_secret_that_others_may_read_is_refused(tmp_path: Any) -> None:
    file = tmp_path / "access.toml"
    file.write_text(
        '[oidc]\nissuer = "https://id.example"\nclient_id = "m"\nclient_secret = "s"\n'
        'redirect_uri = "https://m.example/"'
    )
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_access_settings(tmp_path)
    file.chmod(0o600)
    settings = load_access_settings(tmp_path)
    assert settings.oidc is not None
    assert settings.oidc.secret() == "s"
    assert "s'" not in repr(settings.oidc)


def test_a_person_logs_out_here_and_at_the_provider(
    client: TestClient, own: Services, fresh: Provider
) -> None:
    fresh.document = {"end_session_endpoint": f"{fresh.issuer}/log-out"}
    assert client.get(sent_away(client)).status_code == 200
    name = client.get("/v1/session").json()["name"]
    token, kept = client.cookies["minescope_session"], client.cookies["minescope_id_token"]
    assert kept.count(".") == 2
    ended = client.get("/v1/session/oidc/end")
    assert ended.status_code == 303
    assert 'minescope_session=""' in ended.headers["set-cookie"]
    assert 'minescope_id_token=""' in ended.headers["set-cookie"]
    hint = parse_qs(urlsplit(ended.headers["location"]).query)["id_token_hint"]
    assert hint == [kept]
    there = httpx.get(ended.headers["location"], trust_env=False)
    assert (there.status_code, there.headers["location"]) == (302, AFTER)
    client.cookies.set("minescope_session", token)  # one who kept the cookie has nothing of it
    assert client.get("/v1/session").status_code == 401
    [entry] = [one for one in AuditStore(own.database).newest(3) if one["action"] == "endLogIn"]
    assert (entry["actor"], entry["status"]) == (name, 303)


def test_a_provider_without_a_log_out_leaves_the_session_as_it_is(
    client: TestClient, fresh: Provider
) -> None:
    assert client.get(sent_away(client)).status_code == 200
    assert client.get("/v1/session/oidc/end").status_code == 404
    assert client.get("/v1/session").status_code == 200


def test_a_log_out_that_leads_elsewhere_in_clear_is_not_followed(client: TestClient, fresh: Provider) -> None:
    fresh.document = {"end_session_endpoint": "http://192.0.2.1/log-out"}
    assert client.get("/v1/session/oidc/end").status_code == 503
    assert client.get(sent_away(client)).status_code == 200  # and log-ins go on


def test_nobody_in_particular_is_sent_to_the_log_out_too(client: TestClient, fresh: Provider) -> None:
    fresh.document = {"end_session_endpoint": f"{fresh.issuer}/log-out?tenant=1"}
    ended = client.get("/v1/session/oidc/end")
    assert ended.status_code == 303
    assert ended.headers["location"].startswith(f"{fresh.issuer}/log-out?tenant=1&client_id={CLIENT}&")
    assert "id_token_hint" not in ended.headers["location"]
    client.cookies.set("minescope_id_token", "no&token=x", path="/v1/session/oidc/end")
    again = client.get("/v1/session/oidc/end")
    assert again.status_code == 303
    assert "id_token_hint" not in again.headers["location"]
