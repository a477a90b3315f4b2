"""Carries out what the conversation wants, and brings back what came of it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from audio.chime import Earcon, earcon
from audio.front_end import FrontEnd
from audio.playback import Playback
from audio.ports import Samples, SpeechEnded, Woken
from core.clock import Clock
from core.errors import StoreError
from core.process_ports import Reply
from device import effects as fx
from device import events as ev
from device.answer_desk import AnswerDesk, AnswerParts
from device.conversation import Conversation
from device.recordings import Recordings
from device.scheduling import OnReply, Scheduler
from device.states import State
from device.store import Store
from device.trace import Entry, Watcher, entry_of
from device.wake_desk import WakeDesk
from device.wake_examples import WakeExamples
from dialog.ports import Hints, Line, Recognition
from hal.ports import LedRing, Mood

log = logging.getLogger(__name__)

LINE_GAP_SAMPLES = 2400
"""150 ms between two lines, as between two sentences."""
VOLUME_STEP_DB = 6.0
QUIETEST_DB = -30.0


class Recognising(Protocol):
    """The recogniser in its process."""

    def submit(self, samples: Samples, hints: Hints, on_reply: OnReply[Recognition]) -> int: ...

    def cancel(self, job: int) -> None: ...


class Speaking(Protocol):
    """The voice in its process."""

    def submit(self, line: Line, on_reply: OnReply[Samples]) -> int: ...

    def cancel(self, job: int) -> None: ...


class Runtime:
    """One conversation and everything it acts on. All calls come from one thread.

    Args:
        open_microphone: Opens (True) or closes (False) the card's streams.
        watchers: Told everything that happens.
        answers: Who answers questions beside the lesson; None where nobody does.
        wake: Has the last word on wake phrases; None where the detector's is enough.
    """

    def __init__(
        self,
        conversation: Conversation,
        *,
        front_end: FrontEnd,
        playback: Playback,
        recogniser: Recognising,
        voice: Speaking,
        ring: LedRing,
        store: Store,
        clock: Clock,
        scheduler: Scheduler,
        open_microphone: Callable[[bool], None],
        watchers: Sequence[Watcher] = (),
        answers: AnswerParts | None = None,
        wake: WakeDesk | None = None,
    ) -> None:
        self._conversation = conversation
        self._front_end = front_end
        self._playback = playback
        self._recogniser = recogniser
        self._voice = voice
        self._ring = ring
        self._store = store
        self._clock = clock
        self._scheduler = scheduler
        self._open_microphone = open_microphone
        self._watchers = watchers
        self._recognition_job: int | None = None
        self._voice_jobs: dict[int, int] = {}
        self._speaking = 0
        self._waiting: deque[ev.Event] = deque()
        self._busy = False
        self.change_volume: Callable[[int], object] = self._change_gain
        """Louder or quieter by so many steps; a speaker with a panel lets that decide."""
        self._wake = wake
        self._heard: Samples | None = None
        self._examples = WakeExamples()
        self.recordings: Recordings | None = None
        """Keeps the sound of answers; None while nobody may."""
        self.answers = None if answers is None else AnswerDesk(answers, scheduler, self.post)

    @property
    def state(self) -> State:
        """Where the conversation stands."""
        return self._conversation.state

    def start(self) -> None:
        """Fall asleep, listening for the wake phrase."""
        self._carry_out(self._conversation.start())

    def post(self, event: ev.Event) -> None:
        """Let the conversation answer an event, and do what it says.

        What comes of an effect at once waits until the others have been carried out.
        """
        self._waiting.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._waiting:
                self._take(self._waiting.popleft())
        finally:
            self._busy = False

    def _take(self, event: ev.Event) -> None:
        if isinstance(event, Woken) and self._asked_about(event):
            return
        entry = entry_of(event)
        if entry is not None:
            self._tell(entry)
        if isinstance(event, Woken | ev.Pressed):
            self._wait_as_known()
        elif isinstance(event, SpeechEnded) and event.pauses_ms:
            self._learn_pauses(event.pauses_ms)
        self._carry_out(self._conversation.handle(event, self._clock.wall()))

    def _asked_about(self, woken: Woken) -> bool:
        """Whether somebody else has the last word; it comes back as an event without its sound."""

        def told(said: bool) -> None:
            if said:
                self.post(replace(woken, sound=None))
            else:
                self._front_end.refuse_wake()
                self._tell(Entry(woken.at_s, "wake_refused", {"phrase": woken.hit.phrase}))

        return self._wake is not None and self._wake.ask(woken, told)

    def _wait_as_known(self) -> None:
        """Be as patient as the child who practises needs."""
        try:
            self._front_end.expect_pauses(self._store.pauses())
        except StoreError as error:
            log.warning("the child's pauses could not be read: code=%s", error.code)

    def _learn_pauses(self, pauses_ms: Sequence[int]) -> None:
        try:
            known = self._store.pauses()
            for pause_ms in pauses_ms:
                known = known.joined(pause_ms)
            self._store.keep_pauses(known)
        except StoreError as error:
            log.warning("the child's pauses could not be kept: code=%s", error.code)
            return
        self._front_end.expect_pauses(known)

    def say(self, lines: tuple[Line, ...], first_tag: int) -> None:
        """Say lines aloud outside any conversation."""
        self._carry_out([fx.Speak(lines, first_tag)])

    # -------------------------------------------------------------------- effects

    def _carry_out(self, effects: Sequence[fx.Effect]) -> None:
        for effect in effects:
            self._do(effect)

    def _do(self, effect: fx.Effect) -> None:  # noqa: PLR0912 - one case for each effect
        match effect:
            case fx.Attend(attention):
                self._front_end.attend(attention)
            case fx.Show(mood):
                self._ring.show(mood)
                if mood is Mood.ASLEEP:
                    self._examples.forget()
            case fx.Chime(name, tag):
                self._playback.enqueue(earcon(Earcon[name.upper()]), tag=tag, last=True)
            case fx.Speak(lines, first_tag):
                self._speak(lines, first_tag)
            case fx.Hush():
                self._hush()
            case fx.Recognise():
                self._recognise(effect)
            case fx.ForgetRecognitions():
                self._forget_recognition()
            case fx.MarkComplete(utterance_id, revision):
                self._front_end.complete(utterance_id, revision)
            case fx.MarkHesitating(utterance_id, revision):
                self._front_end.hesitating(utterance_id, revision)
            case fx.MarkUnfinished(utterance_id, revision):
                self._front_end.unfinished(utterance_id, revision)
            case fx.SetTimer(name, seconds):
                self._set_timer(name, seconds)
            case fx.ClearTimer(name):
                self._scheduler.clear_timer(name)
            case fx.Remember():
                self._remember(effect)
            case fx.ChangeVolume(steps):
                self.change_volume(steps)
            case fx.OpenMicrophone(opened):
                self._open_microphone(opened)
            case fx.Ask() | fx.AnswerCut() | fx.AnswerSaid() | fx.ForgetAnswers():
                if self.answers is not None:
                    self.answers.carry_out(effect, self._heard)
            case fx.Expect(answers):
                self._tell(Entry(self._front_end.now_s, "expect", {"answers": answers}))
            case fx.Note(kind, data):
                self._tell(Entry(self._front_end.now_s, kind, data))

    def _set_timer(self, name: str, seconds: float) -> None:
        self._scheduler.set_timer(name, seconds, lambda: self.post(ev.TimerFired(name)))

    def _tell(self, entry: Entry) -> None:
        for watcher in self._watchers:
            watcher.see(entry)

    def _change_gain(self, steps: int) -> None:
        wanted_db = self._playback.volume_db + steps * VOLUME_STEP_DB
        self._playback.volume_db = min(0.0, max(QUIETEST_DB, wanted_db))

    def _remember(self, effect: fx.Remember) -> None:
        before = self._store.child
        try:
            self._store.remember(effect.attempts, effect.learned)
            if self._store.child != before:
                self._wait_as_known()
            heard, self._heard = self._heard, None  # one sound answers once
            if self.recordings is not None and effect.attempts and heard is not None:
                self.recordings.keep(self._store.child, effect.attempts, effect.learned, heard)
        except StoreError as error:
            # The lesson goes on; the store keeps what it could not write and is asked again.
            log.error("progress could not be written: code=%s", error.code)
            self._tell(Entry(self._front_end.now_s, "failed", {"trouble": error.code}))

    # -------------------------------------------------------------------- speaking

    def _speak(self, lines: tuple[Line, ...], first_tag: int) -> None:
        for number, line in enumerate(lines):
            self._make_line(line, first_tag + number, final=number == len(lines) - 1)

    def _make_line(self, line: Line, tag: int, *, final: bool) -> None:
        epoch = self._speaking

        def deliver(reply: Reply[Samples]) -> None:
            if epoch != self._speaking:
                return  # hushed meanwhile
            if reply.error is not None:
                log.warning("the voice failed: code=%s", reply.error.code)
                self.post(ev.VoiceFailed(tag))
                return
            pcm = np.zeros(0, np.int16) if reply.value is None else reply.value
            if reply.last:
                self._voice_jobs.pop(tag, None)
                if not final:
                    pcm = np.concatenate([pcm, np.zeros(LINE_GAP_SAMPLES, np.int16)])
            self._playback.enqueue(pcm, tag=tag, last=reply.last)

        def submit(on_reply: OnReply[Samples]) -> int:
            return self._voice.submit(line, on_reply)

        self._voice_jobs[tag] = self._scheduler.start_job("voice", submit, deliver)

    def _hush(self) -> None:
        self._speaking += 1
        for job in self._voice_jobs.values():
            self._voice.cancel(job)
        self._voice_jobs.clear()
        self._playback.cut()

    # ----------------------------------------------------------------- recognising

    def _recognise(self, effect: fx.Recognise) -> None:
        utterance = effect.utterance
        self._heard = utterance.samples
        job: list[int] = []

        def deliver(reply: Reply[Recognition]) -> None:
            if not job or self._recognition_job != job[0]:
                return  # forgotten meanwhile
            self._recognition_job = None
            key = (utterance.id, utterance.revision)
            if reply.error is not None or reply.value is None:
                log.warning("the recogniser gave no answer")
                self.post(ev.RecognitionFailed(*key))
            else:
                self.post(ev.Recognised(*key, reply.value, effect.freely))

        hints = self._with_voice(self._examples.with_earlier(effect.hints, utterance.samples))

        def submit(on_reply: OnReply[Recognition]) -> int:
            return self._recogniser.submit(utterance.samples, hints, on_reply)

        job.append(self._scheduler.start_job("recogniser", submit, deliver))
        self._recognition_job = job[0]

    def _with_voice(self, hints: Hints) -> Hints:
        """The hints with what is known of the child's voice, where answers are scored."""
        if not hints.scored:
            return hints
        try:
            return replace(hints, voice=self._store.voice())
        except StoreError as error:
            log.warning("the voice's history could not be read: code=%s", error.code)
            return hints

    def _forget_recognition(self) -> None:
        if self._recognition_job is not None:
            self._recogniser.cancel(self._recognition_job)
            self._recognition_job = None
