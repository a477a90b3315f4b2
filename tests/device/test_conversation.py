"""The conversation alone: events in, effects out, no audio and no time but what is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from audio import ports as audio
from device import draw_states
from device import effects as fx
from device import events as ev
from device.conversation import NOISES_FORGIVEN, Conversation
from device.settings import DeviceSettings
from device.states import TABLE, Row, State, lookup
from device.turn import HESITATING_FROM, UNFINISHED_FROM, is_hesitation
from dialog.ports import (
    Attempt,
    Begin,
    DialogEvent,
    DialogState,
    Expectation,
    Failed,
    Heard,
    HeardNothing,
    History,
    Line,
    Recognition,
    Resume,
    Step,
    StepOn,
    Then,
    Trouble,
    Verdict,
)

NOW = datetime(2026, 1, 5, tzinfo=UTC)
RIGHT = Recognition("a red apple", 0, 0.9, True)
NOTHING = Recognition("", None, 0.0, False)
ATTEMPT = Attempt("starter", "apple", Verdict.RIGHT, 1, 0.9, 1.2)


class ScriptedEngine:
    """Answers every event with the same step and keeps what it was asked."""

    name = "scripted"

    def __init__(self) -> None:
        self.asked: list[DialogEvent] = []
        self.answer = Step(
            DialogState(self.name),
            lines=(Line("Well done."), Line("Say: a red apple.")),
            then=Then.LISTEN,
            expect=Expectation(("a red apple",), ("again",), patience_s=7.0),
            attempts=(),
        )

    def start(self, *, history: History, seed: int) -> DialogState:
        return DialogState(self.name)

    def step(self, state: DialogState, event: DialogEvent, now: datetime) -> Step:
        self.asked.append(event)
        return self.answer


class Stage:
    """A conversation with somebody who keeps what it did."""

    def __init__(self) -> None:
        self.engine = ScriptedEngine()
        self.conversation = Conversation(
            self.engine, DeviceSettings(), history=History, recognition_timeout_s=8.0
        )
        self.done: list[fx.Effect] = self.conversation.start()

    @property
    def state(self) -> State:
        return self.conversation.state

    def post(self, *events: ev.Event) -> list[fx.Effect]:
        """The effects of the last of the events."""
        for event in events:
            self.done = self.conversation.handle(event, NOW)
        return self.done

    def of(self, kind: type[fx.Effect]) -> list[fx.Effect]:
        return [effect for effect in self.done if isinstance(effect, kind)]

    def wake(self) -> int:
        """Wake it up to where it speaks; returns the first line's tag."""
        self.post(audio.Woken(1.0, audio.WakeHit("hello myna", 0.9, 1.0)))
        chime = next(e for e in self.done if isinstance(e, fx.Chime))
        speak = next(e for e in self.done if isinstance(e, fx.Speak))
        self.post(audio.Played(1.5, chime.tag, 100, False))
        return speak.first_tag

    def listen(self) -> None:
        first = self.wake()
        self.post(audio.Played(2.0, first, 100, False), audio.Played(3.0, first + 1, 100, False))
        assert self.state is State.LISTENING


def utterance(revision: int = 1, *, start_s: float = 4.0, end_s: float = 5.5) -> audio.Utterance:
    return audio.Utterance(1, revision, np.zeros(160, np.int16), start_s, end_s)


def ended(revision: int = 1, *, end_s: float = 5.5) -> audio.SpeechEnded:
    return audio.SpeechEnded(5.8, utterance(revision, end_s=end_s), audio.EndReason.COMPLETE)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_it_starts_asleep_listening_for_the_wake_phrase(stage: Stage) -> None:
    assert stage.state is State.ASLEEP
    assert fx.Attend(audio.Attention.WAKE) in stage.done


def test_the_voice_is_made_while_the_chime_plays(stage: Stage) -> None:
    stage.post(audio.Woken(1.0, audio.WakeHit("hello myna", 0.9, 1.0)))
    assert stage.state is State.WAKING
    assert stage.engine.asked == [Begin()]
    kinds = [type(e) for e in stage.done if isinstance(e, fx.Chime | fx.Speak)]
    assert kinds == [fx.Chime, fx.Speak]


def test_it_listens_only_after_the_last_line(stage: Stage) -> None:
    first = stage.wake()
    assert stage.state is State.SPEAKING
    stage.post(audio.Played(2.0, first, 100, False))
    assert stage.state is State.SPEAKING
    stage.post(audio.Played(3.0, first + 1, 100, False))
    assert stage.state is State.LISTENING
    assert stage.of(fx.SetTimer) == [fx.SetTimer("patience", 7.0)]


