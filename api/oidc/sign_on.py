"""A log-in at the provider, there and back: authorization code with PKCE, state and nonce.

The browser holds one random cookie; nonce and PKCE verifier are made from it and from the state, so that what
the database keeps of a log-in under way (digests) is of no use to who reads it.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from api.oidc.provider import Provider
from api.oidc.rights import rights_of
from api.threads import in_thread
from store.access_secrets import new_token
from store.identities import Identity, IdentityStore


class RefusedError(Exception):
    """A log-in that is not believed, or that has no rights here; why is for the log."""


class CrowdedError(Exception):
    """Too many log-ins are under way."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A log-in that the browser is sent away with."""

    url: str
    browser: str
    """For its cookie."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A log-in that came back."""

    token: str
    """Of the new session."""
    leads_to: str
    id_token: str
    """The provider's, for its log-out. Only the browser keeps it."""


class SignOn:
    """Log-ins at one provider."""

    def __init__(self, provider: Provider, identities: IdentityStore) -> None:
        self._provider = provider
        self._identities = identities

    @property
    def is_secure(self) -> bool:
        """Say whether browsers come back over TLS."""
        return self._provider.settings.redirect_uri.startswith("https:")

    async def begin(self, leads_to: str) -> Begun:
        """Begin a log-in. Raises ProviderError, CrowdedError, StoreError."""
        state, browser = new_token(), new_token()
        nonce, verifier = _nonce(browser, state), _verifier(browser, state)
        challenge = _base64(hashlib.sha256(verifier.encode()).digest())
        url = await self._provider.log_in_url(state, nonce, challenge)
        if not await in_thread(self._identities.begin, state, browser, leads_to):
            raise CrowdedError
        return Begun(url, browser)

    async def log_out_url(self, id_token: str | None) -> str | None:
        """Return where a browser is logged out at the provider; None where nowhere. Raises ProviderError."""
        return await self._provider.log_out_url(id_token)

    async def finish(self, state: str, browser: str, code: str | None, issuer: str | None) -> Finished:
        """Finish a log-in; whatever comes of it, its state is used up.

        Raises RefusedError, TokenError, ProviderError, StoreError.
        """
        leads_to = await in_thread(self._identities.take, state, browser)
        if leads_to is None:
            raise RefusedError("no log-in was begun so in this browser, or it has come back before")
        if code is None:
            raise RefusedError("the provider gave no code")
        nonce, verifier = _nonce(browser, state), _verifier(browser, state)
        claims, id_token = await self._provider.claims(code, verifier, nonce, issuer)
        settings = self._provider.settings
        who = Identity(settings.issuer, claims["sub"])
        rights = rights_of(claims, settings.rules)
        name = claims.get(settings.name_claim)
        log_in: Callable[..., str | None] = self._identities.log_in
        token = await in_thread(log_in, who, name if isinstance(name, str) else "", rights)
        if token is None:
            raise RefusedError(f"{who.subject!r} has no rights here")
        return Finished(token, leads_to, id_token)


def _nonce(browser: str, state: str) -> str:
    return _base64(hashlib.sha256(f"nonce {browser} {state}".encode()).digest())


def _verifier(browser: str, state: str) -> str:
    return _base64(hashlib.sha256(f"verifier {browser} {state}".encode()).digest())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
