"""Every mistake of a pack at once, each with file, line and remedy.

`form_problems` is what a speaker insists on before it uses a pack. `check_pack` adds what a
teacher wants to know before giving it to children: words that the recogniser cannot pronounce,
items too long for their level, texts that a voice cannot say well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from core.errors import PackError
from dialog.packs.loader import PackSources, answers_of, model_of, read_sources
from dialog.packs.pronunciations import known_words
from dialog.packs.source import Problem, Source
from dialog.packs.speech import speech_faults
from dialog.packs.wording import fill, goes_on, plain, slot_names

Raw = Any  # plain data that the schema has been held against
Where = tuple[str | int, ...]

MAX_WORDS = {"pre-a1": 5, "a1": 9}
"""Words of a model answer: what a child of that level holds in mind and says in one breath."""
MAX_WORDS_ASKED = {"pre-a1": 10, "a1": 16}
"""Words that Myna says in English before the child's turn."""


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
        return [Problem(str(path), 0, message or remedy, remedy)]
    problems = form_problems(sources)
    words = known_words() if dictionary is None else dictionary
    for source in _sound_units(sources):
        problems += _teaching_problems(source, words)
    if not any(problem.file == sources.manifest.file for problem in problems):
        problems += _text_problems(sources.manifest, sources.manifest.data, ())
    return sorted(set(problems), key=lambda p: (p.file, p.line, p.message))


def form_problems(sources: PackSources) -> list[Problem]:
    """What keeps a pack from being used: its form, its ids, its answers, its branches."""
    problems = list(sources.problems)
    problems += _twice(sources)
    for source in _sound_units(sources):
        for where, item in _items(source):
            problems += _answer_problems(source, where, item)
        for where, play in _plays(source):
            problems += _play_problems(source, where, play)
    return sorted(set(problems), key=lambda p: (p.file, p.line, p.message))


def _sound_units(sources: PackSources) -> list[Source]:
    """Units whose form is right: only those can be looked into further."""
    broken = {problem.file for problem in sources.problems}
    return [source for source in sources.units if source.file not in broken]


def _items(source: Source) -> Iterator[tuple[Where, Raw]]:
    raw: Raw = source.data
    yield from ((("items", n), item) for n, item in enumerate(raw["items"]))


def _plays(source: Source) -> Iterator[tuple[Where, Raw]]:
    raw: Raw = source.data
    yield from ((("plays", n), play) for n, play in enumerate(raw.get("plays", [])))


def _problem(source: Source, where: Where, message: str, remedy: str) -> Problem:
    return Problem(source.file, source.line(where), message, remedy)


# --------------------------------------------------------------------- ids


def _twice(sources: PackSources) -> Iterator[Problem]:
    units: set[str] = set()
    for source in _sound_units(sources):
        raw: Raw = source.data
        if raw["id"] in units:
            yield _problem(
                source, ("id",), f"the unit {raw['id']!r} is there twice", "give it another id"
            )
        units.add(raw["id"])
        seen: set[str] = set()
        for where, part in [*_items(source), *_plays(source)]:
            if part["id"] in seen:
                yield _problem(
                    source,
                    (*where, "id"),
                    f"the id {part['id']!r} is there twice in this unit",
                    "give the second one another id",
                )
            seen.add(part["id"])


# ----------------------------------------------------------------- answers


