"""The last word on a wake phrase: what the ears make of candidates, whole and in other talk."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from audio.ports import SAMPLE_RATE_HZ, Samples
from audio.settings import WakeSettings
from audio.virtual_room.synthesised import SynthesisedVoice
from core.errors import ModelError
from device.cli.wake import find_phrases
from device.wake_words import whole_wake_word
from dialog.factory import build_last_word
from dialog.speech_ears import SpeechEars, shared
from dialog.wake import confirm
from dialog.wake.confirm import (
    DECIDED_AT,
    FIRST_WEIGHT,
    SETTLED,
    SUREST,
    UNHEARD,
    LastWord,
)
from dialog.wake.evidence import Evidence
from dialog.wake.head import SEEN_ROWS, Fusion, PhraseHead, head_of
from dialog.wake.question import WakeQuestion
from dialog.wake.verifier import Verifier

LAST_WORD = build_last_word()
HELLO = WakeQuestion("hello myna")
PAUSE = np.zeros(SAMPLE_RATE_HZ // 2, np.int16)


def said(*texts: str) -> Samples:
    """One child's sentences with half a second around each."""
    voice = SynthesisedVoice(3)
    parts = [PAUSE]
    for text in texts:
        sound = voice.say(text).samples
        parts += [np.rint(sound * (9_000 / np.abs(sound).max())).astype(np.int16), PAUSE]
    return np.concatenate(parts)


def test_the_phrase_is_told_from_other_talk() -> None:
    assert LAST_WORD.confidence(said("hello myna"), HELLO) >= 0.5
    for other in ("good morning teacher", "i have two apples", "yellow banana", "my name is tom"):
        assert LAST_WORD.confidence(said(other), HELLO) < 0.1, other


def test_what_was_said_before_does_not_matter() -> None:
    assert LAST_WORD.confidence(said("it is red", "hello myna"), HELLO) >= 0.5


def test_while_myna_talks_the_plain_ears_listen_to_a_phrase_with_a_head_for_that() -> None:
    sound, heard = said("hello myna"), []

    def ears(name: str) -> SpeechEars:
        heard.append(name)
        return shared()

    word = replace(LAST_WORD, plain_ears=lambda: ears("plain"))
    quiet, talking = HELLO.after(0.5), HELLO.after(0.5, over_playback=True)
    assert word.confidence(sound, quiet) >= 0.5
    assert heard == []
    assert word.confidence(sound, talking) >= 0.5
    assert heard == ["plain"]
    assert word.logit(sound, quiet) != word.logit(sound, talking)
    # A phrase without such a head, and a last word without such ears, have the usual ones.
    bear = WakeQuestion("wake up mister bear")
    assert word.logit(sound, bear.after(0.5, over_playback=True)) == word.logit(
        sound, bear.after(0.5)
    )
    assert heard == ["plain"] * 2
    without = replace(LAST_WORD, plain_ears=None)
    assert without.logit(sound, talking) == without.logit(sound, quiet)


def test_a_parents_phrase_needs_no_training() -> None:
    bear = WakeQuestion("wake up mister bear")
    assert LAST_WORD.confidence(said("wake up mister bear"), bear) >= 0.5
    assert LAST_WORD.confidence(said("hello myna"), bear) < 0.1


def test_what_children_taught_makes_it_easier() -> None:
    sound, taught = said("hello mina"), WakeQuestion("hello myna", bias=0.75)
    assert LAST_WORD.confidence(sound, taught) > LAST_WORD.confidence(sound, HELLO)


def test_what_the_first_stage_thought_counts() -> None:
    sound, bear = said("wake up mister pear"), WakeQuestion("wake up mister bear")
    sure, unsure = (LAST_WORD.logit(sound, bear.after(score)) for score in (0.5, 0.15))
    assert sure - unsure == pytest.approx(FIRST_WEIGHT * math.log(0.85 / 0.15))
    # A child who was taught is not made easier twice.
    taught = WakeQuestion("wake up mister bear", bias=0.75).after(0.5)
    assert LAST_WORD.logit(sound, taught) - sure == pytest.approx(0.75 - FIRST_WEIGHT * 0.75)


def test_a_phrase_with_a_head_is_weighed_by_it_too() -> None:
    head = head_of("hello myna")
    assert head is not None
    sound = said("hello myna")
    ears = LAST_WORD.ears
    own = head.score(ears.encoded((sound / np.float32(32768.0)).astype(np.float32))[-SEEN_ROWS:])
    without = replace(LAST_WORD, heads=lambda *_: None)
    asked = HELLO.after(0.3)
    last = without.logit(sound, asked) - FIRST_WEIGHT * asked.first + DECIDED_AT
    expected = head.fusion.logit(head=own, last=last, first=asked.first)
    assert LAST_WORD.logit(sound, asked) == pytest.approx(expected, abs=1e-4)


class Deaf:
    """A verifier that counts what it is asked and believes nothing."""

    def __init__(self) -> None:
        self.asked = 0

    def logit(self, _seen: Evidence) -> float:
        self.asked += 1
        return -99.0


def with_head(own: float, verifier: Deaf) -> LastWord:
    """A last word whose head always says so much, and whose witnesses count one to one."""
    head = SimpleNamespace(fusion=Fusion(1.0, 1.0, 1.0, 0.0), score=lambda _rows: own)
    return replace(
        LAST_WORD,
        verifier=cast(Verifier, verifier),
        heads=lambda *_: cast(PhraseHead, head),
    )


def test_what_a_head_has_settled_the_verifier_is_not_asked() -> None:
    sound, asked, verifier = said("hello myna"), HELLO.after(0.5), Deaf()
    assert with_head(SETTLED - SUREST - 0.1, verifier).logit(sound, asked) < SETTLED
    assert verifier.asked == 0
    unsettled = with_head(SETTLED - SUREST + 0.1, verifier).logit(sound, asked)
    assert verifier.asked == 1
    assert unsettled == pytest.approx(SETTLED - SUREST + 0.1 + UNHEARD)


def test_a_head_that_is_sure_needs_no_path_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "best_path", lambda *_: [None])
    sound, asked, verifier = said("hello myna"), HELLO.after(0.5), Deaf()
    assert with_head(12.0, verifier).logit(sound, asked) == pytest.approx(12.0 + UNHEARD)
    assert verifier.asked == 0
    assert replace(LAST_WORD, heads=lambda *_: None).logit(sound, asked) == -math.inf


@pytest.mark.parametrize("level", [0, 30_000])
def test_silence_and_a_roar_are_nothing(level: int) -> None:
    noise = np.random.default_rng(1).integers(-level, level + 1, 2 * SAMPLE_RATE_HZ)
    assert LAST_WORD.confidence(noise.astype(np.int16), HELLO) < 0.1


def test_a_phrase_that_is_too_short_is_refused() -> None:
    with pytest.raises(ModelError, match="too short"):
        LAST_WORD.confidence(PAUSE, WakeQuestion("hi"))


def test_both_stages_find_it_where_it_was_said_in_a_recording() -> None:
    sound = said("i have two apples", "hello myna", "good morning")
    begins = len(said("i have two apples")) / SAMPLE_RATE_HZ
    hits = find_phrases(whole_wake_word(WakeSettings()), sound, refractory_s=1.5)
    assert [hit.phrase for hit in hits] == ["hello myna"]
    assert begins < hits[0].at_s < begins + 2.0
