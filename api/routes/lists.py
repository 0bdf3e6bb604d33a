"""The operator's allow and deny lists: what is shown cleared, and what is shown as mining."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from api.access.gate import Gate, ToKeepLists
from api.access.trail import Asked
from api.answers import answered, names_tag
from api.deps import IdempotencyKey, IfMatch, Served
from api.faults import fault
from api.language import Lang, Language
from api.models_access import ListEntryModel, ListModel
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from api.small_body import SmallBodyRoute
from api.writes import once
from classifier.operator_lists import MAX_REASON, Entry, ListName, Prefix, read_subject
from facts.errors import UsageError
from facts.instant import rfc3339
from store.decisions import Reply
from store.operator_lists import add_entry, read_entries, remove_entry, version_now

MAX_PAGE = 1000
router = APIRouter(tags=["lists"], route_class=SmallBodyRoute)
ListPath = Annotated[ListName, Path(alias="list", description="`allow` or `deny`.", examples=["allow"])]
Subject = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        description="An address, a prefix, or a host name with all names below it.",
        examples=["203.0.113.0/24"],
    ),
]


class ListQuery(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Entries a page.")
    after: str | None = Field(None, max_length=300, description="`next` of the page before.")


class EntryIn(BaseModel):
    """What is to be on the list."""

    model_config = ConfigDict(extra="forbid")

    entry: Subject
    reason: str = Field(
        min_length=3,
        max_length=MAX_REASON,
        pattern=r"\S.*\S",
        description="Why: it is shown with every verdict that falls under it.",
        examples=["our own laboratory"],
    )


class EntryQuery(BaseModel):
    """Which entry."""

    model_config = ConfigDict(extra="forbid")

    entry: Subject


@router.get(
    "/v1/lists/{list}",
    operation_id="readList",
    summary="Read a list of the operator",
    response_model=ListModel,
    response_description="One page, by the written form of the entries.",
    responses=responses({}, *ASKED, Problem.STORE_UNAVAILABLE),
)
def read_list(
    request: Request,
    services: Served,
    asker: ToKeepLists,
    lang: Language,
    which: ListPath,
    query: Annotated[ListQuery, Query()],
) -> Response:
    """Return a page of a list. Its `ETag` is that of both lists: a change may name it in `If-Match`.

    The lists change what every region is shown, so only accounts of the whole country read and change them.
    """
    with services.database.reading() as connection:
        tag = _tag(connection)
        held = sorted(
            (one for one in read_entries(connection) if one.list is which), key=lambda one: one.text
        )
    left = [one for one in held if query.after is None or one.text > query.after]
    page = left[: query.limit]
    body = {
        "entries": [_told(one) for one in page],
        "count": len(held),
        "next": page[-1].text if len(left) > len(page) else None,
    }
    return answered(request, body, lang, headers={"ETag": tag})


@router.post(
    "/v1/lists/{list}",
    operation_id="addListEntry",
    summary="Put an entry on a list",
    status_code=201,
    response_model=ListEntryModel,
    response_description="The entry is on the list, and on no other.",
    responses=responses(
        None,
        *ASKED,
        Problem.CSRF,
        Problem.PRECONDITION_FAILED,
        Problem.BODY_TOO_SLOW,
        Problem.BODY_TOO_LARGE,
        Problem.KEY_REUSED,
        Problem.STORE_UNAVAILABLE,
    ),
)
def add_to_list(
    request: Request,
    services: Served,
    asker: ToKeepLists,
    lang: Language,
    which: ListPath,
    body: EntryIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Allow or deny from now on, in the place of what the lists said of the same entry.

    Verdicts as they were judged stay what is kept: the lists change what is shown.
    """
    gate: Gate = request.app.state.gate
    now = gate.clock()
    entry = Entry(which, _subject(body.entry, lang), body.reason.strip(), now)
    _tell(request, f"{entry.text}: {entry.reason}")

    def write(connection: Connection) -> Reply:
        _require(connection, if_match)
        try:
            add_entry(connection, entry)
        except UsageError as error:
            raise ProblemError(
                Problem.INVALID_REQUEST, faults=[fault("full", lang, "body", "entry")]
            ) from error
        return Reply(201, {"ETag": _tag(connection)}, json.dumps(_told(entry)))

    asked = f"POST lists {which.value} {body.model_dump_json()}".encode("utf-8", "surrogatepass")
    return once(services, asker, key, hashlib.sha256(asked).digest(), now, write, lang)


@router.delete(
    "/v1/lists/{list}",
    operation_id="removeListEntry",
    summary="Take an entry off a list",
    response_model=ListEntryModel,
    response_description="The entry that was on the list.",
    responses=responses(
        {},
        *ASKED,
        Problem.CSRF,
        Problem.UNKNOWN_RECORD,
        Problem.PRECONDITION_FAILED,
        Problem.KEY_REUSED,
        Problem.STORE_UNAVAILABLE,
    ),
)
def remove_from_list(
    request: Request,
    services: Served,
    asker: ToKeepLists,
    lang: Language,
    which: ListPath,
    query: Annotated[EntryQuery, Query()],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Take an entry off: its verdicts are shown as they were judged again."""
    gate: Gate = request.app.state.gate
    subject = _subject(query.entry, lang)

    def write(connection: Connection) -> Reply:
        _require(connection, if_match)
        text = Entry(which, subject, "", 0).text
        held = [one for one in read_entries(connection) if one.list is which and one.text == text]
        if not held or not remove_entry(connection, which, text):
            raise ProblemError(Problem.UNKNOWN_RECORD)
        return Reply(200, {"ETag": _tag(connection)}, json.dumps(_told(held[0])))

    asked = f"DELETE lists {which.value} {query.entry}".encode("utf-8", "surrogatepass")
    return once(services, asker, key, hashlib.sha256(asked).digest(), gate.clock(), write, lang)


def _subject(text: str, lang: Lang) -> Prefix | str:
    try:
        return read_subject(text)
    except UsageError as error:
        raise ProblemError(
            Problem.INVALID_REQUEST, faults=[fault("subject", lang, "body", "entry")]
        ) from error


def _tell(request: Request, what: str) -> None:
    """Let the audit say what was put on the list: it stands in no path."""
    asked: Asked = request.state.asked
    asked.subject += f" {what}"


def _tag(connection: Connection) -> str:
    return f'"{version_now(connection):016x}"'


def _require(connection: Connection, if_match: str | None) -> None:
    if if_match is not None and not names_tag(if_match, _tag(connection)):
        raise ProblemError(Problem.PRECONDITION_FAILED)


def _told(entry: Entry) -> dict[str, Any]:
    return {
        "list": entry.list.value,
        "entry": entry.text,
        "reason": entry.reason,
        "added": rfc3339(entry.added_ns),
    }
