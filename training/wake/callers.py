"""Who calls, and who only talks, while a head learns its phrase.

A head must know a phrase by any voice, so it hears it from every synthesiser and, put together from
pieces, from real people. Three groups are kept apart: who teaches it; who sets how much it counts
(`FUSING_SPEAKERS`, `FUSING_VOICES`); and who judges it, of whom neither ever hears anything: the
speakers that no verifier learnt from, and the voices of `device.bench.wake_scenes`.
"""

from __future__ import annotations

import io
import itertools
import random
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from dialog.wake.phrase import ways_of
from dialog.wake.verifier import VERIFIER_PATH
from training import neural
from training.corpus import OLDEST_CHILD, Utterance
from training.wake import piper_voices, tongues
from training.wake.cuts import Phones
from training.wake.foreign import MANDARIN
from training.wake.voices import ACCENTS, ESPEAK_SPELLINGS, TIMEOUT_S, Sound, Voice, speak, trimmed

RATE_HZ = 16_000
FLITE, FESTIVAL = ("slt", "rms"), ("ked_diphone",)
NEURAL_SHARE, NEURAL_SHARE_OF_OTHERS, PIPER_SHARE = 0.3, 0.12, 0.1
FLITE_SHARE, FESTIVAL_SHARE, TONGUES_SHARE = 0.1, 0.08, 0.15
"""Of synthetic sayings, of calls and of other texts, where these are installed; the rest are
espeak-ng's."""
VARIANTS = (
    *("f2", "f5", "m1", "m3", "m4", "m5", "m7", "m8", "belinda", "linda", "steph", "Annie"),
    *("Jacky", "Lee", "Michael", "grandma", "anika", "Alicia", "aunty", "Mario", "john", "max"),
    *("rob", "pablo", "pedro", "travis", "victor", "shelby", "sandro", "Denis", "Diogo", "Hugo"),
    *("Henrique", "zac", "mike", "marcelo", "benjamin", "caleb", "david", "ed", "edward", "Marco"),
    *("michel", "paul", "norbert", "quincy", "steph2", "steph3", "Gene", "Nguyen", "klatt4"),
    *("klatt5", "iven2", "Storm", "kaukovalta", "adam"),
)
"""espeak-ng's that teach."""
FUSING_VOICES = (
    ("espeak-ng", "en-us+f3"), ("espeak-ng", "en-gb+Andrea"), ("flite", "kal16"),
    ("espeak-ng", "en-us+m6"), ("espeak-ng", "en-gb-scotland+m2"),
)  # fmt: skip
FUSING_CHILDREN, FUSING_ADULTS, FUSING_SEED = 10, 8, 16
WORDS_PER_MINUTE, PITCH = (90, 205), (20, 90)
CHILD_TRACT, OTHER_TRACT = (1.1, 1.35), (0.93, 1.1)
MANDARIN_WORDS_PER_MINUTE, MANDARIN_TRACT = (120, 220), (0.95, 1.25)
SLURRED = {
    "hello": ("h@l'oU", "h@l'oU", "hel'oU", "hel'o", "h'el@U", "h'aloU"),
    "myna": ("m'aIn@", "m'aIn@", "m'aIn@", "m'aIna", "m'aIn3"),
}
"""How children say the default phrase, in espeak-ng's letters."""


def fusing_speakers(utterances: Sequence[Utterance]) -> set[str]:
    """Real people that set how much a head counts: some children and adults of those that teach
    the verifiers."""
    kept_back = held_out_speakers()
    ages = {each.speaker: each.age for each in utterances if each.speaker not in kept_back}
    rest = sorted(ages)
    children = [name for name in rest if ages[name] <= OLDEST_CHILD]
    adults = [name for name in rest if ages[name] > OLDEST_CHILD]
    rng = random.Random(FUSING_SEED)  # noqa: S311 - a choice, not a secret
    return {*rng.sample(children, FUSING_CHILDREN), *rng.sample(adults, FUSING_ADULTS)}


def held_out_speakers() -> set[str]:
    """Those that nothing of the wake phrase learns from: they judge."""
    with np.load(VERIFIER_PATH) as kept:
        return set(kept["held_out"].tolist())


def pronunciations_of(phrase: str) -> list[Phones]:
    """All ways to say a phrase, as phones."""
    return [
        tuple(itertools.chain.from_iterable(way)) for way in itertools.product(*ways_of(phrase))
    ]