def test_an_answer_known_before_the_turn_ended_is_answered_at_once(stage: Stage) -> None:
    stage.listen()
    stage.post(audio.SpeechStarted(4.2))
    stage.post(audio.SpeechPaused(5.66, utterance()))
    assert [e.utterance.revision for e in stage.of(fx.Recognise)] == [1]  # type: ignore[union-attr]
    stage.post(ev.Recognised(1, 1, RIGHT))
    assert stage.of(fx.MarkComplete) == [fx.MarkComplete(1, 1)]
    stage.post(ended())
    assert stage.state is State.SPEAKING
    assert stage.engine.asked[-1] == Heard(RIGHT, pytest.approx(1.3), pytest.approx(1.2))


def test_an_answer_to_an_earlier_part_is_not_taken_for_the_whole(stage: Stage) -> None:
    stage.listen()
    stage.post(audio.SpeechStarted(4.2), audio.SpeechPaused(5.0, utterance(1)))
    stage.post(ev.Recognised(1, 1, RIGHT), audio.SpeechResumed(5.1), ended(2))
    assert stage.state is State.THINKING
    assert [e.utterance.revision for e in stage.of(fx.Recognise)] == [2]  # type: ignore[union-attr]
    stage.post(ev.Recognised(1, 2, replace(RIGHT, text="a red apple please")))
    assert stage.state is State.SPEAKING


def test_a_hesitation_gets_more_time(stage: Stage) -> None:
    stage.listen()
    stage.post(audio.SpeechStarted(4.2), audio.SpeechPaused(5.0, utterance()))
    stage.post(ev.Recognised(1, 1, Recognition("it is", None, 0.4, False)))
    assert stage.of(fx.MarkHesitating) == [fx.MarkHesitating(1, 1)]


@pytest.mark.parametrize(
    ("recognition", "mark"),
    [
        (Recognition("a red", None, 0.9, False, unfinished=0.9), [fx.MarkUnfinished(1, 1)]),
        (Recognition("", None, 0.3, False, unfinished=UNFINISHED_FROM), [fx.MarkUnfinished(1, 1)]),
        (
            Recognition("", None, 0.3, False, unfinished=UNFINISHED_FROM - 0.01),
            [fx.MarkHesitating(1, 1)],
        ),
        (Recognition("a red", None, 0.9, False), [fx.MarkHesitating(1, 1)]),
        (Recognition("", None, 0.4, False, unfinished=HESITATING_FROM - 0.01), []),
        (replace(RIGHT, unfinished=0.9), [fx.MarkComplete(1, 1)]),
    ],
)
def test_a_pause_is_waited_out_as_long_as_more_is_to_be_expected(
    stage: Stage, recognition: Recognition, mark: list[fx.Effect]
) -> None:
    stage.listen()
    stage.post(audio.SpeechStarted(4.2), audio.SpeechPaused(5.0, utterance()))
    stage.post(ev.Recognised(1, 1, recognition))
    marks = (fx.MarkComplete, fx.MarkHesitating, fx.MarkUnfinished)
    assert [each for kind in marks for each in stage.of(kind)] == mark


def test_interrupting_hushes_and_hears_the_child(stage: Stage) -> None:
    stage.wake()
    stage.post(audio.Interrupted(1.9))
    assert stage.state is State.LISTENING
    assert stage.of(fx.Hush) == [fx.Hush()]
    stage.post(audio.SpeechStarted(1.9), ended())
    stage.post(ev.Recognised(1, 1, RIGHT))
    assert isinstance(stage.engine.asked[-1], Heard)


def test_an_interruption_without_words_says_again_what_is_asked(stage: Stage) -> None:
    stage.wake()
    stage.post(audio.Interrupted(1.9), ended(), ev.Recognised(1, 1, NOTHING))
    assert stage.engine.asked[-1] == Resume()


def test_coughs_are_let_pass_a_few_times(stage: Stage) -> None:
    stage.listen()
    for _ in range(NOISES_FORGIVEN):
        stage.post(audio.SpeechStarted(5.3), ended(), ev.Recognised(1, 1, NOTHING))
        assert stage.state is State.LISTENING
        assert stage.of(fx.SetTimer) == [fx.SetTimer("patience", 7.0)]
    stage.post(audio.SpeechStarted(5.3), ended(), ev.Recognised(1, 1, NOTHING))
    assert stage.engine.asked[-1] == Failed(Trouble.NOT_UNDERSTOOD)


