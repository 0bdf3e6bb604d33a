"""JSON answers with an entity tag: who has the same answer already gets 304 and no body."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.language import TAGS, Lang

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def answer_bytes(body: Any) -> bytes:
    """Return a JSON answer as it is sent."""
    return _encode(body).encode("utf-8", "replace")


def entity_tag(raw: bytes) -> str:
    """Return the strong entity tag of an answer (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.sha256(raw).hexdigest()[:32]}"'


def names_tag(header: str, tag: str) -> bool:
    """Say whether If-None-Match or If-Match names a tag, by weak comparison; `*` names any."""
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in header.split(","))


def answered(
    request: Request, body: Any, lang: Lang, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer, or 304 where the client names its tag: of its bytes, unless `headers` has one."""
    raw = answer_bytes(body)
    told = {
        "Content-Language": TAGS[lang],
        "Vary": "Accept-Language, Authorization, Cookie",
        **(headers or {}),
    }
    tag = told.setdefault("ETag", entity_tag(raw))
    if status == 200 and names_tag(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=told)
    return Response(raw, status, told, "application/json")
