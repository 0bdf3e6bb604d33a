"""The OpenID provider: its discovery document, its keys as they change, and codes exchanged for tokens."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from api.oidc.id_token import Expected, TokenError, claims_of, key_id
from facts.errors import SettingsError
from facts.instant import NS
from pipeline.access_settings import OidcSettings

TIMEOUT_S = 10
MAX_ANSWER = 1 << 20
"""Bytes of an answer."""
KEYS_S = 3600
"""Seconds for which the provider's document and keys are believed without asking again."""
KEYS_AGAIN_S = 10
"""Seconds between two questions for a key that is not known: nobody can make us ask without end."""


class ProviderError(Exception):
    """The provider does not answer, or not as OpenID Connect says."""


class Provider:
    """One provider; used from the event loop's thread."""

    def __init__(self, settings: OidcSettings, clock: Callable[[], int]) -> None:
        try:
            import httpx
            import jwt  # noqa: F401 - wanted at the first token: better to miss it now
        except ImportError as error:
            raise SettingsError(
                "logging in at a provider needs packages: install minescope[oidc]", "oidc"
            ) from error
        self.settings = settings
        self._secret = settings.secret()
        self._clock = clock
        self._errors: Any = httpx.HTTPError
        tls = httpx.create_ssl_context(trust_env=False)
        self._client: Callable[[], Any] = lambda: httpx.AsyncClient(
            timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, verify=tls
        )
        self._turn = asyncio.Lock()
        self._document: Mapping[str, Any] = {}
        self._keys: Sequence[Mapping[str, Any]] = ()
        self._document_ns = self._keys_ns = -(1 << 62)

    async def log_in_url(self, state: str, nonce: str, challenge: str) -> str:
        """Return where a browser is sent to. Raises ProviderError."""
        document = await self._discovered()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.settings.redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",  # RFC 7636
        }
        url = str(document["authorization_endpoint"])
        return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(asked)}"

    async def log_out_url(self, id_token: str | None) -> str | None:
        """Return where a browser is sent to be logged out at the provider (OpenID RP-Initiated Logout 1.0).

        None where the provider has no such place. Without `id_token`, the hint at whose session it is, the
        provider may ask the person whether it is meant. Raises ProviderError.
        """
        document = await self._discovered()
        if (url := document.get("end_session_endpoint")) is None:
            return None
        self._require_safe("end_session_endpoint", url)
        asked = {"client_id": self.settings.client_id}
        if self.settings.after_log_out_uri is not None:
            asked["post_logout_redirect_uri"] = self.settings.after_log_out_uri
        if id_token is not None:
            asked["id_token_hint"] = id_token
        return f"{url}{'&' if urlsplit(str(url)).query else '?'}{urlencode(asked)}"

    async def claims(
        self, code: str, verifier: str, nonce: str, told_issuer: str | None
    ) -> tuple[dict[str, Any], str]:
        """Return the claims of the ID token that a code is good for, and the token itself.

        Raises ProviderError, TokenError.
        """
        document = await self._discovered()
        wanted = document.get("authorization_response_iss_parameter_supported") is True
        if told_issuer != self.settings.issuer and (wanted or told_issuer is not None):
            raise TokenError("the code comes from another provider")  # RFC 9207
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.redirect_uri,
            "client_id": self.settings.client_id,
            "code_verifier": verifier,
        }
        auth = None if self._secret is None else (self.settings.client_id, self._secret)
        status, answer = await self._asked("POST", str(document["token_endpoint"]), data=form, auth=auth)
        if status >= 500:
            raise ProviderError(f"the provider answered {status}")
        token = answer.get("id_token")
        if status != 200 or not isinstance(token, str):
            raise TokenError(f"the provider did not take the code: {status} {str(answer.get('error'))[:100]}")
        kid = key_id(token, self.settings.algorithms)
        expected = Expected(
            self.settings.issuer,
            self.settings.client_id,
            nonce,
            self.settings.algorithms,
            self.settings.leeway_s,
            self._clock() // NS,
        )
        return claims_of(token, await self._keys_with(kid, document), expected), token

    async def _discovered(self) -> Mapping[str, Any]:
        async with self._turn:
            if self._clock() < self._document_ns + KEYS_S * NS:
                return self._document
            url = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
            status, document = await self._asked("GET", url)
            if status != 200 or document.get("issuer") != self.settings.issuer:
                raise ProviderError(f"{url} is not the document of this issuer")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                self._require_safe(name, document.get(name))
            self._document, self._document_ns = document, self._clock()
            return document

    async def _keys_with(self, kid: str | None, document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Return the provider's keys, asked for anew where they are old or do not hold the one wanted."""
        async with self._turn:
            age = self._clock() - self._keys_ns
            known = any(key.get("kid") == kid for key in self._keys)
            if age >= KEYS_S * NS or (not known and age >= KEYS_AGAIN_S * NS):
                status, answer = await self._asked("GET", str(document["jwks_uri"]))
                keys = answer.get("keys")
                if status != 200 or not isinstance(keys, list):
                    raise ProviderError("the provider does not tell its keys")
                self._keys = [key for key in keys if isinstance(key, dict)]
                self._keys_ns = self._clock()
            return self._keys

    def _require_safe(self, name: str, url: object) -> None:
        told = urlsplit(url if isinstance(url, str) else "")
        own = urlsplit(self.settings.issuer)
        if not told.hostname or (
            told.scheme != "https" and (told.scheme, told.hostname) != (own.scheme, own.hostname)
        ):
            raise ProviderError(f"the provider's {name} is no https address")

    async def _asked(self, method: str, url: str, **more: Any) -> tuple[int, Mapping[str, Any]]:
        """Return status and JSON object of an answer; redirects are not followed."""
        body = bytearray()
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._client() as client,  # for this question alone: log-ins are rare
                client.stream(method, url, headers={"Accept": "application/json"}, **more) as answer,
            ):
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > MAX_ANSWER:
                        raise ProviderError(f"{url}: the answer is too large")
            told = json.loads(body or b"{}")
        except (self._errors, TimeoutError, ValueError, RecursionError) as error:
            raise ProviderError(f"{url}: {type(error).__name__} {error}") from error
        return answer.status_code, told if isinstance(told, dict) else {}
