"""One request to the hub's pages: who asks, in which language, with which form."""

from __future__ import annotations

import functools
import importlib.resources
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import jinja2
import yaml
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Engine

from hub import sessions
from hub.forms import FormTooLarge, form_pairs

COOKIE = "myna_session"
FORM_BYTES = 8192
FORM_FIELDS = 32
LANGUAGES = ("en", "zh")


class Turned(Exception):
    """A request that is answered with a page that says why."""

    def __init__(self, status: int, key: str) -> None:
        super().__init__(key)
        self.status = status
        self.key = key


class Visit:
    """One request.

    Args:
        engine: The store.
        request: Of a browser.
    """

    def __init__(self, engine: Engine, request: Request) -> None:
        self.engine = engine
        self.request = request
        self.cookie = request.cookies.get(COOKIE, "")
        self.session = sessions.find(engine, self.cookie) if self.cookie else None
        self.language = _language(request)
        self.form: Mapping[str, str] = {}

    @property
    def family(self) -> str:
        """The family that is signed in.

        Raises:
            Turned: It is the administrator, who has none.
        """
        if self.session is None or self.session.caller.family is None:
            raise Turned(403, "for_a_family")
        return self.session.caller.family

    def words(self, key: str, *figures: object) -> str:
        """The text of a key, with figures in their places."""
        text = _texts()[key][self.language]
        return text.format(*figures) if figures else text

    async def read_form(self, *, signed_in: bool) -> None:
        """Take a form in, if it is one of ours.

        Raises:
            Turned: It is none, too large, from elsewhere, or without its session's token.
        """
        headers = self.request.headers
        if not _is_ours(headers):
            raise Turned(403, "form_old")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise Turned(415, "form_old")
        self.form = await read_form(self.request)
        if signed_in and (
            self.session is None or not self.session.is_own(self.form.get("csrf", ""))
        ):
            raise Turned(403, "form_old")

    def show(self, template: str, heading: str, status: int = 200, /, **values: object) -> Response:
        """A page."""
        nonce = secrets.token_urlsafe(16)
        text = (
            _templates()
            .get_template(f"{template}.html")
            .render(
                w=self.words,
                language=self.language,
                heading=heading,
                nonce=nonce,
                csrf=self.session.csrf if self.session else "",
                **values,
            )
        )
        return HTMLResponse(text, status, headers=_headers(nonce))

    def go(self, place: str) -> Response:
        """On to another page."""
        return RedirectResponse(place, 303, headers={"Cache-Control": "no-store"})

    def signed_in(self, cookie: str, place: str) -> Response:
        """On to another page, with a session."""
        answer = self.go(place)
        answer.set_cookie(
            COOKIE,
            cookie,
            max_age=sessions.LONGEST_MS // 1000,
            httponly=True,
            samesite="lax",  # a link in a message has to find the session again
            secure=self.request.url.scheme == "https",
        )
        return answer


async def read_form(request: Request) -> dict[str, str]:
    """A form's fields, each there once.

    Raises:
        Turned: It is too large or no form.
    """
    try:
        pairs = await form_pairs(request, most_bytes=FORM_BYTES, most_fields=FORM_FIELDS)
    except FormTooLarge as error:
        raise Turned(413, "form_old") from error
    except ValueError as error:
        raise Turned(422, "form_old") from error
    if len({name for name, _ in pairs}) != len(pairs):
        raise Turned(422, "form_old")
    return dict(pairs)


def _is_ours(headers: Mapping[str, str]) -> bool:
    """Whether a form came from our own pages, as far as the browser says; old ones say nothing."""
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = headers.get("origin")
    try:
        return origin is None or urlsplit(origin).netloc == headers.get("host", "")
    except ValueError:
        return False


def _language(request: Request) -> str:
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]


def _headers(nonce: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # Not "no-referrer": with it browsers send forms of our own with the origin "null".
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


@functools.cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    path = importlib.resources.files("hub").joinpath("words.yaml")
    found: Mapping[str, Mapping[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@functools.cache
def _templates() -> Any:  # noqa: ANN401 - an environment
    return jinja2.Environment(
        loader=jinja2.PackageLoader("hub"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
