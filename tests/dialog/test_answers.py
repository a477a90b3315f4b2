"""Which answer was said, on posteriors made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dialog.answers import FILLERS, best_answer
from dialog.lexicon import pronunciations
from dialog.phone_alignment import align, free_loop, log_likelihood_ratio
from dialog.phone_frames import Frames
from dialog.phone_graph import likelihoods
from dialog.phone_set import OUTPUTS, PHONE_ID, PHONES, SILENCE

FRAMES_PER_STATE = 3
SURE = 0.95


def _said(phones: tuple[str, ...]) -> list[int]:
    return [
        PHONE_ID[phone] * 3 + part
        for phone in phones
        for part in range(3)
        for _ in range(FRAMES_PER_STATE)
    ]


def frames_of(
    text: str, *, quiet: int = 20, filler: tuple[str, ...] = (), after: tuple[str, ...] = ()
) -> Frames:
    """Posteriors of a speaker who says each word as the lexicon's first entry has it."""
    outputs = [SILENCE] * quiet
    outputs += _said(filler)
    if filler:
        outputs += [SILENCE] * quiet
    for word in text.split():
        outputs += _said(pronunciations(word)[0])
    outputs += [SILENCE] * quiet
    if after:
        outputs += [*_said(after), *[SILENCE] * quiet]
    posteriors = np.full((len(outputs), OUTPUTS), (1 - SURE) / (OUTPUTS - 1))
    posteriors[np.arange(len(outputs)), outputs] = SURE
    return Frames(
        np.log(posteriors).astype(np.float32),
        np.full((len(outputs), len(PHONES)), 1.8, np.float32),
        np.full(OUTPUTS, -np.log(OUTPUTS), np.float32),
    )


CANDIDATES = tuple(
    tuple(text.split())
    for text in ("it is a cat", "it is a dog", "good morning", "stop", "i do not know")
)


@pytest.mark.parametrize("index", range(len(CANDIDATES)))
def test_each_answer_is_found_whole(index: int) -> None:
    answer = best_answer(frames_of(" ".join(CANDIDATES[index])), CANDIDATES)
    assert answer is not None
    assert (answer.index, answer.whole) == (index, True)
    assert answer.confidence > 0.9
    assert tuple(word.word for word in answer.words) == CANDIDATES[index]


@pytest.mark.parametrize("filler", FILLERS)
def test_a_filler_before_an_answer_is_no_part_of_it(filler: tuple[str, ...]) -> None:
    answer = best_answer(frames_of("good morning", filler=filler), CANDIDATES)
    assert answer is not None
    assert (answer.index, answer.whole) == (2, True)
    assert answer.confidence > 0.9
    assert answer.words[0].start_s >= 0.4  # the quiet before and after it


def test_a_filler_alone_is_no_answer() -> None:
    answer = best_answer(frames_of("", filler=("AH", "M")), CANDIDATES)
    assert answer is None or answer.confidence < 0.5


def test_a_contraction_is_the_same_answer() -> None:
    for said, index in (("it's a dog", 1), ("i don't know", 4)):
        answer = best_answer(frames_of(said), CANDIDATES)
        assert answer is not None
        assert (answer.index, answer.whole) == (index, True)
        assert answer.confidence > 0.9


def test_a_beginning_is_not_the_whole() -> None:
    answer = best_answer(frames_of("it is a"), CANDIDATES)
    assert answer is not None
    assert not answer.whole
    assert [word.word for word in answer.words] == ["it", "is", "a"]


@pytest.mark.parametrize("filler", FILLERS)
def test_a_beginning_that_trails_off_into_a_filler_is_found(filler: tuple[str, ...]) -> None:
    frames = frames_of("it is a", after=filler)
    begun = best_answer(frames, CANDIDATES[:1], trailing_off=True)
    plain = best_answer(frames, CANDIDATES[:1])
    assert begun is not None
    assert plain is not None
    assert [word.word for word in begun.words] == ["it", "is", "a"]
    assert not begun.whole
    assert begun.confidence > max(0.9, plain.confidence)


def test_other_speech_does_not_become_a_beginning_by_trailing_off() -> None:
    for other in ("yellow", "my grandmother lives there"):
        begun = best_answer(frames_of(other, after=("M",)), CANDIDATES, trailing_off=True)
        assert begun is None or begun.confidence < 0.1


def test_what_is_of_no_use_begun_is_heard_whole_or_not_at_all() -> None:
    """A hesitating "no", of "no more", is all but "hello"."""
    candidates = (("hello",), ("no", "more"))
    frames = frames_of("no", filler=("AH",), quiet=0)
    begun = best_answer(frames, candidates)
    assert begun is not None
    assert (begun.index, begun.whole) == (1, False)
    whole = best_answer(frames, candidates, only_whole={1})
    assert whole is None or whole.whole
    said = best_answer(frames_of("no more"), candidates, only_whole={1})
    assert said is not None
    assert (said.index, said.whole) == (1, True)


def test_other_speech_has_no_confidence() -> None:
    for other in ("yellow", "my grandmother lives there", "stop what is this thing"):
        answer = best_answer(frames_of(other), CANDIDATES)
        assert answer is not None
        assert answer.confidence < 0.5, other


def test_the_word_that_was_replaced_is_the_one_that_fits_badly() -> None:
    answer = best_answer(frames_of("it is a pen"), (("it", "is", "a", "cat"),))
    assert answer is not None
    assert answer.confidence < 0.5
    behind = {word.word: word.behind for word in answer.words}
    assert max(behind["it"], behind["is"]) < 1.0 < behind["cat"]


def test_silence_and_unsayable_candidates_give_nothing() -> None:
    assert best_answer(frames_of(""), CANDIDATES) is None
    assert best_answer(frames_of("stop"), ((), ("!!",), ("我",))) is None
    assert best_answer(frames_of("stop"), ()) is None


def test_spans_are_where_the_phones_are() -> None:
    spans = align(frames_of("good morning"), [pronunciations("good"), pronunciations("morning")])
    starts = [20 + 9 * n for n in range(len(spans))]
    assert [span.start_frame for span in spans] == starts
    assert [span.end_frame for span in spans] == [start + 9 for start in starts]
    assert spans[0].state_spans == ((20, 23), (23, 26), (26, 29))
    assert align(frames_of("", quiet=2), [pronunciations("good")]) == []
    assert log_likelihood_ratio(frames_of("", quiet=2), [pronunciations("good")]) == -np.inf


def test_the_free_loop_is_never_worse_than_a_sentence() -> None:
    frames = frames_of("good morning")
    words = [pronunciations("good"), pronunciations("morning")]
    assert log_likelihood_ratio(frames, words) <= 0.5
    assert len(free_loop(likelihoods(frames))) == len(frames.log_posteriors)
