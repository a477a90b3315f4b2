"""The family's pages: signing in, who practised, how the speakers are. Without a script."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from sqlalchemy import Engine

from hub import leaving, pair_pages, sessions, views
from hub.visit import COOKIE, Turned, Visit

Page = Callable[[Visit], Awaitable[Response]]
NAME_LETTERS = 120


def add(api: FastAPI, engine: Engine, public: str) -> None:
    """Add the pages to the application.

    Args:
        public: The hub's address, without a slash at its end.
    """
    routes: list[tuple[str, str, Page, bool]] = [
        ("GET", "/", _home, False),
        ("POST", "/login", _login, False),
        ("GET", "/in", _link, False),
        ("POST", "/in", _use_link, False),
        ("POST", "/sign-out", _sign_out, True),
        ("POST", "/parents", functools.partial(_add_parent, public), True),
        ("POST", "/remove", _remove, True),
        ("GET", "/pair", pair_pages.ask, True),
        ("POST", "/pair", pair_pages.code, True),
        ("POST", "/pair/decide", pair_pages.decide, True),
        ("GET", "/pair/{grant}", pair_pages.wait, True),
    ]
    for method, path, page, private in routes:
        api.add_api_route(
            path, _route(engine, page, private), methods=[method], include_in_schema=False
        )


def _route(engine: Engine, page: Page, private: bool) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        visit = await run_in_threadpool(Visit, engine, request)
        try:
            if request.method == "POST":
                await visit.read_form(signed_in=private)
            elif private and visit.session is None:
                asked = request.url.path + ("?" if request.url.query else "") + request.url.query
                return visit.go("/?then=" + quote(asked, safe=""))
            return await page(visit)
        except Turned as turned:
            return visit.show("message", "title", turned.status, text=visit.words(turned.key))

    return answer


async def _home(visit: Visit) -> Response:
    then = visit.request.query_params.get("then", "")
    if visit.session is None:
        answer = visit.show("sign_in", "signin")
        _remember(answer, then)
        return answer
    return await run_in_threadpool(_family, visit)


async def _login(visit: Visit) -> Response:
    token = visit.form.get("token", "").strip()
    cookie = await run_in_threadpool(sessions.sign_in_by_token, visit.engine, token)
    if cookie is None:
        return visit.show("sign_in", "signin", 401, trouble=visit.words("token_wrong"))
    return visit.signed_in(cookie, _wanted(visit))


async def _link(visit: Visit) -> Response:
    # A look at a link (a messenger's preview, say) does not use it up: the button does.
    return visit.show("link", "link", link=visit.request.query_params.get("link", "")[:64])


async def _use_link(visit: Visit) -> Response:
    secret = visit.form.get("link", "")
    cookie = await run_in_threadpool(sessions.sign_in_by_link, visit.engine, secret)
    if cookie is None:
        return visit.show("sign_in", "signin", 401, trouble=visit.words("link_bad"))
    return visit.signed_in(cookie, _wanted(visit))


async def _sign_out(visit: Visit) -> Response:
    await run_in_threadpool(sessions.end, visit.engine, visit.cookie)
    answer = visit.go("/")
    answer.delete_cookie(COOKIE)
    return answer


async def _add_parent(public: str, visit: Visit) -> Response:
    name = visit.form.get("name", "").strip()
    if not name or len(name) > NAME_LETTERS or not name.isprintable():
        trouble = visit.words("bad_value", visit.words("parents_name"))
        return await run_in_threadpool(_family, visit, 422, trouble=trouble)
    made = await run_in_threadpool(sessions.add_parent, visit.engine, visit.family, name)
    if made is None:
        raise Turned(404, "not_found")
    return await run_in_threadpool(_family, visit, link=f"{public}/in?link={made[1]}")


async def _remove(visit: Visit) -> Response:
    device, family = visit.form.get("device", ""), visit.family
    if visit.form.get("sure") != "yes":
        return await run_in_threadpool(_family, visit, 422, trouble=visit.words("remove_tick"))
    lost = visit.form.get("lost") == "yes"
    asked = await run_in_threadpool(leaving.ask_to_leave, visit.engine, device, family, lost=lost)
    if not asked:
        raise Turned(404, "not_found")
    notice = visit.words("removed_now" if lost else "removed")
    return await run_in_threadpool(_family, visit, notice=notice)


def _family(visit: Visit, status: int = 200, /, **said: str) -> Response:
    if visit.session is None:
        raise Turned(403, "form_old")
    known = visit.session.caller
    devices = [
        {**each, "status": _status(each["state"]), "seen": _when(each["seen_ms"])}
        for each in views.devices(visit.engine, known)
    ]
    children = [
        {
            "name": each["id"][-6:],
            "answers": views.summary(visit.engine, known, each["id"])["answers"],
            "seen": _when(each["seen_ms"]),
        }
        for each in views.children(visit.engine, known)
    ]
    parents = None if known.family is None else sessions.parents_of(visit.engine, known.family)
    return visit.show(
        "family", "family", status, devices=devices, children=children, parents=parents, **said
    )


def _status(state: dict[str, Any]) -> str:
    status = str(state.get("status", ""))
    return status if status in ("online", "offline") else "never_connected"


def _when(ms: int) -> str:
    if not ms:
        return ""
    return f"{datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC):%Y-%m-%d %H:%M} UTC"


_THEN = "myna_then"


def _remember(answer: Response, then: str) -> None:
    """Where a parent wanted to go before signing in; a page of ours or nothing."""
    if then == "/pair" or then.startswith("/pair?"):
        answer.set_cookie(_THEN, then[:100], max_age=600, httponly=True, samesite="lax")


def _wanted(visit: Visit) -> str:
    then = visit.request.cookies.get(_THEN, "")
    return then if then == "/pair" or then.startswith("/pair?") else "/"