def test_long_speech_without_words_is_answered(stage: Stage) -> None:
    stage.listen()
    stage.post(audio.SpeechStarted(4.0), ended(), ev.Recognised(1, 1, NOTHING))
    assert stage.engine.asked[-1] == Failed(Trouble.NOT_UNDERSTOOD)


def test_silence_is_told_to_the_engine(stage: Stage) -> None:
    stage.listen()
    stage.post(ev.TimerFired("patience"))
    assert stage.engine.asked[-1] == HeardNothing()
    assert stage.state is State.SPEAKING


def test_a_dead_recogniser_is_a_new_try_for_the_child(stage: Stage) -> None:
    stage.listen()
    stage.post(audio.SpeechStarted(4.2), ended())
    assert stage.state is State.THINKING
    stage.post(ev.RecognitionFailed(1, 1))
    assert stage.engine.asked[-1] == Failed(Trouble.RECOGNISER_DIED)
    assert stage.state is State.SPEAKING


def test_a_recogniser_that_died_during_the_look_is_asked_again_at_the_end(stage: Stage) -> None:
    stage.listen()
    stage.post(audio.SpeechStarted(4.2), audio.SpeechPaused(5.0, utterance()))
    stage.post(ev.RecognitionFailed(1, 1), ended())
    assert stage.state is State.THINKING
    assert len(stage.of(fx.Recognise)) == 1


def test_a_dead_voice_is_tried_once_more_and_then_sleeps(stage: Stage) -> None:
    first = stage.wake()
    stage.post(ev.VoiceFailed(first))
    assert stage.state is State.SPEAKING
    speak = stage.of(fx.Speak)[0]
    assert isinstance(speak, fx.Speak)
    stage.post(ev.VoiceFailed(speak.first_tag))
    assert stage.state is State.ASLEEP
    assert [e.name for e in stage.of(fx.Chime)] == ["trouble"]  # type: ignore[union-attr]


def test_attempts_are_remembered_before_anything_is_said(stage: Stage) -> None:
    stage.engine.answer = replace(stage.engine.answer, attempts=(ATTEMPT,))
    stage.listen()
    stage.post(ev.TimerFired("patience"))
    kinds = [type(e) for e in stage.done if isinstance(e, fx.Remember | fx.Speak)]
    assert kinds == [fx.Remember, fx.Speak]


@pytest.mark.parametrize(
    ("then", "state"), [(Then.SLEEP, State.ASLEEP), (Then.PAUSE, State.PAUSED)]
)
def test_what_follows_the_last_line(stage: Stage, then: Then, state: State) -> None:
    stage.engine.answer = replace(stage.engine.answer, then=then)
    first = stage.wake()
    stage.post(audio.Played(2.0, first, 1, False), audio.Played(3.0, first + 1, 1, False))
    assert stage.state is state


def test_a_paused_lesson_resumes_by_button_and_sleeps_in_the_end(stage: Stage) -> None:
    stage.listen()
    stage.post(ev.Pressed())
    assert stage.state is State.PAUSED
    assert fx.SetTimer("paused", DeviceSettings().pause_sleep_s) in stage.done
    stage.post(ev.Pressed())
    assert stage.engine.asked[-1] == Resume()
    stage.conversation.state = State.PAUSED
    stage.post(ev.TimerFired("paused"))
    assert stage.state is State.ASLEEP


def test_where_it_chooses_a_press_brings_the_next_instead_of_a_pause(stage: Stage) -> None:
    first = stage.wake()
    step = stage.engine.answer
    stage.engine.answer = replace(step, expect=Expectation(("lily",), by_button=True))
    # What Myna says still belongs to the step before: the press is the usual one.
    stage.post(ev.Pressed())
    assert (stage.state, stage.engine.asked[1:]) == (State.LISTENING, [])
    stage.post(ev.TimerFired("patience"))
    assert isinstance(stage.engine.asked[-1], HeardNothing)
    for count in (1, 2, 3):
        stage.post(ev.Pressed())  # while she speaks
        assert (stage.state, stage.engine.asked.count(StepOn())) == (State.SPEAKING, count)
        assert isinstance(stage.done[0], fx.Hush)
    spoken = next(each for each in stage.done if isinstance(each, fx.Speak))
    for number in range(2):
        stage.post(audio.Played(9.0 + number, spoken.first_tag + number, 100, False))
    assert stage.state is State.LISTENING
    stage.post(ev.Pressed())  # while she listens
    assert (stage.state, stage.engine.asked.count(StepOn())) == (State.SPEAKING, 4)
    assert first


