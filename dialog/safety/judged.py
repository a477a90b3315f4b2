"""What becomes of a text: lists of wordings and the model of what words mean, weighed together.

A wording on the wide lists of topics speaks for one as much as the model knows it to be worth:
nearly always that decides. Where it does not ("who stole the cookies"), the text is in doubt, and
never let through: what was listed is not sent. What is spelled so that it should not be found, and
what Myna never says, the lists decide alone, as they do everything where there is no model
(docs/safety.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from dialog.safety.lists import flaw_of, listed_topic
from dialog.safety.meaning import Meant, shipped
from dialog.safety.ports import Flaw, Topic

CLEAR = 0.5
"""Share of what speaks for any topic that has to speak for one; else the answer names none."""


Why = TypeVar("Why", Topic, Flaw)


@dataclass(frozen=True, slots=True)
class Judged(Generic[Why]):
    """What lists and model make of a text.

    Attributes:
        stopped: Why it is stopped; None if it is not.
        doubt: Not stopped, and yet not to be let through.
        listed: What the lists alone would have stopped it for.
    """

    stopped: Why | None
    doubt: bool
    listed: Why | None


def asked(text: str) -> Judged[Topic]:
    """What somebody said, or is shown to a model."""
    listed = listed_topic(text)
    topic = None if listed is None else listed.topic
    model = shipped()
    if model is None or not text.strip() or (listed is not None and not listed.plain):
        return Judged(topic, doubt=False, listed=topic)
    meant = model.asked(text, listed=None if topic is None else topic.value)
    found = topic or (Topic(meant.name) if meant.share >= CLEAR else Topic.UNCLEAR)
    return Judged(found if meant.stop else None, _doubt(meant, topic), topic)


def replied(text: str) -> Judged[Flaw]:
    """A sentence of a model's reply: held to what a child may not even ask about, too."""
    flaw = flaw_of(text)
    listed = listed_topic(text)
    unsafe = None if listed is None else Flaw.UNSAFE
    model = shipped()
    if flaw is not None or model is None or not text.strip():
        return Judged(flaw or unsafe, doubt=False, listed=flaw or unsafe)
    if listed is not None and not listed.plain:
        return Judged(unsafe, doubt=False, listed=unsafe)
    meant = model.replied(text, listed=None if unsafe is None else unsafe.value)
    return Judged(Flaw(meant.name) if meant.stop else None, _doubt(meant, unsafe), unsafe)


def _doubt(meant: Meant, listed: Topic | Flaw | None) -> bool:
    return meant.doubt or (listed is not None and not meant.stop)
