"""A real OpenID provider on loopback: an ASGI application with keys of its own, served by uvicorn."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from uvicorn import Config

from api.server import AnnouncingServer, bind

CLIENT, SECRET = "minescope", "a secret of the client"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
NEW_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(key: Any, kid: str, algorithm: str) -> dict[str, Any]:
    """The public half as a JSON Web Key."""
    made = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key()))
    return made | {"kid": kid, "use": "sig", "alg": algorithm}


def public_pem(key: Any) -> bytes:
    """The public half as a text: what HS256 is tried with."""
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


@dataclass
class Provider:
    """What it says; a test may change all of it."""

    issuer: str = ""
    keys: list[dict[str, Any]] = field(default_factory=lambda: [jwk(RSA_KEY, "rsa-1", "RS256")])
    subject: str = "00u1"
    claims: dict[str, Any] = field(default_factory=dict)
    """More of the ID token, or other than it should be; None as value leaves a claim out."""
    sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(
        claims, RSA_KEY, "RS256", {"kid": "rsa-1"}
    )
    document: dict[str, Any] = field(default_factory=dict)
    answers_iss: str | None = None
    is_up: bool = True
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Paths, in the order asked."""

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discover),
                Route("/jwks", self._jwks),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/log-out", self._log_out),
            ]
        )

    async def _discover(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }
        return JSONResponse(told | self.document, 200 if self.is_up else 503)

    async def _jwks(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return JSONResponse({"keys": self.keys})

    async def _authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = hashlib.sha256(query["state"].encode()).hexdigest()
        self.codes[code] = query
        back = {"code": code, "state": query["state"]}
        if self.answers_iss is not None:
            back["iss"] = self.answers_iss
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(back)}", 302)

    async def _log_out(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        query = dict(request.query_params)
        assert query.pop("client_id") == CLIENT
        hint = query.pop("id_token_hint")  # a token of its own, whose time may be over
        told = jwt.decode(hint, options={"verify_signature": False})
        assert (told["iss"], told["sub"]) == (self.issuer, self.subject)
        back = query.pop("post_logout_redirect_uri", None)
        assert not query
        return JSONResponse({"logged_out": True}) if back is None else RedirectResponse(back, 302)

    async def _token(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        verifier = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        if (
            asked is None
            or request.headers.get("authorization") != f"Basic {basic}"
            or form["redirect_uri"] != asked["redirect_uri"]
            or verifier.decode().rstrip("=") != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time_ns() // 10**9)
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": self.subject,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "preferred_username": "li",
        }
        told = {name: value for name, value in (claims | self.claims).items() if value is not None}
        return JSONResponse({"token_type": "Bearer", "access_token": "x", "id_token": self.sign(told)})


@contextmanager
def providing() -> Iterator[Provider]:
    """A provider in a thread of this process, ended with the block."""
    provider = Provider()
    with bind("127.0.0.1", 0) as bound:
        provider.issuer = f"http://127.0.0.1:{bound.getsockname()[1]}"
        ready = threading.Event()
        config = Config(provider.app(), lifespan="off", log_config=None, access_log=False, ws="none")
        server = AnnouncingServer(config, ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            assert ready.wait(10)
            yield provider
        finally:
            server.should_exit = True
            thread.join(20)
