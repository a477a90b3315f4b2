"""From frames to edges, with the real canceller, voice activity and suppression."""

from __future__ import annotations

import numpy as np
import pytest

from audio.factory import make_front_end
from audio.fakes import (
    FakeWakeWord,
    PassThroughCanceller,
    PassThroughSuppressor,
    ScriptedVoiceActivity,
)
from audio.front_end import FrontEnd
from audio.playback import Playback
from audio.ports import (
    FRAME_SAMPLES,
    Attention,
    Ducked,
    DuckEnded,
    Edge,
    EndReason,
    Interrupted,
    Played,
    PlayStarted,
    ReadStatus,
    Samples,
    SpeechEnded,
    SpeechPaused,
    SpeechStarted,
    Woken,
)
from audio.settings import AudioSettings, TurnSettings, WakeSettings
from device.wake_words import wake_words
from tests.audio.speech import cough, espeak, pink_noise, silence

TURNS = TurnSettings()


def front_end(playback: Playback, *, far_wake: FakeWakeWord | None = None) -> FrontEnd:
    return FrontEnd(
        canceller=PassThroughCanceller(),
        suppressor=PassThroughSuppressor(),
        voice=ScriptedVoiceActivity(),
        wake=FakeWakeWord(),
        far_wake=far_wake,
        playback=playback,
        turns=TURNS,
        wake_settings=WakeSettings(),
    )


def real_front_end(playback: Playback) -> FrontEnd:
    return make_front_end(
        AudioSettings(), WakeSettings(), TURNS, playback, wake_words(WakeSettings())
    )


def feed(ear: FrontEnd, near: Samples, far: Samples | None = None) -> list[Edge]:
    edges: list[Edge] = []
    quiet = np.zeros(FRAME_SAMPLES, np.int16)
    for at in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        other = quiet if far is None else far[at : at + FRAME_SAMPLES]
        edges += ear.process(near[at : at + FRAME_SAMPLES], other, ReadStatus())
    return edges


