"""The parents' pages: what each address shows and does. Server-rendered, without a script."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from core.errors import ModelError, SpeakerError, StoreError
from provisioning.parents.codes import OneTimeCode, Outcome
from provisioning.parents.description import describe
from provisioning.parents.drawing import sound_svg
from provisioning.parents.family_file import FamilyFile, Purpose
from provisioning.parents.forms import Turned
from provisioning.parents.limits import BadLimit, Limits
from provisioning.parents.ports import ChildView, Household, PlatformDesk, SoundView
from provisioning.parents.sessions import LONGEST_S, Sessions
from provisioning.parents.visit import COOKIE, Visit
from provisioning.parents.voice_pages import (
    choose_voice,
    voice_sample,
    voice_title,
    voices_page,
)
from provisioning.parents.words import keys

log = logging.getLogger(__name__)

LOOKS_EVERY_S = 4
"""While pairing is under way the page looks by itself."""

Page = Callable[["Visit"], Awaitable[Response]]


class Pages:
    """The application.

    Args:
        household: What is behind the pages.
        family: What the parents decided.
        code: What signs in.
        sessions: Who is signed in.
        wall: UTC now.
    """

    def __init__(
        self,
        household: Household,
        family: FamilyFile,
        code: OneTimeCode,
        sessions: Sessions,
        wall: Callable[[], datetime],
    ) -> None:
        self.household = household
        self.family = family
        self.code = code
        self.sessions = sessions
        self.wall = wall
        self.app = Starlette(
            routes=[
                Route("/", self._open(_front)),
                Route("/sign-in", self._open(_sign_in_page)),
                Route("/sign-in", self._open(_sign_in), methods=["POST"]),
                Route("/sign-out", self._signed_in(_sign_out), methods=["POST"]),
                Route("/today", self._signed_in(_today)),
                Route("/notes", self._signed_in(_read_notes), methods=["POST"]),
                Route("/practice", self._signed_in(_practice)),
                Route("/recordings/{child}/{key}", self._signed_in(_recording)),
                Route("/voice/{child}/{number}", self._signed_in(_model_voice)),
                Route("/limits", self._signed_in(_limits_page)),
                Route("/limits", self._signed_in(_limits), methods=["POST"]),
                Route("/voices", self._signed_in(voices_page)),
                Route("/voices", self._signed_in(choose_voice), methods=["POST"]),
                Route("/voices/{voice}", self._signed_in(voice_sample)),
                Route("/consent", self._signed_in(_consent_page)),
                Route("/consent", self._signed_in(_consent), methods=["POST"]),
                Route("/children", self._signed_in(_children_page)),
                Route("/children", self._signed_in(_children), methods=["POST"]),
                Route("/teach-wake", self._signed_in(_teach_wake), methods=["POST"]),
                Route("/data", self._signed_in(_data_page)),
                Route("/export", self._signed_in(_export), methods=["POST"]),
                Route("/forget", self._signed_in(_forget), methods=["POST"]),
                Route("/device", self._signed_in(_device_page)),
                Route("/sound-check", self._signed_in(_sound_check), methods=["POST"]),
                Route("/pair", self._signed_in(_pair), methods=["POST"]),
                Route("/pair/stop", self._signed_in(_pair_stop), methods=["POST"]),
                Route("/give-up", self._signed_in(_give_up), methods=["POST"]),
                Route("/openapi.json", self._signed_in(_description)),
            ],
            exception_handlers={404: self._missing, 405: self._missing},
        )
        self.app.router.redirect_slashes = False

    def _open(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """A page for everybody on the home network."""
        return functools.partial(self._answer, page, needs_session=False)

    def _signed_in(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """A page for those who signed in; a form has to come from one of our pages."""
        return functools.partial(self._answer, page, needs_session=True)

    async def _answer(self, page: Page, request: Request, *, needs_session: bool) -> Response:
        visit = Visit(self, request)
        try:
            if needs_session and visit.session is None:
                if request.method == "POST":
                    raise Turned(403, "only_signed_in")
                return RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
            if request.method == "POST":
                await visit.read_form()
                token = visit.form.get("csrf", "")
                if visit.session is not None and needs_session and not visit.session.is_own(token):
                    raise Turned(403, "form_old")
            return await page(visit)
        except Turned as turned:
            return visit.message(turned.status, turned.key)
        except StoreError as error:
            log.error("a parents' page could not read or write: code=%s", error.code)
            return visit.message(503, "not_kept")
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as fault:  # the boundary: one page's fault is not the others'
            log.error("a parents' page failed: error=%s", type(fault).__name__)
            return visit.message(500, "broken")

    async def _missing(self, request: Request, _error: Exception) -> Response:
        visit = Visit(self, request)
        status = getattr(_error, "status_code", 404)
        if visit.session is None:
            return RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
        return visit.message(status, "not_found")


# ------------------------------------------------------------------------------ signing in


async def _front(visit: Visit) -> Response:
    return RedirectResponse("/today" if visit.session else "/sign-in", HTTPStatus.SEE_OTHER)


async def _sign_in_page(visit: Visit) -> Response:
    visit.session = None
    return visit.show("sign_in", "signin")


async def _sign_in(visit: Visit) -> Response:
    outcome = visit.pages.code.try_it(visit.form.get("code", "")[:32], visit.address)
    if outcome is not Outcome.RIGHT:
        visit.session = None
        status = 429 if outcome is Outcome.LOCKED else 403
        return visit.show("sign_in", "signin", status, trouble=visit.words(outcome.value))
    if visit.token:
        visit.pages.sessions.end(visit.token)
    token = visit.pages.sessions.begin()
    response = RedirectResponse("/today", HTTPStatus.SEE_OTHER)
    response.set_cookie(
        COOKIE, token, max_age=int(LONGEST_S), path="/", httponly=True, samesite="strict"
    )
    return response


async def _sign_out(visit: Visit) -> Response:
    visit.pages.sessions.end(visit.token)
    response = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


# ----------------------------------------------------------------------------- progress


async def _today(visit: Visit) -> Response:
    children = visit.pages.household.children()
    today = visit.pages.wall().astimezone().date()
    longest = max((len(child.days) for child in children), default=0)
    dates = [(today - timedelta(days=ago)).isoformat() for ago in range(longest - 1, -1, -1)]

    def drawing(sound: SoundView) -> Markup:
        return sound_svg(sound, visit.words)

    notes = visit.pages.household.notes()
    return visit.show(
        "today", "today", children=children, dates=dates, notes=notes, sound_svg=drawing
    )


async def _read_notes(visit: Visit) -> Response:
    await run_in_threadpool(visit.pages.household.read_notes)
    return RedirectResponse("/today", HTTPStatus.SEE_OTHER)


async def _practice(visit: Visit) -> Response:
    household = visit.pages.household
    practices = [(child, household.practice(child.id)) for child in household.children()]
    return visit.show("practice", "practice", practices=practices)


async def _recording(visit: Visit) -> Response:
    asked = visit.request.path_params
    path = visit.pages.household.recording(str(asked["child"]), str(asked["key"]))
    if path is None:
        raise Turned(404, "not_found")
    return FileResponse(path, media_type="audio/wav")


async def _model_voice(visit: Visit) -> Response:
    asked = visit.request.path_params
    number = str(asked["number"])
    if not (number.isascii() and number.isdigit() and len(number) <= 4):
        raise Turned(404, "not_found")
    try:
        sound = await run_in_threadpool(
            visit.pages.household.model_voice, str(asked["child"]), int(number)
        )
    except StoreError:
        raise
    except SpeakerError as error:
        log.warning("no model voice: code=%s", error.code)
        raise Turned(409, "broken") from error
    if sound is None:
        raise Turned(404, "not_found")
    return Response(sound, media_type="audio/wav")


# --------------------------------------------------------------------- limits and consent


async def _limits_page(visit: Visit) -> Response:
    return _limits_shown(visit)


def _limits_shown(visit: Visit, status: int = 200, **said: str) -> Response:
    choices = visit.pages.household.choices()
    return visit.show(
        "limits",
        "limits",
        status,
        limits=visit.pages.family.family.limits.as_dict(),
        choices=choices,
        voices=[(each, voice_title(visit.words, each)) for each in choices.voices],
        pairs=lambda names: [(name, name) for name in names],
        **said,
    )


async def _limits(visit: Visit) -> Response:
    choices = visit.pages.household.choices()
    wishes = {name: text for name, text in visit.form.items() if name in Limits().as_dict()}
    offered: dict[str, tuple[str, ...]] = {
        "pack": tuple(name for name, _ in choices.packs),
        "wake_phrase": choices.wake_phrases,
        "voice": choices.voices,
    }
    try:
        for name, known in offered.items():
            if wishes.get(name) and wishes[name] not in known:
                raise BadLimit(name)
        await run_in_threadpool(visit.pages.family.wish, wishes)
    except BadLimit as bad:
        trouble = visit.words("bad_value", visit.words(bad.field))
        return _limits_shown(visit, 422, trouble=trouble)
    return _limits_shown(visit, notice=visit.words("saved"))


async def _consent_page(visit: Visit) -> Response:
    return _consent_shown(visit)


def _consent_shown(visit: Visit, **said: str) -> Response:
    family = visit.pages.family.family
    return visit.show(
        "consent",
        "consent",
        consents=[(purpose.value, family.decision(purpose)) for purpose in Purpose],
        log=family.log,
        **said,
    )


async def _consent(visit: Visit) -> Response:
    given = visit.form.get("given")
    try:
        purpose = Purpose(visit.form.get("purpose"))
    except ValueError as error:
        raise Turned(422, "form_old") from error
    if given not in ("yes", "no"):
        raise Turned(422, "form_old")
    await run_in_threadpool(visit.pages.family.decide, purpose, given == "yes")
    return _consent_shown(visit, notice=visit.words("saved"))


async def _children_page(visit: Visit) -> Response:
    return visit.show("children", "children", family=visit.pages.family.family)


async def _children(visit: Visit) -> Response:
    lines = visit.form.get("names", "").splitlines()
    names = tuple(line.strip() for line in lines if line.strip())
    present = visit.form.get("present", "")
    said = {"notice": visit.words("saved")}
    status = 200
    try:
        present = present if present in names else ""
        await run_in_threadpool(visit.pages.family.name_children, names, present)
    except BadLimit:
        said = {"trouble": visit.words("bad_value", visit.words("children_names"))}
        status = 422
    return visit.show("children", "children", status, family=visit.pages.family.family, **said)


async def _teach_wake(visit: Visit) -> Response:
    family = visit.pages.family.family
    try:
        now = await run_in_threadpool(visit.pages.household.teach_wake)
    except ModelError:
        trouble = visit.words("teach_wake_not")
        return visit.show("children", "children", 409, family=family, trouble=trouble)
    notice = visit.words("teach_wake_now" if now else "teach_wake_next")
    return visit.show("children", "children", family=family, notice=notice)


# ------------------------------------------------------------------------ data and device


async def _data_page(visit: Visit) -> Response:
    return _data_shown(visit, visit.pages.household.children())


def _data_shown(
    visit: Visit, children: Sequence[ChildView], status: int = 200, /, **said: str
) -> Response:
    desk = visit.pages.household.platform
    platform = None if desk is None else desk.view()
    return visit.show("data", "data", status, children=children, platform=platform, **said)


async def _export(visit: Visit) -> Response:
    data = await run_in_threadpool(visit.pages.household.export)
    day = visit.pages.wall().date().isoformat()
    disposition = {"content-disposition": f'attachment; filename="myna-{day}.zip"'}
    return Response(data, media_type="application/zip", headers=disposition)


async def _forget(visit: Visit) -> Response:
    household = visit.pages.household
    children = household.children()
    wanted = visit.form.get("child", "")
    if wanted != "all" and wanted not in {child.id for child in children}:
        raise Turned(422, "form_old")
    said = {"trouble": visit.words("forget_tick")}
    if visit.form.get("sure") == "yes":
        if wanted == "all":
            await run_in_threadpool(visit.pages.family.forget)
        await run_in_threadpool(household.forget, None if wanted == "all" else wanted)
        said = {"notice": visit.words("forgotten")}
        children = household.children()
    status = 200 if "notice" in said else 422
    return _data_shown(visit, children, status, **said)


async def _device_page(visit: Visit) -> Response:
    return _device_shown(visit)


def _device_shown(visit: Visit, status: int = 200, /, **said: object) -> Response:
    household = visit.pages.household
    desk = household.platform
    platform = None if desk is None else desk.view()
    shown = {
        "device": household.device(),
        "platform": platform,
        "trouble_words": degraded_key,
        **said,
    }
    if platform is not None and platform.trouble and "trouble" not in said:
        shown["trouble"] = visit.words(trouble_key(platform.trouble))
    answer = visit.show("device", "device", status, **shown)
    if platform is not None and platform.phase in ("waiting", "allowed", "sure"):
        answer.headers["Refresh"] = f"{LOOKS_EVERY_S}; url=/device"
    return answer


async def _sound_check(visit: Visit) -> Response:
    try:
        check = await run_in_threadpool(visit.pages.household.check_sound)
    except SpeakerError as error:
        log.info("no sound check: code=%s", error.code)
        return _device_shown(visit, 409, trouble=visit.words("sound_check_not"))
    return _device_shown(visit, check=check)


async def _pair(visit: Visit) -> Response:
    desk = _desk(visit)
    try:
        await run_in_threadpool(desk.pair, visit.form.get("platform", "")[:200])
    except SpeakerError as error:
        return _device_shown(visit, 422, trouble=visit.words(trouble_key(error.code)))
    return RedirectResponse("/device", HTTPStatus.SEE_OTHER)


async def _pair_stop(visit: Visit) -> Response:
    await run_in_threadpool(_desk(visit).stop)
    return RedirectResponse("/device", HTTPStatus.SEE_OTHER)


async def _give_up(visit: Visit) -> Response:
    desk = _desk(visit)
    if visit.form.get("sure") != "yes":
        return _device_shown(visit, 422, trouble=visit.words("forget_tick"))
    try:
        await run_in_threadpool(desk.give_up)
    except StoreError:
        raise
    except SpeakerError as error:
        return _device_shown(visit, 409, trouble=visit.words(trouble_key(error.code)))
    return RedirectResponse("/device", HTTPStatus.SEE_OTHER)


def _desk(visit: Visit) -> PlatformDesk:
    desk = visit.pages.household.platform
    if desk is None:
        raise Turned(409, "pairing_other")
    return desk


def trouble_key(code: str) -> str:
    """The key of the words for why pairing did not go on."""
    key = code.replace(".", "_")
    return key if key in keys() else "pairing_other"


def degraded_key(name: str) -> str:
    """The key of the words for something that works with less than it should."""
    key = "degraded_" + name.replace(".", "_")
    return key if key in keys() else "degraded_other"


async def _description(_visit: Visit) -> Response:
    return JSONResponse(describe())
