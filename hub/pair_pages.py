"""The verification page (RFC 8628, section 3.3): a signed-in parent types a speaker's code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from contract.messages import BadMessage, check
from contract.topics import Channel
from hub import grants, guesses
from hub.visit import Turned, Visit

CHILDREN_AT_MOST = 8
NICKNAME_LETTERS = 24
LOOKS_EVERY_S = 3


class BadWish(ValueError):
    """A field of the form does not take what was typed; `field` is the key of its name."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


async def ask(visit: Visit) -> Response:
    """Where the code is typed; a link may bring it along, it is not sent by itself."""
    _ = visit.family  # the administrator is turned away
    brought = guesses.plain(visit.request.query_params.get("user_code", "")[:16])
    return visit.show("pair", "pair", code=brought)


async def code(visit: Visit) -> Response:
    """A typed code: on to the question whether this is the speaker."""
    said = visit.form.get("code", "")[:32]
    found = await run_in_threadpool(grants.by_user_code, visit.engine, visit.family, said)
    if isinstance(found, dict):
        return _confirm(visit, found)
    key, status = ("code_locked", 429) if found is False else ("code_wrong", 403)
    return visit.show("pair", "pair", status, code="", trouble=visit.words(key))


async def decide(visit: Visit) -> Response:
    """A parent's yes or no."""
    family = visit.family
    grant = visit.form.get("grant", "")
    wishes = None
    if visit.form.get("answer") == "yes":
        try:
            wishes = read_wishes(visit.form)
        except BadWish as bad:
            found = await run_in_threadpool(grants.undecided, visit.engine, grant)
            if found is None:
                raise Turned(409, "too_late") from bad
            trouble = visit.words("bad_value", visit.words(bad.field))
            return _confirm(visit, found, 422, trouble=trouble)
    parent = visit.session.parent if visit.session else None
    outcome = await run_in_threadpool(grants.decide, visit.engine, grant, family, parent, wishes)
    if not outcome:
        raise Turned(409, "too_late")
    return visit.go(f"/pair/{grant}")


async def wait(visit: Visit) -> Response:
    """How it stands with a speaker that was decided on."""
    grant = visit.request.path_params["grant"]
    found = await run_in_threadpool(grants.standing, visit.engine, grant, visit.family)
    if found is None:
        raise Turned(404, "not_found")
    heading = "waiting" if found == grants.APPROVED else found
    answer = visit.show("wait", heading)
    if heading == "waiting":
        answer.headers["Refresh"] = str(LOOKS_EVERY_S)
    return answer


def read_wishes(form: Mapping[str, str]) -> dict[str, Any]:
    """Nicknames and settings from the form.

    Raises:
        BadWish: A field does not take what was typed.
    """
    names = [line.strip() for line in form.get("nicknames", "").splitlines() if line.strip()]
    folded = {name.casefold() for name in names}
    if len(names) > CHILDREN_AT_MOST or len(folded) != len(names):
        raise BadWish("nicknames")
    if not all(_is_nickname(name) for name in names):
        raise BadWish("nicknames")
    settings: dict[str, Any] = {"language": form.get("language", "en")}
    minutes = form.get("minutes_per_day", "").strip()
    if minutes:
        if not (minutes.isascii() and minutes.isdigit()):
            raise BadWish("minutes")
        settings["minutes_per_day"] = int(minutes)
    quiet = [form.get(name, "").strip() for name in ("quiet_from", "quiet_until")]
    if any(quiet):
        settings |= {"quiet_from": quiet[0], "quiet_until": quiet[1]}
    try:
        check(Channel.DESIRED, {"version": 1, "settings": settings})
    except BadMessage as bad:
        field = bad.place.rpartition("/")[2]
        raise BadWish("minutes" if field == "minutes_per_day" else field or "language") from bad
    return {"nicknames": names, "settings": settings}


def _confirm(visit: Visit, grant: Mapping[str, Any], status: int = 200, /, **said: str) -> Response:
    return visit.show(
        "confirm",
        "confirm",
        status,
        grant=grant["id"],
        device=grant["device"],
        genuine=grant["genuine"],
        form=visit.form,
        **said,
    )


def _is_nickname(name: str) -> bool:
    return len(name) <= NICKNAME_LETTERS and all(
        letter.isalpha() or letter in " '-" for letter in name
    )