def festival_voices() -> tuple[str, ...]:
    """Those of `FESTIVAL` that are installed."""
    return tuple(name for name in FESTIVAL if name in tongues.festival_voices())


def makes() -> list[str]:
    """The synthesisers that teach, of those that are installed."""
    found = [
        f"espeak-ng in {len(ACCENTS)} accents and {len(VARIANTS)} voices",
        f"flite ({', '.join(FLITE)})",
    ]
    if festival_voices():
        found.append(f"festival ({', '.join(festival_voices())})")
    if tongues.installed():
        names = ", ".join(name for name, _ in tongues.installed())
        found.append(f"festival's of other languages ({names})")
    if neural.installed():
        found.append("mixtures of Kokoro-82M's voices (Apache 2.0)")
    return found + [f"Piper's {path.stem}" for path in piper_voices.installed()]


def synthetic(
    text: str,
    rng: np.random.Generator,
    *,
    slurred: bool = False,
    neural_share: float = NEURAL_SHARE,
) -> Sound:
    """A text by a voice that teaches.

    Args:
        text: Plain lower-case words.
        rng: Draws voice, rate, pitch and size.
        slurred: Draw how known words are said, too.
        neural_share: How often the neural voice says it.

    Raises:
        OSError: The synthesiser is missing.
        subprocess.SubprocessError: It failed.
    """
    tract = float(rng.uniform(*(CHILD_TRACT if rng.random() < 0.5 else OTHER_TRACT)))
    spelled = " ".join(_spelled(word, rng, slurred=slurred) for word in text.split())
    make = _make(rng, neural_share)
    if make == "neural":
        sound = neural.neural_voice().say(spelled, rng)
        return _played(sound, neural.RATE_HZ, tract)
    if make == "piper":
        return _played(*piper_voices.say(text, rng), tract)
    foreign = tongues.say(text, rng) if make == "tongue" else None
    if foreign is not None:
        return _played(*foreign, tract)
    speed = max(80, round(int(rng.integers(*WORDS_PER_MINUTE)) / tract))
    if make == "flite":
        stretch = f"duration_stretch={160 / speed:.2f}"
        command = ["flite", "-voice", str(rng.choice(FLITE)), "--setf", stretch, "-t", text]
        return _said([*command, "-o", "/dev/stdout"], tract)
    if make == "festival":
        voice = Voice(
            "festival", str(rng.choice(festival_voices())), round(speed * tract), 0, tract
        )
        with tempfile.TemporaryDirectory() as folder:
            return speak(text, voice, Path(folder))
    name = f"{rng.choice(ACCENTS)}+{rng.choice(VARIANTS)}"
    command = ["espeak-ng", "-v", name, "-p", str(int(rng.integers(*PITCH)))]
    return _said([*command, "-s", str(speed), "--stdout", spelled], tract)


def _make(rng: np.random.Generator, neural_share: float) -> str:
    """Which synthesiser speaks; the share of one that is missing is espeak-ng's."""
    drawn = rng.random()
    for name, share, is_there in (
        ("neural", neural_share, neural.installed),
        ("piper", PIPER_SHARE, piper_voices.installed),
        ("tongue", TONGUES_SHARE, tongues.installed),
        ("festival", FESTIVAL_SHARE, festival_voices),
        ("flite", FLITE_SHARE, lambda: True),
    ):
        if drawn < share:
            return name if is_there() else "espeak-ng"
        drawn -= share
    return "espeak-ng"


def mandarin(text: str, rng: np.random.Generator) -> Sound:
    """A Chinese text; raises as `synthetic`."""
    tract = float(rng.uniform(*MANDARIN_TRACT))
    speed = round(int(rng.integers(*MANDARIN_WORDS_PER_MINUTE)) / tract)
    return _said(
        ["espeak-ng", "-v", str(rng.choice(MANDARIN)), "-s", str(speed), "--stdout", text], tract
    )


def _spelled(word: str, rng: np.random.Generator, *, slurred: bool) -> str:
    if slurred and word in SLURRED:
        return f"[[{rng.choice(SLURRED[word])}]]"
    return ESPEAK_SPELLINGS.get(word, word)


def _said(command: Sequence[str], tract: float) -> Sound:
    wav = subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT_S).stdout
    sound, rate_hz = soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)
    return _played(sound[:, 0], rate_hz, tract)


def _played(sound: Sound, rate_hz: int, tract: float) -> Sound:
    return trimmed(soxr.resample(sound, rate_hz * tract, RATE_HZ).astype(np.float32))
