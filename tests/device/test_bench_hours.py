"""Hours in which nobody calls Myna: what they hold, and how false wakes are counted."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE_HZ
from audio.virtual_room.noise import Says
from device.bench import hearing_scene, hearing_wake, hours, hours_music, hours_sound, hours_talk
from device.bench.acoustics import active_rms
from device.bench.hearing_listener import Candidate, SleepingListener
from device.bench.hearing_wake import NOISY, Said
from device.bench.hours_lesson import lesson
from device.bench.hours_sound import PERIOD, Hours, Kind
from device.cli import main
from tests.audio.speech import espeak, pink_noise, silence


@pytest.fixture
def short_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (hours_sound, hours):
        monkeypatch.setattr(module, "MINUTE_S", 3.0)


def minute_of(kind: Kind, seed: int = 1) -> hours_sound.Minute:
    sound = Hours(seed, None)
    return sound.minute(next(sound.numbers(kind)))


def test_every_twenty_minutes_hold_the_same_in_another_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hours_sound, "People", lambda _corpus: None)
    sound = Hours(3, None)
    sound._people = object()  # type: ignore[assignment] - as if there was a corpus
    first, second = ([sound.kind(n) for n in range(at, at + 20)] for at in (0, 20))
    assert Counter(first) == Counter(second) == Counter(PERIOD)
    assert first != second
    assert set(PERIOD) == set(Kind)


def test_without_a_corpus_synthetic_voices_read() -> None:
    kinds = Counter(Hours(3, None).kind(n) for n in range(20))
    assert kinds[Kind.CHILDREN] == kinds[Kind.ADULTS] == 0
    assert kinds[Kind.ENGLISH] == 7


@pytest.mark.usefixtures("short_minutes")
def test_who_talks_on_the_television_of_a_minute_can_be_chosen() -> None:
    asked: list[tuple[int, int]] = []

    def on_television(number: int) -> Says:
        def says(talker: int, rng: np.random.Generator) -> NDArray[np.float64]:
            asked.append((number, talker))
            return rng.standard_normal(SAMPLE_RATE_HZ)

        return says

    chosen, usual = Hours(1, None, on_television=on_television), Hours(1, None)
    noise = list(itertools.islice(chosen.numbers(Kind.NOISE), 8))
    differs = {
        number
        for number in noise
        if not np.array_equal(chosen.minute(number).near, usual.minute(number).near)
    }
    assert differs
    assert differs == {number for number, _ in asked}  # a fan is nobody's


@pytest.mark.usefixtures("short_minutes")
@pytest.mark.parametrize("kind", [Kind.MUSIC, Kind.NOISE, Kind.ENGLISH, Kind.MANDARIN, Kind.MIXED])
def test_a_minute_is_drawn_by_its_seed_and_leaves_the_loudspeaker_silent(kind: Kind) -> None:
    made = minute_of(kind)
    assert made.kind is kind
    assert made.near.shape == made.far.shape == (48_000,)
    assert not made.far.any()
    assert -55 < 20 * np.log10(active_rms(made.near / 32768.0)) < -18
    assert np.array_equal(minute_of(kind).near, made.near)
    assert not np.array_equal(minute_of(kind, seed=2).near, made.near)


@pytest.mark.usefixtures("short_minutes")
def test_a_lesson_comes_from_the_loudspeaker() -> None:
    made = minute_of(Kind.LESSON)
    far, near = made.far.astype(float), made.near.astype(float)
    size = 2 * len(far)
    like = np.fft.irfft(np.conj(np.fft.rfft(far, size)) * np.fft.rfft(near, size), size)
    delay = int(np.argmax(np.abs(like)))
    assert 0.005 < delay / 16_000 < 0.3
    assert np.abs(like[delay]) > 0.2 * np.sqrt(np.sum(far**2) * np.sum(near**2))


def test_a_lesson_waits_for_its_child() -> None:
    tone = np.sin(np.arange(8000) / 5)
    held = lesson(20.0, itertools.repeat(tone), np.random.default_rng(1))
    assert active_rms(held.far) == pytest.approx(0.08, rel=0.2)
    loud = [np.abs(part) > 1e-3 for part in (held.far, held.child)]
    assert loud[1].sum() > 0
    assert not (loud[0] & loud[1]).any()


def test_a_tune_sounds_on_and_is_no_other() -> None:
    tunes = [hours_music.tune(4.0, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(tunes[0], tunes[1])
    assert np.corrcoef(tunes[0], tunes[2])[0, 1] < 0.3
    assert active_rms(tunes[0]) == pytest.approx(1.0)
    seconds = np.square(tunes[0]).reshape(4, -1).mean(axis=1)
    assert seconds.min() > 0.05


def test_talk_ends_where_nobody_says_more() -> None:
    said = hours_talk.laid_out(iter([np.ones(16_000) * 0.2]), 3.0, np.random.default_rng(1))
    assert said.shape == (48_000,)
    assert said[:16_000] == pytest.approx(1.0)
    assert not said[16_000:].any()


def test_a_sleeping_listener_wakes_at_the_phrase_and_at_nothing_else() -> None:
    called = np.concatenate([silence(1.0), espeak("[[h@l'oU m'aIn@]]", "-v", "en-us", "-s", "140")])
    other = np.concatenate([silence(1.0), espeak("the cat is on the table", "-v", "en-us")])
    woken = []
    for said in (called, other):
        near = np.concatenate([said, silence(1.2)])
        near = near // 2 + pink_noise(len(near) / 16_000, -62)[: len(near)]
        listener = SleepingListener()
        found = listener.hear_all(near, np.zeros_like(near))
        woken.append([each.at_s for each in found if listener.woken_by(each)])
    assert len(woken[0]) == 1
    assert 1.5 < woken[0][0] < 3.2
    assert woken[1] == []


def heard() -> hours.Heard:
    made = hours.Heard()
    made.minutes.update({Kind.MUSIC: 90, Kind.LESSON: 30})
    made.candidates = {
        Kind.MUSIC: [Candidate(5.0, 0.55), Candidate(9.0, 0.1)],
        Kind.LESSON: [Candidate(70.0, 0.45)],
    }
    made.vetoed = 4
    return made


def test_false_wakes_are_counted_by_kind_and_threshold() -> None:
    found = {metric.metric: metric for metric in hours.figures(heard())}
    assert found["hours.listened"].value == 2.0
    assert found["hours.false_wakes"].value == 1.0
    assert found["hours.false_wakes_per_hour"].value == 0.5
    assert found["hours.asked_for_the_last_word"].value == 3.0
    assert found["hours.own_voice_vetoed"].value == 4.0
    assert (found["hours.music.false_wakes"].value, found["hours.music.false_wakes"].n) == (1, 90)
    assert found["hours.own_lesson.false_wakes"].value == 0.0
    assert found["hours.own_lesson.asked"].n == 30
    assert "hours.noise.asked" not in found
    at = [found[f"hours.false_wakes.at_{threshold}"].value for threshold in (0.1, 0.4, 0.6)]
    assert at == [3.0, 2.0, 0.0]


def test_the_trade_off_falls_from_all_missed_to_those_never_heard() -> None:
    said = [
        Said(score, dict.fromkeys(NOISY, score / 2), dict.fromkeys((0.0, 10.0, 20.0), 0.0))
        for score in (0.9, 0.6, 0.0)
    ]
    found = {metric.metric: metric for metric in hearing_wake._table(said, heard())}
    assert found["hearing.wake.at_0.5.false_wakes"].value == 1.0
    assert found["hearing.wake.at_0.5.quiet.missed"].value == pytest.approx(100 / 3)
    assert found["hearing.wake.at_0.35.fan_5db.missed"].value == pytest.approx(200 / 3)
    assert found["hearing.wake.at_0.2.child_0db_below.missed"].n == 3
    quiet = hearing_wake._trade_off(said, heard()).curves[0]
    assert quiet.name == "quiet"
    assert (quiet.x[0], quiet.y[0]) == (1.5, pytest.approx(100 / 3))
    assert (quiet.x[-1], quiet.y[-1]) == (0.0, 100.0)
    assert list(quiet.x) == sorted(quiet.x, reverse=True)
    assert list(quiet.y) == sorted(quiet.y)


def test_of_phrases_over_playback_those_count_that_are_heard_without() -> None:
    noisy = dict.fromkeys(NOISY, 0.0)
    said = [
        Said(0.9, noisy, {0.0: 0.9, 10.0: 0.9, 20.0: 0.1}),
        Said(0.8, noisy, {0.0: 0.9, 10.0: 0.1, 20.0: 0.1}),
        Said(0.1, noisy, {0.0: 0.9, 10.0: 0.9, 20.0: 0.9}),
    ]
    found = {metric.metric: metric for metric in hearing_wake._figures(said)}
    over = [found[f"hearing.wake.child_{level}db_below"] for level in (0, 10, 20)]
    assert [(metric.value, metric.n) for metric in over] == [(100.0, 2), (50.0, 2), (0.0, 2)]
    assert found["hearing.wake.quiet.missed"].value == pytest.approx(100 / 3)
    television = found["hearing.wake.television_5db.missed"]
    assert (television.value, television.aim, television.n) == (100.0, "<= 10", 3)


def test_a_phrase_sounds_beside_a_fan_and_a_television_of_the_callers_choice() -> None:
    voice = 0.1 * np.sin(np.arange(12_000) / 9.0)
    place = hearing_scene.grid(1, seed=3)[0]
    talkers: list[int] = []

    def says(talker: int, rng: np.random.Generator) -> NDArray[np.float64]:
        talkers.append(talker)
        return rng.standard_normal(30_000)

    usual = dict(hearing_wake.situations(voice, place, 5))
    every = dict(hearing_wake.situations(voice, place, 5, says))
    assert set(usual) == {"quiet", "fan_10db", "fan_5db", "television_10db", "television_5db"} | {
        f"child_{level}db_below" for level in (0, 10, 20)
    }
    differ = {name for name in usual if not np.array_equal(every[name].near, usual[name].near)}
    assert differ == {"television_10db", "television_5db"}
    assert set(talkers) == {0, 1}
    quiet = usual["quiet"].near.astype(float)
    loud, louder = (active_rms(every[f"television_{snr_db}db"].near - quiet) for snr_db in (10, 5))
    assert louder / loud == pytest.approx(10 ** (5 / 20), rel=0.01)
    first, last = usual["quiet"].words
    assert active_rms(quiet[first:last]) / loud == pytest.approx(10 ** (10 / 20), rel=0.3)


def test_hours_belong_to_one_benchmark_and_are_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "echo", "--hours", "2"]) == 2
    assert "no --hours" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main(["bench", "hours", "--hours", "0"])
    assert left.value.code == 2