def converse(ear: FrontEnd, playback: Playback, child: Samples) -> list[Edge]:
    """Feed `child` plus the echo, 30 ms late and 12 dB down, of what is played meanwhile."""
    edges: list[Edge] = []
    far = np.zeros(FRAME_SAMPLES, np.int16)
    past = np.zeros(4 * FRAME_SAMPLES, np.int16)
    for at in range(0, len(child) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        playback.pull(far)
        past = np.append(past[FRAME_SAMPLES:], far)
        near = child[at : at + FRAME_SAMPLES] + past[:FRAME_SAMPLES] // 4
        edges += ear.process(near.astype(np.int16), far, ReadStatus())
    return edges


@pytest.fixture
def playback() -> Playback:
    return Playback(duck_db=-15)


def test_an_utterance_holds_the_child_s_samples_and_their_place_in_time(playback: Playback) -> None:
    ear = front_end(playback)
    ear.attend(Attention.TURN)
    word = pink_noise(0.6, -20)
    edges = feed(ear, np.concatenate([silence(1.0), word, silence(1.5)]))
    started, paused, ended = edges
    assert isinstance(started, SpeechStarted)
    assert isinstance(paused, SpeechPaused)
    assert isinstance(ended, SpeechEnded)
    assert ended.reason is EndReason.SILENCE
    assert ended.utterance is paused.utterance
    utterance = ended.utterance
    assert utterance.start_s == pytest.approx(0.5)
    assert utterance.speech_end_s == pytest.approx(1.6)
    assert utterance.samples[8000 : 8000 + len(word)].tolist() == word.tolist()
    assert len(utterance.samples) == 8000 + len(word) + TURNS.look_ms * 16
    assert ended.at_s == pytest.approx(1.6 + TURNS.incomplete_silence_ms / 1000)


def test_complete_ends_the_turn_early(playback: Playback) -> None:
    ear = front_end(playback)
    ear.attend(Attention.TURN)
    edges = feed(ear, np.concatenate([pink_noise(0.6, -20), silence(0.2)]))
    assert isinstance(edges[-1], SpeechPaused)
    ear.complete(1, 1)
    (ended,) = feed(ear, silence(1.0))
    assert isinstance(ended, SpeechEnded)
    assert ended.reason is EndReason.COMPLETE
    assert ended.at_s == pytest.approx(0.6 + TURNS.complete_silence_ms / 1000)


def test_nothing_is_heard_while_off(playback: Playback) -> None:
    ear = front_end(playback)
    assert feed(ear, pink_noise(1.0, -20)) == []
    ear.attend(Attention.WAKE)
    assert feed(ear, pink_noise(1.0, -20)) == []


def test_a_wake_hit_is_stamped_in_counted_audio_and_needs_attention(playback: Playback) -> None:
    ear = front_end(playback)
    magic = silence(0.5)
    magic[0] = 12_345
    assert feed(ear, magic) == []
    ear.attend(Attention.WAKE)
    (woken,) = feed(ear, magic)
    assert isinstance(woken, Woken)
    assert woken.at_s == woken.hit.at_s == pytest.approx(0.51)


def test_myna_s_own_voice_never_wakes_her(playback: Playback) -> None:
    ear = front_end(playback, far_wake=FakeWakeWord())
    ear.attend(Attention.WAKE)
    far = pink_noise(2.0, -20)
    far[16_000] = 12_345
    near = silence(2.0)
    near[16_000 + 800 - 800 % FRAME_SAMPLES] = 12_345
    assert feed(ear, near, far) == []
    assert ear.vetoed_wakes == 1
    assert ear.counters.wakes == 0


def test_a_child_s_wake_phrase_over_playback_wakes(playback: Playback) -> None:
    ear = front_end(playback, far_wake=FakeWakeWord())
    ear.attend(Attention.WAKE)
    near = silence(2.0)
    near[16_000] = 12_345
    (woken,) = feed(ear, near, pink_noise(2.0, -20))
    assert isinstance(woken, Woken)
    assert woken.hit.at_s == pytest.approx(1.01)
    assert woken.over_playback


@pytest.mark.parametrize(("after_s", "over_playback"), [(1.5, True), (2.5, True), (4.0, False)])
def test_a_phrase_after_playback_is_over_it_as_long_as_its_sound_holds_some(
    playback: Playback, *, after_s: float, over_playback: bool
) -> None:
    ear = front_end(playback)
    ear.attend(Attention.TURN)  # she talks in a lesson, and goes to sleep then
    feed(ear, silence(0.5), pink_noise(0.5, -20))
    ear.attend(Attention.WAKE)
    near = silence(after_s)
    near[-FRAME_SAMPLES] = 12_345
    (woken,) = feed(ear, near)
    assert isinstance(woken, Woken)
    assert woken.over_playback is over_playback


def test_what_comes_while_the_last_word_is_awaited_is_not_lost(playback: Playback) -> None:
    """The first candidate may come before the phrase is whole; the better one follows at once."""
    ear = front_end(playback)
    ear.attend(Attention.WAKE)
    near = silence(0.6)
    near[[1_600, 3_200, 4_800]] = 12_345
    (early,) = feed(ear, near)
    assert isinstance(early, Woken)
    ear.refuse_wake()
    (later,) = feed(ear, silence(0.1))
    assert isinstance(later, Woken)
    assert later.at_s == later.hit.at_s == pytest.approx(0.31)
    assert later.sound is not None
    assert later.sound[-FRAME_SAMPLES] == 12_345
    ear.refuse_wake()
    assert feed(ear, silence(0.1)) == []
    assert ear.counters.wakes == 2


def test_what_came_before_myna_woke_is_forgotten(playback: Playback) -> None:
    ear = front_end(playback)
    ear.attend(Attention.WAKE)
    near = silence(0.6)
    near[[1_600, 3_200]] = 12_345
    feed(ear, near)
    ear.attend(Attention.OFF)
    ear.attend(Attention.WAKE)
    ear.refuse_wake()
    assert feed(ear, silence(0.1)) == []


def test_lost_time_keeps_the_edges_aligned_and_lets_a_turn_end(playback: Playback) -> None:
    ear = front_end(playback)
    ear.attend(Attention.TURN)
    feed(ear, pink_noise(0.6, -20))
    ear.skip(200)
    assert ear.now_s == pytest.approx(2.6)
    edges = feed(ear, silence(0.01))
    assert [type(edge) for edge in edges] == [SpeechPaused, SpeechEnded]
    assert edges[-1].at_s == pytest.approx(1.6)
    assert ear.counters.lost_frames == 200


def test_playback_s_reports_come_as_edges(playback: Playback) -> None:
    ear = front_end(playback)
    playback.enqueue(pink_noise(0.05, -20), tag=7, last=True)
    assert converse(ear, playback, silence(0.2)) == [
        PlayStarted(0.01, 7),
        Played(0.05, 7, 800, cut=False),
    ]


def test_speech_that_began_during_playback_is_whole_when_listening_begins(
    playback: Playback,
) -> None:
    ear = front_end(playback)
    ear.attend(Attention.BARGE_IN)
    word = pink_noise(0.5, -20)
    feed(ear, np.concatenate([silence(1.0), word[:3200]]))
    ear.attend(Attention.TURN)
    edges = feed(ear, np.concatenate([word[3200:], silence(1.5)]))
    ended = next(edge for edge in edges if isinstance(edge, SpeechEnded))
    assert ended.utterance.samples[8000 : 8000 + len(word)].tolist() == word.tolist()


def test_real_speech_is_one_turn_and_its_end_is_found_within_50_ms(playback: Playback) -> None:
    ear = real_front_end(playback)
    ear.attend(Attention.TURN)
    word = espeak("a big yellow banana", "-v", "en-us+f3", "-p", "70")
    room = pink_noise(len(word) / 16_000 + 3.0, -60)
    room[16_000 : 16_000 + len(word)] += word
    edges = feed(ear, room)
    assert [type(edge) for edge in edges] == [SpeechStarted, SpeechPaused, SpeechEnded]
    end_s = 1.0 + len(word) / 16_000
    assert edges[-1].utterance.speech_end_s == pytest.approx(end_s, abs=0.05)


def test_a_fan_does_not_hold_a_turn_open(playback: Playback) -> None:
    ear = real_front_end(playback)
    ear.attend(Attention.TURN)
    word = espeak("seven", "-v", "en-us+f3")
    room = pink_noise(len(word) / 16_000 + 4.0, -40)
    room[32_000 : 32_000 + len(word)] += word
    edges = feed(ear, room)
    assert [type(edge) for edge in edges] == [SpeechStarted, SpeechPaused, SpeechEnded]


def test_a_voice_over_playback_cuts_it_and_a_cough_only_ducks_it(playback: Playback) -> None:
    ear = real_front_end(playback)
    ear.attend(Attention.BARGE_IN)
    prompt = np.tile(espeak("Now say after me: the elephant has a very long trunk"), 4)
    playback.enqueue(prompt, tag=1, last=True)
    child = espeak("wait, I know it", "-v", "en-us+f4", "-p", "80") // 3
    room = pink_noise(9.0, -65)
    room[64_000 : 64_000 + 4800] += cough()
    room[96_000 : 96_000 + len(child)] += child
    edges = converse(ear, playback, room)
    ducked, released, again, interrupted, started, *_ = [
        edge for edge in edges if edge.at_s > 4.0 and not isinstance(edge, Played | PlayStarted)
    ]
    assert isinstance(ducked, Ducked)
    assert 4.0 < ducked.at_s < 4.15
    assert isinstance(released, DuckEnded)
    assert isinstance(again, Ducked)
    assert isinstance(interrupted, Interrupted)
    assert 6.1 < interrupted.at_s < 6.4
    assert isinstance(started, SpeechStarted)
    assert next(edge for edge in edges if isinstance(edge, Played)).cut
    (ended,) = [edge for edge in edges if isinstance(edge, SpeechEnded)]
    assert ended.utterance.start_s < 6.0


def heard_after_waking(ear: FrontEnd, *, by_voice: bool) -> list[Edge]:
    """A voice 25 dB below the wake phrase, once Myna listens."""
    ear.attend(Attention.WAKE)
    phrase = pink_noise(1.0, -10)
    if by_voice:
        phrase[-FRAME_SAMPLES] = 12_345
    feed(ear, phrase)
    ear.attend(Attention.OFF)  # the chime
    feed(ear, silence(0.3))
    ear.attend(Attention.BARGE_IN)
    feed(ear, silence(0.5))
    ear.attend(Attention.TURN)
    return feed(ear, np.concatenate([pink_noise(0.6, -35), silence(1.5)]))


def test_a_faint_voice_behind_the_child_who_woke_myna_begins_no_turn(playback: Playback) -> None:
    assert heard_after_waking(front_end(playback), by_voice=True) == []


def test_after_the_button_a_faint_voice_counts(playback: Playback) -> None:
    edges = heard_after_waking(front_end(playback), by_voice=False)
    assert [type(edge) for edge in edges] == [SpeechStarted, SpeechPaused, SpeechEnded]
