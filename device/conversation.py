"""The conversation: takes events, answers with effects, moves by the state table.

Synchronous and without a clock of its own, so that the daemon, the virtual room and a test
drive the very same object.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from audio import ports as audio
from device import effects as fx
from device import events as ev
from device.aside import BEDTIME, GO_ON, Aside, Meaning, Questions
from device.settings import DeviceSettings
from device.states import ATTENTION, MOODS, State, lookup
from device.turn import NOISE_S, Pause, Turn, pause_after
from dialog.ports import (
    Begin,
    DialogEngine,
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
)

PATIENCE = "patience"
RECOGNITION = "recognition"
PAUSED = "paused"

BUSY_S = 5.0
"""A sleep timer that runs out while Myna thinks waits so long again."""
NOISES_FORGIVEN = 2
"""How many of them Myna lets pass before she asks again."""


class Conversation:
    """One child's conversation with Myna.

    Args:
        engine: Decides what to say.
        settings: Times after which Myna goes to sleep.
        history: What is known of the children; asked for at each waking.
        recognition_timeout_s: Longest wait for a recogniser.
        questions: How a question beside the lesson is noticed; None where nobody answers any.
    """

    def __init__(
        self,
        engine: DialogEngine,
        settings: DeviceSettings,
        *,
        history: Callable[[], History],
        recognition_timeout_s: float,
        questions: Questions | None = None,
        seed: int = 0,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._history = history
        self._recognition_timeout_s = recognition_timeout_s
        self._aside = Aside(questions)
        self._seed = seed
        self._table = lookup()
        self.state = State.ASLEEP
        self._dialog: DialogState | None = None
        self._step: Step | None = None
        self._turn = Turn()
        self._noises = 0
        self._next_tag = 1
        self._chime_tag = 0
        self._owed: list[int] = []
        self._now = datetime.min.replace(tzinfo=UTC)
        self._voice_failures = 0
        self._asleep_when_lost = True

    def start(self) -> list[fx.Effect]:
        """What to do first: fall asleep, listening for the wake phrase."""
        return [*self._enter(State.ASLEEP)]

    def handle(self, event: ev.Event, now: datetime) -> list[fx.Effect]:
        """What to do about an event; nothing when it means nothing in this state.

        Args:
            now: Wall time, for the dialog engine.

        Raises:
            RuntimeError: An action led where the table does not.
        """
        row = self._table.get((self.state, type(event)))
        if row is None:
            return []
        self._now = now
        action: Callable[[object], tuple[State, list[fx.Effect]]]
        action = getattr(self, f"_on_{row.action}")
        target, effects = action(event)
        if target not in row.leads_to:
            raise RuntimeError(f"{row.action} led from {row.state.value} to {target.value}")
        if target is self.state:
            return effects
        return [*effects, *self._enter(target)]

    # ----------------------------------------------------------- entering states

    def _enter(self, state: State) -> list[fx.Effect]:
        left, self.state = self.state, state
        effects: list[fx.Effect] = [
            fx.Show(MOODS[state]),
            fx.Attend(ATTENTION[state]),
            fx.Note("state", {"name": state.value}),
        ]
        if left is State.LISTENING:
            effects.append(fx.ClearTimer(PATIENCE))
        if left is State.THINKING:
            effects.append(fx.ClearTimer(RECOGNITION))
        if left is State.PAUSED:
            effects.append(fx.ClearTimer(PAUSED))
        if state is State.PAUSED:
            effects.append(fx.SetTimer(PAUSED, self._settings.pause_sleep_s))
        if state in (State.ASLEEP, State.PAUSED, State.MUTED, State.FAULT):
            effects += self._aside.leave()
        if state is State.ASLEEP:
            effects += [fx.Expect(()), fx.ClearTimer(BEDTIME)]
        return effects

    # -------------------------------------------------------------------- waking

    def _on_wake(self, event: object) -> tuple[State, list[fx.Effect]]:
        self._seed += 1
        self._noises = 0
        self._voice_failures = 0
        self._dialog = self._engine.start(history=self._history(), seed=self._seed)
        self._chime_tag = self._tags(1)
        effects: list[fx.Effect] = [fx.Chime("wake", self._chime_tag)]
        # The voice is made while the chime plays, so that it follows without a gap.
        effects += self._ask(Begin())
        return State.WAKING, effects

    def _on_chimed(self, event: audio.Played) -> tuple[State, list[fx.Effect]]:
        if event.tag != self._chime_tag:
            return State.WAKING, []
        if not self._owed:
            return State.ASLEEP, []
        return State.SPEAKING, []

    # ------------------------------------------------------------------ speaking

    def _ask(self, event: DialogEvent) -> list[fx.Effect]:
        """Let the engine decide, and begin to say it."""
        if self._dialog is None:
            raise RuntimeError("the dialog engine was asked before it was started")
        left = self._aside.leave()
        step = self._engine.step(self._dialog, event, self._now)
        self._dialog = step.state
        self._step = step
        self._turn = Turn()
        effects: list[fx.Effect] = [*left, fx.ForgetRecognitions()]
        if step.attempts or step.learned is not None:
            effects.append(fx.Remember(step.attempts, step.learned))
            effects += [
                fx.Note("attempt", {"item": a.item, "verdict": a.verdict.value})
                for a in step.attempts
            ]
        if step.volume_step:
            effects.append(fx.ChangeVolume(step.volume_step))
        if step.expect is not None:
            effects.append(fx.Expect(step.expect.answers))
        return effects + self._say(step)

    def _say(self, step: Step) -> list[fx.Effect]:
        self._owed = []
        return self._say_more(step.lines)

    def _say_more(self, lines: tuple[Line, ...]) -> list[fx.Effect]:
        """Say lines after those that are being said."""
        if not lines:
            return []
        first = self._tags(len(lines))
        tags = range(first, first + len(lines))
        self._owed += tags
        notes: list[fx.Effect] = [
            fx.Note("say", {"text": line.text, "tag": tag})
            for line, tag in zip(lines, tags, strict=True)
        ]
        return [*notes, fx.Speak(lines, first)]

    def _speak(self, event: DialogEvent) -> tuple[State, list[fx.Effect]]:
        effects = self._ask(event)
        if self._owed:
            return State.SPEAKING, effects
        return State.ASLEEP, effects

    def _cut_in(self, event: DialogEvent) -> tuple[State, list[fx.Effect]]:
        """The same over whatever is being said."""
        self._owed = []
        state, effects = self._speak(event)
        return state, [fx.Hush(), *effects]

    def _on_line_played(self, event: audio.Played) -> tuple[State, list[fx.Effect]]:
        if event.tag not in self._owed or self._step is None:
            return self.state, []
        self._owed.remove(event.tag)
        self._aside.line_said()
        if self._owed:
            return self.state, []
        self._voice_failures = 0
        if self._aside.active:
            return self._answer_said()
        match self._step.then:
            case Then.LISTEN:
                effects = self._begin_listening()
                self._turn.asked_at_s = event.at_s
                return State.LISTENING, effects
            case Then.PAUSE:
                return State.PAUSED, []
            case Then.SLEEP:
                return State.ASLEEP, [fx.Chime("sleep", self._tags(1))]

    def _on_voice_lost(self, event: ev.VoiceFailed) -> tuple[State, list[fx.Effect]]:
        if event.tag not in self._owed or self._step is None:
            return self.state, []
        self._voice_failures += 1
        self._owed = []
        if self._voice_failures > 1:
            return State.ASLEEP, [fx.Hush(), fx.Chime("trouble", self._tags(1))]
        if self._aside.active:
            return self._cut_in(Resume())
        return self.state, [fx.Hush(), *self._say(self._step)]

    # -------------------------------------------------------------- interrupting

    def _on_interrupted(self, event: audio.Interrupted) -> tuple[State, list[fx.Effect]]:
        # The audio thread has cut the voice and is in the turn already.
        self._owed = []
        self._turn = Turn(by_interrupting=True)
        return State.LISTENING, [fx.Hush(), *self._aside.cut()]

    def _on_button_while_speaking(self, event: object) -> tuple[State, list[fx.Effect]]:
        return self._cut_in(StepOn()) if self._chooses else self._on_hush_and_listen(event)

    def _on_hush_and_listen(self, event: object) -> tuple[State, list[fx.Effect]]:
        self._owed = []
        return State.LISTENING, [fx.Hush(), *self._aside.cut(), *self._begin_listening()]

    # ----------------------------------------------------------------- listening

    @property
    def _expect(self) -> Expectation:
        return self._aside.expectation(self._lesson_expects)

    @property
    def _lesson_expects(self) -> Expectation:
        if self._step is None or self._step.expect is None:
            return Expectation(())
        return self._step.expect

    @property
    def _chooses(self) -> bool:
        """Whether a press of the button brings the next of several."""
        return self._lesson_expects.by_button and not self._aside.active

    def _begin_listening(self) -> list[fx.Effect]:
        self._turn = Turn()
        return [self._patience()]

    def _patience(self) -> fx.Effect:
        patience_s = min(self._expect.patience_s, self._settings.sleep_after_s)
        return fx.SetTimer(PATIENCE, patience_s)

    def _on_speech_started(self, event: audio.SpeechStarted) -> tuple[State, list[fx.Effect]]:
        self._turn.speech_start_s = event.at_s
        return State.LISTENING, [fx.ClearTimer(PATIENCE)]

    def _on_look_at_answer(self, event: audio.SpeechPaused) -> tuple[State, list[fx.Effect]]:
        # Recognise while the silence that may end the turn still runs: when it does end,
        # the answer is known already.
        return State.LISTENING, self._recognise(event.utterance)

    def _recognise(self, utterance: audio.Utterance) -> list[fx.Effect]:
        self._turn.asked = (utterance.id, utterance.revision)
        self._turn.listened = utterance
        return [fx.ForgetRecognitions(), fx.Recognise(utterance, self._expect.hints())]

    def _listen_again(self) -> list[fx.Effect]:
        return self._aside.listen_again(self._turn, self._lesson_expects)

    def _on_speech_goes_on(self, event: object) -> tuple[State, list[fx.Effect]]:
        return State.LISTENING, []

    def _on_looked(self, event: ev.Recognised) -> tuple[State, list[fx.Effect]]:
        key = (event.utterance_id, event.revision)
        if event.freely:
            self._turn.freely[key] = event.recognition
            whole = event.recognition.complete
            return State.LISTENING, [fx.MarkComplete(*key)] if whole else []
        self._turn.answers[key] = event.recognition
        pause = pause_after(event.recognition, self._expect.answers)
        again = [] if pause in (Pause.COMPLETE, Pause.WHOLE) else self._listen_again()
        return State.LISTENING, [*fx.marks(pause, *key), *again]

    def _is_answer(self, recognition: Recognition) -> bool:
        matched = recognition.matched
        return matched is not None and matched < len(self._expect.answers)

    def _on_look_failed(self, event: object) -> tuple[State, list[fx.Effect]]:
        self._turn.asked = None  # the turn's end asks again
        return State.LISTENING, []

    def _on_turn_ended(self, event: audio.SpeechEnded) -> tuple[State, list[fx.Effect]]:
        self._turn.ended = event
        key = (event.utterance.id, event.utterance.revision)
        timer = fx.SetTimer(RECOGNITION, self._recognition_timeout_s)
        known = self._turn.answers.get(key)
        if known is not None:
            again = self._listen_again()
            return (State.THINKING, [timer, *again]) if again else self._understand(known)
        if self._turn.asked == key:
            return State.THINKING, [timer]
        return State.THINKING, [timer, *self._recognise(event.utterance)]

    def _on_out_of_patience(self, event: ev.TimerFired) -> tuple[State, list[fx.Effect]]:
        if event.name == BEDTIME:
            return self._on_bedtime(event)
        if event.name != PATIENCE:
            return State.LISTENING, []
        return self._speak(Resume() if self._aside.active else HeardNothing())

    # ------------------------------------------------------------------ thinking

    def _on_understood(self, event: ev.Recognised) -> tuple[State, list[fx.Effect]]:
        ended = self._turn.ended
        if ended is None or (event.utterance_id, event.revision) != (
            ended.utterance.id,
            ended.utterance.revision,
        ):
            return State.THINKING, []
        key = (event.utterance_id, event.revision)
        heard = self._turn.freely if event.freely else self._turn.answers
        heard[key] = event.recognition
        if again := self._listen_again():
            return State.THINKING, again
        return self._understand(self._turn.answers[key])

    def _understand(self, recognition: Recognition) -> tuple[State, list[fx.Effect]]:
        heard = fx.heard(recognition, right=self._is_answer(recognition))
        state, effects = self._turn_to(recognition)
        return state, [heard, *effects]

    def _turn_to(self, recognition: Recognition) -> tuple[State, list[fx.Effect]]:
        """Let the question be answered that was asked, or else the tutor react."""
        freely = self._turn.heard_freely()
        recognition = self._aside.doubted(recognition, freely)
        if self._aside.active:
            return self._react_aside(recognition, freely)
        question = self._aside.question(freely) if recognition.matched is None else ""
        return self._put(question) if question else self._react(recognition)

    def _react(self, recognition: Recognition) -> tuple[State, list[fx.Effect]]:
        ended = self._turn.ended
        if ended is None:
            raise RuntimeError("an answer was understood before the turn ended")
        spoken_s = max(0.0, ended.utterance.speech_end_s - self._turn.speech_start_s)
        if recognition.text or recognition.slip is not None:
            self._noises = 0
            how = recognition.pronunciation
            return self._speak(Heard(recognition, spoken_s, self._turn.hesitation_s, how))
        if self._turn.by_interrupting:
            return self._speak(Resume())
        if spoken_s <= NOISE_S and self._noises < NOISES_FORGIVEN:
            self._noises += 1
            return State.LISTENING, self._begin_listening()
        self._noises = 0
        return self._speak(Failed(Trouble.NOT_UNDERSTOOD))

    # -------------------------------------------------------- beside the lesson

    def _put(self, question: str) -> tuple[State, list[fx.Effect]]:
        """Have a question answered."""
        if self._dialog is None:
            raise RuntimeError("a question was heard before the dialog engine was started")
        self._noises = 0
        self._owed = []
        self._turn = Turn()
        return State.THINKING, [
            fx.ClearTimer(RECOGNITION),
            *self._aside.put(question, self._dialog),
        ]

    def _react_aside(
        self, recognition: Recognition, freely: Recognition | None
    ) -> tuple[State, list[fx.Effect]]:
        meaning, text = self._aside.meaning(recognition, freely, self._lesson_expects)
        if meaning is Meaning.ANSWER_ME:
            return self._put(text)
        if meaning is Meaning.LESSON:
            return self._react(recognition)
        if meaning is Meaning.NOTHING and self._turn.by_interrupting:
            return self._put(GO_ON)  # a cough, a chair: she has not said all of it yet
        if meaning is Meaning.NOTHING and self._noises < NOISES_FORGIVEN:
            self._noises += 1
            return State.LISTENING, self._begin_listening()
        return self._speak(Resume())

    def _on_answered(self, event: ev.Answered) -> tuple[State, list[fx.Effect]]:
        if not self._aside.active:
            return self.state, []  # the tail of an answer that nobody waits for any more
        self._aside.answered(event)
        if event.lines or self._owed:
            return State.SPEAKING, self._say_more(event.lines)
        return self._answer_said()

    def _answer_said(self) -> tuple[State, list[fx.Effect]]:
        """All that there is of the answer so far has been said."""
        if not self._aside.over:
            return self.state, []
        if self._aside.back:
            return self._speak(Resume())
        return State.LISTENING, [fx.AnswerSaid(), *self._begin_listening()]

    def _on_tool_asked(self, event: ev.ToolAsked) -> tuple[State, list[fx.Effect]]:
        return self.state, self._aside.tool(event)

    def _on_bedtime(self, event: ev.TimerFired) -> tuple[State, list[fx.Effect]]:
        if event.name != BEDTIME:
            return self.state, []
        self._owed = []
        return State.ASLEEP, [fx.Hush(), fx.Chime("sleep", self._tags(1))]

    def _on_try_again(self, event: object) -> tuple[State, list[fx.Effect]]:
        state, effects = self._speak(Failed(Trouble.RECOGNISER_DIED))
        return state, [fx.Note("failed", {"trouble": "recogniser_died"}), *effects]

    def _on_try_again_late(self, event: ev.TimerFired) -> tuple[State, list[fx.Effect]]:
        if event.name == BEDTIME:
            return State.THINKING, [fx.SetTimer(BEDTIME, BUSY_S)]
        if event.name != RECOGNITION:
            return State.THINKING, []
        return self._on_try_again(event)

    # ------------------------------------------------------------ pause and sleep

    def _on_button_while_listening(self, event: object) -> tuple[State, list[fx.Effect]]:
        if self._chooses:
            return self._cut_in(StepOn())
        return State.PAUSED, [fx.ForgetRecognitions(), fx.Chime("sleep", self._tags(1))]

    def _on_resume(self, event: object) -> tuple[State, list[fx.Effect]]:
        return self._speak(Resume())

    def _on_fall_asleep(self, event: ev.TimerFired) -> tuple[State, list[fx.Effect]]:
        return State.ASLEEP, []

    # ------------------------------------------------------------------- parents

    def _on_rules(self, event: object) -> tuple[State, list[fx.Effect]]:
        return self._cut_in(Resume())  # the engine is asked what it would say next: goodbye

    # ------------------------------------------------------------- mute and card

    def _on_mute_switch(self, event: ev.MuteSet) -> tuple[State, list[fx.Effect]]:
        if event.muted == (self.state is State.MUTED):
            return self.state, []
        if event.muted:
            self._owed = []
            return State.MUTED, [fx.Hush(), fx.ForgetRecognitions(), fx.OpenMicrophone(False)]
        return State.ASLEEP, [fx.OpenMicrophone(True)]

    def _on_card_lost(self, event: object) -> tuple[State, list[fx.Effect]]:
        self._asleep_when_lost = self.state is State.ASLEEP
        self._owed = []
        return State.FAULT, [fx.Hush(), fx.ForgetRecognitions(), fx.Note("card_lost")]

    def _on_card_back(self, event: object) -> tuple[State, list[fx.Effect]]:
        back = fx.Note("card_back")
        if self._asleep_when_lost or self._dialog is None:
            return State.ASLEEP, [back]
        state, effects = self._speak(Resume())
        return state, [back, *effects]

    def _tags(self, count: int) -> int:
        """Reserve `count` playback tags; returns the first."""
        first = self._next_tag
        self._next_tag += count
        return first
