"""Writes: done once for their key, and on the state that their asker saw."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from api.access.gate import Asker
from api.answers import answer_bytes, entity_tag, names_tag
from api.language import TAGS, Lang
from api.problems import Problem, ProblemError
from pipeline.services import Services
from store.decisions import KeyReusedError, Reply, write_once


def require_state(if_match: str | None, state: Any) -> None:
    """Raise ProblemError where If-Match names another state than the one that would be answered now."""
    if if_match is not None and not names_tag(if_match, entity_tag(answer_bytes(state))):
        raise ProblemError(Problem.PRECONDITION_FAILED)


def once(
    services: Services,
    asker: Asker,
    key: str | None,
    request: bytes,
    now: int,
    write: Callable[[Connection], Reply],
    lang: Lang,
) -> Response:
    """Do a write once for its key, and answer. Raises ProblemError where the key was another request's."""
    try:
        reply = write_once(services.database, asker.account.name, key, request, now, write)
    except KeyReusedError as error:
        raise ProblemError(Problem.KEY_REUSED) from error
    again = {"Idempotency-Replayed": "true"} if reply.again else {}
    language = {"Content-Language": TAGS[lang]}
    return Response(reply.body, reply.status, {**reply.headers, **again, **language}, "application/json")
