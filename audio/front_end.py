"""From a microphone's frames to edges: who woke Myna, who speaks, who interrupts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from audio.barge_in import BargeIn, Evidence, Verdict
from audio.ear import Ear, Hearing
from audio.foreground import Foreground
from audio.levels import mean_square
from audio.patience import Pauses
from audio.playback import Playback
from audio.ports import (
    FRAME_MS,
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    WAKE_SOUND_S,
    Attention,
    Ducked,
    DuckEnded,
    EchoCanceller,
    Edge,
    EndReason,
    Interrupted,
    NoiseSuppressor,
    ReadStatus,
    Samples,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Utterance,
    VoiceActivity,
    WakeHit,
    WakeWord,
    Woken,
    seconds,
)
from audio.self_wake import SelfWakeVeto
from audio.settings import TurnSettings, WakeSettings
from audio.tape import Tape
from audio.turns import (
    Ended,
    Endpointer,
    Paused,
    Started,
    Turn,
    TurnEvent,
    VoicedHistory,
    frames_of,
)

CLIPPED_FROM = 32_700
CLIPPED_SAMPLES = 3
"""So many samples at the end of the scale are no chance: the microphone was overdriven."""
WAKE_SOUND_SAMPLES = round(WAKE_SOUND_S * SAMPLE_RATE_HZ)
QUIET = Evidence(sound=False, harmonic=False, speech=False)


@dataclass(slots=True)
class FrontEndCounters:
    """Facts since start."""

    frames: int = 0
    lost_frames: int = 0
    realigned: int = 0
    """Times the echo path's delay may have moved."""
    wakes: int = 0
    ducks: int = 0
    interruptions: int = 0
    turns: int = 0
    clipped_frames: int = 0
    """Frames in which the microphone was overdriven."""
    dead_frames: int = 0
    """Frames of digital silence, which no open microphone gives."""


