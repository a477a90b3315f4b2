"""English by festival's Czech, Finnish and Catalan voices: spliced and statistical speech, clean.

They read phones spelled in their own language's letters, so they say any text, with an accent and
with joins that no other synthesiser here has. Debian packages ``festvox-czech-*`` (GPL 3),
``festvox-suopuhe-*`` and ``festvox-ca-ona-hts`` (LGPL), where some are installed; only models
are trained on them.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from dialog.wake.phrase import ways_of
from training.wake.voices import TIMEOUT_S, Sound

STRETCH = (0.75, 1.35)
"""Durations against the voice's own."""
_ALIKE = {phone: phone.lower() for phone in "BDFGKLMNPRSTVZ"} | {
    "AA": "a", "AH": "a", "AO": "o", "AW": "au", "EH": "e", "IH": "i", "OW": "ou", "UH": "u",
    "DH": "d", "TH": "t", "NG": "ng", "W": "v",
}  # fmt: skip
"""What all three write alike. Sounds that none of them has become the nearest."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language.

    Attributes:
        voices: festival's names of them.
        encoding: Of the letters, as festival reads them.
        letters: Of every phone (`dialog.phone_set.PHONES`).
    """

    voices: tuple[str, ...]
    encoding: str
    letters: Mapping[str, str]


TONGUES = (
    Tongue(
        ("czech_dita", "czech_krb", "czech_machac", "czech_ph"),
        "iso-8859-2",
        _ALIKE
        | {"AE": "e", "AY": "aj", "EY": "ej", "OY": "oj", "IY": "í", "UW": "ú", "ER": "er"}
        | {"HH": "h", "Y": "j", "CH": "č", "JH": "dž", "SH": "š", "ZH": "ž"},
    ),
    Tongue(
        ("suo_fi_lj_diphone", "hy_fi_mv_diphone"),
        "iso-8859-1",
        _ALIKE
        | {"AE": "ä", "AY": "ai", "EY": "ei", "OY": "oi", "IY": "ii", "UW": "uu", "ER": "öö"}
        | {"HH": "h", "Y": "j", "CH": "ts", "JH": "ts", "SH": "s", "Z": "s", "ZH": "s"},
    ),
    # No sound of Catalan is an English h.
    Tongue(
        ("upc_ca_ona_hts",),
        "iso-8859-15",
        _ALIKE
        | {"AE": "a", "AY": "ai", "EY": "ei", "OY": "oi", "IY": "i", "UW": "u", "ER": "er"}
        | {"HH": "", "Y": "i", "CH": "tx", "JH": "tj", "SH": "x", "ZH": "j"},
    ),
)


@functools.cache
def festival_voices() -> frozenset[str]:
    """festival's voices of any language; none where it is missing."""
    try:
        listed = subprocess.run(
            ["festival", "--batch", "(print (voice.list))"],
            capture_output=True, check=True, timeout=TIMEOUT_S,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    return frozenset(listed.stdout.decode().strip("() \n").split())


def installed() -> tuple[tuple[str, Tongue], ...]:
    """Voices, each with its language; none where festival or their packages are missing."""
    there = festival_voices()
    return tuple((name, each) for each in TONGUES for name in each.voices if name in there)


def spelled(text: str, tongue: Tongue, rng: np.random.Generator) -> str:
    """A text in the letters of a language; empty where a word has no letters.

    Args:
        text: Plain words.
        tongue: The language.
        rng: Draws among a word's pronunciations.
    """
    words: Sequence[str] = [
        "".join(tongue.letters[phone] for phone in ways[int(rng.integers(len(ways)))])
        for ways in ways_of(text)
        if ways
    ]
    return " ".join(words) if len(words) == len(text.split()) else ""


def say(text: str, rng: np.random.Generator) -> tuple[Sound, int] | None:
    """A text by one of the voices, and its sample rate; None where it cannot be spelled.

    Args:
        text: Plain words.
        rng: Draws voice, pace and pronunciation.

    Raises:
        OSError: festival is missing, or has written nothing.
        subprocess.SubprocessError: It failed.
    """
    there = installed()
    voice, tongue = there[int(rng.integers(len(there)))]
    letters = spelled(text, tongue, rng)
    if not letters:
        return None
    with tempfile.TemporaryDirectory() as folder:
        program, wav = Path(folder) / "say.scm", Path(folder) / "said.wav"
        program.write_text(
            f"(voice_{voice})\n(Parameter.set 'Duration_Stretch {rng.uniform(*STRETCH):.2f})\n"
            f'(utt.save.wave (SynthText "{letters}") "{wav}" (quote riff))\n',
            encoding=tongue.encoding,
        )
        subprocess.run(
            ["festival", "--batch", str(program)], capture_output=True, check=True,
            timeout=TIMEOUT_S,
        )  # fmt: skip
        sound, rate_hz = soundfile.read(wav, dtype="float32", always_2d=True)
    return np.asarray(sound[:, 0], np.float32), int(rate_hz)
