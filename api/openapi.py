"""The OpenAPI 3.1 description: problem responses, examples, and the models that no route returns directly."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.examples import ANSWERS, REQUESTS
from api.models import AddressModel, EntryErrorModel, EntryModel, ProblemModel
from api.problems import MEDIA_TYPE, Fault, Problem, pointer, problem_json

_REF = "#/components/schemas/{model}"
_DESCRIBED = (ProblemModel, EntryErrorModel, EntryModel, AddressModel)
_FIELDS: dict[str, object] = {
    "address": "203.0.113.7",
    "limit": 100_000,
    "offset": 17,
    "why": "expected , or ]",
}
_FAULT = Fault("This is not an IPv4 or IPv6 address.", pointer("path", "ip"))

DESCRIPTION = """Finds cryptocurrency mining in network traffic: which address mines, how that is known,
whose it is and where it stands.

Every error is a problem details object of RFC 9457 (`application/problem+json`) with `type`, `title`,
`status`, `detail`, `instance` and, where parts of a request are wrong, `errors`. Sentences (`because`,
`title`, `detail`) are in English, or Chinese where `Accept-Language` prefers it. Times are RFC 3339, UTC."""


def responses(ok: dict[str, Any], *kinds: Problem) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route: 200, and the problems it can meet, 500 always among them."""
    described: dict[int | str, dict[str, Any]] = {200: ok}
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
    for methods in document["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            [content] = operation["responses"]["200"]["content"].values()
            content["example"] = ANSWERS[name]
            if name in REQUESTS:
                [content] = operation["requestBody"]["content"].values()
                content["example"] = REQUESTS[name]


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
            self.openapi_schema = document
        return self.openapi_schema
