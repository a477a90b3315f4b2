"""The dialog room's sections of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.bounds import Between, OneOf


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionSettings:
    """``[recognition]``: what turns speech into words."""

    engine: Annotated[str, OneOf("auto", "vosk", "pocketsphinx")] = "auto"
    """``auto`` (Vosk where a model is installed, else PocketSphinx), ``vosk``, ``pocketsphinx``."""
    vosk_model: str = ""
    """Folder of a Vosk model; empty looks in the models folder."""
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
    session_items: Annotated[int, Between(1, 100)] = 8
    """Items in one session before Myna says goodbye."""
