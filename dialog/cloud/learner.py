"""Who is asking, as far as an answer has to know: taken from where the lesson stands."""

from __future__ import annotations

from dialog.cloud.ports import Learner
from dialog.packs.model import Item, Level, Pack
from dialog.ports import DialogState, Language
from dialog.tutor_state import TutorState

MOST_WORDS = 12
MOST_SOUNDS = 3
UNSURE_BELOW_0_2 = 1.3
"""Mean score of a sound below which the child is working on it."""
LEAST_HEARD = 3.0
"""Sure observations of a sound before anything is said about it."""


def learner_of(state: DialogState, pack: Pack, *, age_band: str, language: Language) -> Learner:
    """What an answer is fitted to.

    Args:
        state: The tutor's, or of an engine around it whose data hold its own as ``inner``.
        pack: What is practised.
        age_band: As the family set it.
        language: Of instruction: what answers are wanted in until a question is in the other.
    """
    learner = Learner(age_band, Level.PRE_A1.value, language)
    tutor = _tutor_state(state)
    unit_id = "" if tutor is None else tutor.asking.id.partition("/")[0]
    unit = next((each for each in pack.units if each.id == unit_id), None)
    if tutor is None or unit is None:
        return learner
    items = {item.id: item for item in pack.items()}
    ahead = [items[planned.item] for planned in tutor.queue if planned.item in items]
    asked = items.get(tutor.asking.id)
    wanted = [*([asked] if asked is not None else []), *ahead]
    sounds = sorted(
        (each.mean_0_2, each.phone)
        for each in tutor.child.sounds
        if each.mean_0_2 < UNSURE_BELOW_0_2 and each.heard >= LEAST_HEARD
    )
    return Learner(
        age_band=age_band,
        level=(asked or unit.items[0]).level.value,
        language=language,
        lesson=unit.title.en,
        words=tuple(dict.fromkeys(_word(item) for item in wanted))[:MOST_WORDS],
        sounds=tuple(phone for _, phone in sounds[:MOST_SOUNDS]),
    )


def _word(item: Item) -> str:
    return item.key or item.answers[0] if item.answers else item.model


def _tutor_state(state: DialogState) -> TutorState | None:
    data = state.data
    while not isinstance(data, TutorState):
        inner = getattr(data, "inner", None)
        if not isinstance(inner, DialogState):
            return None
        data = inner.data
    return data
