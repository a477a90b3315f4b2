"""What the bench of scoring does to recordings, and what it makes of answers."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from audio.ports import SAMPLE_RATE_HZ, Samples
from device.bench.recogniser_process import measured
from device.bench.recognition_trials import Said, in_a_room
from device.bench.scoring import Compared, _named_falsely, _planted, off_by
from device.bench.scoring_trials import (
    DROPPED,
    Found,
    Planted,
    after_the_front_end,
    asked_about,
    chosen,
    plantings,
)
from dialog.ports import Line
from dialog.scoring.factory import build_scorer
from dialog.speech_ears import shared
from dialog.voice_espeak import EspeakVoice

SINK = ("S", "IH", "NG", "K")
SEE = ("S", "IY")


def test_only_well_said_words_get_mistakes_and_each_says_where_it_is() -> None:
    found = list(plantings((SINK, SEE), ((2.0, 2.0, 1.8, 2.0), (2.0, 2.0))))
    assert {one.word for one in found} == {1}
    asked = [(one.kind, one.words[1], one.phone, one.said) for one in found]
    assert ("th_as_s", ("TH", "IY"), 0, "S") in asked
    assert ("sh_as_s", ("SH", "IY"), 0, "S") in asked
    assert (DROPPED, ("S", "IY", "T"), 2, "") in asked
    assert all(one.words[0] == SINK for one in found)


def test_an_added_vowel_is_planted_by_not_asking_for_it() -> None:
    every = plantings((("S", "OW", "F", "AH"),), ((2.0,) * 4,))
    (one,) = [one for one in every if one.kind == "vowel_added"]
    assert (one.words, one.phone, one.said) == ((("S", "OW", "F"),), 2, "F AH")


def test_kinds_are_tried_equally_often() -> None:
    both = list(plantings((SEE,), ((2.0, 2.0),)))
    kinds = sorted({one.kind for one in both})
    counts: dict[str, int] = {}
    for turn in range(2 * len(kinds)):
        one = chosen(both, counts, 2, seed=str(turn))
        assert one is not None
        counts[one.kind] = counts.get(one.kind, 0) + 1
    assert counts == dict.fromkeys(kinds, 2)
    assert chosen(both, counts, 2, seed="more") is None


def test_the_scorer_is_asked_about_the_planted_phone() -> None:
    scorer, voice = build_scorer(), np.concatenate(list(EspeakVoice().speak(Line("sink"))))
    frames = shared().frames(np.pad(voice, 4000).astype(np.float32) / 32768.0)
    planted = Planted("th_as_s", (("TH", "IH", "NG", "K"),), 0, 0, "S")
    found = asked_about(scorer, frames, planted)
    judgement = scorer.judge(frames, [[("TH", "IH", "NG", "K")]])
    assert judgement is not None
    there = scorer.phones(frames, judgement)[0]
    assert found == Found(planted, there.flagged, there.heard)
    assert asked_about(scorer, shared().frames(np.zeros(800, np.float32)), planted) is None


@functools.cache
def _voice() -> Samples:
    return np.concatenate(list(EspeakVoice().speak(Line("I can swim in the big lake"))))


def test_what_the_front_end_hands_on_is_the_childs_turn_in_the_sound_without_echo() -> None:
    said = Said("one", "speaker", (), _voice())
    turn = after_the_front_end(said)
    assert turn is not None
    child = in_a_room(said).samples.astype(float)
    # Some of the pause before, all of the child and some of the silence after: the pre-roll is
    # 500 ms, and the level is the microphone's own, which no gain has touched.
    assert child.size - SAMPLE_RATE_HZ // 4 < turn.size < child.size + SAMPLE_RATE_HZ
    size = turn.size + child.size
    alike = np.fft.irfft(np.fft.rfft(turn, size) * np.conj(np.fft.rfft(child, size)), size)
    best = int(alike.argmax())
    best -= size if best >= turn.size else 0  # what lies before the turn's beginning
    start = max(0, best)
    heard = turn[start : start + min(child.size, turn.size - start)].astype(float)
    meant = child[start - best :][: heard.size]
    assert np.corrcoef(heard, meant)[0, 1] > 0.9
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(np.sqrt(np.mean(meant**2)), rel=0.1)


def test_silence_gives_the_front_end_no_turn_to_hand_on() -> None:
    assert after_the_front_end(Said("none", "speaker", (), np.zeros(16_000, np.int16))) is None


def test_certainties_are_held_against_what_happened() -> None:
    told = np.repeat([0.1, 0.9], 50)
    happened = np.array(([True] * 5 + [False] * 45) + [True] * 45 + [False] * 5)
    assert off_by(told, happened) == pytest.approx(0.16, abs=0.005)  # tenths hold all or nothing
    assert off_by(np.full(100, 0.5), np.arange(100) % 2 == 0) == pytest.approx(0.0)
    assert off_by(np.full(100, 0.9), np.arange(100) % 2 == 0) == pytest.approx(0.4)


def test_planted_mistakes_are_counted_by_kind() -> None:
    planted = Planted("th_as_s", (SEE,), 0, 0, "S")
    found = [Found(planted, True, "S"), Found(planted, False, "T"), Found(planted, False, None)]
    values = {metric.metric: metric.value for metric in _planted("all", found)}
    assert values["all.planted.th_as_s.flagged"] == pytest.approx(1 / 3)
    assert values["all.planted.any.named"] == pytest.approx(2 / 3)
    assert values["all.planted.any.named_rightly"] == pytest.approx(1 / 2)
    assert "all.planted.v_as_w.flagged" not in values


def test_what_is_named_of_words_that_every_expert_found_right_is_counted() -> None:
    words, even = np.array([0, 0, 1, 1]), np.full(4, 0.1)
    one = Compared(
        30, words, np.array([2.0, 2.0, 2.0, 1.0]), even, None, even, 0.5, even,
        named=np.array([True, False, True, True]),
    )  # fmt: skip
    (metric,) = _named_falsely("all", [one])
    assert (metric.metric, metric.value, metric.n) == (
        "all.right_words.named_of_1000", pytest.approx(500.0), 2
    )  # fmt: skip
    assert _named_falsely("all", []) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_recognisers_process_is_measured_as_it_runs() -> None:
    voice = np.concatenate(list(EspeakVoice().speak(Line("i like apples"))))
    cost = measured([(voice, "i like apples")] * 2, others=("my name is tom",), scored=True)
    assert len(cost.waited_ms) == cost.understood == 2
    assert cost.heard_s == pytest.approx(2 * voice.size / SAMPLE_RATE_HZ)
    assert cost.real_time_factor > 0.0
    assert 50.0 < cost.memory_mb <= cost.peak_mb <= cost.long_peak_mb
