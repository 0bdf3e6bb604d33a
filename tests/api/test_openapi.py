"""The OpenAPI description is complete, and the application keeps to it."""

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, seed, settings
from schemathesis.checks import CHECKS
from starlette.testclient import TestClient

from api import models, models_bulk
from api.access.gate import Mode
from tests.api.accounts import every_route, keys_of
from tests.api.stored import app_of, serving


@pytest.fixture(scope="session")
def document(client: TestClient) -> dict[str, Any]:
    return client.get("/openapi.json").json()


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{m} {p}", op) for p, methods in document["paths"].items() for m, op in methods.items()]


def test_it_is_openapi_3_1_and_describes_every_operation(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    found = operations(document)
    served = {
        f"{method.lower()} {route.path}"
        for route in every_route()
        for method in route.methods
        if route.include_in_schema
    }
    assert {name for name, _ in found} == served
    assert len({op["operationId"] for _, op in found}) == len(found) >= 23
    for _, operation in found:
        assert operation["summary"]
        assert operation["description"]
        assert operation["tags"]
        for parameter in operation.get("parameters", []):
            assert parameter["description"]


def test_every_error_response_is_a_problem_with_an_example(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        errors = {status: r for status, r in operation["responses"].items() if status >= "400"}
        assert "500" in errors, name
        for response in errors.values():
            [(media_type, content)] = response["content"].items()
            assert media_type == "application/problem+json"
            assert content["schema"] == {"$ref": "#/components/schemas/ProblemModel"}
            assert content["examples"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [r for value in node.values() for r in references(value)]
        return [r for value in node for r in references(value)] if isinstance(node, list) else []

    schemas = document["components"]["schemas"]
    assert {r.removeprefix("#/components/schemas/") for r in references(document)} <= set(schemas)
    assert "HTTPValidationError" not in schemas


def every_model(model: type[models.Model]) -> list[type[models.Model]]:
    return [model, *(one for below in model.__subclasses__() for one in every_model(below))]


def test_the_examples_are_what_the_models_say(document: dict[str, Any]) -> None:
    checked = 0
    every = every_model(models.Model)
    described = {model.__name__: model for model in every}
    # Names that several modules have are told apart by their modules.
    described |= {f"{model.__module__}.{model.__name__}".replace(".", "__"): model for model in every}
    for _, operation in operations(document):
        good = next(r for status, r in operation["responses"].items() if status < "400")
        content = good.get("content", {}).get("application/json", {})
        if "$ref" in content.get("schema", {}):
            name = content["schema"]["$ref"].rsplit("/", 1)[1]
            described[name].model_validate(content["example"])
            checked += 1
    assert checked >= 17
    lookup = document["paths"]["/v1/ips:lookup"]["post"]
    lines = lookup["responses"]["200"]["content"]["application/x-ndjson"]["example"].split("\n")
    assert len(lines) == len(lookup["requestBody"]["content"]["application/json"]["example"])
    for line in map(json.loads, lines):
        (models_bulk.EntryErrorModel if line["type"] == "error" else models.AddressModel).model_validate(line)


def test_every_look_up_says_that_it_wants_a_purpose_and_who_asks(document: dict[str, Any]) -> None:
    free = {"getHealth", "logIn", "logOut", "getSession", "beginLogIn", "finishLogIn", "endLogIn"}
    for _, operation in operations(document):
        wanted = [p for p in operation.get("parameters", ()) if p["name"] == "X-Purpose"]
        assert [p["required"] for p in wanted] == ([] if operation["operationId"] in free else [True])
        assert ("security" in operation) == (
            operation["operationId"] not in ("getHealth", "logIn", "beginLogIn", "finishLogIn", "endLogIn")
        )
    schemes = document["components"]["securitySchemes"]
    assert {name: scheme["type"] for name, scheme in schemes.items()} == {"key": "http", "session": "apiKey"}


def test_the_reference_page_loads_nothing_and_shows_every_operation(
    client: TestClient, document: dict[str, Any]
) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert "src=" not in page.text
    for _, operation in operations(document):
        assert operation["summary"] in page.text
        for part in (f"href='#{operation['operationId']}'", f"id='{operation['operationId']}'"):
            assert page.text.count(part) == 1
    for name in document["components"]["schemas"]:
        assert f"id='{name}'" in page.text


# An entry that cannot be read is answered in its place (200); a string of a schema may still be no prefix, or
# no purpose; a record that was made up is a 404.
LENIENT = {
    "lookupAddresses": ("negative_data_rejection",),
    "startJob": ("negative_data_rejection",),
}
OPERATIONS = [route.operation_id for route in every_route() if route.include_in_schema]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_generated_request_breaks_the_description(tmp_path: Path, operation: str) -> None:
    with serving(tmp_path) as services, app_of(services, mode=Mode.CLOSED) as app:
        key = keys_of(app)[operation]
        schema = schemathesis.openapi.from_asgi("/openapi.json", app)
        chosen = schema.include(operation_id=operation)
        [one] = [result.ok() for result in chosen.get_all_operations()]
        names = ("positive_data_acceptance", *LENIENT.get(operation, ()))
        excluded = [CHECKS.get_one(name) for name in names]

        @seed(1)
        @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def every_case_is_answered_as_described(case: schemathesis.Case) -> None:
            case.call_and_validate(
                excluded_checks=excluded, headers={"Authorization": f"Bearer {key}"} if key else None
            )

        from hypothesis import given

        given(case=one.as_strategy())(every_case_is_answered_as_described)()


def test_each_call_with_an_id_or_a_filter_says_what_an_ill_formed_one_is_answered_with(document: Any) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            asked = [one for one in operation.get("parameters", ()) if one["in"] in ("path", "query")]
            if asked:
                content = operation["responses"]["422"]["content"]
                assert "ProblemModel" in str(content["application/problem+json"]["schema"]), (method, path)
