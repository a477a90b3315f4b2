"""Playback: order, gaps, ducking and cutting, all in counted samples."""

from __future__ import annotations

import numpy as np
import pytest

from audio.playback import CUT_FADE_SAMPLES, Playback
from audio.ports import FRAME_SAMPLES, Played, PlayStarted, Samples


def steady(samples: int, value: int = 10_000) -> Samples:
    return np.full(samples, value, np.int16)


def pulled(playback: Playback, samples: int, block: int = FRAME_SAMPLES) -> Samples:
    """Pull block by block, as a card does, from a buffer that is never clean."""
    blocks = []
    for start in range(0, samples, block):
        out = np.full(min(block, samples - start), 77, np.int16)
        playback.pull(out)
        blocks.append(out)
    return np.concatenate(blocks)


def test_an_empty_queue_gives_silence() -> None:
    playback = Playback(duck_db=-15)
    assert not pulled(playback, 1000).any()
    assert playback.poll() == []
    assert not playback.busy
    assert playback.underruns == 0


@pytest.mark.parametrize("block", [1, 7, 160, 441, 4096])
def test_sounds_follow_each_other_sample_by_sample_in_any_block_size(block: int) -> None:
    playback = Playback(duck_db=-15)
    first = np.arange(1, 501, dtype=np.int16)
    second = np.arange(1000, 1300, dtype=np.int16)
    playback.enqueue(first[:200], tag=1, last=False)
    playback.enqueue(first[200:], tag=1, last=True)
    playback.enqueue(second, tag=2, last=True)
    heard = pulled(playback, 1000, block)
    assert heard.tolist() == [*first.tolist(), *second.tolist(), *[0] * 200]
    assert playback.poll(4.5) == [
        PlayStarted(4.5, 1),
        Played(4.5, 1, 500, cut=False),
        PlayStarted(4.5, 2),
        Played(4.5, 2, 300, cut=False),
    ]
    assert not playback.busy


def test_an_empty_last_piece_ends_a_sound() -> None:
    playback = Playback(duck_db=-15)
    playback.enqueue(steady(100), tag=3, last=False)
    pulled(playback, 100)
    assert playback.busy
    playback.enqueue(steady(0), tag=3, last=True)
    pulled(playback, 160)
    assert playback.poll() == [PlayStarted(0, 3), Played(0, 3, 100, cut=False)]
    assert not playback.busy


def test_a_gap_inside_a_sound_is_one_underrun_and_the_gap_between_sounds_is_none() -> None:
    playback = Playback(duck_db=-15)
    playback.enqueue(steady(100), tag=1, last=False)
    pulled(playback, 480)
    assert playback.underruns == 1
    playback.enqueue(steady(100), tag=1, last=True)
    pulled(playback, 480)
    assert playback.underruns == 1
    playback.enqueue(steady(100), tag=2, last=True)
    pulled(playback, 480)
    assert playback.underruns == 1


def test_a_cut_is_silent_within_its_fade_and_never_jumps() -> None:
    playback = Playback(duck_db=-15)
    playback.enqueue(steady(16_000), tag=1, last=True)
    playback.enqueue(steady(16_000), tag=2, last=True)
    pulled(playback, 1600)
    playback.cut()
    heard = pulled(playback, 1600).astype(int)
    assert heard[0] == 10_000
    assert abs(np.diff(heard)).max() <= 10_000 // CUT_FADE_SAMPLES + 1
    assert not heard[CUT_FADE_SAMPLES:].any()
    assert playback.poll() == [
        PlayStarted(0, 1),
        Played(0, 1, 1600 + CUT_FADE_SAMPLES, cut=True),
        Played(0, 2, 0, cut=True),
    ]
    assert not playback.busy


def test_late_pieces_of_a_sound_that_was_cut_are_swallowed() -> None:
    playback = Playback(duck_db=-15)
    playback.enqueue(steady(400), tag=1, last=False)
    pulled(playback, 160)
    playback.cut()
    pulled(playback, 320)
    playback.enqueue(steady(400), tag=1, last=False)
    playback.enqueue(steady(400), tag=1, last=True)
    playback.enqueue(steady(160, 5), tag=2, last=True)
    assert pulled(playback, 320).tolist() == [5] * 160 + [0] * 160
    assert playback.poll()[-2:] == [PlayStarted(0, 2), Played(0, 2, 160, cut=False)]


def test_a_sound_queued_after_a_cut_plays_even_if_nothing_was_pulled_between() -> None:
    playback = Playback(duck_db=-15)
    playback.enqueue(steady(400), tag=1, last=True)
    playback.cut()
    playback.enqueue(steady(160, 5), tag=2, last=True)
    assert pulled(playback, 160).tolist() == [5] * 160
    assert playback.poll() == [
        Played(0, 1, 0, cut=True),
        PlayStarted(0, 2),
        Played(0, 2, 160, cut=False),
    ]


def test_ducking_takes_20_ms_and_coming_back_150_ms() -> None:
    playback = Playback(duck_db=-20)
    playback.enqueue(steady(16_000), tag=1, last=True)
    pulled(playback, 160)
    playback.duck()
    falling = pulled(playback, 480).astype(int)
    assert (np.diff(falling) <= 0).all()
    assert falling[318] > 1000
    assert set(falling[320:].tolist()) == {1000}
    playback.unduck()
    rising = pulled(playback, 2600).astype(int)
    assert (np.diff(rising) >= 0).all()
    assert rising[2398] < 10_000
    assert set(rising[2400:].tolist()) == {10_000}


def test_after_a_cut_while_ducked_the_next_sound_starts_at_full_volume() -> None:
    playback = Playback(duck_db=-20)
    playback.enqueue(steady(16_000), tag=1, last=True)
    playback.duck()
    pulled(playback, 800)
    playback.cut()
    pulled(playback, 800)
    playback.enqueue(steady(160), tag=2, last=True)
    assert pulled(playback, 160).tolist() == [10_000] * 160


def test_volume_scales_and_never_amplifies() -> None:
    playback = Playback(duck_db=-15, volume_db=-6.0)
    playback.enqueue(steady(160), tag=1, last=True)
    assert set(pulled(playback, 160).tolist()) == {5011}
    playback.volume_db = 12.0
    assert playback.volume_db == 0.0
    pulled(playback, 160)
    playback.enqueue(steady(160), tag=2, last=True)
    assert set(pulled(playback, 160).tolist()) == {10_000}


def test_other_sample_types_are_refused() -> None:
    with pytest.raises(ValueError, match="int16"):
        Playback(duck_db=-15).enqueue(np.zeros(160, np.float32), tag=1, last=True)  # type: ignore[arg-type]
