"""Where everything in the room stands, and how its sounds reach the microphone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ
from audio.virtual_room import noise
from audio.virtual_room.acoustics import (
    SPEED_OF_SOUND_M_S,
    Point,
    Signal,
    convolve,
    room_response,
)
from audio.virtual_room.loudspeaker import filters
from audio.virtual_room.scenario import Scenario
from audio.virtual_room.speech import ChildVoice, Spoken, active_rms, audible_span
from audio.virtual_room.steps import Say

MYNA_DBFS = -20.0
"""Active level of Myna's samples at which `Room.echo_to_child_db` holds."""

_SIZE_M: Point = (4.2, 3.4, 2.5)
_BOX: Point = (1.3, 1.1, 0.8)
_BOX_SPREAD_M = 0.15
_TELEVISION: Point = (3.8, 2.9, 0.9)
_TO_LOUDSPEAKER = (0.80, 0.60, 0.03)  # directions from the microphone, made unit length
_TO_CHILD = (0.72, 0.66, 0.20)
_TO_SECOND_CHILD = (0.95, -0.22, 0.20)
_FAN_LOOP_S = 10.0
_TELEVISION_LOOP_S = 24.0
_HESITATION = "um"


@dataclass(frozen=True, slots=True)
class RoomEvent:
    """Something that sounded in the room, in seconds of the room's time.

    Attributes:
        kind: ``child``, ``second_child``, ``cough``, ``door``, ``myna``; ``card_lost`` and
            ``card_back`` have no length.
        start_s: First audible sound: at the microphone, reverberation left out; for ``myna``
            the first sample other than zero that was handed to the card.
        end_s: The last one, likewise.
        text: What a child really said.
        source: Which voice said it.
    """

    kind: str
    start_s: float
    end_s: float
    text: str = ""
    source: str = ""


