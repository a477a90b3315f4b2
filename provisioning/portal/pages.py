"""The portal: from a list of networks to a joined one, in two pages that need no script."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from provisioning.parents.forms import Turned, form_of
from provisioning.parents.rendering import LANGUAGE_COOKIE, rendered
from provisioning.parents.sessions import LONGEST_S, Session, Sessions
from provisioning.parents.words import LANGUAGES, Words, language_of
from provisioning.portal.countries import choices, is_country
from provisioning.portal.ports import Phase, SetUp, SetUpView, Wish
from provisioning.wifi.ports import Band, Credentials, Network, Security, bad_password, shown

log = logging.getLogger(__name__)

HERE = "provisioning.portal"
COOKIE = "myna-setup"
SSID_BYTES = 32
CAN_BE_HIDDEN = (Security.WPA2, Security.WPA3, Security.OPEN)

Page = Callable[["Guest"], Awaitable[Response]]


class Portal:
    """The application. Whoever is in the access point knows the label's password, and may set up.

    Args:
        set_up: The speaker.
        sessions: Bind forms to the browser that got them.
        address: The portal's plain address, for people.
    """

    def __init__(self, set_up: SetUp, sessions: Sessions, address: str) -> None:
        self.set_up = set_up
        self.sessions = sessions
        self.address = address
        self.app = Starlette(
            routes=[
                Route("/", self._page(_front)),
                Route("/all", self._page(_networks)),
                Route("/network/{ssid}", self._page(_network)),
                Route("/hidden", self._page(_hidden)),
                Route("/join", self._page(_to_front)),
                Route("/join", self._page(_join), methods=["POST"]),
                Route("/look", self._page(_to_front)),
                Route("/look", self._page(_look), methods=["POST"]),
            ],
            # A phone that looks for its maker's page under our own address means this one.
            exception_handlers={404: _lost, 405: _lost},
        )
        self.app.router.redirect_slashes = False

    def _page(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        return functools.partial(self._answer, page)

    async def _answer(self, page: Page, request: Request) -> Response:
        guest = Guest(self, request)
        try:
            if request.method == "POST":
                guest.form = await form_of(request)
                if guest.session is None or not guest.session.is_own(guest.form.get("csrf", "")):
                    raise Turned(403, "form_old")
            return guest.remembered(await page(guest))
        except Turned as turned:
            return guest.message(turned.status, turned.key)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as fault:  # the boundary: one page's fault is not the others'
            log.error("a portal's page failed: error=%s", type(fault).__name__)
            return guest.message(500, "broken")


class Guest:
    """One request: from which browser, in which language, with which form."""

    def __init__(self, portal: Portal, request: Request) -> None:
        self.portal = portal
        self.request = request
        self.view: SetUpView = portal.set_up.view()
        self.form: Mapping[str, str] = {}
        self.asked = request.query_params.get("lang", "")
        language = language_of(
            self.asked,
            request.cookies.get(LANGUAGE_COOKIE, ""),
            request.headers.get("accept-language", ""),
            self.view.language,
        )
        self.words = Words(language, HERE)
        self._token = request.cookies.get(COOKIE, "")
        self.session: Session | None = portal.sessions.find(self._token) if self._token else None
        self._fresh = False

    def remembered(self, response: Response) -> Response:
        """The response, with the cookie of a session that has just begun."""
        if self._fresh:
            response.set_cookie(
                COOKIE, self._token, max_age=int(LONGEST_S), httponly=True, samesite="strict"
            )
        return response

    def csrf(self) -> str:
        """What a form has to send along; begins a session where there is none."""
        if self.session is None:
            self._token, self._fresh = self.portal.sessions.begin(), True
            self.session = self.portal.sessions.find(self._token)
        return "" if self.session is None else self.session.csrf

    def show(self, template: str, heading: str, status: int = 200, /, **values: object) -> Response:
        """A page."""
        return rendered(
            HERE,
            template,
            self.request,
            self.words,
            status=status,
            asked=self.asked,
            values={"heading": heading, "csrf": "", "view": self.view, **values},
        )

    def message(self, status: int, key: str) -> Response:
        """A page that says one thing."""
        return self.show("message", "title", status, text=self.words(key))

    def waiting(self, heading: str, *said: str) -> Response:
        """A page that says what happens meanwhile."""
        return self.show("waiting", heading, said=said)


async def _lost(_request: Request, _error: Exception) -> Response:
    return RedirectResponse("/", 303)


async def _to_front(guest: Guest) -> Response:
    return RedirectResponse(f"/?lang={guest.words.language}" if guest.asked else "/", 303)


# ------------------------------------------------------------------------------- choosing


async def _front(guest: Guest) -> Response:
    """What fits the moment; after a failure the same network again, not the beginning."""
    if (page := _elsewhere(guest)) is not None:
        return page
    tried = guest.view.tried
    if tried is None:
        return await _networks(guest)
    trouble = guest.words(f"refused_{tried.why.value}", shown(tried.what.ssid))
    return _asked(guest, tried.what, trouble=trouble)


async def _networks(guest: Guest) -> Response:
    if (page := _elsewhere(guest)) is not None:
        return page
    view = guest.view
    found = [(net, net.obstacle(view.bands)) for net in view.networks]
    return guest.show(
        "networks",
        "hello",
        good=[net for net, why in found if why is None],
        bad=[(net, why) for net, why in found if why is not None],
        bars=_bars,
        low_only=Band.HIGH not in view.bands,
        token=guest.csrf(),
        address=guest.portal.address,
    )


async def _network(guest: Guest) -> Response:
    if (page := _elsewhere(guest)) is not None:
        return page
    found = _seen(guest, str(guest.request.path_params["ssid"]))
    return _asked(guest, Credentials(found.ssid, "", found.security))


async def _hidden(guest: Guest) -> Response:
    if (page := _elsewhere(guest)) is not None:
        return page
    return _asked(guest, Credentials(b"", "", Security.WPA2, hidden=True))


def _asked(guest: Guest, what: Credentials, status: int = 200, **said: str) -> Response:
    """The form for one network; a password that was typed is never shown again."""
    return guest.show(
        "network",
        "another" if what.hidden else "hello",
        status,
        hidden=what.hidden,
        network=what.ssid.hex(),
        name=shown(what.ssid),
        ssid_text=shown(what.ssid) if what.ssid else "",
        kind=what.security.value,
        takes_password=what.security.takes_password,
        countries=choices(guest.words.language),
        country=guest.form.get("country", guest.view.country),
        language=guest.form.get("language", guest.words.language),
        token=guest.csrf(),
        **said,
    )


# -------------------------------------------------------------------------------- trying


async def _join(guest: Guest) -> Response:
    credentials = _credentials(guest)
    country, language = guest.form.get("country", ""), guest.form.get("language", "")
    if not is_country(country) or language not in LANGUAGES:
        raise Turned(422, "form_old")
    if not 1 <= len(credentials.ssid) <= SSID_BYTES:
        return _asked(guest, credentials, 422, trouble=guest.words("bad_ssid"))
    if bad_password(credentials):
        return _asked(guest, credentials, 422, trouble=guest.words("bad_password"))
    if not guest.portal.set_up.join(Wish(credentials, country, language)):
        return guest.message(409, "busy")
    return _trying(guest, shown(credentials.ssid))


def _credentials(guest: Guest) -> Credentials:
    form = guest.form
    password = form.get("password", "")
    if form.get("hidden") == "yes":
        kinds = {each.value: each for each in CAN_BE_HIDDEN}
        kind = kinds.get(form.get("kind", ""))
        if kind is None:
            raise Turned(422, "form_old")
        ssid = form.get("ssid", "").encode("utf-8", "replace")
        return Credentials(ssid, password if kind.takes_password else "", kind, hidden=True)
    net = _seen(guest, form.get("network", ""))
    return Credentials(net.ssid, password if net.security.takes_password else "", net.security)


async def _look(guest: Guest) -> Response:
    if not guest.portal.set_up.look_again():
        return guest.message(409, "busy")
    return guest.waiting("looking", guest.words("looking_what", guest.view.access_point))


def _elsewhere(guest: Guest) -> Response | None:
    """The page of a moment in which nothing can be chosen."""
    words, name = guest.words, guest.view.access_point
    match guest.view.phase:
        case Phase.TRYING:
            return _trying(guest, "Wi-Fi")
        case Phase.LOOKING:
            return guest.waiting("looking", words("looking_what", name))
        case Phase.DONE | Phase.CLOSED:
            return guest.waiting("done", words("done_what"))
        case Phase.OPEN:
            return None


def _trying(guest: Guest, name: str) -> Response:
    words, own = guest.words, guest.view.access_point
    what, good, bad = words("trying_what"), words("trying_good"), words("trying_bad", own)
    return guest.show("waiting", "title", said=(words("trying", name), what, good, bad))


def _seen(guest: Guest, digits: str) -> Network:
    """The network that a link or a form names; one that can be joined."""
    for net in guest.view.networks:
        if net.ssid.hex() == digits and net.obstacle(guest.view.bands) is None:
            return net
    tried = guest.view.tried
    if tried is not None and tried.what.ssid.hex() == digits and not tried.what.hidden:
        # It may have gone since; the parent still means it.
        return Network(tried.what.ssid, 0, tried.what.security, frozenset(Band))
    raise Turned(404, "not_found")


def _bars(net: Network) -> int:
    """1 to 4."""
    return 1 + min(3, net.strength_percent // 25)
