"""The dialog room's sections of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.bounds import Between, OneOf


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionSettings:
    """``[recognition]``: what turns speech into words."""

    engine: Annotated[str, OneOf("auto", "vosk", "pocketsphinx")] = "auto"
    """``auto`` (Vosk, or PocketSphinx where its library is missing), ``vosk``, ``pocketsphinx``."""
    vosk_model: str = ""
    """Folder of a Vosk model; empty takes Myna's own, and for open speech the models folder's."""
    pronunciation: bool = True
    """Whether it is scored how a right answer was said; without, feedback is about words alone."""
    timeout_s: Annotated[float, Between(1, 60)] = 8.0
    """After this long without an answer the recogniser is restarted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSettings:
    """``[voice]``: what turns words into speech."""

    engine: Annotated[str, OneOf("auto", "piper", "espeak")] = "auto"
    """``auto`` (Piper where a voice is installed, else espeak-ng), ``piper``, ``espeak``."""
    piper_voice: str = ""
    """An ``.onnx`` voice of Piper; empty looks in the models folder."""
    rate: Annotated[float, Between(0.5, 1.5)] = 0.9
    """Speaking rate towards a child, 0.5..1.5 of the voice's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonSettings:
    """``[lessons]``: what is practised."""

    packs: tuple[str, ...] = ()
    """Folders of further packs; the starter pack is always there."""
    pack: str = "starter"
    """Id of the pack to practise."""
    prompts: Annotated[str, OneOf("en", "zh")] = "en"
    """Language of instructions: ``en`` or ``zh``; what is practised is always English."""
    session_minutes: Annotated[int, Between(5, 15)] = 8
    """How long a session lasts, a role play at its end included; less where it stops being fun."""
    session_items: Annotated[int, Between(0, 100)] = 0
    """At most so many items in a session; 0 lets the minutes decide."""
    children: tuple[str, ...] = ()
    """Nicknames of the children who practise here, to be said as "I am Lily"; they never leave the
    device. Empty for one child without a name."""
    child: str = ""
    """Nickname of the child who practises when nobody says so; empty for whoever did last."""
