"""The web door: `create_app` puts the routes, the problem details and the security headers together."""

import logging
import os
from collections.abc import Collection, Mapping
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.access.gate import Gate
from api.access.trail import Trail
from api.docs_page import docs_page
from api.faults import of_ask, of_validation
from api.jobs import Jobs
from api.lane import Lane, Told
from api.language import of_request
from api.middleware import SecurityHeaders, add_security_headers
from api.oidc.sign_on import SignOn
from api.openapi import DESCRIPTION, DescribedAPI
from api.problems import Problem, ProblemError, http_response, problem_response
from api.report_jobs import ReportJobs
from api.routes import (
    accounts,
    audit,
    bulk,
    cases,
    clocks,
    clusters,
    decisions,
    enterprises,
    evidence,
    exits,
    exports,
    health,
    hits,
    ips,
    jobs,
    ledger_imports,
    ledgers,
    lists,
    pools,
    power,
    probes,
    project_metered,
    project_particulars,
    project_writes,
    projects,
    relapses,
    reports,
    screening,
    session,
    single_sign_on,
    sites,
    tariff,
    tariff_writes,
    warnings,
)
from facts.errors import StoreError
from pipeline.lookup import AskError
from pipeline.services import Services
from supervision.refusals import Forbidden, Refused, Unknown

_TAGS = [
    {"name": "addresses", "description": "What is known of an address."},
    {"name": "hits", "description": "Who mines."},
    {"name": "clusters", "description": "Who belongs together."},
    {"name": "files", "description": "What is known of an enterprise, a site, a pool."},
    {"name": "evidence", "description": "The packets themselves."},
    {"name": "decisions", "description": "What people made of it."},
    {"name": "lists", "description": "What the operator allows and denies."},
    {
        "name": "clocks",
        "description": "When pools told their clients of work: what sealed traffic is held against.",
    },
    {"name": "projects", "description": "What mines or is to mine, and how far it is on its way out."},
    {"name": "warnings", "description": "What somebody has to look at, by when."},
    {"name": "cases", "description": "Who does what about it, until it is closed."},
    {"name": "tariff", "description": "What mining costs on top: rules, bills, arrears, collection."},
    {
        "name": "power",
        "description": "What load curves and meters say: abnormal loads, farms, private lines.",
    },
    {"name": "ledgers", "description": "What other bodies tell: market, support, money, penalties, credit."},
    {"name": "screening", "description": "Who trades power and mines, or belongs to who mines."},
    {"name": "reports", "description": "Documents as known on a date, made as a job."},
    {"name": "jobs", "description": "Bulk look-ups that run on their own."},
    {"name": "access", "description": "Who asks; what was asked."},
    {"name": "service", "description": "The service itself."},
]
_SILENT = TelemetryConfig(  # nothing is told to anyone: probes stand in closed networks
    tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False
)
_log = logging.getLogger("minescope.api")


ROUTERS = (
    ips.router,
    bulk.router,
    evidence.router,
    decisions.router,
    jobs.router,
    hits.router,
    clusters.router,
    exports.router,
    enterprises.router,
    sites.router,
    pools.router,
    projects.router,
    project_metered.router,
    project_writes.router,
    project_particulars.router,
    relapses.router,  # before exits: `relapses` is no id of a project
    exits.router,
    warnings.router,
    cases.router,
    tariff.router,
    tariff_writes.router,
    power.router,
    lists.router,
    clocks.router,
    probes.router,
    ledgers.router,
    ledger_imports.router,
    screening.router,
    reports.router,
    session.router,
    single_sign_on.router,
    accounts.router,
    audit.router,
    health.router,
)
"""The table of routes, in the order of the description."""


def create_app(
    services: Services, gate: Gate, hosts: Collection[str] | None = None, sign_on: SignOn | None = None
) -> FastAPI:
    """Return the application over opened services and an opened gate, which the caller closes.

    `hosts` are the lower-case host names that it answers to (IPv6 in brackets); None takes any. `sign_on` is
    how people log in at an OpenID provider, where one is set.
    """
    app = DescribedAPI(
        title="MineScope",
        version=services.version,
        summary="Which address mines, how that is known, whose it is and where it stands.",
        description=DESCRIPTION,
        license_info={"name": "MIT", "identifier": "MIT"},
        openapi_tags=_TAGS,
        docs_url=None,  # the built-in pages load scripts from the internet
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_SILENT,
    )
    app.state.services = services
    app.state.gate = gate
    app.state.sign_on = sign_on
    app.state.bulks = bulk.Slots(bulk.MAX_BULKS)
    app.state.jobs = Jobs(services, gate.clock)
    app.state.reports = ReportJobs(services, gate.clock, os.environ)
    app.add_middleware(Trail, writer=gate.writer, clock=gate.clock)
    app.add_middleware(SecurityHeaders, hosts=hosts, refused=gate.refusals.count)
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/docs", docs_page, include_in_schema=False)
    app.exception_handler(ProblemError)(_problem)
    app.exception_handler(AskError)(_ask)
    app.exception_handler(RequestValidationError)(_validation)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(StoreError)(_store)
    app.exception_handler(Refused)(_refused)
    app.exception_handler(ClientDisconnect)(_gone)
    app.exception_handler(Exception)(_internal)
    whole = app.build_middleware_stack()
    told = cast(Mapping[Any, Told], app.exception_handlers)  # coroutines all of them
    app.middleware_stack = Lane(whole, _route("getAddress"), told, hosts)
    return app


def _route(operation: str) -> APIRoute:
    routes = (route for router in ROUTERS for route in router.routes)
    return next(one for one in routes if isinstance(one, APIRoute) and one.operation_id == operation)


async def _problem(request: Request, error: ProblemError) -> Response:
    return problem_response(
        request, error.problem, faults=error.faults, headers=error.headers, **error.fields
    )


async def _ask(request: Request, error: AskError) -> Response:
    faults = of_ask(error, request.path_params, of_request(request))
    return problem_response(request, Problem.INVALID_REQUEST, faults=faults)


async def _validation(request: Request, error: RequestValidationError) -> Response:
    faults = of_validation(error.errors(), of_request(request))
    return problem_response(request, Problem.INVALID_REQUEST, faults=faults)


async def _http(request: Request, error: HTTPException) -> Response:
    path = request.url.path
    if error.status_code == 404:
        return problem_response(request, Problem.NOT_FOUND, path=path)
    if error.status_code == 405:
        headers = dict(error.headers or {})
        allow = headers.get("Allow", "")
        return problem_response(
            request,
            Problem.METHOD_NOT_ALLOWED,
            headers=headers,
            path=path,
            method=request.method,
            allow=allow,
        )
    return http_response(request, error)


async def _store(request: Request, error: StoreError) -> Response:
    _log.error("the store failed: %s", error)
    return problem_response(request, Problem.STORE_UNAVAILABLE, headers={"Retry-After": "5"})


async def _refused(request: Request, error: Refused) -> Response:
    if isinstance(error, Unknown):
        return problem_response(request, Problem.UNKNOWN_RECORD)
    kind = Problem.NOT_PERMITTED if isinstance(error, Forbidden) else Problem.NOT_ALLOWED
    return problem_response(request, kind, why=error.told(of_request(request)).rstrip(".。"))


async def _gone(request: Request, error: ClientDisconnect) -> Response:
    _log.info("a client went away before its request to %s was read", request.url.path)
    return Response(status_code=400)  # nobody reads it


async def _internal(request: Request, error: Exception) -> Response:
    # The server logs the error with its trace: it is raised again behind this answer.
    response = problem_response(request, Problem.INTERNAL)
    add_security_headers(response.headers)
    return response
