"""One request to the parents' pages: who asks, in which language, with which form."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from provisioning.parents.codes import OneTimeCode
from provisioning.parents.family_file import FamilyFile
from provisioning.parents.guard import NONCE
from provisioning.parents.ports import Household
from provisioning.parents.sessions import Session, Sessions
from provisioning.parents.words import Words, language_of

COOKIE, LANGUAGE_COOKIE = "myna", "myna-language"
FORM_BYTES = 8192
FORM_FIELDS = 32


class Hosts(Protocol):
    """What a visit needs of the application."""

    household: Household
    family: FamilyFile
    code: OneTimeCode
    sessions: Sessions
    wall: Callable[[], datetime]


class Turned(Exception):
    """A request that is answered with a page instead of what it asked for."""

    def __init__(self, status: int, key: str) -> None:
        super().__init__(key)
        self.status = status
        self.key = key


class Visit:
    """One request: who asks, in which language, with which form."""

    def __init__(self, pages: Hosts, request: Request) -> None:
        self.pages = pages
        self.request = request
        self.token = request.cookies.get(COOKIE, "")
        self.session: Session | None = pages.sessions.find(self.token) if self.token else None
        self.asked_language = request.query_params.get("lang", "")
        self.words = Words(
            language_of(
                self.asked_language,
                request.cookies.get(LANGUAGE_COOKIE, ""),
                request.headers.get("accept-language", ""),
                pages.household.language(),
            )
        )
        self.form: Mapping[str, str] = {}

    @property
    def address(self) -> str:
        return self.request.client.host if self.request.client else ""

    async def read_form(self) -> None:
        """Take the form in, as far as it is one of ours in kind and size."""
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise Turned(415, "form_old")
        body = b""
        async for chunk in self.request.stream():
            body += chunk
            if len(body) > FORM_BYTES:
                raise Turned(413, "form_old")
        try:
            pairs = parse_qsl(
                body.decode("ascii"),
                keep_blank_values=True,
                max_num_fields=FORM_FIELDS,
                errors="strict",
            )
        except ValueError as error:
            raise Turned(422, "form_old") from error
        if len({name for name, _ in pairs}) != len(pairs):
            raise Turned(422, "form_old")
        self.form = dict(pairs)

    def show(self, template: str, heading: str, status: int = 200, /, **values: object) -> Response:
        """A page."""
        text = (
            _templates()
            .get_template(f"{template}.html")
            .render(
                w=self.words,
                heading=heading,
                nonce=self.request.scope[NONCE],
                csrf=self.session.csrf if self.session else "",
                **values,
            )
        )
        response = HTMLResponse(text, status)
        if self.asked_language == self.words.language:
            response.set_cookie(
                LANGUAGE_COOKIE, self.asked_language, httponly=True, samesite="strict"
            )
        return response

    def message(self, status: int, key: str) -> Response:
        """A page that says one thing."""
        return self.show("message", "title", status, text=self.words(key))


@functools.cache
def _templates() -> Any:  # noqa: ANN401 - an environment
    return jinja2.Environment(
        loader=jinja2.PackageLoader("provisioning.parents"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