class Stage:
    """Mixes what the microphone hears besides Myna, one frame after the other.

    Args:
        scenario: Room, levels, noises.
        voice: The children's voice.
        seed: Of places and noise.

    Raises:
        ModelError: A television is asked for and no synthesiser is installed.
    """

    def __init__(self, scenario: Scenario, voice: ChildVoice, seed: int) -> None:
        self._voice = voice
        self._rng = np.random.default_rng([scenario.seed, seed])
        self._room = scenario.room
        self.events: list[RoomEvent] = []
        self.sample = 0
        """Samples since the room began: where the next frame starts."""
        spread = self._rng.uniform(-_BOX_SPREAD_M, _BOX_SPREAD_M, 3)
        self._mic = _moved(_BOX, tuple(spread), 1.0)
        self._child_level = _amplitude(self._room.child_dbfs)
        self._mic_noise = _amplitude(self._room.mic_noise_dbfs)
        self._near_child = self._response(_TO_CHILD, self._room.distance_m)
        self._near_second = self._response(_TO_SECOND_CHILD, self._room.distance_m)
        self._sounding: list[tuple[int, Signal]] = []
        self._loops = self._loops_for(scenario)
        self._later = sorted(scenario.noise.bursts, key=lambda burst: burst.at_s)

    def echo_filters(self) -> Signal:
        """Filters from the loudspeaker's two phases to the microphone, at the asked level."""
        response = self._response(_TO_LOUDSPEAKER, self._room.loudspeaker_m)
        path = filters(response)
        wanted_db = self._room.child_dbfs + self._room.echo_to_child_db - MYNA_DBFS
        return path * (_amplitude(wanted_db) / _speech_gain(path.sum(axis=0)))

    # The child's mouth.

    def speak(self, text: str, say: Say) -> float:
        """Begin to say a text; returns the seconds until its last sound."""
        spoken = self._with_pause(text, say) if say.pause_s else self._said(text, say.second)
        response = self._near_second if say.second else self._near_child
        kind = "second_child" if say.second else "child"
        level = self._child_level * _amplitude(say.level_db)
        return self._begin(kind, spoken, response, level)

    def burst(self, sound: str, level_db: float) -> float:
        """Begin a cough or a door; returns the seconds until its last sound."""
        dry = noise.cough(self._rng) if sound == "cough" else noise.door(self._rng)
        level = self._child_level * _amplitude(level_db)
        return self._begin(sound, Spoken(dry, "", "synthesised"), self._near_child, level)

    # The microphone.

    def frame(self) -> Signal:
        """What the microphone hears of all this in the next 10 ms, shape (160,)."""
        while self._later and self._later[0].at_s * SAMPLE_RATE_HZ <= self.sample:
            due = self._later.pop(0)
            self.burst(due.sound, due.level_db)
        start, end = self.sample, self.sample + FRAME_SAMPLES
        heard = self._mic_noise * self._rng.standard_normal(FRAME_SAMPLES)
        for loop in self._loops:
            heard += loop.take(np.arange(start, end), mode="wrap")
        for place, sound in self._sounding:
            first, last = max(start, place), min(end, place + len(sound))
            heard[first - start : last - start] += sound[first - place : last - place]
        self._sounding = [(at, wave) for at, wave in self._sounding if at + len(wave) > end]
        self.sample = end
        return heard

    def _begin(self, kind: str, spoken: Spoken, response: Signal, level: float) -> float:
        dry = spoken.samples
        wet = convolve(dry, response)
        loudness = active_rms(wet) if spoken.text else noise.loudest_rms(wet)
        self._sounding.append((self.sample, wet * (level / loudness)))
        travel = round(self._room.distance_m / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ)
        first, last = (self.sample + travel + edge for edge in audible_span(dry))
        self.events.append(
            RoomEvent(
                kind, first / SAMPLE_RATE_HZ, last / SAMPLE_RATE_HZ, spoken.text, spoken.source
            )
        )
        return (last - self.sample) / SAMPLE_RATE_HZ

    def _said(self, text: str, second: bool) -> Spoken:
        return self._voice.say(text, second=second)

    def _with_pause(self, text: str, say: Say) -> Spoken:
        words = text.split()
        half = (len(words) + 1) // 2
        halves = [words[:half], words[half:]] if len(words) > 1 else [[_HESITATION], words]
        first, last = (self._said(" ".join(part), say.second) for part in halves)
        trail = len(first.samples) - audible_span(first.samples)[1]
        lead = audible_span(last.samples)[0]
        gap = np.zeros(max(0, round(say.pause_s * SAMPLE_RATE_HZ) - trail - lead))
        sources = " + ".join(dict.fromkeys([first.source, last.source]))
        samples = np.concatenate([first.samples, gap, last.samples])
        return Spoken(samples, f"{first.text} ... {last.text}", sources)

    def _response(self, direction: Point, distance_m: float) -> Signal:
        length = float(np.linalg.norm(direction))
        place = _moved(self._mic, direction, distance_m / length)
        return room_response(_SIZE_M, self._room.rt60_s, place, self._mic)

    def _loops_for(self, scenario: Scenario) -> list[Signal]:
        asked = scenario.noise
        loops = []
        if asked.fan_db is not None:
            air = noise.fan(_FAN_LOOP_S, self._rng)
            loops.append(air * self._child_level * _amplitude(asked.fan_db))
        if asked.tv_db is not None:
            dry = noise.television(_TELEVISION_LOOP_S, asked.tv_talkers, self._rng)
            response = room_response(_SIZE_M, self._room.rt60_s, _TELEVISION, self._mic)
            wet = convolve(dry, response)
            loop = wet[: len(dry)].copy()
            loop[: len(wet) - len(dry)] += wet[len(dry) :]  # the last echoes ring into the start
            level = self._child_level * _amplitude(asked.tv_db)
            loops.append(loop * (level / active_rms(loop)))
        return loops


def _amplitude(level_db: float) -> float:
    return float(10 ** (level_db / 20))


def _moved(place: Point, direction: tuple[float, ...], by: float) -> Point:
    x, y, z = (float(a + by * b) for a, b in zip(place, direction, strict=True))
    return x, y, z


def _speech_gain(path: Signal) -> float:
    """Gain of a filter for speech's long-term spectrum (both phases added up).

    The spectrum is flat to 500 Hz and falls by 9 dB per octave above, and by 12 below 100 Hz:
    a straight-line form of Byrne et al., J. Acoust. Soc. Am. 96 (1994), 2108-2120.
    """
    size = 1 << len(path).bit_length()
    frequency = np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ) + 1e-9
    power = np.minimum(1, (frequency / 500) ** -3) * np.minimum(1, (frequency / 100) ** 4)
    response = np.abs(np.fft.rfft(path, size)) ** 2
    return float(np.sqrt((power * response).sum() / power.sum()))