class FrontEnd:
    """The stages in their order, one 10 ms frame at a time.

    Everything runs in the thread that calls `process`; `attend`, `complete` and the like
    may come from any other and take effect at the start of the next frame. Time is counted
    audio: the same input gives the same edges, live or from a file.

    Args:
        canceller: Echo canceller.
        suppressor: Noise suppression and gain.
        voice: Voice activity.
        wake: Wake word in the microphone.
        far_wake: The same detector on the loudspeaker's signal; None for no veto.
        playback: Ducked and cut here, so that no other thread stands between an
            interruption and silence.
        turns: Thresholds of turns and interruptions.
        wake_settings: Thresholds of waking.
    """

    def __init__(
        self,
        *,
        canceller: EchoCanceller,
        suppressor: NoiseSuppressor,
        voice: VoiceActivity,
        wake: WakeWord,
        far_wake: WakeWord | None,
        playback: Playback,
        turns: TurnSettings,
        wake_settings: WakeSettings,
    ) -> None:
        self._canceller = canceller
        self._suppressor = suppressor
        self._wake = wake
        self._far_wake = far_wake
        self._playback = playback
        self._turns = turns
        self._refractory_s = wake_settings.refractory_s
        self._ear = Ear(voice, threshold=turns.speech_threshold)
        self._endpointer = Endpointer(turns)
        self._barge_in = BargeIn(turns)
        self._foreground = Foreground(turns)
        self._history = VoicedHistory()
        self._veto = SelfWakeVeto()
        self._pre_roll = frames_of(turns.pre_roll_ms)
        self._tail = frames_of(turns.look_ms)
        self._tape = Tape(
            turns.limit_s + (turns.pre_roll_ms + turns.incomplete_silence_ms) / 1000 + 4
        )
        self._near: Samples = np.zeros(FRAME_SAMPLES, np.int16)
        self._echo_free: Samples = np.zeros(FRAME_SAMPLES, np.int16)
        self._clean: Samples = np.zeros(FRAME_SAMPLES, np.int16)
        self._hearing = Hearing()
        self._frame = 0
        self._attention = Attention.OFF
        self._orders: deque[Callable[[], list[Edge]]] = deque()
        self._pending: list[Edge] = []
        self._utterance: Utterance | None = None
        self._turn_onset = 0
        self._woke_at_s = -self._refractory_s
        self._far_sounded_until = -WAKE_SOUND_SAMPLES
        self._meanwhile: tuple[WakeHit, int, float] | None = None
        """What sounded like the phrase while the last word on another was awaited, and when."""
        self.counters = FrontEndCounters()

    # ---------------------------------------------------------------- any thread

    def attend(self, attention: Attention) -> None:
        """What to listen for from the next frame on; the same again changes nothing."""
        self._orders.append(lambda: self._attend(attention))

    def complete(self, utterance_id: int, revision: int) -> None:
        """The answer so far is complete: a short silence ends the turn."""
        self._orders.append(lambda: self._tell(self._endpointer.complete, utterance_id, revision))

    def hesitating(self, utterance_id: int, revision: int) -> None:
        """The child is searching for words: wait longer."""
        self._orders.append(lambda: self._tell(self._endpointer.hesitating, utterance_id, revision))

    def unfinished(self, utterance_id: int, revision: int) -> None:
        """The child has begun an answer and not ended it: wait longest."""
        self._orders.append(lambda: self._tell(self._endpointer.unfinished, utterance_id, revision))

    def expect_pauses(self, pauses: Pauses) -> None:
        """Wait for the child as long as its own pauses say, from the next frame on."""
        self._orders.append(lambda: self._expect_pauses(pauses))

    def refuse_wake(self) -> None:
        """The last wake phrase was none: listen on as if it had not been heard."""
        self._orders.append(self._refuse_wake)

    def hear_phrase(self, wake: WakeWord, far_wake: WakeWord | None) -> None:
        """Be woken by another phrase from the next frame on; the arguments as at the start."""
        self._orders.append(lambda: self._hear_phrase(wake, far_wake))

    @property
    def now_s(self) -> float:
        """End of the last frame in counted audio since start."""
        return seconds(self._frame)

    @property
    def level_dbfs(self) -> float:
        """Level of the last frame without echo, for the lights."""
        return self._hearing.level_dbfs

    def power_before_and_after_cancelling(self) -> tuple[float, float]:
        """Mean square of the last frame at the microphone and without echo, 0..1 each."""
        return mean_square(self._near), mean_square(self._echo_free)

    @property
    def attention(self) -> Attention:
        """What is listened for now."""
        return self._attention

    @property
    def vetoed_wakes(self) -> int:
        """Wake phrases of Myna's own voice that were held back."""
        return self._veto.vetoed

    # -------------------------------------------------------------- the DSP thread

    def process(self, near: Samples, far: Samples, status: ReadStatus) -> list[Edge]:
        """Take in one frame.

        Args:
            near: The microphone, shape (160,).
            far: The loudspeaker at the same place of the stream, shape (160,).
            status: What the read that brought them said.

        Returns:
            Edges in the order in which they happened; mostly none.
        """
        if status.lost_frames:
            self.skip(status.lost_frames)
        edges, self._pending = self._pending, []
        if status.discontinuity:
            self.counters.realigned += 1
            self._canceller.reset(keep_filter=True)
            self._ear.forget_echo()
        while self._orders:
            edges += self._orders.popleft()()
        self._near = near
        self._inspect(near)
        self._canceller.process(near, far, self._echo_free)
        self._suppressor.process(self._echo_free, self._clean)
        self._tape.write(self._echo_free)
        level = self._ear.measure(
            self._echo_free,
            far,
            self._canceller.residual_echo_dbfs,
            near_voice=self._near_voice(),
        )
        self._hearing.level_dbfs = level
        self._frame += 1
        self.counters.frames += 1
        edges += self._playback.poll(self.now_s)
        if self._ear.far_active:
            self._far_sounded_until = self._tape.end
        if self._attention is Attention.WAKE:
            self._foreground.overhear(level)
            edges += self._listen_for_wake(far)
        elif self._attention is not Attention.OFF:
            self._ear.listen(self._echo_free, self._clean, level, self._hearing)
            if self._attention is Attention.TURN:
                edges += self._turn(self._voiced_by_the_child())
            else:
                edges += self._weigh(self._hearing)
        return edges

    def _inspect(self, near: Samples) -> None:
        """Count what is wrong with the microphone itself."""
        if int(near.max()) < CLIPPED_FROM and int(near.min()) > -CLIPPED_FROM:
            self.counters.dead_frames += not near.any()
            return
        extreme = np.count_nonzero((near >= CLIPPED_FROM) | (near <= -CLIPPED_FROM))
        self.counters.clipped_frames += bool(extreme >= CLIPPED_SAMPLES)

    def skip(self, frames: int) -> None:
        """Let time pass in which nothing was heard, so that `at_s` stays aligned.

        A turn under way goes on in silence; edges that this brings come with the next frame.
        """
        self.counters.lost_frames += frames
        self._tape.skip(frames * FRAME_SAMPLES)
        for _ in range(frames):
            self._frame += 1
            if self._attention is Attention.TURN:
                self._pending += self._turn(voiced=False)
            elif self._attention is Attention.BARGE_IN:
                self._pending += self._verdict(self._barge_in.step(QUIET))
        self._history.clear()
        self._ear.reset()

    # --------------------------------------------------------------------- orders

    def _attend(self, attention: Attention) -> list[Edge]:
        if attention is self._attention:
            return []
        edges: list[Edge] = []
        if self._barge_in.ducked:
            self._barge_in.ducked = False
            self._playback.unduck()
            edges.append(DuckEnded(self.now_s))
        before, self._attention = self._attention, attention
        self._meanwhile = None
        if before in (Attention.OFF, Attention.WAKE):
            self._ear.reset()
            self._history.clear()
        if attention is Attention.WAKE:
            self._foreground.forget()
        else:
            self._foreground.begin_turn()
        if attention is Attention.TURN:
            edges += self._edges(self._endpointer.begin(self._frame, self._history.run()))
        elif attention is Attention.BARGE_IN:
            self._barge_in.begin(self._frame)
        elif attention is Attention.WAKE:
            self._wake.reset()
            if self._far_wake is not None:
                self._far_wake.reset()
            self._veto.reset()
        return edges

    def _refuse_wake(self) -> list[Edge]:
        # How loud it was stays: the phrase itself may have come right after.
        self._woke_at_s = -self._refractory_s
        meanwhile, self._meanwhile = self._meanwhile, None
        return [] if meanwhile is None else self._woken(*meanwhile)

    def _hear_phrase(self, wake: WakeWord, far_wake: WakeWord | None) -> list[Edge]:
        self._wake, self._far_wake = wake, far_wake
        self._veto.reset()
        return []

    def _expect_pauses(self, pauses: Pauses) -> list[Edge]:
        self._endpointer.wait_for(pauses.silence_ms(self._turns))
        return []

    @staticmethod
    def _tell(whom: Callable[[int, int], None], utterance_id: int, revision: int) -> list[Edge]:
        whom(utterance_id, revision)
        return []

    # --------------------------------------------------------------------- waking

    def _listen_for_wake(self, far: Samples) -> list[Edge]:
        near_hit = self._stamped(self._wake.process(self._clean))
        far_hit = self._stamped(self._far_wake.process(far)) if self._far_wake else None
        hit = self._veto.step(near_hit, far_hit, far_active=self._ear.far_active)
        if hit is None:
            return []
        if self.now_s - self._woke_at_s < self._refractory_s:
            self._meanwhile = (hit, self._tape.end, self.now_s)
            return []
        return self._woken(hit, self._tape.end, self.now_s)

    def _woken(self, hit: WakeHit, end: int, at_s: float) -> list[Edge]:
        self._woke_at_s, self._meanwhile = at_s, None
        self._foreground.woken()
        self.counters.wakes += 1
        begun = end - WAKE_SOUND_SAMPLES
        over_playback = self._far_sounded_until > begun
        return [Woken(at_s, hit, self._tape.copy(begun, end), over_playback)]

    def _stamped(self, hit: WakeHit | None) -> WakeHit | None:
        """A detector counts the frames it was given; edges count all that there were."""
        return None if hit is None else replace(hit, at_s=self.now_s)

    # ---------------------------------------------------------------------- turns

    def _voiced_by_the_child(self) -> bool:
        waiting = self._endpointer.turn is Turn.WAITING
        voiced = self._foreground.admit(
            self._hearing.level_dbfs, voiced=self._hearing.voiced, in_turn=not waiting
        )
        self._history.push(voiced)
        if waiting:
            self._foreground.wait(heard=voiced)
        return voiced

    def _turn(self, voiced: bool) -> list[Edge]:
        return self._edges(self._endpointer.step(voiced))

    def _edges(self, events: list[TurnEvent]) -> list[Edge]:
        return [self._edge(event) for event in events]

    def _edge(self, event: TurnEvent) -> Edge:
        if isinstance(event, Started):
            self._turn_onset = event.onset
            self._utterance = None
            self._foreground.begin_turn()
            self.counters.turns += 1
            return SpeechStarted(self.now_s)
        if isinstance(event, Paused):
            self._utterance = self._copy(event)
            return SpeechPaused(self.now_s, self._utterance)
        if isinstance(event, Ended):
            if event.reason is EndReason.COMPLETE:
                self._foreground.accept()
            same = self._utterance is not None and self._utterance.revision == event.revision
            utterance = self._utterance if same and self._utterance else self._copy(event)
            pauses_ms = tuple(frames * FRAME_MS for frames in event.pauses)
            return SpeechEnded(self.now_s, utterance, event.reason, pauses_ms)
        return SpeechResumed(self.now_s)

    def _copy(self, event: Paused | Ended) -> Utterance:
        """The turn so far: pre-roll, speech, a little of the silence after it."""
        start = max(0, self._turn_onset - self._pre_roll) * FRAME_SAMPLES
        end = (event.speech_end + self._tail) * FRAME_SAMPLES
        samples = self._tape.copy(start, end)
        return Utterance(
            id=event.utterance_id,
            revision=event.revision,
            samples=samples,
            start_s=seconds(max(start, self._tape.start) // FRAME_SAMPLES),
            speech_end_s=seconds(event.speech_end),
        )

    # --------------------------------------------------------------- interruptions

    def _weigh(self, hearing: Hearing) -> list[Edge]:
        sound = self._foreground.admit_over_playback(hearing.level_dbfs, sound=hearing.sound)
        self._history.push(hearing.voiced and sound)
        evidence = Evidence(
            sound,
            hearing.harmonic and sound,
            hearing.likely,
            hearing.possible,
            hearing.level_dbfs,
        )
        return self._verdict(self._barge_in.step(evidence))

    def _near_voice(self) -> bool:
        """Whether somebody is taken to be speaking, from what is known so far."""
        if self._attention is Attention.BARGE_IN:
            return self._barge_in.ducked and self._hearing.harmonic
        return self._attention is Attention.TURN and self._endpointer.turn is Turn.SPEAKING

    def _verdict(self, verdict: Verdict | None) -> list[Edge]:
        if verdict is Verdict.DUCK:
            self._playback.duck()
            self.counters.ducks += 1
            return [Ducked(self.now_s)]
        if verdict is Verdict.RELEASE:
            self._playback.unduck()
            self._ear.mistook_echo()
            return [DuckEnded(self.now_s)]
        if verdict is Verdict.INTERRUPT:
            self._playback.cut()
            self.counters.interruptions += 1
            self._attention = Attention.TURN
            started = self._endpointer.seize(self._barge_in.onset, self._frame)
            return [Interrupted(self.now_s), self._edge(started)]
        return []
