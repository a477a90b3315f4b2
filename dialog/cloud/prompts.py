"""What a model is shown: the prompt file, filled in, and the talk so far."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping, Sequence

import yaml

from dialog.cloud.ports import Learner, Message, Play, Request
from dialog.cloud.tools import PLAY, TALK
from dialog.ports import Language
from dialog.safety.lists import flaw_of
from dialog.safety.screen import screen

VERSION = 2
NAMES = {Language.ENGLISH: "English", Language.CHINESE: "simple Mandarin Chinese"}
MOST_WORDS = 20
LONGEST_TEXT = 400


@functools.cache
def prompt_file(version: int = VERSION) -> Mapping[str, str]:
    """The texts of a version.

    Raises:
        ValueError: The file says another version than its name.
    """
    file = importlib.resources.files("dialog.cloud").joinpath(f"prompt_{version}.yaml")
    raw = yaml.safe_load(file.read_text("utf-8"))
    if raw.pop("version") != version:
        raise ValueError(f"prompt_{version}.yaml says that it is another version")
    return {name: str(text) for name, text in raw.items()}


def request_for(
    learner: Learner,
    talk: Sequence[Message],
    *,
    play: Play | None,
    max_tokens: int,
) -> Request:
    """The whole request.

    Args:
        talk: What was asked and what of the answers was heard, oldest first, already screened.
    """
    system = prompt_file()["system"].format(
        age_band=learner.age_band,
        level=learner.level,
        language=NAMES[learner.language],
        lesson=_lesson(learner) + _play(play),
    )
    return Request(
        (Message("system", system), *talk), PLAY if play is not None else TALK, max_tokens
    )


def harmless(text: str) -> str:
    """A text of a lesson pack or a tool, fit to be shown to a model; empty when it is not.

    Whoever writes a pack must not be able to give the model orders, or to smuggle a name out.
    """
    short = " ".join(text.split())[:LONGEST_TEXT]
    screened = screen(short)
    if screened.topic is not None or flaw_of(short) is not None:
        return ""
    return screened.text


def _lesson(learner: Learner) -> str:
    if not learner.lesson:
        return ""
    return prompt_file()["lesson"].format(
        title=harmless(learner.lesson) or "English",
        words=_listed(learner.words),
        sounds=_listed(learner.sounds),
    )


def _play(play: Play | None) -> str:
    if play is None:
        return ""
    return prompt_file()["play"].format(
        scene=harmless(play.scene), goal=harmless(play.goal), targets=_listed(play.targets)
    )


def _listed(several: Sequence[str]) -> str:
    kept = [clean for each in several[:MOST_WORDS] if (clean := harmless(each))]
    return ", ".join(kept) or "none"
