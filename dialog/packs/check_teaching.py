"""What a teacher wants to know: unknown words, long sentences, hard words, unsayable texts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from dialog.packs.levels import LEVELS, level_of, unsuitable_words
from dialog.packs.model import Level
from dialog.packs.parts import Raw, Where, items, plays, problem, stories, wordings
from dialog.packs.said import english_of, model_of
from dialog.packs.source import Problem, Source
from dialog.packs.speech import speech_faults
from dialog.packs.wording import plain

MAX_WORDS = {"pre-a1": 5, "a1": 9, "a2": 14}
"""Words of a model answer: what a child of that level holds in mind and says in one breath."""
MAX_WORDS_ASKED = {"pre-a1": 10, "a1": 16, "a2": 24}
"""Words that Myna says in English before the child's turn."""
MAX_WORDS_TOLD = {"pre-a1": 16, "a1": 28, "a2": 40}
"""The same in a story, where one listens and only the last word is asked for."""
MAX_WORDS_CHANTED = {"pre-a1": 7, "a1": 9, "a2": 12}
"""Words of one line of a rhyme, which the beat helps to hold in mind."""

_ENGLISH_KEYS = ("english", "model", "reply", "says", "text", "end")


def teaching_problems(
    source: Source, dictionary: Collection[str], extra: Mapping[str, Level]
) -> Iterator[Problem]:
    """Mistakes in what a unit teaches.

    Args:
        source: A unit whose form is sound.
        dictionary: Words that the recogniser can pronounce.
        extra: Words that the pack itself declares, by level.
    """
    yield from text_problems(source, source.data, ())
    for turn in _turns(source):
        yield from _word_problems(source, turn, dictionary)
        yield from _length_problems(source, turn)
        yield from _level_problems(source, turn, extra)


def text_problems(source: Source, value: Raw, where: Where) -> Iterator[Problem]:
    """Texts anywhere in a file that a voice cannot say well, or that wake Myna herself."""
    if isinstance(value, list):
        for n, part in enumerate(value):
            yield from text_problems(source, part, (*where, n))
    elif isinstance(value, dict):
        spoken_pair = set(value) == {"en", "zh"}
        for key, part in value.items():
            place = (*where, key)
            if isinstance(part, str) and (spoken_pair or key in _ENGLISH_KEYS):
                language = "zh" if spoken_pair and key == "zh" else "en"
                for message, remedy in speech_faults(part, language):
                    yield problem(source, place, message, remedy)
                for word in sorted(unsuitable_words().intersection(plain(part).split())):
                    yield _unsuitable(source, place, word)
            else:
                yield from text_problems(source, part, place)


@dataclass(frozen=True, slots=True)
class _Turn:
    """Something that is asked: its place, raw answers if it has any, and Myna's English."""

    where: Where
    raw: Raw
    level: str
    english: str
    longest: Mapping[str, int] = field(default_factory=lambda: MAX_WORDS_ASKED)
    longest_model: Mapping[str, int] = field(default_factory=lambda: MAX_WORDS)

    @property
    def model(self) -> str:
        """What the child is to say; empty when nothing is, or the slots are wrong."""
        return model_of(self.raw) if self.raw and wordings(self.raw) else ""


def _turns(source: Source) -> Iterator[_Turn]:
    for where, item in items(source):
        if item["kind"] != "chant":
            yield _Turn(where, item, item["level"], english_of(item))
            continue
        for n, line in enumerate(item["chant"]["lines"]):
            place = (*where, "chant", "lines", n)
            said, text = {"model": line["text"]}, line["text"]
            yield _Turn(place, said, item["level"], text, longest_model=MAX_WORDS_CHANTED)
    for where, play in plays(source):
        for n, step in enumerate(play["steps"]):
            place = (*where, "steps", n)
            yield _Turn(place, {}, play["level"], step["says"])
            for m, branch in enumerate(step.get("branches", [])):
                yield _Turn((*place, "branches", m), branch, play["level"], "")
    for where, story in stories(source):
        for n, gap in enumerate(story["gaps"]):
            yield _Turn((*where, "gaps", n), gap, story["level"], gap["says"], MAX_WORDS_TOLD)
        yield _Turn((*where, "end"), {}, story["level"], story["end"], MAX_WORDS_TOLD)


def _word_problems(source: Source, turn: _Turn, dictionary: Collection[str]) -> Iterator[Problem]:
    raw = turn.raw
    spoken = [
        *(wordings(raw) if raw else ()),
        *raw.get("confusions", []),
        *(word for idea in raw.get("ideas", []) for word in idea["words"]),
        raw.get("key", ""),
        raw.get("pair", {}).get("not", ""),
        raw.get("spell", ""),
    ]
    for word in dict.fromkeys(word for text in spoken for word in text.split() if "{" not in word):
        if word not in dictionary:
            yield problem(
                source,
                turn.where,
                f"the recogniser does not know the word {word!r}",
                "check its spelling or use a more common word",
            )
        if word in unsuitable_words():
            yield _unsuitable(source, turn.where, word)


def _length_problems(source: Source, turn: _Turn) -> Iterator[Problem]:
    level = turn.level
    model_words = 0 if "spell" in turn.raw else len(turn.model.split())
    longest_model = turn.longest_model[level]
    if model_words > longest_model:
        yield problem(
            source,
            turn.where,
            f"the model answer has {model_words} words, too many for {level}",
            f"keep it to {longest_model} words or raise the level",
        )
    asked_words = len(turn.english.split())
    if asked_words > turn.longest[level]:
        yield problem(
            source,
            turn.where,
            f"Myna says {asked_words} English words at once, too many for {level}",
            f"keep it to {turn.longest[level]} words",
        )


def _level_problems(source: Source, turn: _Turn, extra: Mapping[str, Level]) -> Iterator[Problem]:
    """Words above the level; what is only listened to may be one level higher."""
    level = Level(turn.level)
    heard_at = LEVELS[min(LEVELS.index(level) + 1, len(LEVELS) - 1)]
    said = turn.raw.get("spell") or turn.model
    heard = f"{turn.english} {turn.raw.get('reply', '')}"
    told: set[str] = set()
    for text, most in ((said, level), (heard, heard_at)):
        for word in dict.fromkeys(plain(text).split()):
            found = level_of(word, extra)
            too_hard = found is None or LEVELS.index(found) > LEVELS.index(most)
            if word not in told and too_hard:
                told.add(word)
                yield problem(
                    source,
                    turn.where,
                    f"the word {word!r} is not one of {most.value}"
                    + (f" but of {found.value}" if found else ""),
                    "use an easier word, raise the level, or list it in pack.yaml under words:",
                )


def _unsuitable(source: Source, where: Where, word: str) -> Problem:
    return problem(
        source, where, f"{word!r} is no word for a child's lesson", "say it in other words"
    )
