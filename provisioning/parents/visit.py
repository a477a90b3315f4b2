"""One request to the parents' pages: who asks, in which language, with which form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from provisioning.parents.codes import OneTimeCode
from provisioning.parents.family_file import FamilyFile
from provisioning.parents.forms import form_of
from provisioning.parents.ports import Household
from provisioning.parents.rendering import LANGUAGE_COOKIE, rendered
from provisioning.parents.sessions import Session, Sessions
from provisioning.parents.words import HERE, Words, language_of

COOKIE = "myna"


class Hosts(Protocol):
    """What a visit needs of the application."""

    household: Household
    family: FamilyFile
    code: OneTimeCode
    sessions: Sessions
    wall: Callable[[], datetime]


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
        self.form = await form_of(self.request)

    def show(self, template: str, heading: str, status: int = 200, /, **values: object) -> Response:
        """A page."""
        csrf = self.session.csrf if self.session else ""
        return rendered(
            HERE,
            template,
            self.request,
            self.words,
            status=status,
            asked=self.asked_language,
            values={"heading": heading, "csrf": csrf, **values},
        )

    def message(self, status: int, key: str) -> Response:
        """A page that says one thing."""
        return self.show("message", "title", status, text=self.words(key))
