"""The reference page at /docs: the OpenAPI description as one HTML page without script or internet."""

import base64
import hashlib
import html
import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1b1f24;background:#fff}
h2{border-top:2px solid #d0d7de;padding-top:1rem}
code,pre{font:14px/1.45 ui-monospace,monospace;background:#f3f5f7}
code{padding:.1em .25em}pre{padding:.75rem;overflow:auto;max-height:30rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;
border-bottom:1px solid #d0d7de;padding:.3rem .5rem}
.method{background:#0b5;color:#fff;padding:.1em .5em;border-radius:.25em;
font:bold 14px ui-monospace,monospace}
dt{font-weight:bold}dd{margin:0 0 .5rem}nav ul{margin:0;padding-left:1.2rem}td{overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}code,pre{background:#1b222b}
h2,th,td{border-color:#30363d}a{color:#6cb6ff}}
"""
_CSP = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'"
)


async def docs_page(request: Request) -> HTMLResponse:
    """Return the reference page."""
    page = render_page(request.app.openapi(), str(request.base_url).rstrip("/"))
    return HTMLResponse(page, headers={"Content-Security-Policy": _CSP})


def render_page(document: dict[str, Any], base: str) -> str:
    """Return an OpenAPI document as an HTML page; `base` is the server's address in the examples."""
    info = document["info"]
    operations = [
        _operation(method, path, operation, base)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = [_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{_text(info['title'])} API</title>"
        "<meta name=viewport content='width=device-width'>"
        f"<style>{_STYLE}</style><h1>{_text(info['title'])} API {_text(info['version'])}</h1>"
        f"{_prose(info['description'])}<p>For programs: <a href='/openapi.json'>openapi.json</a> (OpenAPI "
        f"{_text(document['openapi'])}).</p>{_contents(document)}{''.join(operations)}<h2>Objects</h2>{''.join(schemas)}</html>"
    )


def _contents(document: dict[str, Any]) -> str:
    """Return the calls by what they are about, each a link to its place on the page."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = next(iter(operation.get("tags", ())), "")
            call = f"<code>{method.upper()} {_text(path)}</code>"
            link = f"<a href='#{_text(operation['operationId'])}'>{call}</a>"
            by_tag.setdefault(tag, []).append(f"<li>{link} {_text(operation['summary'])}</li>")
    groups = (f"<dt>{_text(tag)}</dt><dd><ul>{''.join(items)}</ul></dd>" for tag, items in by_tag.items())
    return f"<nav><dl>{''.join(groups)}</dl></nav>"


def _operation(method: str, path: str, operation: dict[str, Any], base: str) -> str:
    parts = [
        f"<h2 id='{_text(operation['operationId'])}'><span class=method>{method.upper()}</span> "
        f"<code>{_text(path)}</code></h2><p><b>{_text(operation['summary'])}</b></p>",
        _prose(operation.get("description", "")),
        f"<pre>{_text(_curl(method, path, operation, base))}</pre>",
    ]
    if parameters := operation.get("parameters"):
        rows = "".join(
            f"<tr><td><code>{_text(p['name'])}</code></td><td>{_text(p['in'])}</td>"
            f"<td>{_type(p['schema'])}</td><td>{_inline(p.get('description', ''))}</td></tr>"
            for p in parameters
        )
        parts.append(f"<table><tr><th>Parameter<th>In<th>Type<th>Meaning</tr>{rows}</table>")
    if body := operation.get("requestBody"):
        parts.append(f"<h3>Body</h3>{_prose(body.get('description', ''))}{_content(body['content'])}")
    for status, response in operation["responses"].items():
        parts.append(f"<h3>{_text(status)} {_inline(response['description'])}</h3>")
        parts.append(_content(response.get("content", {})))
    return "".join(parts)


def _curl(method: str, path: str, operation: dict[str, Any], base: str) -> str:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            example = parameter.get("examples") or parameter["schema"].get("examples") or ["..."]
            path = path.replace(f"{{{parameter['name']}}}", str(example[0]))
    parts = ["curl"] if method == "get" else [f"curl -X {method.upper()}"]
    if any(parameter["name"] == "X-Purpose" for parameter in operation.get("parameters", [])):
        parts.append("-H 'X-Purpose: case 2026-017'")
    if body := operation.get("requestBody"):
        media_type, content = next(iter(body["content"].items()))
        if media_type == "application/json":
            parts.append(f"-H 'Content-Type: application/json' -d '{json.dumps(content['example'])}'")
        else:  # a file, in the first of the forms that are taken
            parts.append(f"-H 'Content-Type: {media_type}' --data-binary @FILE")
    return " ".join([*parts, base + path])


def _content(content: dict[str, Any]) -> str:
    parts = []
    for media_type, described in content.items():
        parts.append(f"<p><code>{_text(media_type)}</code> {_type(described.get('schema', {}))}</p>")
        examples = {"": {"value": described["example"]}} if "example" in described else {}
        for example in (examples | described.get("examples", {})).values():
            value = example["value"]
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
            parts.append(f"<pre>{_text(shown)}</pre>")
    return "".join(parts)


def _schema(name: str, schema: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{_text(key)}</code></td><td>{_type(member)}</td>"
        f"<td>{_inline(member.get('description', ''))}</td></tr>"
        for key, member in schema.get("properties", {}).items()
    )
    table = f"<table>{rows}</table>" if rows else f"<p>{_type(schema)}</p>"
    return f"<h3 id='{_text(name)}'>{_text(name)}</h3>{_prose(schema.get('description', ''))}{table}"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = _text(schema["$ref"].rsplit("/", 1)[-1])
        return f"<a href='#{name}'>{name}</a>"
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " ".join(f"<code>{_text(value)}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{_text(schema['const'])}</code>"
    if schema.get("type") == "array":
        return "list of " + _type(schema.get("items", {}))
    return _text(" ".join(str(schema[key]) for key in ("type", "format") if key in schema))


def _prose(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.split("\n\n") if part.strip())


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(text))


def _text(value: object) -> str:
    return html.escape(str(value))
