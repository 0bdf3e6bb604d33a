"""`minescope serve`: the API over HTTP."""

import gc
import logging
import sys
import time
from collections.abc import Iterator
from typing import Annotated

import typer

from minescope.exits import EXIT_NOTHING

SWITCH_S = 0.0005
"""Seconds after which a thread that computes gives way: Python's own 5 ms would be those of an answer."""

GC_THRESHOLD = (10_000, 20, 20)
"""New objects before cycles are looked for: some twenty answers, not two."""


def serve(
    host: Annotated[
        str | None,
        typer.Option(
            help="Address to listen on. Default: MINESCOPE_HOST, else 127.0.0.1.", show_default=False
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="Port to listen on. Default: MINESCOPE_PORT, else 8765.",
            show_default=False,
        ),
    ] = None,
    open_: Annotated[
        bool,
        typer.Option(
            "--open", help="Ask nobody who they are, although there are accounts: on this machine only."
        ),
    ] = False,
    closed: Annotated[
        bool, typer.Option("--closed", help="Let nobody in without an account, even while there is none.")
    ] = False,
) -> int:
    """Answer over HTTP who mines, how that is known, whose the address is and where it stands.

    Serves the verdicts that `replay --store` kept and the registry that `registry` loaded (or the folder that
    MINESCOPE_REGISTRY names), until SIGTERM or Ctrl-C; answers that are running then get 10 seconds to end.
    A registry folder is read once, at the start; what `registry` loads later holds from the next question on.

    **Who may ask**: accounts and API keys (`minescope users`, docs/access.md), and who logs in at the OpenID
    provider of `access.toml`. On this machine alone, and as long as there is neither, whoever reaches the
    port is let in, and the server says so: the first account closes it. Every look-up states its purpose in
    the header `X-Purpose` and is kept in the audit. `/docs` is the reference, `/openapi.json` the same for
    programs. Encryption is for a proxy in front (docs/deploy.md).

    **Examples**

        minescope serve

        minescope serve --port 9000

        curl -H 'X-Purpose: case 2026-017' http://127.0.0.1:8765/v1/ips/203.0.113.7

    **Exit codes**: 0 ended by a signal; 2 the database or the registry cannot be read; 3 wrong usage or
    settings, a port in use among them.
    """
    from api.access.gate import Mode
    from api.access.opening import at_provider, opened_gate
    from api.app import create_app
    from api.server import LOOPBACK_NAMES, bind, is_loopback, run
    from facts.errors import UsageError
    from pipeline.access_settings import load_access_settings
    from pipeline.services import build_services
    from pipeline.settings import load_settings
    from store.jobs import JobStore

    if open_ and closed:
        raise UsageError("--open and --closed exclude each other")
    settings = load_settings(host=host, port=port)
    access = load_access_settings(settings.home)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("minescope").setLevel(settings.log_level.upper())
    with bind(settings.host, settings.port) as bound, build_services(settings) as services:
        for notice in services.notices:
            typer.echo(f"minescope: {notice}", err=True)
        local = is_loopback(bound)
        if open_ and not local:
            raise UsageError("--open is for this machine only: leave --host away")
        shut = closed or not local or (access.oidc is not None and not open_)
        mode = Mode.CLOSED if shut else Mode.OPEN if open_ else Mode.UNTIL_USERS
        sign_on = None if access.oidc is None else at_provider(access.oidc, services, time.time_ns)
        url = f"http://{_reachable(bound.getsockname()[0])}:{settings.port}"

        opening = opened_gate(
            services,
            mode,
            time.time_ns,
            durable=access.audit.durable,
            key_file=access.key_file(settings.home),
        )
        with opening as gate:
            accounts = gate.access.has_users()

            def ready() -> None:
                typer.echo(f"MineScope {services.version} answers at {url}")
                typer.echo(f"  reference  {url}/docs")
                typer.echo(f"  example    curl -H 'X-Purpose: trying it out' '{url}/v1/hits?level=likely'")
                for line in _who_may(mode, accounts, local):
                    typer.echo(f"minescope: {line}", err=True)
                sys.stdout.flush()

            JobStore(services.database).fail_unfinished(time.time_ns())
            sys.setswitchinterval(SWITCH_S)
            app = create_app(services, gate, LOOPBACK_NAMES if local else None, sign_on)
            gc.collect()
            gc.freeze()  # registry and routes stay: looking for cycles in them would hold up answers
            gc.set_threshold(*GC_THRESHOLD)
            try:
                run(app, bound, ready)
            finally:
                app.state.jobs.close()
                app.state.reports.close()
    return EXIT_NOTHING


def _who_may(mode: str, accounts: bool, local: bool) -> Iterator[str]:
    """Yield what a person should know of who is let in."""
    if mode == "open" or (mode == "until-users" and not accounts):
        yield "open: nobody is asked who they are; whoever uses this machine reads everything"
        if mode == "until-users":
            yield "the first account closes it: minescope users add NAME --role analyst"
    elif not accounts:
        yield "warning: there is no account, so every look-up is refused: minescope users add NAME --role ..."
    if not local:
        yield "warning: passwords and answers travel in clear unless a proxy in front speaks TLS"


def _reachable(address: str) -> str:
    """Return how this machine names a socket bound to `address` in a URL."""
    if address in ("0.0.0.0", "::"):
        return "localhost"
    return f"[{address}]" if ":" in address else address
