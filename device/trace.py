"""What happened, for whoever watches: the terminal, the virtual room's child, a record.

A trace may hold what a child said. It is handed to watchers in memory and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from audio import ports as audio


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    Attributes:
        at_s: Counted audio since start.
        kind: For example ``state``, ``woken``, ``say``, ``heard``.
        data: Its facts.
    """

    at_s: float
    kind: str
    data: Mapping[str, object] = field(default_factory=dict)


class Watcher(Protocol):
    """Somebody who watches a conversation."""

    def see(self, entry: Entry) -> None: ...


class Recorder:
    """Keeps all entries in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def see(self, entry: Entry) -> None:
        self.entries.append(entry)


def entry_of(edge: object) -> Entry | None:  # noqa: PLR0911 - one case for each edge
    """The trace's entry for an edge of the audio thread; None for what is not worth one."""
    match edge:
        case audio.Woken(at_s, hit):
            return Entry(at_s, "woken", {"phrase": hit.phrase, "score": hit.score})
        case audio.SpeechStarted(at_s):
            return Entry(at_s, "speech_started")
        case audio.SpeechEnded(at_s, utterance, reason):
            return Entry(
                at_s,
                "speech_ended",
                {
                    "reason": reason.value,
                    "utterance": utterance.id,
                    "start_s": utterance.start_s,
                    "speech_end_s": utterance.speech_end_s,
                },
            )
        case audio.Ducked(at_s):
            return Entry(at_s, "ducked")
        case audio.DuckEnded(at_s):
            return Entry(at_s, "duck_ended")
        case audio.Interrupted(at_s):
            return Entry(at_s, "interrupted")
        case audio.PlayStarted(at_s, tag):
            return Entry(at_s, "play_started", {"tag": tag})
        case audio.Played(at_s, tag, samples, cut):
            return Entry(at_s, "played", {"tag": tag, "samples": samples, "cut": cut})
        case _:
            return None