def test_muting_closes_the_microphone_in_every_state() -> None:
    for state in State:
        stage = Stage()
        stage.listen()
        stage.conversation.state = state
        stage.post(ev.MuteSet(True))
        assert stage.state is State.MUTED
        assert stage.of(fx.OpenMicrophone) == (
            [] if state is State.MUTED else [fx.OpenMicrophone(False)]
        )


def test_unmuting_opens_the_microphone_and_sleeps(stage: Stage) -> None:
    stage.post(ev.MuteSet(True), ev.MuteSet(False))
    assert stage.of(fx.OpenMicrophone) == [fx.OpenMicrophone(True)]
    assert stage.state is State.ASLEEP


def test_a_lost_card_shows_and_the_lesson_goes_on_when_it_is_back(stage: Stage) -> None:
    stage.listen()
    stage.post(audio.CardLost(6.0))
    assert stage.state is State.FAULT
    stage.post(audio.CardBack(8.0))
    assert stage.engine.asked[-1] == Resume()
    assert stage.state is State.SPEAKING


def test_a_card_lost_asleep_comes_back_asleep(stage: Stage) -> None:
    stage.post(audio.CardLost(6.0), audio.CardBack(8.0))
    assert stage.state is State.ASLEEP
    assert stage.engine.asked == []


def test_cut_lines_of_an_earlier_step_change_nothing(stage: Stage) -> None:
    first = stage.wake()
    stage.post(audio.Interrupted(1.9), audio.Played(1.9, first, 3, True))
    assert stage.state is State.LISTENING


def test_every_row_names_an_action_and_a_known_place() -> None:
    for row in TABLE:
        assert callable(getattr(Conversation, f"_on_{row.action}"))
        assert row.leads_to


def test_two_rows_for_one_event_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = (*TABLE, Row(State.ASLEEP, audio.Woken, "wake", (State.WAKING,), "again"))
    monkeypatch.setattr("device.states.TABLE", twice)
    with pytest.raises(ValueError, match="two rows for Woken in asleep"):
        lookup()


def test_an_action_may_not_lead_where_the_table_does_not(stage: Stage) -> None:
    stage.engine.answer = replace(stage.engine.answer, lines=())
    stage.conversation._table[State.PAUSED, ev.Pressed] = Row(
        State.PAUSED, ev.Pressed, "resume", (State.SPEAKING,), "button"
    )
    stage.conversation._dialog = DialogState("scripted")
    stage.conversation.state = State.PAUSED
    with pytest.raises(RuntimeError, match="resume led from paused to asleep"):
        stage.post(ev.Pressed())


def test_the_drawing_shows_every_state_and_is_current() -> None:
    from pathlib import Path

    page = draw_states.page()
    assert all(f"| {state.value} |" in page for state in State)
    kept = Path(__file__).parents[2] / "docs" / "conversation.md"
    assert kept.read_text(encoding="utf-8") == page, "run `make docs`"


@pytest.mark.parametrize(
    ("text", "hesitating"),
    [
        ("it is", True),
        ("a red", True),
        ("um", True),
        ("", False),
        ("a red apple", False),
        ("green tea", False),
        ("a", False),
    ],
)
def test_hesitation(text: str, hesitating: bool) -> None:
    assert is_hesitation(text, ("a red apple", "a")) is hesitating


def test_a_command_does_not_end_the_turn_early(stage: Stage) -> None:
    stage.listen()
    stage.post(audio.SpeechStarted(4.2), audio.SpeechPaused(5.0, utterance()))
    stage.post(ev.Recognised(1, 1, Recognition("again", 1, 1.0, True)))
    assert stage.of(fx.MarkComplete) == []


@pytest.mark.parametrize(
    ("answers", "ends_early"),
    [
        (("a red apple", "a red apple please"), False),
        (("a red apple", "a red apple"), True),
        (("a red apple", "a red apples"), True),
    ],
)
def test_a_child_may_go_on_after_an_answer_that_begins_a_longer_one(
    stage: Stage, answers: tuple[str, ...], ends_early: bool
) -> None:
    stage.engine.answer = replace(stage.engine.answer, expect=Expectation(answers))
    stage.listen()
    stage.post(audio.SpeechStarted(4.2), audio.SpeechPaused(5.0, utterance()))
    stage.post(ev.Recognised(1, 1, RIGHT))
    assert (stage.of(fx.MarkComplete) != []) is ends_early
