"""The page on which parents listen to the voices that Myna has, and choose one."""

from __future__ import annotations

import logging
import re

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from core.errors import SpeakerError, StoreError
from provisioning.parents.forms import Turned
from provisioning.parents.visit import Visit
from provisioning.parents.words import Words

log = logging.getLogger(__name__)

_NATURAL = re.compile(r"piper:(?P<language>[A-Za-z]{2}_[A-Za-z]{2})-(?P<who>\w+)-(?P<size>\w+)")
_PLAIN = re.compile(r"espeak:(?P<who>[fm])(?P<number>\d)")


def voice_title(words: Words, voice: str) -> str:
    """What a voice is called on the pages; ``espeak:f3`` is the third of the women's."""
    if plain := _PLAIN.fullmatch(voice):
        return words("voice_woman" if plain["who"] == "f" else "voice_man", plain["number"])
    if natural := _NATURAL.fullmatch(voice):
        return words("voice_natural", f"{natural['who']}, {natural['language'].replace('_', '-')}")
    return voice.partition(":")[2] or voice


async def voices_page(visit: Visit) -> Response:
    """All voices, each with a few words in it."""
    return _shown(visit)


async def choose_voice(visit: Visit) -> Response:
    """Let Myna speak with a voice from now on."""
    wanted = visit.form.get("voice")
    if wanted is None or (wanted and wanted not in visit.pages.household.choices().voices):
        raise Turned(422, "form_old")
    await run_in_threadpool(visit.pages.family.wish, {"voice": wanted})
    return _shown(visit, notice=visit.words("saved"))


async def voice_sample(visit: Visit) -> Response:
    """A few words in a voice."""
    voice = str(visit.request.path_params["voice"])
    try:
        sound = await run_in_threadpool(visit.pages.household.voice_sample, voice)
    except StoreError:
        raise
    except SpeakerError as error:
        log.warning("no sample of a voice: code=%s", error.code)
        raise Turned(409, "broken") from error
    if sound is None:
        raise Turned(404, "not_found")
    return Response(sound, media_type="audio/wav")


def _shown(visit: Visit, **said: str) -> Response:
    voices = visit.pages.household.choices().voices
    return visit.show(
        "voices",
        "voice",
        voices=[(each, voice_title(visit.words, each)) for each in voices],
        chosen=visit.pages.family.family.limits.voice,
        **said,
    )
