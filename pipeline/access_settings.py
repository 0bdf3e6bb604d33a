"""Settings of who may ask: `access.toml` in the home folder, for the eyes of its owner only.

[audit]
durable = true

[secrets]
key_file = "/run/credentials/minescope.key"

[oidc]
issuer = "https://id.example.org"
client_id = "minescope"
client_secret_file = "/run/credentials/oidc"
redirect_uri = "https://minescope.example.org/v1/session/oidc/callback"

[[oidc.rules]]
claims = { groups = "mining-analysts" }
role = "analyst"
division = "330000"
department = "cyberspace"
"""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from facts.errors import SettingsError
from registry.divisions import fault as division_fault
from store.access_rules import WHOLE_COUNTRY, AccountRole, Department

FILE = "access.toml"
KEY_FILE = "secrets.key"
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Public-key signatures only: with a shared secret, whoever can check a token can make one."""
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class _Part(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)


class AuditSettings(_Part):
    """How the audit is kept."""

    durable: bool = True
    """An answer leaves once its entry is on the disk; else once the database has it, and a power failure may
    take the last seconds."""


class SecretSettings(_Part):
    """Where the key of the second factors lies."""

    key_file: Path | None = None
    """Default: `secrets.key` in the home folder."""


class Rule(_Part):
    """What claims give: the first rule counts all of whose claims an identity has; without one, nothing."""

    claims: dict[str, str] = Field(min_length=1)
    """Name of a claim to its value, or to one value of a list."""
    role: AccountRole
    division: str = WHOLE_COUNTRY
    """GB/T 2260 code; with `division_claim`, what its value must lie in."""
    division_claim: str | None = None
    """Name of the claim whose value is the division."""
    department: Department = Department.OTHER

    @field_validator("division")
    @classmethod
    def _is_division(cls, value: str) -> str:
        if value != WHOLE_COUNTRY and (why := division_fault(value)) is not None:
            raise ValueError(why)
        return value


class OidcSettings(_Part):
    """The OpenID provider."""

    issuer: str
    client_id: Annotated[str, Field(min_length=1)]
    redirect_uri: str
    """Where the provider sends browsers back to: this server's `/v1/session/oidc/callback`."""
    after_log_out_uri: str | None = None
    """Where the provider sends browsers to that it logged out, as it is registered there."""
    client_secret: str | None = Field(None, repr=False)
    client_secret_file: Path | None = None
    scopes: tuple[str, ...] = ("openid", "profile")
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256", "ES256")
    name_claim: str = "preferred_username"
    leeway_s: Annotated[int, Field(ge=0, le=300)] = 60
    """Seconds that the clocks of provider and server may be apart."""
    rules: tuple[Rule, ...] = ()
    """None: only accounts that were linked by `minescope users link` log in."""

    @field_validator("issuer", "redirect_uri", "after_log_out_uri")
    @classmethod
    def _is_safe(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("must be https (http on this machine only)")
        if parts.query or parts.fragment or not parts.hostname:
            raise ValueError("must have a host, and neither query nor fragment")
        return value

    @model_validator(mode="after")
    def _has_one_secret(self) -> "OidcSettings":
        if self.client_secret is not None and self.client_secret_file is not None:
            raise ValueError("client_secret and client_secret_file exclude each other")
        if "openid" not in self.scopes:
            raise ValueError("scopes must hold openid")
        return self

    def secret(self) -> str | None:
        """Return the client's secret; None for a public client. Raises SettingsError."""
        if self.client_secret_file is None:
            return self.client_secret
        try:
            return self.client_secret_file.read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            raise SettingsError(f"cannot be read: {error}", str(self.client_secret_file)) from error


class AccessSettings(_Part):
    """All of the file."""

    audit: AuditSettings = AuditSettings()
    secrets: SecretSettings = SecretSettings()
    oidc: OidcSettings | None = None

    def key_file(self, home: Path) -> Path:
        """Return where the key of the second factors lies."""
        return home / KEY_FILE if self.secrets.key_file is None else self.secrets.key_file.expanduser()


def load_access_settings(home: Path) -> AccessSettings:
    """Read the file; without one all is as by default. Raises SettingsError with the place that is wrong."""
    path = home / FILE
    if not path.is_file():
        return AccessSettings()
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot be read: {error}", str(path)) from error
    if os.name == "posix" and mode & 0o077 and "client_secret" in told.get("oidc", {}):
        raise SettingsError("it holds a secret that others may read: chmod 600", str(path))
    try:
        return AccessSettings.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SettingsError(first["msg"], f"{path}: {place}") from error
