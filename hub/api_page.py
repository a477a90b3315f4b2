"""The API in words: a page made from its own OpenAPI document, without scripts or the internet."""

from __future__ import annotations

import html
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

_FRAME = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}: the API</title>
<style>body{{font:1rem/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem}}
code{{font-size:1rem}}dt{{margin-top:.5rem}}h2{{margin-top:2rem;font-size:1.1rem}}</style>
<h1>{title}: the API</h1>
<p>{about} The whole description, for programs: <a href="/openapi.json">openapi.json</a>.
A token goes into the header <code>Authorization: Bearer …</code>.</p>
{body}
</html>
"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
}


def add(api: FastAPI) -> None:
    """Serve the page at ``/docs``."""

    @api.get("/docs", include_in_schema=False)
    def described() -> HTMLResponse:
        return HTMLResponse(page(api.openapi()), headers=_HEADERS)


def page(document: dict[str, Any]) -> str:
    """The page for an OpenAPI document."""
    info = document["info"]
    parts = [
        _operation(method, path, operation, document)
        for path, methods in sorted(document["paths"].items())
        for method, operation in methods.items()
    ]
    return _FRAME.format(
        title=html.escape(info["title"]),
        about=html.escape(info.get("description", "")),
        body="\n".join(parts),
    )


def _operation(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    rows = [
        _row(each["name"], each["in"], each.get("required", False), each.get("schema", {}))
        for each in operation.get("parameters", ())
    ]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(content.get("schema", {}), document)
        needed = schema.get("required", ())
        rows += [
            _row(name, "body", name in needed, part)
            for name, part in schema.get("properties", {}).items()
        ]
    answers = ", ".join(
        f"{html.escape(code)} {html.escape(answer.get('description', '').lower())}"
        for code, answer in operation["responses"].items()
    )
    listed = f"<dl>{''.join(rows)}</dl>" if rows else ""
    return (
        f"<h2><code>{method.upper()} {html.escape(path)}</code></h2>"
        f"<p>{html.escape(operation.get('description', operation.get('summary', '')))}</p>"
        f"{listed}<p>Answers: {answers}.</p>"
    )


def _row(name: str, place: str, needed: bool, schema: dict[str, Any]) -> str:
    limits = [
        f"{key} {schema[key]}"
        for key in ("type", "pattern", "minLength", "maxLength", "minimum", "maximum", "default")
        if key in schema
    ]
    said = ", ".join([place, "needed" if needed else "may be left out", *map(str, limits)])
    return f"<dt><code>{html.escape(name)}</code><dd>{html.escape(said)}"


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found
