"""Which recogniser and which voice, by the settings; called inside the worker processes.

Nothing falls back in silence: a name that is asked for and cannot be had is an error with its
remedy, and what ``auto`` came to can be asked for without loading anything.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from core.errors import ModelError
from dialog.ports import Language, Recognizer, SpeechModels, Synthesizer
from dialog.settings import RecognitionSettings, VoiceSettings
from dialog.voice_choice import ESPEAK, PIPER, VARIANTS
from dialog.wake.confirm import LastWord, WakeEars

_log = logging.getLogger(__name__)

AUTO = "auto"
RECOGNISERS = ("pocketsphinx", "vosk")
VOICES = ("espeak", "piper")


def recogniser_name(settings: RecognitionSettings, models: SpeechModels) -> str:
    """The recogniser that these settings come to on this machine.

    Raises:
        ModelError: No recogniser has this name.
    """
    if settings.engine != AUTO:
        return _known(settings.engine, RECOGNISERS, "recogniser", "recognition.engine")
    if find_spec("vosk") is None:
        _log.warning(
            "vosk is not installed, so pocketsphinx recognises, and worse; "
            "install it with: pip install vosk"
        )
        return "pocketsphinx"
    return "vosk"


def voice_name(settings: VoiceSettings, models: SpeechModels) -> str:
    """The voice that these settings come to on this machine.

    Raises:
        ModelError: No voice has this name.
    """
    if settings.engine != AUTO:
        return _known(settings.engine, VOICES, "voice", "voice.engine")
    return "piper" if settings.piper_voice or Language.ENGLISH in models.piper else "espeak"


def build_ears() -> WakeEars:
    """The ears that hear the wake phrase, loaded once: the near ones, to which a television and a
    fan are no speech; recogniser and scorer share them in noise (`dialog.ears_in_noise`).

    Raises:
        ModelError: The model is missing or broken.
    """
    from dialog.speech_ears import shared_near

    return shared_near()


@functools.cache
def build_last_word() -> LastWord:
    """What weighs candidates of the wake phrase in this process, loaded once.

    Raises:
        ModelError: A model is missing or broken.
    """
    from dialog.speech_ears import shared

    return LastWord.load(build_ears(), plain_ears=shared)


def build_recogniser(settings: RecognitionSettings, models: SpeechModels) -> Recognizer:
    """Load the recogniser.

    Raises:
        ModelError: Its model or library is missing or broken.
    """
    if recogniser_name(settings, models) == "vosk":
        from dialog.recognizer_vosk import OWN_MODEL, VoskRecognizer

        if settings.vosk_model:
            return VoskRecognizer(Path(settings.vosk_model))
        return VoskRecognizer(OWN_MODEL, models.vosk)
    from dialog.recognizer_pocketsphinx import PocketSphinxRecognizer

    return PocketSphinxRecognizer()


def build_voice(settings: VoiceSettings, models: SpeechModels) -> Synthesizer:
    """Load the voice.

    Raises:
        ModelError: Its model or library is missing or broken.
    """
    from dialog.voice_espeak import EspeakVoice

    if voice_name(settings, models) == "piper":
        from dialog.voice_piper import PiperSynthesizer

        return PiperSynthesizer(_piper_voices(settings, models), otherwise=EspeakVoice)
    return EspeakVoice()


def build_chosen(models: SpeechModels, choice: str) -> Synthesizer:
    """Load a voice by its name as `dialog.voice_choice` gives it.

    Raises:
        ModelError: It is not installed (any more), or broken.
    """
    from dialog.voice_espeak import EspeakVoice

    engine, _, name = choice.partition(":")
    if engine == ESPEAK and name in VARIANTS:
        return EspeakVoice(name)
    if engine == PIPER and name in models.voices:
        from dialog.voice_piper import PiperSynthesizer

        voices = {**models.piper, Language.ENGLISH: models.voices[name]}
        return PiperSynthesizer(voices, otherwise=EspeakVoice)
    raise ModelError(f"the voice {choice} is not installed; choose another on the parents' page")


def _piper_voices(settings: VoiceSettings, models: SpeechModels) -> Mapping[Language, Path]:
    """Voices by language; the one that is set speaks English."""
    voices = dict(models.piper)
    if settings.piper_voice:
        voices[Language.ENGLISH] = Path(settings.piper_voice)
    if Language.ENGLISH not in voices:
        raise ModelError(
            "no English Piper voice is installed; put an .onnx voice with its .onnx.json into "
            '/usr/share/myna/models, or set voice.engine to "espeak"'
        )
    return voices


def _known(name: str, names: tuple[str, ...], what: str, key: str) -> str:
    if name not in names:
        raise ModelError(
            f"there is no {what} named {name}; set {key} to one of: {', '.join((AUTO, *names))}"
        )
    return name
