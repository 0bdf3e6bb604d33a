"""`minescope check`: read the settings, say where each comes from, start nothing."""

import json
import os
from typing import Annotated

import typer

from minescope.exits import EXIT_NOTHING, EXIT_USAGE


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object instead of lines.")] = False,
) -> int:
    """Read the settings and what they point to; start nothing.

    Prints every setting with its value and where it comes from: `default`, `file` or `environment`.
    Then says whether the database, the registry folder, tshark and the compiled kernels are there.

    Exits 0 when all is well, 3 when a setting is wrong or points to nothing.
    """
    import tomllib

    from pipeline.settings import PREFIX, config_file, load_settings

    settings = load_settings()
    path = config_file()
    in_file = set(tomllib.loads(path.read_text("utf-8"))) if path.is_file() else set()
    rows = []
    for name, field in type(settings).model_fields.items():
        variable = f"{PREFIX}{name}".upper()
        origin = "environment" if os.environ.get(variable) else "file" if name in in_file else "default"
        value = getattr(settings, name)
        rows.append(
            {
                "name": name,
                "value": _without_password(str(value)) if value is not None else None,
                "from": origin,
                "environment": variable,
                "meaning": field.description,
            }
        )
    findings = _findings(settings.database_url, settings.registry)
    wrong = [finding for finding in findings if not finding["ok"]]
    if as_json:
        typer.echo(
            json.dumps({"file": str(path), "settings": rows, "findings": findings}, ensure_ascii=False)
        )
    else:
        typer.echo(f"settings file: {path} ({'read' if path.is_file() else 'absent'})")
        for row in rows:
            typer.echo(f"{row['name']:<18}{row['value'] or '-'}  [{row['from']}]")
            typer.echo(f"{'':<18}{row['environment']}: {row['meaning']}")
        for finding in findings:
            typer.echo(f"{'ok   ' if finding['ok'] else 'WRONG'} {finding['what']}: {finding['state']}")
    return EXIT_USAGE if wrong else EXIT_NOTHING


def _findings(database_url: str, registry: object) -> list[dict[str, object]]:
    import shutil
    from pathlib import Path

    from capture.compiled import is_warm

    found: list[dict[str, object]] = []
    if database_url.startswith("sqlite:///"):
        file = Path(database_url.removeprefix("sqlite:///"))
        folder = next((parent for parent in file.parents if parent.exists()), Path("/"))
        writable = os.access(folder, os.W_OK)
        state = (
            "there"
            if file.exists()
            else "will be made at first use"
            if writable
            else f"{folder} is not writable"
        )
        found.append({"what": "database", "ok": file.exists() or writable, "state": state})
    else:
        found.append({"what": "database", "ok": True, "state": "on a server; not contacted"})
    if registry is not None:
        there = Path(str(registry)).is_dir()
        found.append(
            {"what": "registry", "ok": there, "state": "there" if there else f"no such folder: {registry}"}
        )
    found += [_machines(), _access()]
    tshark = shutil.which("tshark")
    found.append({"what": "tshark", "ok": True, "state": tshark or "absent; `inspect` uses scapy instead"})
    warm = is_warm()
    state = "compiled" if warm else "not compiled yet; `minescope warmup` does it ahead of time"
    found.append({"what": "kernels", "ok": True, "state": state})
    return found


def _machines() -> dict[str, object]:
    """Say how many machines the table in force has, or what is wrong with the operator's own."""
    from facts.errors import MineScopeError
    from pipeline.machine_table import machine_table

    try:
        table = machine_table()
    except MineScopeError as error:
        return {"what": "machines", "ok": False, "state": str(error)}
    return {"what": "machines", "ok": True, "state": f"{len(table.machines)} models with their efficiency"}


def _access() -> dict[str, object]:
    """Say what `access.toml` sets, or what is wrong with it."""
    from facts.errors import MineScopeError
    from pipeline.access_settings import FILE, load_access_settings
    from pipeline.home import home_folder

    try:
        access = load_access_settings(home_folder())
        if access.oidc is not None:
            access.oidc.secret()
    except MineScopeError as error:
        return {"what": "access", "ok": False, "state": str(error)}
    there = f"{FILE} is read" if (home_folder() / FILE).is_file() else f"no {FILE}"
    provider = f"log-in at {access.oidc.issuer}" if access.oidc else "local accounts only"
    return {"what": "access", "ok": True, "state": f"{there}; {provider}"}


def _without_password(text: str) -> str:
    import re

    return re.sub(r"(://[^:/@]+):[^@]*@", r"\1:***@", text)
