"""The virtual room as a sound card: a microphone and a loudspeaker that were never built."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Self

import numpy as np

from audio.ports import (
    FRAME_MS,
    FRAME_S,
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    BackendCounters,
    PlaybackSource,
    ReadStatus,
    Samples,
)
from audio.virtual_room.child import ScriptedChild
from audio.virtual_room.convolution import StreamingConvolver
from audio.virtual_room.ear import Ear
from audio.virtual_room.loudspeaker import Loudspeaker
from audio.virtual_room.myna_sound import MynaSound
from audio.virtual_room.scenario import CardAway, Scenario
from audio.virtual_room.speech import ChildVoice
from audio.virtual_room.stage import RoomEvent, Stage
from core.errors import AudioError, DeviceLost

_SILENCE = np.zeros(FRAME_SAMPLES, np.int16)
_BUSY_STATES = ("thinking", "speaking", "waking")


class VirtualRoom:
    """An `AudioBackend` whose card, walls, noise and child are computed.

    Time in the room advances by 10 ms with each `read` and by `idle`, never by itself. The
    same scenario, voice and seed give the same samples, bit for bit, as long as the same
    samples are played and the hooks are called between the same frames.

    Args:
        scenario: What happens.
        voice: How the children sound.
        seed: Of everything drawn; None takes the scenario's.
        wake_phrase: What the child says to wake Myna.
        live: Whether `read` waits until the frame is due by the machine's clock.
    """

    def __init__(
        self,
        scenario: Scenario,
        voice: ChildVoice,
        seed: int | None = None,
        *,
        wake_phrase: str = "hello myna",
        live: bool = False,
    ) -> None:
        chosen = scenario.seed if seed is None else seed
        self.name = f"virtual room: {scenario.name}"
        self.counters = BackendCounters()
        self._scenario = scenario
        self._stage = Stage(scenario, voice, chosen)
        self._loudspeaker = Loudspeaker(
            delay_ms=scenario.room.delay_ms,
            drift_ppm=scenario.room.drift_ppm,
            clip_at=scenario.room.clip_at,
        )
        self._echo = StreamingConvolver(self._stage.echo_filters())
        self._ear = Ear()
        self._child = ScriptedChild(
            scenario.child, self._ear, self._stage, wake_phrase=wake_phrase, seed=chosen
        )
        self._myna = MynaSound(self._stage.events)
        self._told: deque[Callable[[], None]] = deque()
        self._source: PlaybackSource | None = None
        self._away: list[CardAway] = list(scenario.card)
        self._card_lost = False
        self._quiet_since_s = 0.0
        self._pace = _Pace() if live else None
        self._opened = False

    # Hooks: what the device tells the room. Any thread; heard at the next frame's start.

    def expects(self, answers: tuple[str, ...]) -> None:
        """Myna is about to ask for one of these, the model answer first."""
        self._told.append(lambda: setattr(self._ear, "expected", answers))

    def myna_says(self, text: str) -> None:
        """Myna's next sound is this sentence."""
        self._told.append(lambda: self._ear.myna_says(text))

    def state(self, name: str) -> None:
        """What the lights show now: a state of the conversation."""
        self._told.append(lambda: setattr(self._ear, "state", name))

    # What happened.

    @property
    def now_s(self) -> float:
        """The room's time: the end of the last frame."""
        return self._stage.sample / SAMPLE_RATE_HZ

    @property
    def events(self) -> list[RoomEvent]:
        """Everything that sounded so far, in order of its beginning."""
        events = self._stage.events + self._myna.going_on
        return sorted(events, key=lambda event: (event.start_s, event.kind))

    @property
    def facts(self) -> dict[str, float]:
        """Measured levels, for `build_record`."""
        return self._myna.facts(self._scenario.room.child_dbfs)

    @property
    def ended(self) -> bool:
        """Whether the script and its tail, or the scenario's time, are over."""
        if self.now_s >= self._scenario.limit_s:
            return True
        return self._child.done and self.now_s - self._quiet_since_s >= self._scenario.tail_s

    # The card.

    def open(self, source: PlaybackSource) -> None:
        """Plug in.

        Raises:
            DeviceLost: The scenario has the card away.
        """
        if self._is_away():
            raise DeviceLost(f"{self.name}: the card is unplugged; plug it in again")
        if self._opened:
            self.counters.reopened += 1
        self._opened = True
        self._source = source

    def read(self, near: Samples, far: Samples, *, timeout_s: float) -> ReadStatus:
        """The next 10 ms; see `AudioBackend.read`. A room is never late: it has no timeout."""
        del timeout_s
        if self._source is None:
            raise AudioError(f"{self.name} is closed; open it before reading")
        if self.ended:
            near[:] = 0
            far[:] = 0
            return ReadStatus(ok=False, ended=True)
        if self._is_away():
            raise DeviceLost(f"{self.name}: the card was unplugged; plug it in again")
        if self._pace is not None:
            self._pace.wait_until(self.now_s + FRAME_S)
        self._source.pull(far)
        heard = self._live_on(far)
        near[:] = np.clip(np.rint(heard * 32768), -32768, 32767)
        self.counters.frames += 1
        return ReadStatus(discontinuity=self._loudspeaker.slipped)

    def idle(self, seconds: float) -> None:
        """Let the room's time pass unheard; the child lives on in silence."""
        for _ in range(max(1, round(seconds * 1000 / FRAME_MS))):
            if self._pace is not None:
                self._pace.wait_until(self.now_s + FRAME_S)
            self._live_on(_SILENCE)
            self._is_away()

    def close(self) -> None:
        """Unplug; what is still on its way through the room is forgotten. Idempotent."""
        self._source = None
        self._loudspeaker.reset()
        self._echo.reset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _live_on(self, far: Samples) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """Ten milliseconds of everything; returns what the microphone hears."""
        while self._told:
            self._told.popleft()()
        moved = self._loudspeaker.play(far)
        echo = self._echo.process(moved)
        start_s = self.now_s
        heard = self._stage.frame() + echo
        self._myna.follow(far, echo, start_s)
        self._ear.hear(float(np.abs(moved).max()), self.now_s)
        self._child.live()
        if not self._child.done or self._ear.sounding or self._ear.state in _BUSY_STATES:
            self._quiet_since_s = self.now_s
        return heard

    def _is_away(self) -> bool:
        """Whether the card is unplugged now; notes when that changes."""
        if self._away and self.now_s >= self._away[0].back_s:
            back_s = self._away.pop(0).back_s
            self._note("card_back", back_s)
            self._card_lost = False
        away = bool(self._away) and self.now_s >= self._away[0].lost_s
        if away and not self._card_lost:
            self._note("card_lost", self._away[0].lost_s)
        self._card_lost = away
        return away

    def _note(self, kind: str, at_s: float) -> None:
        self._stage.events.append(RoomEvent(kind, at_s, at_s))


class _Pace:
    """Holds the room to the machine's clock; a late room catches up."""

    def __init__(self) -> None:
        self._start_s: float | None = None

    def wait_until(self, room_s: float) -> None:
        now_s = time.monotonic()
        if self._start_s is None:
            self._start_s = now_s - room_s
        time.sleep(max(0.0, self._start_s + room_s - now_s))