def _answer_problems(source: Source, where: Where, raw: Raw) -> Iterator[Problem]:
    """Mistakes in the answers of one item or branch."""
    slots = raw.get("slots", {})
    wordings: dict[str, list[str]] = {}
    for key in ("answers", "short", "confusions"):
        for n, template in enumerate(raw.get(key, [])):
            unknown = [name for name in slot_names(template) if name not in slots]
            if unknown:
                yield _problem(
                    source,
                    (*where, key, n),
                    f"{template!r} names the slot {unknown[0]!r}, which is not there",
                    f"add slots: with {unknown[0]}: and its words",
                )
            elif "{" in template.replace("{", "", len(slot_names(template))):
                yield _problem(
                    source, (*where, key, n), f"{template!r} has a stray brace", "write {name}"
                )
            else:
                wordings.setdefault(key, []).append(template)
    try:
        answers = fill(wordings.get("answers", []), slots)
        short = fill(wordings.get("short", []), slots)
        confusions = fill(wordings.get("confusions", []), slots)
    except (KeyError, OverflowError):
        yield _problem(
            source, (*where, "slots"), "the slots make too many wordings", "use fewer words in them"
        )
        return
    spoken = raw.get("model") or (raw["english"] if raw.get("kind") in ("word", "phrase") else "")
    if spoken and plain(spoken) and not raw.get("open"):
        answers = tuple(dict.fromkeys((plain(spoken), *answers)))
    if raw.get("open") and "model" not in raw:
        yield _problem(
            source, where, "an open question has no model", 'add model: "My name is Li."'
        )
    if not answers and not raw.get("open"):
        yield _problem(source, where, "there is no right answer", "add answers: [ … ]")
    yield from _repeated(source, where, raw)
    for wrong in confusions:
        if wrong in answers or wrong in short:
            yield _problem(
                source,
                (*where, "confusions"),
                f"{wrong!r} is both right and wrong",
                "take it out of answers or out of confusions",
            )
    yield from _prefixes(source, where, answers, short)


def _repeated(source: Source, where: Where, raw: Raw) -> Iterator[Problem]:
    counts = Counter(raw.get("answers", []) + raw.get("short", []))
    for key in ("answers", "short"):
        for n, answer in enumerate(raw.get(key, [])):
            if counts[answer] > 1:
                yield _problem(
                    source, (*where, key, n), f"the answer {answer!r} is there twice", "keep one"
                )
                counts[answer] = 1


def _prefixes(
    source: Source, where: Where, answers: tuple[str, ...], short: tuple[str, ...]
) -> Iterator[Problem]:
    everything = answers + short
    for answer in answers:
        longer = next((other for other in everything if goes_on(answer, other)), None)
        if longer is not None:
            yield _problem(
                source,
                (*where, "answers"),
                f"the answer {answer!r} begins {longer!r}: the turn has to wait for the rest",
                "move it to short: if it is meant, or remove it",
            )
    for answer in short:
        if answer in answers:
            yield _problem(
                source,
                (*where, "short"),
                f"{answer!r} is in answers and in short",
                "keep it in one of them",
            )


# --------------------------------------------------------------- role plays


def _play_problems(source: Source, where: Where, play: Raw) -> Iterator[Problem]:
    steps: dict[str, Raw] = {}
    at: dict[str, Where] = {}
    for n, step in enumerate(play["steps"]):
        place = (*where, "steps", n)
        if step["id"] in steps:
            yield _problem(
                source, (*place, "id"), f"the step {step['id']!r} is there twice", "rename one"
            )
            continue
        steps[step["id"]], at[step["id"]] = step, place
    for step_id, step in steps.items():
        taken: set[str] = set()
        for n, branch in enumerate(step.get("branches", [])):
            place = (*at[step_id], "branches", n)
            yield from _answer_problems(source, place, branch)
            if branch["next"] not in steps:
                yield _problem(
                    source,
                    (*place, "next"),
                    f"the step {branch['next']!r} is not in this play",
                    f"use one of: {', '.join(steps)}",
                )
            if all(
                name in branch.get("slots", {})
                for a in _templates(branch)
                for name in slot_names(a)
            ):
                both = taken.intersection(answers_of(branch))
                for answer in sorted(both):
                    yield _problem(
                        source, place, f"{answer!r} leads two ways", "leave it in one branch"
                    )
                taken.update(answers_of(branch))
    yield from _walk_problems(source, at, steps, play["steps"][0]["id"])


def _templates(raw: Raw) -> list[str]:
    return [*raw.get("answers", []), *raw.get("short", [])]


