"""The family's page: who practised, how the speakers are. One page, rendered here, no scripts."""

from __future__ import annotations

import datetime
import html
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Cookie, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Engine

from hub import views
from hub.access import Caller, caller_of

_FRAME = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Myna</title>
<style>body{{font:1.1rem/1.5 system-ui;max-width:40rem;margin:2rem auto;padding:0 1rem}}
td,th{{padding:.3rem 1rem .3rem 0;text-align:left}}</style>
<h1>Myna</h1>
{body}
</html>
"""
_LOGIN = """<form method="post" action="/login"><label>Your family's token
<input name="token" type="password" autocomplete="current-password"></label>
<button>Show our speakers</button></form>"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
TOKEN_LIMIT_BYTES = 4096


def add(api: FastAPI, engine: Engine) -> None:
    """Add the pages to the application."""

    @api.get("/", include_in_schema=False)
    def home(myna_token: Annotated[str, Cookie()] = "") -> HTMLResponse:
        known = caller_of(engine, myna_token) if myna_token else None
        body = _LOGIN if known is None else _family(engine, known)
        return HTMLResponse(_FRAME.format(body=body), headers=_HEADERS)

    @api.post("/login", include_in_schema=False)
    async def login(request: Request) -> Response:
        form = parse_qs((await request.body())[:TOKEN_LIMIT_BYTES].decode("utf-8", "replace"))
        token = form.get("token", [""])[0].strip()
        if not token.isascii() or caller_of(engine, token) is None:
            page = _FRAME.format(body="<p>This token is not known.</p>" + _LOGIN)
            return HTMLResponse(page, 401, headers=_HEADERS)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            "myna_token",
            token,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer


def _family(engine: Engine, known: Caller) -> str:
    devices = "".join(
        f"<tr><td>{html.escape(each['id'])}<td>{_status(each['state'])}<td>{_when(each['seen_ms'])}"
        for each in views.devices(engine, known)
    )
    children = "".join(
        f"<tr><td>{html.escape(each['id'][-6:])}"
        f"<td>{views.summary(engine, known, each['id'])['events']}<td>{_when(each['seen_ms'])}"
        for each in views.children(engine, known)
    )
    return (
        f"<h2>Speakers</h2><table><tr><th>Speaker<th>Now<th>Heard of{devices}</table>"
        f"<h2>Children</h2><table><tr><th>Child<th>Answers<th>Last{children}</table>"
    )


def _status(state: dict[str, object]) -> str:
    return html.escape(str(state.get("status", "never connected")))


def _when(ms: int) -> str:
    if not ms:
        return "never"
    return f"{datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC):%Y-%m-%d %H:%M} UTC"
