"""How a child says each sound: a belief per phone that grows sharper with speech, duller with time.

For every phone the child's true mean score is believed to be normal. A scored phone is a noisy
look at it, the noisier the less sure the scorer was, and both are joined as a Kalman filter does
(one state, no motion but time): gain k = P / (P + R), mean += k (score - mean), P *= 1 - k. Days
without a word let the deviation grow back towards that of a child never heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime

from dialog.ports import PhoneScore, Pronunciation, SoundMemory

PRIOR_0_2, PRIOR_HARD_0_2 = 1.75, 1.5
"""Mean score of a child never heard: of most phones, and of those hard for Mandarin speakers."""
PRIOR_DEVIATION = 0.35
HARD_FOR_MANDARIN = frozenset({"TH", "DH", "V", "Z", "R", "L", "NG", "ZH", "IH", "AE", "UH"})
LOOK_DEVIATION = 0.6
"""Of one phone's score around the child's mean for it, when the scorer is sure."""
LEAST_SURE = 0.2
"""Below this a score says nothing."""
DULLING_PER_DAY = 0.0015
"""Variance that a day adds: after three months a belief is nearly the prior's width again."""

GOOD_ENOUGH_0_2 = 1.5
"""A child's mean from which a sound needs no lesson of its own."""
WEAK_CHANCE = 0.75
"""A sound counts as hard when it is below that with this chance: not after one slip."""


def fresh(phone: str, now: datetime) -> SoundMemory:
    """What is believed of a phone before the child has said it."""
    mean = PRIOR_HARD_0_2 if phone in HARD_FOR_MANDARIN else PRIOR_0_2
    return SoundMemory(phone, mean, PRIOR_DEVIATION, 0.0, now)


def dulled(sound: SoundMemory, now: datetime) -> SoundMemory:
    """The belief as it is worth today."""
    days = max(0.0, (now - sound.updated).total_seconds() / 86_400)
    variance = min(PRIOR_DEVIATION**2, sound.deviation**2 + DULLING_PER_DAY * days)
    return SoundMemory(
        sound.phone, sound.mean_0_2, math.sqrt(variance), sound.heard, max(now, sound.updated)
    )


def heard(sound: SoundMemory, score: PhoneScore, now: datetime) -> SoundMemory:
    """The belief after one more phone was scored."""
    if score.sure < LEAST_SURE:
        return sound
    sound = dulled(sound, now)
    variance = sound.deviation**2
    gain = variance / (variance + LOOK_DEVIATION**2 / min(1.0, score.sure))
    return SoundMemory(
        phone=sound.phone,
        mean_0_2=sound.mean_0_2 + gain * (score.score_0_2 - sound.mean_0_2),
        deviation=math.sqrt((1.0 - gain) * variance),
        heard=sound.heard + score.sure,
        updated=sound.updated,
    )


def after(
    sounds: Mapping[str, SoundMemory], pronunciation: Pronunciation, now: datetime
) -> dict[str, SoundMemory]:
    """The sounds that an utterance told something about, as they now are."""
    changed: dict[str, SoundMemory] = {}
    for score in pronunciation.phones():
        if score.sure >= LEAST_SURE:
            before = changed.get(score.phone) or sounds.get(score.phone) or fresh(score.phone, now)
            changed[score.phone] = heard(before, score, now)
    return changed


def weak_chance(sound: SoundMemory, now: datetime) -> float:
    """Chance from 0 to 1 that the child's mean for this phone is below `GOOD_ENOUGH_0_2`."""
    sound = dulled(sound, now)
    return 0.5 * (
        1.0 + math.erf((GOOD_ENOUGH_0_2 - sound.mean_0_2) / (sound.deviation * math.sqrt(2.0)))
    )


def weak_sounds(sounds: Iterable[SoundMemory], now: datetime) -> tuple[str, ...]:
    """Phones that this child finds hard, the surest first."""
    chances = {sound.phone: weak_chance(sound, now) for sound in sounds if sound.heard > 0.0}
    hard = [phone for phone, chance in chances.items() if chance >= WEAK_CHANCE]
    return tuple(sorted(hard, key=lambda phone: (-chances[phone], phone)))
