"""`minescope serve`: the API over HTTP."""

import logging
import sys
from typing import Annotated

import typer

from minescope.exits import EXIT_NOTHING


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
) -> int:
    """Answer over HTTP who mines, how that is known, whose the address is and where it stands.

    Serves the verdicts that `replay --store` kept and the registry that `registry` loaded (or the folder that
    MINESCOPE_REGISTRY names), until SIGTERM or Ctrl-C; answers that are running then get 10 seconds to end.
    The registry is read once, at the start.

    **There are no accounts yet.** It listens on this machine only, unless --host says otherwise: whoever
    reaches the port reads everything. `/docs` is the reference, `/openapi.json` the same for programs.

    **Examples**

        minescope serve

        minescope serve --port 9000

        curl http://127.0.0.1:8765/v1/ips/203.0.113.7

    **Exit codes**: 0 ended by a signal; 2 the database or the registry cannot be read; 3 wrong usage or
    settings, a port in use among them.
    """
    from api.app import create_app
    from api.server import LOOPBACK_NAMES, bind, is_loopback, run
    from pipeline.services import build_services
    from pipeline.settings import load_settings

    settings = load_settings(host=host, port=port)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("minescope").setLevel(settings.log_level.upper())
    with bind(settings.host, settings.port) as bound, build_services(settings) as services:
        for notice in services.notices:
            typer.echo(f"minescope: {notice}", err=True)
        local = is_loopback(bound)
        if not local:
            typer.echo(
                f"minescope: warning: listening on {settings.host} and there are no accounts yet: whoever "
                f"reaches port {settings.port} reads every verdict and every name in the registry",
                err=True,
            )
        url = f"http://{_reachable(bound.getsockname()[0])}:{settings.port}"

        def ready() -> None:
            typer.echo(f"MineScope {services.version} answers at {url}")
            typer.echo(f"  reference  {url}/docs")
            typer.echo(f"  example    curl '{url}/v1/hits?level=likely'")
            sys.stdout.flush()

        run(create_app(services, LOOPBACK_NAMES if local else None), bound, ready)
    return EXIT_NOTHING


def _reachable(address: str) -> str:
    """Return how this machine names a socket bound to `address` in a URL."""
    if address in ("0.0.0.0", "::"):
        return "localhost"
    return f"[{address}]" if ":" in address else address
