"""The recipe of a head: who teaches whom, what a window holds, how witnesses are weighed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("soxr")
from soundfile import write

from audio.ports import WAKE_SOUND_S, Samples, WakeHit, Woken
from device.bench import hearing_wake
from device.bench.acoustics import Signal, active_rms
from device.bench.hearing_scene import Condition
from device.bench.hearing_wake import Scene
from device.bench.hours_sound import Kind, Minute
from device.bench.wake_said import Recording
from device.bench.wake_scenes import voices
from dialog.wake.head import HEADS_PATH, NEAR, PLAIN
from training.wake import call_windows, fusing, overhearing, readers
from training.wake.callers import (
    ACCENTS,
    FESTIVAL,
    FLITE,
    FUSING_VOICES,
    VARIANTS,
    pronunciations_of,
)
from training.wake.fusing import Asked, Candidate
from training.wake.readers import Readers
from training.wake.tongues import TONGUES

TEACHING = {
    *(("espeak-ng", f"{accent}+{variant}") for accent in ACCENTS for variant in VARIANTS),
    *(("flite", name) for name in FLITE),
    *(("festival", name) for name in FESTIVAL),
    *(("festival", name) for tongue in TONGUES for name in tongue.voices),
}


def test_who_teaches_a_head_neither_weighs_nor_judges_it() -> None:
    judging = {(each.program, each.name) for each in voices(18)}
    assert not TEACHING & set(FUSING_VOICES)
    assert not TEACHING & judging
    assert not set(FUSING_VOICES) & judging
    # Nor does the same voice with another accent.
    variants = {name.split("+")[-1] for program, name in judging if program == "espeak-ng"}
    assert not variants & {*VARIANTS}


def test_all_ways_to_say_a_phrase() -> None:
    assert set(pronunciations_of("hello myna")) == {
        ("HH", "AH", "L", "OW", "M", "AY", "N", "AH"),
        ("HH", "EH", "L", "OW", "M", "AY", "N", "AH"),
    }


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_windows, "_others", [np.full(8_000, -0.5, np.float32)], raising=False)


@pytest.mark.usefixtures("others")
def test_a_window_ends_soon_after_the_call_it_holds() -> None:
    voice = np.full(12_000, 0.6, np.float32)
    talked = 0
    for seed in range(40):
        window = call_windows._window(voice, np.random.default_rng(seed))
        assert window.size == round(WAKE_SOUND_S * 16_000)
        called = np.flatnonzero(window == np.float32(0.6))
        assert called.size == voice.size
        assert np.array_equal(called, np.arange(called[0], called[0] + voice.size))
        assert 0.14 <= (window.size - called[-1]) / 16_000 <= 0.91
        talked += bool((window < 0).any())
    assert 10 <= talked <= 35  # half of them: 30 % before, 30 % after


@pytest.mark.usefixtures("others")
def test_a_call_longer_than_the_window_keeps_its_end() -> None:
    rng = np.random.default_rng(3)
    voice = np.linspace(0.1, 0.6, 60_000, dtype=np.float32)
    window = call_windows._window(voice, rng)
    assert window.max() == voice[-1]


@pytest.mark.usefixtures("others")
def test_what_follows_a_call_in_one_breath_stands_behind_its_end() -> None:
    call, more = np.full(9_000, 0.6, np.float32), np.full(20_000, 0.3, np.float32)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        window = call_windows._window(np.concatenate([call, more]), rng, more.size)
        called = np.flatnonzero(window == np.float32(0.6))
        assert called.size == call.size
        assert 0.14 <= (window.size - called[-1]) / 16_000 <= 0.91
        assert (window[called[-1] + 1 :] == np.float32(0.3)).all()


SAMPLES = round(WAKE_SOUND_S * 16_000)


class Hearer:
    """A first stage that finds something at 1 s, of too short a sound, and at 3 s."""

    def __init__(self, phrase: str) -> None:
        assert phrase == "hello myna"

    def hear(self, near: Samples, far: Samples) -> Iterator[Woken]:
        assert near.shape == far.shape
        for at_s in (1.0, 3.0):
            stop = round(at_s * 16_000)
            sound = near[max(0, stop - SAMPLES) : stop]
            yield Woken(at_s, WakeHit("hello myna", 0.1, at_s), sound)


def test_what_the_first_stage_finds_in_a_minute_is_a_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    minute = Minute(Kind.MUSIC, np.arange(64_000, dtype=np.int16), np.zeros(64_000, np.int16))
    kinds = [Kind.MUSIC, Kind.ENGLISH]
    hours = SimpleNamespace(kind=lambda number: kinds[number], minute=lambda _number: minute)
    monkeypatch.setattr(call_windows, "_minutes", lambda _seed: hours)
    monkeypatch.setattr(call_windows, "Overhearer", Hearer)
    (window,) = call_windows._asked("hello myna", 5, 0)
    assert window == pytest.approx(minute.near[48_000 - SAMPLES : 48_000] / 32768.0)
    # Synthetic English is by voices that judge.
    assert call_windows._asked("hello myna", 5, 1) == []


def test_a_call_in_a_situation_is_a_window_where_the_first_stage_finds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    levels: list[float] = []
    told: list[int] = []

    def situations(
        voice: Signal, condition: Condition, seed: int, says: Readers
    ) -> Iterator[tuple[str, Scene]]:
        told.append(says(0, np.random.default_rng(1)).size)
        levels.append(float(active_rms(voice)))
        sound = np.arange(64_000, dtype=np.int16)
        for name, words in (("near it", (40_000, 46_000)), ("before it", (55_000, 60_000))):
            yield name, Scene(sound, np.zeros_like(sound), words)

    monkeypatch.setattr(hearing_wake, "situations", situations)
    monkeypatch.setattr(call_windows, "Overhearer", Hearer)
    monkeypatch.setattr(call_windows, "_read", recorded(tmp_path), raising=False)
    voice = np.sin(np.arange(12_000) / 7.0).astype(np.float32)
    (window,) = call_windows._called("hello myna", voice, 3)
    assert window.size == SAMPLES
    assert levels == pytest.approx([1.0])
    assert told == [8_000]
    # Every other one beside synthetic talkers.
    monkeypatch.setattr(readers, "synthetic", lambda _text, _rng: np.ones(12_345, np.float32))
    assert len(call_windows._called("hello myna", voice, 4)) == 1
    assert told == [8_000, 12_345]


def recorded(folder: Path) -> list[Recording]:
    """A child of two utterances and two grown-ups of one each, told apart by their lengths."""
    made = []
    for name, speaker, age, samples in (
        ("a1", "c1", 9, 5_000),
        ("a2", "c1", 9, 6_000),
        ("b1", "g1", 30, 7_000),
        ("d1", "g2", 40, 8_000),
    ):
        path = folder / f"{name}.wav"
        write(path, 0.1 * np.sin(np.arange(samples) / 9.0), 16_000)
        made.append(Recording(name, speaker, age, ("hello",), path))
    return made


def test_a_television_that_teaches_is_read_by_grown_ups_who_teach(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    people = Readers(recorded(tmp_path), first=3)
    heard = [people(talker, rng) for talker in (0, 1, 2)]
    assert [sound.size for sound in heard] == [8_000, 7_000, 8_000]
    assert active_rms(heard[0]) == pytest.approx(1.0)


def test_synthetic_talkers_keep_their_voice_and_do_without_one_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[tuple[str, int]] = []

    def synthetic(text: str, rng: np.random.Generator) -> np.ndarray:
        drawn.append((text, int(rng.integers(1 << 30))))
        if len(drawn) == 1:
            raise ValueError("no such voice")
        return np.full(4_000, 0.1, np.float32)

    monkeypatch.setattr(readers, "synthetic", synthetic)
    talkers = readers.Synthesised(["one", "two"], readers.teaching_voices(5))
    rng = np.random.default_rng(2)
    for talker in (0, 1, 1, 1):
        assert active_rms(talkers(talker, rng)) == pytest.approx(1.0)
    _, other, *again = [voice for _, voice in drawn]
    assert len(set(again)) == 1
    assert other not in again
    assert {text for text, _ in drawn} == {"one", "two"}
    monkeypatch.setattr(readers, "synthetic", lambda _text, _rng: np.zeros(4_000, np.float32))
    with pytest.raises(RuntimeError, match="no synthesiser says"):
        talkers(0, rng)


def test_minutes_that_teach_are_read_by_who_teaches_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    read = [Recording("u1", "s1", 9, ("hello",), Path("u1.wav"))]
    monkeypatch.setattr(call_windows, "_read", read, raising=False)
    call_windows._minutes.cache_clear()
    try:
        minutes, mined = call_windows._minutes(7), call_windows._minutes(7, mined=True)
        assert minutes._people is not None
        assert minutes._people._recordings == read
        assert [minutes.kind(n) for n in range(20)] != [mined.kind(n) for n in range(20)]
        assert Kind.ENGLISH not in call_windows.MINED
    finally:
        call_windows._minutes.cache_clear()


def test_a_head_that_cannot_be_read_makes_way_for_the_new_one(tmp_path: Path) -> None:
    old, shipped = tmp_path / "hello_myna.npz", HEADS_PATH / "hello_myna.npz"
    overhearing.make_way(old)  # none there
    old.write_bytes(b"of another version")
    overhearing.make_way(old)
    assert not old.exists()
    old.write_bytes(shipped.read_bytes())
    overhearing.make_way(old)
    assert old.exists()


def weighed(calls: int, others: int) -> tuple[Asked, np.ndarray]:
    """Candidates: the first witness knows most, the second a little, the third the contrary."""
    rng = np.random.default_rng(4)
    logits = rng.normal(0.0, 1.0, (calls + others, 3))
    logits[:calls] += (3.0, 1.0, -1.0)
    sound = np.zeros(160, np.int16)
    candidates = [Candidate(f"synthetic {at} quiet", 0.0, sound, False) for at in range(calls)]
    candidates += [Candidate(f"minute {at} music", 0.0, sound, False) for at in range(others)]
    return Asked(candidates, 110), logits


def test_witnesses_count_by_what_they_know_and_never_against_themselves() -> None:
    fusion = fusing.fit(*weighed(200, 600))
    assert fusion.head > fusion.last > 0.0
    assert fusion.first == 0.0


def test_it_wakes_as_often_as_it_may_in_other_minutes_of_the_kind() -> None:
    rng = np.random.default_rng(6)
    bars = [fusing._bar(rng.exponential(1.5, 600), 110) for _ in range(400)]
    passing = 600 * np.exp(-np.array(bars) / 1.5)  # of 600 others, whichever they are
    allowed = fusing.ACCEPTS_PER_HOUR * 110 / 60
    geometric_mean = np.exp(np.log(passing).mean())
    assert geometric_mean == pytest.approx(allowed, rel=0.15)


def test_the_bar_is_the_fusions_offset() -> None:
    asked, logits = weighed(200, 600)
    fusion = fusing.fit(asked, logits)
    others = logits[200:] @ np.array([fusion.head, fusion.last, fusion.first])
    assert -fusion.offset == pytest.approx(fusing._bar(others, asked.minutes))


def test_of_one_call_and_of_one_minute_only_the_best_candidate_counts() -> None:
    asked, logits = weighed(200, 600)
    again = [replace(each) for each in asked.candidates[:200]]
    worse = np.concatenate([logits, logits[:200] - 20.0])
    fusion = fusing.fit(asked, logits)
    assert fusing.fit(replace(asked, candidates=[*asked.candidates, *again]), worse) == fusion
    # All that lies just below the highest of one minute leaves the bar where it is.
    weights = np.array([fusion.head, fusion.last, fusion.first])
    highest = 200 + int(np.argmax(logits[200:] @ weights))
    crowd = [replace(asked.candidates[highest]) for _ in range(20)]
    twice = fusing.fit(
        replace(asked, candidates=[*asked.candidates, *crowd]),
        np.concatenate([logits, np.repeat(logits[highest][None], 20, axis=0)]),
    )
    assert twice.offset == pytest.approx(fusion.offset, rel=0.25)


def test_a_head_is_set_by_what_it_is_asked_about() -> None:
    sound = np.zeros(160, np.int16)
    candidates = [Candidate(f"minute {at} music", 0.0, sound, at % 3 == 0) for at in range(9)]
    everything = fusing.asked_of(candidates, NEAR, alone=True)
    talking = fusing.asked_of(candidates, PLAIN, alone=False)
    asleep = fusing.asked_of(candidates, NEAR, alone=False)
    assert len(everything.candidates) == 9
    assert [each.over_playback for each in talking.candidates] == [True] * 3
    assert [each.over_playback for each in asleep.candidates] == [False] * 6
    assert talking.minutes + asleep.minutes == everything.minutes
    assert talking.minutes >= fusing.LESSONS


def test_a_network_is_exported_as_the_device_computes_it(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from dialog.wake.head import Fusion, PhraseHead
    from training.wake import call_network

    torch.manual_seed(2)
    network = call_network.Network().eval()
    path = tmp_path / "head.npz"
    call_network.export("good day robot", [network.weights()], Fusion(1.0, 0.0, 0.0, 0.0), path)
    rows = np.random.default_rng(1).normal(0.0, 4.0, (84, 288)).astype(np.float32)
    found = PhraseHead.load(path)
    assert found.phrase == "good day robot"
    assert found.score(rows) == pytest.approx(
        float(call_network.logits(network, rows[None])[0]), abs=0.02
    )
