"""Passwords, one-time codes and tokens: pure functions on secrets that others hold."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from facts.errors import UsageError

MIN_PASSWORD, MAX_PASSWORD = 12, 256
"""Characters; the upper end bounds the work of hashing."""
STEP_S = 30
"""Seconds that a one-time code stands (RFC 6238, section 5.2)."""
DIGITS = 6
_DRIFT = 1  # steps before and after that are taken too: clocks differ, and typing takes time
KEY_PREFIX = "msk_"
"""What an API key begins with, so that a leaked one can be found by scanners."""
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)  # RFC 9106, second choice


@dataclass(frozen=True, slots=True)
class NewKey:
    """An API key at the only time when it is whole."""

    token: str
    """What its holder sends: shown once."""
    prefix: str
    """Public part, by which the key is listed and found."""
    digest: bytes
    """SHA-256 of the token: what is kept. The token is random, so nothing slower is needed."""


def hash_password(password: str) -> str:
    """Return the argon2id hash. Raises UsageError for a password that is too short or too long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise UsageError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return _HASHER.hash(password)


def is_password(password: str, hashed: str | None) -> bool:
    """Say whether a password is the hashed one; without a hash it takes as long, and the answer is no."""
    try:
        return _HASHER.verify(hashed or _nobody(), password[: MAX_PASSWORD + 1]) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """Return the hash that stands for an account that does not exist; made when it is first wanted."""
    return _HASHER.hash(secrets.token_urlsafe(16))


def new_totp_secret() -> str:
    """Return 160 random bits in Base32, as authenticator programs take them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def totp_uri(secret: str, name: str) -> str:
    """Return what an authenticator program reads from a QR code."""
    return f"otpauth://totp/MineScope:{name}?secret={secret}&issuer=MineScope&digits={DIGITS}&period={STEP_S}"


def hotp(key: bytes, counter: int, digits: int = DIGITS) -> str:
    """Return the one-time code of a counter (RFC 4226, section 5.3)."""
    mac = hmac.digest(key, counter.to_bytes(8, "big"), "sha1")
    at = mac[-1] & 15
    number = int.from_bytes(mac[at : at + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def totp_step(secret: str, code: str, now_s: int, last_step: int | None) -> int | None:
    """Return the time step that a code belongs to; None where it belongs to none that may still be used.

    `last_step` is the step of the last code taken: no code is taken twice (RFC 6238, section 5.2).
    """
    key = base64.b32decode(secret)
    now = now_s // STEP_S
    found = None
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        same = hmac.compare_digest(hotp(key, step).encode(), code.encode("utf-8", "replace"))
        if same and (last_step is None or step > last_step):
            found = step
    return found


def new_token() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def new_key() -> NewKey:
    """Return a new API key: a public prefix and a secret."""
    prefix = KEY_PREFIX + secrets.token_hex(4)
    token = f"{prefix}_{secrets.token_urlsafe(32)}"
    return NewKey(token, prefix, token_digest(token))


def token_digest(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def csrf_token(token: str) -> str:
    """Return what a page must send back with every change it asks for in a session."""
    return hashlib.sha256(b"csrf " + token.encode("utf-8", "replace")).hexdigest()
