"""Figures of a scenario: what the room heard held against what the device decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from audio.virtual_room.expect import Metric
from audio.virtual_room.stage import RoomEvent

_SAME_S = 0.15  # device and room may disagree by this much about where speech starts and ends
_CUT_OFF_S = 0.05  # a turn that ends this long before the child does cut it off
_WAKE_WITHIN_S = 2.0  # from the phrase's last sound to being awake
_REPLY_WITHIN_S = 8.0  # later than this, Myna's sound is no reply any more
_CUT_WITHIN_S = 2.0  # from an interrupting child's first sound to a cut that it caused


class TraceEntry(Protocol):
    """Something the device did: `device.trace.Entry` is one."""

    @property
    def at_s(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def data(self) -> Mapping[str, object]: ...


@dataclass(frozen=True, slots=True)
class _Answered:
    """A child's utterance and the end of the turn that it was; None when there was none."""

    said: RoomEvent
    ended: TraceEntry | None
    heard_right: bool


class Timeline:
    """Both sides of what happened, in the room's seconds.

    Args:
        events: What sounded in the room.
        trace: What the device did, in order.
        wake_phrase: What wakes Myna.
    """

    def __init__(
        self, events: Iterable[RoomEvent], trace: Iterable[TraceEntry], wake_phrase: str
    ) -> None:
        self._events = sorted(events, key=lambda event: event.start_s)
        self._trace = sorted(trace, key=lambda entry: entry.at_s)
        self._myna = [e for e in self._events if e.kind == "myna"]
        self._spoken = [e for e in self._events if e.kind in ("child", "second_child")]
        phrase = wake_phrase.lower()
        self._wake_tries = [
            e
            for e in self._spoken
            if e.text.lower() == phrase and self.state(e.start_s) == "asleep"
        ]
        self._answers = [
            self._answered(e)
            for e in self._spoken
            if e.kind == "child" and e not in self._wake_tries and self.state(e.end_s) != "asleep"
        ]

    def metrics(self) -> dict[str, Metric]:
        """All figures that `expect.METRICS` lists, measured levels left out."""
        return {
            **self._gaps(),
            **self._wakes(),
            **self._turns(),
            **self._interruptions(),
            **self._cards(),
            **self._progress(),
        }

    def state(self, at_s: float) -> str:
        """What the lights showed at a time; before the first news Myna sleeps."""
        shown = [e for e in self._of("state") if e.at_s <= at_s]
        return str(shown[-1].data["name"]) if shown else "asleep"

    def _of(self, *kinds: str) -> list[TraceEntry]:
        return [entry for entry in self._trace if entry.kind in kinds]

    def _answered(self, said: RoomEvent) -> _Answered:
        later = [e.start_s for e in self._spoken if e.start_s > said.end_s]
        until_s = min([said.end_s + _REPLY_WITHIN_S, *later])
        for ended in self._of("speech_ended"):
            begun_s = _number(ended, "start_s", said.start_s)
            if said.start_s < ended.at_s <= until_s and begun_s <= said.end_s:
                return _Answered(said, ended, self._heard_right(ended))
        return _Answered(said, None, False)

    def _heard_right(self, ended: TraceEntry) -> bool:
        after = [e for e in self._of("heard", "failed") if e.at_s >= ended.at_s]
        return bool(after) and after[0].data.get("right") is True

    def _reply(self, at_s: float) -> RoomEvent | None:
        """Myna's first sound that begins after a time, if soon."""
        return next((m for m in self._myna if at_s <= m.start_s <= at_s + _REPLY_WITHIN_S), None)

    def _gaps(self) -> dict[str, Metric]:
        right: list[float] = []
        other: list[float] = []
        endpoint: list[float] = []
        sound: list[float] = []
        for answer in self._answers:
            if answer.ended is None:
                continue
            endpoint.append(answer.ended.at_s - answer.said.end_s)
            reply = self._reply(answer.ended.at_s)
            if reply is None:
                continue
            sound.append(reply.start_s - answer.ended.at_s)
            gaps = right if answer.heard_right else other
            gaps.append(reply.start_s - answer.said.end_s)
        return {
            "answer_gap_s": _rounded(right),
            "other_gap_s": _rounded(other),
            "endpoint_s": _rounded(endpoint),
            "endpoint_to_sound_s": _rounded(sound),
        }

    def _wakes(self) -> dict[str, Metric]:
        woken = self._of("woken")
        missed, to_sound = 0, []
        for said in self._wake_tries:
            if not any(_caused(said, hit.at_s, _WAKE_WITHIN_S) for hit in woken):
                missed += 1
                continue
            reply = self._reply(said.start_s)
            if reply is not None:
                to_sound.append(reply.start_s - said.end_s)
        false = [
            hit
            for hit in woken
            if not any(_caused(said, hit.at_s, _WAKE_WITHIN_S) for said in self._wake_tries)
        ]
        return {
            "wake_to_sound_s": _rounded(to_sound),
            "wake_tries": len(self._wake_tries),
            "wakes": len(woken),
            "missed_wakes": missed,
            "false_wakes": len(false),
        }

    def _turns(self) -> dict[str, Metric]:
        false = [e for e in self._of("speech_ended") if not self._child_spoke_in(e)]
        cut_off = [a for a in self._answers if a.ended and a.ended.at_s < a.said.end_s - _CUT_OFF_S]
        return {
            "child_utterances": len(self._spoken),
            "answers": len(self._answers),
            "missed_answers": sum(a.ended is None for a in self._answers),
            "cut_off_answers": len(cut_off),
            "false_turns": len(false),
        }

    def _child_spoke_in(self, ended: TraceEntry) -> bool:
        last_s = _number(ended, "speech_end_s", ended.at_s)
        first_s = _number(ended, "start_s", last_s)
        return any(
            said.start_s <= last_s + _SAME_S and said.end_s >= first_s for said in self._spoken
        )

    def _interruptions(self) -> dict[str, Metric]:
        over = [
            (said, sound)
            for said in self._spoken
            for sound in self._myna
            if sound.start_s < said.start_s < sound.end_s and said not in self._wake_tries
        ]
        cuts, ducks = self._of("interrupted"), self._of("ducked", "interrupted")
        to_duck, to_silence, missed = [], [], 0
        for said, sound in over:
            duck = next((d for d in ducks if _caused(said, d.at_s, _CUT_WITHIN_S)), None)
            if duck is not None:
                to_duck.append(duck.at_s - said.start_s)
            if any(_caused(said, cut.at_s, _CUT_WITHIN_S) for cut in cuts):
                to_silence.append(sound.end_s - said.start_s)
            else:
                missed += 1
        ducked = self._of("ducked")
        return {
            "duck_s": _rounded(to_duck),
            "interrupt_silent_s": _rounded(to_silence),
            "interruptions": len(over),
            "missed_interruptions": missed,
            "false_interruptions": sum(not self._child_speaks(c.at_s) for c in cuts),
            "ducks": len(ducked),
            "false_ducks": sum(not self._child_speaks(d.at_s) for d in ducked),
        }

    def _child_speaks(self, at_s: float) -> bool:
        """Whether a child was speaking at a time or up to half a second before it."""
        return any(said.start_s <= at_s <= said.end_s + 0.5 for said in self._spoken)

    def _cards(self) -> dict[str, Metric]:
        found: dict[str, list[float]] = {"card_lost": [], "card_back": []}
        for kind, delays in found.items():
            for event in (e for e in self._events if e.kind == kind):
                noticed = next((t for t in self._of(kind) if t.at_s >= event.start_s - 0.02), None)
                if noticed is not None:
                    delays.append(noticed.at_s - event.start_s)
        return {
            "loss_noticed_s": _rounded(found["card_lost"]),
            "card_back_s": _rounded(found["card_back"]),
        }

    def _progress(self) -> dict[str, Metric]:
        verdicts = [str(entry.data.get("verdict")) for entry in self._of("attempt")]
        states = [str(entry.data["name"]) for entry in self._of("state")]
        ends = [e.end_s for e in self._events] + [e.at_s for e in self._trace]
        last = states[-1] if states else "asleep"
        return {
            "items_right": verdicts.count("right"),
            "items_wrong": verdicts.count("wrong"),
            "items_skipped": verdicts.count("skipped"),
            "failures": len(self._of("failed")),
            "myna_sounds": len(self._myna),
            "ended_asleep": last == "asleep" and "speaking" in states,
            "last_state": last,
            "duration_s": round(float(max(ends, default=0.0)), 3),
        }


def _caused(said: RoomEvent, at_s: float, within_s: float) -> bool:
    """Whether something at a time can be the effect of an utterance."""
    return said.start_s <= at_s <= max(said.end_s, said.start_s) + within_s


def _number(entry: TraceEntry, key: str, default: float) -> float:
    value = entry.data.get(key, default)
    return float(value) if isinstance(value, (int, float)) else default


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]
