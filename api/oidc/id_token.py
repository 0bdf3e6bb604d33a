"""ID tokens (OpenID Connect Core 1.0, 3.1.3.7): which key, which algorithm, and whether it is for us."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_TOKEN = 64 * 1024
"""Characters of a token."""


class TokenError(Exception):
    """A token that is not believed, and why: for the log, never for its sender."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str
    algorithms: Sequence[str]
    """The only ones taken, whatever the token or the key says."""
    leeway_s: int
    now_s: int


def key_id(token: str, algorithms: Sequence[str]) -> str | None:
    """Return which key a token claims to be signed with. Raises TokenError for an algorithm not allowed."""
    import jwt

    if len(token) > MAX_TOKEN:
        raise TokenError("the token is too large")
    try:
        head = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise TokenError(f"no token: {error}") from error
    if head.get("alg") not in algorithms:
        raise TokenError(f"the algorithm {head.get('alg')!r} is not allowed")
    if "crit" in head:
        raise TokenError("the token wants an extension that is not known")
    named = head.get("kid")
    return named if isinstance(named, str) else None


def claims_of(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected) -> dict[str, Any]:
    """Return the claims of a token that one of the keys (JWK) signed and that says what is expected.

    Raises TokenError.
    """
    import jwt

    kid = key_id(token, expected.algorithms)
    algorithm = jwt.get_unverified_header(token)["alg"]
    fitting = [key for key in keys if _fits(key, kid, algorithm)]
    if not fitting:
        raise TokenError("no key of the provider fits")
    if kid is None and len(fitting) > 1:
        raise TokenError("the token does not say which of several keys signed it")
    options: Any = {
        "verify_exp": False, "verify_nbf": False, "verify_iat": False,  # below, by the clock of this server
        "require": ["iss", "sub", "aud", "exp", "iat"],
    }  # fmt: skip
    try:
        key = jwt.PyJWK(dict(fitting[0]), algorithm=algorithm)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=expected.client_id,
            issuer=expected.issuer,
            options=options,
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise TokenError(f"the token does not hold: {error}") from error
    _check(claims, expected)
    return claims


def _check(claims: Mapping[str, Any], expected: Expected) -> None:
    now, leeway = expected.now_s, expected.leeway_s
    for name in ("exp", "iat", "nbf"):
        value = claims.get(name, 0 if name == "nbf" else None)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TokenError(f"{name} is no time")
    if claims["exp"] + leeway <= now:
        raise TokenError("the token has expired")
    if claims.get("nbf", 0) - leeway > now or claims["iat"] - leeway > now:
        raise TokenError("the token is of the future")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise TokenError("the token names nobody")
    party = claims.get("azp")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several and party is None) or (party is not None and party != expected.client_id):
        raise TokenError("the token was made for another client")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise TokenError("the token belongs to another log-in")


def _fits(key: Mapping[str, Any], kid: str | None, algorithm: str) -> bool:
    family = {"R": "RSA", "P": "RSA", "E": "OKP" if algorithm == "EdDSA" else "EC"}[algorithm[0]]
    return (
        key.get("kty") == family
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    )