def _walk_problems(
    source: Source, at: dict[str, Where], steps: dict[str, Raw], first: str
) -> Iterator[Problem]:
    """Loops, and steps that no way leads to."""
    done: set[str] = set()
    on_the_way: set[str] = set()
    loops: list[str] = []

    def walk(step_id: str) -> None:
        on_the_way.add(step_id)
        for branch in steps[step_id].get("branches", []):
            following = branch["next"]
            if following in on_the_way:
                loops.append(step_id)
            elif following in steps and following not in done:
                walk(following)
        on_the_way.discard(step_id)
        done.add(step_id)

    walk(first)
    for step_id in dict.fromkeys(loops):
        yield _problem(
            source,
            at[step_id],
            f"the play goes round in circles after {step_id!r}",
            "lead every branch forward, to a step that ends",
        )
    for step_id, place in at.items():
        if step_id not in done:
            yield _problem(
                source,
                place,
                f"no answer leads to the step {step_id!r}",
                "name it as the next of a branch, or remove it",
            )


# ----------------------------------------------------------------- teaching


def _teaching_problems(source: Source, words: Collection[str]) -> Iterator[Problem]:
    raw: Raw = source.data
    yield from _text_problems(source, raw, ())
    for where, item in _items(source):
        yield from _word_problems(source, where, item, words)
        yield from _length_problems(source, where, item, item["level"], item["english"])
    for where, play in _plays(source):
        for n, step in enumerate(play["steps"]):
            place = (*where, "steps", n)
            yield from _length_problems(source, place, {}, play["level"], step["says"])
            for m, branch in enumerate(step.get("branches", [])):
                branch_place = (*place, "branches", m)
                yield from _word_problems(source, branch_place, branch, words)
                yield from _length_problems(source, branch_place, branch, play["level"], "")


def _word_problems(
    source: Source, where: Where, raw: Raw, words: Collection[str]
) -> Iterator[Problem]:
    try:
        answers = answers_of(raw)
    except (KeyError, OverflowError):
        return  # told already as a mistake of form
    spoken = [*answers, raw.get("key", ""), *raw.get("confusions", [])]
    heard = dict.fromkeys(word for answer in spoken for word in answer.split() if "{" not in word)
    for word in heard:
        if word not in words:
            yield _problem(
                source,
                where,
                f"the recogniser does not know the word {word!r}",
                "check its spelling or use a more common word",
            )


def _length_problems(
    source: Source, where: Where, raw: Raw, level: str, asked: str
) -> Iterator[Problem]:
    try:
        model = model_of(raw) if raw else ""
    except (KeyError, OverflowError):
        return
    longest = MAX_WORDS[level]
    if len(model.split()) > longest:
        yield _problem(
            source,
            where,
            f"the model answer has {len(model.split())} words, too many for {level}",
            f"keep it to {longest} words or raise the level",
        )
    if len(asked.split()) > MAX_WORDS_ASKED[level]:
        yield _problem(
            source,
            where,
            f"Myna says {len(asked.split())} English words at once, too many for {level}",
            f"keep it to {MAX_WORDS_ASKED[level]} words",
        )


_ENGLISH_KEYS = ("english", "model", "reply", "says")


def _text_problems(source: Source, value: Raw, where: Where) -> Iterator[Problem]:
    """Texts anywhere in a file that a voice cannot say well, or that wake Myna herself."""
    if isinstance(value, list):
        for n, part in enumerate(value):
            yield from _text_problems(source, part, (*where, n))
    elif isinstance(value, dict):
        spoken_pair = set(value) == {"en", "zh"}
        for key, part in value.items():
            place = (*where, key)
            if isinstance(part, str) and (spoken_pair or key in _ENGLISH_KEYS):
                language = "zh" if spoken_pair and key == "zh" else "en"
                for message, remedy in speech_faults(part, language):
                    yield _problem(source, place, message, remedy)
            else:
                yield from _text_problems(source, part, place)
