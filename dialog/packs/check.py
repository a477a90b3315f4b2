"""Every mistake of a pack at once, each with file, line and remedy.

`form_problems` is what a speaker insists on before it uses a pack. `check_pack` adds what a
teacher wants to know before giving it to children: words that the recogniser cannot pronounce,
items too hard or too long for their level, texts that a voice cannot say well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from core.errors import PackError
from dialog.packs.check_answers import answer_problems
from dialog.packs.check_kinds import kind_problems
from dialog.packs.check_plays import play_problems, story_problems
from dialog.packs.check_teaching import teaching_problems, text_problems
from dialog.packs.files import MANIFEST
from dialog.packs.levels import LEVELS
from dialog.packs.loader import PackSources, read_sources
from dialog.packs.model import Level
from dialog.packs.parts import Raw, items, plays, problem, stories
from dialog.packs.pronunciations import known_words
from dialog.packs.source import Problem, Source


def check_pack(path: Path, dictionary: Collection[str] | None = None) -> list[Problem]:
    """All mistakes of the pack at `path`; empty when it is good.

    Args:
        path: Folder or zip.
        dictionary: Words that the recogniser can pronounce; the shipped one when None.
    """
    try:
        sources = read_sources(path)
    except PackError as error:
        message, _, remedy = str(error).rpartition("; ")
        return [Problem(MANIFEST, 0, message.removeprefix(f"{path}: ") or remedy, remedy)]
    problems = form_problems(sources)
    words = known_words() if dictionary is None else dictionary
    manifest_is_sound = all(each.file != sources.manifest.file for each in sources.problems)
    extra = _extra_words(sources.manifest) if manifest_is_sound else {}
    for source in _sound_units(sources):
        problems += teaching_problems(source, words, extra)
    if manifest_is_sound:
        problems += text_problems(sources.manifest, sources.manifest.data, ())
    return _sorted(problems)


def form_problems(sources: PackSources) -> list[Problem]:
    """What keeps a pack from being used: its form, its ids, its answers, its branches."""
    problems = list(sources.problems)
    problems += _twice(sources)
    for source in _sound_units(sources):
        for where, item in items(source):
            problems += answer_problems(source, where, item)
            problems += kind_problems(source, where, item)
        for where, play in plays(source):
            problems += play_problems(source, where, play)
        for where, story in stories(source):
            problems += story_problems(source, where, story)
    return _sorted(problems)


def _sorted(problems: list[Problem]) -> list[Problem]:
    return sorted(set(problems), key=lambda each: (each.file, each.line, each.message))


def _sound_units(sources: PackSources) -> list[Source]:
    """Units whose form is right: only those can be looked into further."""
    broken = {problem.file for problem in sources.problems}
    return [source for source in sources.units if source.file not in broken]


def _extra_words(manifest: Source) -> dict[str, Level]:
    """Words that the pack declares, the lowest level of each."""
    raw: Raw = manifest.data
    declared = raw.get("words", {})
    return {word: level for level in reversed(LEVELS) for word in declared.get(level.value, [])}


def _twice(sources: PackSources) -> Iterator[Problem]:
    units: set[str] = set()
    for source in _sound_units(sources):
        raw: Raw = source.data
        if raw["id"] in units:
            yield problem(
                source, ("id",), f"the unit {raw['id']!r} is there twice", "give it another id"
            )
        units.add(raw["id"])
        seen: set[str] = set()
        for where, part in [*items(source), *plays(source), *stories(source)]:
            if part["id"] in seen:
                yield problem(
                    source,
                    (*where, "id"),
                    f"the id {part['id']!r} is there twice in this unit",
                    "give the second one another id",
                )
            seen.add(part["id"])
