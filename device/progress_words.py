"""A child's picture in words, English or Chinese. Nothing counts faults, nothing presses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from device.progress import Picture, SoundPicture
from dialog.teaching.profile import GOOD_ENOUGH_0_2

SHOWN_ITEMS = 12
BAR_WIDTH = 20

EXAMPLES: Mapping[str, tuple[str, str]] = {
    "AA": ("ɑ", "hot"), "AE": ("æ", "cat"), "AH": ("ʌ", "cup"), "AO": ("ɔ", "ball"),
    "AW": ("aʊ", "cow"), "AY": ("aɪ", "my"), "B": ("b", "bag"), "CH": ("tʃ", "chair"),
    "D": ("d", "dog"), "DH": ("ð", "this"), "EH": ("e", "bed"), "ER": ("ɜ", "bird"),
    "EY": ("eɪ", "day"), "F": ("f", "fish"), "G": ("g", "go"), "HH": ("h", "hat"),
    "IH": ("ɪ", "sit"), "IY": ("iː", "see"), "JH": ("dʒ", "jam"), "K": ("k", "key"),
    "L": ("l", "leg"), "M": ("m", "man"), "N": ("n", "nose"), "NG": ("ŋ", "sing"),
    "OW": ("oʊ", "go"), "OY": ("ɔɪ", "boy"), "P": ("p", "pen"), "R": ("r", "red"),
    "S": ("s", "sun"), "SH": ("ʃ", "ship"), "T": ("t", "ten"), "TH": ("θ", "think"),
    "UH": ("ʊ", "book"), "UW": ("uː", "blue"), "V": ("v", "very"), "W": ("w", "we"),
    "Y": ("j", "yes"), "Z": ("z", "zoo"), "ZH": ("ʒ", "television"),
}  # fmt: skip
"""IPA and a word for each ARPABET phone."""


@dataclass(frozen=True, slots=True)
class Words:
    """The texts around the figures, in one language; `{}` stands for a figure."""

    language: str
    title: str
    child: str
    learnt: str
    learning: str
    more: str
    due: str
    nothing_due: str
    gone: str
    plays: str
    minutes: str
    days: str
    sounds: str
    sounds_note: str
    no_sounds: str
    practise: str
    going_well: str
    not_sure: str
    sound: str
    guess: str
    between: str
    between_values: str
    next_step: str
    made: str
    practised: str
    not_practised: str


WORDS: Mapping[str, Words] = {
    "en": Words(
        language="en",
        title="Practising with Myna",
        child="Our child",
        learnt="Can say {}",
        learning="Learning {} now",
        more="and {} more",
        due="{} to meet again",
        nothing_due="Nothing waits to be met again",
        gone="{} from lessons that are no longer here, kept",
        plays="Plays and stories held: {}",
        minutes="{} minutes in all, {} in the last seven days",
        days="Practised on {} of the last seven days",
        sounds="Sounds",
        sounds_note="From 0 to 2, with the range that holds it nine times of ten.",
        no_sounds="Not enough heard yet to say something about single sounds",
        practise="a good one to practise",
        going_well="going well",
        not_sure="not sure yet",
        sound="Sound",
        guess="Best guess",
        between="Likely range",
        between_values="{}–{}",
        next_step="What now",
        made="Made on {} on this speaker. Nothing of it was sent anywhere.",
        practised="practised",
        not_practised="a day off",
    ),
    "zh": Words(
        language="zh-Hans",
        title="和麦娜一起练习",
        child="我们的孩子",
        learnt="会说 {} 句",
        learning="正在学 {} 句",
        more="还有 {} 句",
        due="{} 句等着再见面",
        nothing_due="没有等着复习的",
        gone="{} 句来自已不在的课程，仍然保留",
        plays="演过、讲过 {} 个",
        minutes="一共 {} 分钟，最近七天 {} 分钟",
        days="最近七天练了 {} 天",
        sounds="发音",
        sounds_note="从 0 到 2，并给出十有八九所在的范围。",
        no_sounds="听得还不够多，暂时说不出单个音的情况",
        practise="很适合练一练",
        going_well="说得不错",
        not_sure="还说不准",
        sound="音",
        guess="估计",
        between="可能的范围",
        between_values="{}–{}",
        next_step="接下来",
        made="{} 在这台音箱上生成，没有发送到任何地方。",
        practised="练了",
        not_practised="休息",
    ),
}


def lines_of(picture: Picture, words: Words) -> Iterator[str]:
    """The picture as lines for a terminal."""
    yield picture.nickname or words.child
    yield f"  {words.learnt.format(len(picture.learnt))}{_some(picture.learnt, words)}"
    yield f"  {words.learning.format(len(picture.learning))}{_some(picture.learning, words)}"
    yield f"  {due_text(picture, words)}"
    if picture.gone:
        yield f"  {words.gone.format(picture.gone)}"
    if picture.plays:
        yield f"  {words.plays.format(picture.plays)}"
    yield f"  {minutes_text(picture, words)}"
    week = "".join("●" if day else "·" for day in picture.days[-7:])
    yield f"  {words.days.format(picture.days_this_week)}  {week}"
    if not picture.sounds:
        yield f"  {words.no_sounds}"
        return
    yield f"  {words.sounds}. {words.sounds_note}"
    for sound in picture.sounds:
        named = f"{sound_name(sound):<16} {_bar(sound)} {sound.mean:.1f}"
        yield f"    {named}  {standing(sound, words)}"


def due_text(picture: Picture, words: Words) -> str:
    """What waits to be met again."""
    return words.due.format(picture.due) if picture.due else words.nothing_due


def minutes_text(picture: Picture, words: Words) -> str:
    """How long was practised."""
    return words.minutes.format(round(picture.minutes), round(picture.minutes_this_week))


def standing(sound: SoundPicture, words: Words) -> str:
    """How a sound stands, in a word: good only where that is known."""
    if sound.practise:
        return words.practise
    return words.going_well if sound.mean >= GOOD_ENOUGH_0_2 else words.not_sure


def sound_name(sound: SoundPicture) -> str:
    """``θ  think``."""
    ipa, word = EXAMPLES.get(sound.phone, (sound.phone, ""))
    return f"/{ipa}/ {word}".strip()


def _some(models: Sequence[str], words: Words) -> str:
    if not models:
        return ""
    named = ", ".join(model.rstrip(".!?") for model in models[:SHOWN_ITEMS])
    rest = len(models) - SHOWN_ITEMS
    return f": {named}" + (f", {words.more.format(rest)}" if rest > 0 else "")


def _bar(sound: SoundPicture) -> str:
    """0 to 2 as a line, the likely range as dashes, the best guess as a dot."""
    cells = ["·"] * (BAR_WIDTH + 1)
    low, high = (round(value / 2 * BAR_WIDTH) for value in (sound.low, sound.high))
    cells[low : high + 1] = ["─"] * (high - low + 1)
    cells[round(sound.mean / 2 * BAR_WIDTH)] = "●"
    return "".join(cells)
