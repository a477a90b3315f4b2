"""``myna bench hours``: what wakes Myna in hours of sound in which nobody calls her.

Talk of people and of synthetic voices, noise, music, and her own lessons from her loudspeaker pass
the front end and both stages of the wake phrase as on the device. Everything that wakes her is
false. Ten hours (``--long``, or ``--hours N``) take some processor hour; the short form six minutes
of sound. Without ``--corpus`` nobody recorded is among them.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audio.settings import WakeSettings
from device.bench.figures_page import Curve, Plot, Report
from device.bench.hearing_listener import Candidate, SleepingListener
from device.bench.hours_sound import MINUTE_S, Hours, Kind
from device.bench.metric import Metric

EXTRA_OPTIONS = ("hours",)
LONG_HOURS, SHORT_HOURS = 10.0, 0.1
THRESHOLD = WakeSettings().threshold
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_TOLD_MINUTES = 30
_AIM = "<= 0.1"


@dataclass(slots=True)
class Heard:
    """What was made of so many minutes.

    Attributes:
        minutes: How many of each kind.
        candidates: Everything that the last word was asked about, by kind.
        vetoed: Candidates held back because her own voice held the phrase.
    """

    minutes: Counter[Kind] = field(default_factory=Counter)
    candidates: dict[Kind, list[Candidate]] = field(default_factory=dict)
    vetoed: int = 0

    @property
    def hours(self) -> float:
        return sum(self.minutes.values()) * MINUTE_S / 3600

    def confidences(self, kind: Kind | None = None) -> list[float]:
        """Of every candidate, or of those of one kind."""
        found = self.candidates if kind is None else {kind: self.candidates.get(kind, [])}
        return [each.confidence for some in found.values() for each in some]


def measure(
    *, long: bool, seed: int, corpus: Path | None = None, hours: float | None = None
) -> Report:
    """All figures and the false wakes by threshold.

    Args:
        long: Ten hours instead of six minutes.
        seed: Draws the minutes.
        corpus: A folder with ``train.tsv`` and ``train/``, or None.
        hours: So many instead.

    Raises:
        ModelError: A model, a synthesiser or the corpus is missing.
    """
    wanted = hours if hours is not None else LONG_HOURS if long else SHORT_HOURS
    heard = Heard()
    for minute in listened(max(1, round(wanted * 3600 / MINUTE_S)), seed, corpus):
        heard = minute
        if sum(heard.minutes.values()) % _TOLD_MINUTES == 0:
            sys.stderr.write(f"{heard.hours:.1f} h, woken {_woken(heard.confidences())} times\n")
    return Report(figures(heard), [_plot(heard)])


def listened(minutes: int, seed: int, corpus: Path | None) -> Iterator[Heard]:
    """Listen, and give what was heard so far after every minute: the same object each time."""
    sound = Hours(seed, corpus)
    listener = SleepingListener()
    heard = Heard()
    for number in range(minutes):
        minute = sound.minute(number)
        found = listener.hear_all(minute.near, minute.far)
        heard.minutes[minute.kind] += 1
        heard.candidates.setdefault(minute.kind, []).extend(found)
        heard.vetoed = listener.vetoed
        yield heard


def figures(heard: Heard) -> list[Metric]:
    """False wakes in all and by kind, how often the last word was asked, and other thresholds."""
    every = heard.confidences()
    n = sum(heard.minutes.values())
    metrics = [
        Metric("hours.false_wakes", float(_woken(every)), "", None, n),
        Metric("hours.false_wakes_per_hour", _woken(every) / heard.hours, "1/h", _AIM, n),
        Metric("hours.listened", heard.hours, "h", ">= 10", n),
        Metric("hours.asked_for_the_last_word", float(len(every)), "", None, n),
        Metric("hours.own_voice_vetoed", float(heard.vetoed), "", None, n),
    ]
    for kind in Kind:
        minutes = heard.minutes[kind]
        if not minutes:
            continue
        at = f"hours.{kind.value}"
        theirs = heard.confidences(kind)
        own = kind is Kind.LESSON
        metrics += [
            Metric(
                f"{at}.false_wakes", float(_woken(theirs)), "", "<= 0" if own else None, minutes
            ),
            Metric(f"{at}.asked", float(len(theirs)), "", None, minutes),
            Metric(f"{at}.listened", minutes * MINUTE_S / 3600, "h", None, minutes),
        ]
    metrics += [
        Metric(f"hours.false_wakes.at_{threshold}", float(_woken(every, threshold)), "", None, n)
        for threshold in THRESHOLDS
    ]
    return metrics


def false_wakes_per_hour(heard: Heard, thresholds: Sequence[float]) -> list[float]:
    """How often she would be woken at each threshold."""
    every = heard.confidences()
    return [_woken(every, threshold) / max(heard.hours, 1e-9) for threshold in thresholds]


def _woken(confidences: Sequence[float], threshold: float = THRESHOLD) -> int:
    return sum(each >= threshold for each in confidences)


def _plot(heard: Heard) -> Plot:
    thresholds = [step / 50 for step in range(1, 50)]
    curve = Curve("all kinds", thresholds, false_wakes_per_hour(heard, thresholds))
    title = f"False wakes in {heard.hours:.1f} h, nobody calling"
    return Plot(title, "threshold of the last word", "false wakes per hour", (curve,))
