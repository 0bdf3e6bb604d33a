"""The OpenAPI 3.1 description: problem responses, examples, and the models that no route returns directly."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.examples import ANSWERS, REQUESTS, ByMediaType
from api.models import AddressModel
from api.models_bulk import EntryErrorModel, EntryModel
from api.models_problems import ProblemModel
from api.problems import MEDIA_TYPE, Fault, Problem, pointer, problem_json

_REF = "#/components/schemas/{model}"
_DESCRIBED = (ProblemModel, EntryErrorModel, EntryModel, AddressModel)
_FIELDS: dict[str, object] = {
    "address": "203.0.113.7",
    "limit": 100_000,
    "offset": 17,
    "why": "expected , or ]",
    "permission": "lookup",
    "least": 3,
    "most": 200,
    "state": "running",
    "seconds": 60,
    "path": "/v1/session/oidc",
}
ASKED = (
    Problem.PURPOSE_MISSING,
    Problem.UNAUTHENTICATED,
    Problem.FORBIDDEN,
    Problem.INVALID_REQUEST,
    Problem.TOO_MANY_REQUESTS,
)
"""What every look-up can meet before it is answered."""
_SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key of `minescope users key`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "minescope_session",
        "description": "A session of a browser; changes need X-CSRF-Token.",
    },
}
_OPEN = ("logIn", "finishLogIn")
"""Whose 401 is about the log-in itself."""
_FAULT = Fault("This is not an IPv4 or IPv6 address.", pointer("path", "ip"))

DESCRIPTION = """Finds cryptocurrency mining in network traffic: which address mines, how that is known,
whose it is and where it stands.

Every look-up states its purpose in the header `X-Purpose` and is kept in the audit. Who asks is told by an
API key (`Authorization: Bearer ...`) or a session; each sees its own region, and a record of another one is
answered as one that does not exist. Answers carry an `ETag`: asked with `If-None-Match`, an unchanged one is
a 304 without body.

Every error is a problem details object of RFC 9457 (`application/problem+json`) with `type`, `title`,
`status`, `detail`, `instance` and, where parts of a request are wrong, `errors`. Sentences (`because`,
`title`, `detail`) are in English, or Chinese where `Accept-Language` prefers it. Times are RFC 3339, UTC."""


def responses(ok: dict[str, Any] | None, *kinds: Problem) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route: 200 (None: it has another) and its problems, 500 among them."""
    described: dict[int | str, dict[str, Any]] = {} if ok is None else {200: ok}
    for kind in (*kinds, Problem.INTERNAL):
        value = kind.value
        faults = [_FAULT] if kind is Problem.INVALID_REQUEST else []
        response = described.setdefault(
            value.status,
            {
                "description": value.title.en + ".",
                "content": {
                    MEDIA_TYPE: {"schema": {"$ref": _REF.format(model=ProblemModel.__name__)}, "examples": {}}
                },
            },
        )
        example = problem_json(kind, "en", "/v1/ips", faults, **_FIELDS)
        response["content"][MEDIA_TYPE]["examples"][value.name] = {
            "summary": value.title.en,
            "value": example,
        }
    return described


def _add_examples(document: dict[str, Any]) -> None:
    # Here and not in the routes, where FastAPI would take every null out of them.
    for _, operation in _operations(document):
        name = operation["operationId"]
        good = next(answer for status, answer in operation["responses"].items() if status < "400")
        for media_type, content in good.get("content", {}).items():
            if (example := _example(ANSWERS[name], media_type)) is not None:
                content["example"] = example
        if name in REQUESTS:
            [content] = operation["requestBody"]["content"].values()
            content["example"] = REQUESTS[name]


def _example(answer: Any, media_type: str) -> Any:
    return answer.get(media_type) if isinstance(answer, ByMediaType) else answer


def _add_access(document: dict[str, Any]) -> None:
    document["components"]["securitySchemes"] = _SCHEMES
    for _, operation in _operations(document):
        if "401" not in operation["responses"] or operation["operationId"] in _OPEN:
            continue
        operation["security"] = [{name: []} for name in _SCHEMES]
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "X-Purpose":
                parameter["required"] = True
                parameter["schema"] = {"type": "string", "minLength": 3, "maxLength": 200}


def _operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


class DescribedAPI(FastAPI):
    """FastAPI whose description also holds the models of problems and of streamed lines."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document; formed once."""
        if self.openapi_schema is None:
            document = get_openapi(
                title=self.title,
                version=self.version,
                summary=self.summary,
                description=self.description,
                license_info=self.license_info,
                tags=self.openapi_tags,
                routes=self.routes,
            )
            _, described = models_json_schema(
                [(model, "serialization") for model in _DESCRIBED], ref_template=_REF
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name, schema in described["$defs"].items():
                schemas.setdefault(name, schema)
            _add_examples(document)
            _add_access(document)
            self.openapi_schema = document
        return self.openapi_schema
