"""The language of sentences: Accept-Language (RFC 9110, section 12.5.4) to one of two."""

from typing import Annotated, Literal

from fastapi import Depends
from starlette.requests import HTTPConnection, Request

Lang = Literal["en", "zh"]

TAGS: dict[Lang, str] = {"en": "en", "zh": "zh-CN"}
"""The language tag that an answer carries in Content-Language."""

_LONGEST = 1000  # characters read of the header; browsers send under 200


def negotiate(header: str | None) -> Lang:
    """Return the preferred language that exists, English where none does.

    Every kind of Chinese is answered in simplified Chinese; at equal weight the first named wins.
    """
    best: tuple[float, Lang] = (0.0, "en")
    for part in (header or "")[:_LONGEST].split(","):
        tag, _, parameter = part.strip().partition(";")
        primary = tag.strip().lower().split("-")[0]
        language: Lang | None = "zh" if primary == "zh" else "en" if primary in ("en", "*") else None
        weight = _weight(parameter)
        if language is not None and weight > best[0]:
            best = weight, language
    return best[1]


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0  # also NaN


def of_request(request: HTTPConnection) -> Lang:
    """Return the language of the answer to a request."""
    return negotiate(request.headers.get("accept-language"))


async def _of_request(request: Request) -> Lang:
    return of_request(request)  # a coroutine, since FastAPI would ask a thread for a plain function


Language = Annotated[Lang, Depends(_of_request)]
