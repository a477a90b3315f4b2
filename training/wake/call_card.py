"""A head's model card: what taught it, who set it, how often it errs where, under which licence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dialog.wake.head import Fusion
from training.wake import fusing
from training.wake.fusing import Floats

THRESHOLDS = (0.2, 0.35, 0.5, 0.65, 0.8)
KINDS = {
    "said": "synthetic sayings",
    "carried": "synthetic sayings in one breath with other words",
    "cut": "put together of pieces of real people's speech",
    "echoed": "over Myna's own voice, behind the canceller",
    "called": "called in the situations of the benchmark, as the first stage finds it there",
    "near": "synthetic near-misses",
    "cut_near": "near-misses put together of real people's speech",
    "echoed_near": "near-misses and other talk over Myna's own voice",
    "met": "people's sentences that meet in something like the phrase",
    "met_read": "the same of words, by synthetic voices",
    "english": "synthetic English",
    "mandarin": "synthetic Mandarin",
    "talk": "what real people read",
    "mined": "noise, music, Mandarin and Myna's own lessons",
    "asked": "what the first stage finds in hours in which nobody calls",
}


@dataclass(frozen=True, slots=True)
class Card:
    """What is told of a head.

    Attributes:
        phrase: In plain lower-case words.
        command: That made it.
        windows: How many taught it, by kind (`KINDS`).
        voices: Synthesisers that taught it.
        people: How many taught it, and how many set how much it counts.
        networks: How many are averaged, and how many of them are of this draw.
        fusion: With the other witnesses.
        minutes: In how many nobody called.
        calls: How many calls set the weights, by kind of call.
    """

    phrase: str
    command: str
    windows: Mapping[str, int]
    voices: Sequence[str]
    people: tuple[int, int]
    networks: tuple[int, int]
    fusion: Fusion
    minutes: int
    calls: Mapping[str, int]

    def text(self, about: Sequence[str], weighed: Floats) -> str:
        """In Markdown.

        Args:
            about: What each candidate is about that set the weights, as `fusing.Candidate`'s.
            weighed: Of each, as `fusing.weigh`.
        """
        fusion, (taught, set_by) = self.fusion, self.people
        networks, new = self.networks
        others = len(fusing.FUSING_VOICES)
        counts = [(kind, self.windows[kind]) for kind in KINDS if kind in self.windows]
        rows = "\n".join(f"| {KINDS[kind]} | {count} |" for kind, count in counts)
        return f"""# The head of "{self.phrase}"

Made by `{self.command}`; what a head is and how it is used stands in `docs/wake.md`.

{networks} networks, averaged; {new} of them learnt from these windows of 2.6 s:

| kind | windows |
|---|---|
{rows}

Voices: {"; ".join(self.voices)}.
People: {taught} speakers of speechocean762's training half taught it. {set_by} others and {others}
other synthetic voices set how much it counts: head {fusion.head:.3f}, last word {fusion.last:.3f},
first stage {fusion.first:.3f}, offset {fusion.offset:.3f}.

What is missed of the calls by those {set_by} and {others}, and what wakes falsely in
{self.minutes} minutes in which nobody calls; they set the weights and where it wakes, so they
flatter:

{self._curve(about, weighed)}

Limits: real people's calls are put together of pieces, since nobody in the corpus says the phrase;
other accents than Mandarin speakers' and the synthesisers' are unheard. What judges the default
phrase is `myna bench hearing --part waking` and `myna bench hours`. Licence: Apache 2.0; the
corpus's authors are credited as CC BY asks.
"""

    def _curve(self, about: Sequence[str], weighed: Floats) -> str:
        weights = np.array([self.fusion.head, self.fusion.last, self.fusion.first])
        logits = weighed @ weights + self.fusion.offset
        best: dict[str, float] = {}
        false = []
        for each, logit in zip(about, logits.tolist(), strict=True):
            if each.startswith("minute"):
                false.append(logit)
            else:
                best[each] = max(best.get(each, -np.inf), logit)
        situations = list(dict.fromkeys(_situation(each) for each in best))
        head = " | ".join(name.replace("_", " ") for name in situations)
        lines = [
            f"| threshold | false wakes | {head} |",
            "|---|---|" + "---|" * len(situations),
        ]
        total = sum(self.calls.values())
        for threshold in THRESHOLDS:
            bar = float(np.log(threshold / (1.0 - threshold)))
            woken = sum(logit >= bar for logit in false)
            missed = [
                total - sum(v >= bar for k, v in best.items() if _situation(k) == name)
                for name in situations
            ]
            cells = " | ".join(f"{count} of {total}" for count in missed)
            lines.append(f"| {threshold} | {woken} | {cells} |")
        return "\n".join(lines)


def _situation(about: str) -> str:
    """Of a call: ``synthetic 3 fan_10db`` is about the third in its situation."""
    return about.split(" ", 2)[2]
