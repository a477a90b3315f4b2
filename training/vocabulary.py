"""Which words the recogniser knows, how they are said, and how common they are."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pocketsphinx
import yaml

from dialog import matching
from dialog.commands import ALSO_UNDERSTOOD, LISTENED_FOR
from dialog.phone_set import PHONES
from dialog.pronounce import phones
from training.corpus import Utterance

COMMON_WORDS = 4000
"""Taken from CMUdict, by how common the pocketsphinx wheel's language model has them."""
PACK = Path(__file__).parents[1] / "dialog" / "packs" / "starter"
OWN = {"myna": [("M", "AY", "N", "AH")]}
LEAST_COMMON = 1e-6
_HAN = re.compile(r"[\u4e00-\u9fff]")

Dictionary = Mapping[str, Sequence[tuple[str, ...]]]


def lesson_sentences() -> list[str]:
    """Everything in English that the lesson pack and the commands have a child say, and more."""
    said = [w for table in (LISTENED_FOR, ALSO_UNDERSTOOD) for ws in table.values() for w in ws]
    return [text for text in [*said, *_pack_texts()] if text.isascii()]


def chinese_sentences() -> list[str]:
    """Everything in Chinese that the lesson pack says."""
    return [text for text in _pack_texts() if _HAN.search(text)]


def lexicon(
    utterances: Iterable[Utterance], dictionary: Dictionary
) -> dict[str, list[tuple[str, ...]]]:
    """Words of the lessons, the commands, the corpus, and common ones; with pronunciations.

    The corpus adds how its canonical transcription says a word where no dictionary has it.
    """
    corpus: dict[str, Counter[tuple[str, ...]]] = {}
    for utterance in utterances:
        for word, spoken in zip(utterance.words, utterance.phones, strict=True):
            said = tuple(PHONES[phone] for phone in spoken)
            corpus.setdefault(word, Counter())[said] += 1
    lessons = lesson_sentences()
    # Both as written ("it's") and as answers are compared ("it is").
    wanted = {word.strip('.,!?;:"()').lower() for text in lessons for word in text.split()}
    wanted |= {word for text in lessons for word in matching.words(text)}
    wanted |= set(corpus) | set(_common(dictionary))
    entries: dict[str, list[tuple[str, ...]]] = dict(OWN)
    for word in sorted(wanted):
        if not word.replace("'", "").isalpha() or word in entries:
            continue
        known = list(dictionary.get(word, ()))[:3]
        if not known and word in corpus:
            known = [corpus[word].most_common(1)[0][0]]
        if not known and phones(word):
            known = [tuple(phones(word).split())]
        if known:
            entries[word] = known
    return entries


def commonness(words: Iterable[str], utterances: Iterable[Utterance]) -> dict[str, float]:
    """Probability of each word in open speech: half general English, half lessons and reading."""
    model = _language_model()
    counts = Counter(word for utterance in utterances for word in utterance.words)
    counts.update(word for text in lesson_sentences() for word in matching.words(text))
    total = sum(counts.values())
    return {
        word: max(LEAST_COMMON, 0.5 * math.exp(_log(model, word)) + 0.5 * counts[word] / total)
        for word in words
    }


def _common(dictionary: Dictionary) -> list[str]:
    model = _language_model()
    words = [word for word in dictionary if word.replace("'", "").isalpha()]
    words = [word for word in words if len(word) > 1 or word in "ai"]
    return sorted(words, key=lambda word: (-_log(model, word), word))[:COMMON_WORDS]


def _language_model() -> pocketsphinx.NGramModel:
    path = f"{pocketsphinx.get_model_path()}/en-us/en-us.lm.bin"
    config = pocketsphinx.Config()
    return pocketsphinx.NGramModel(config, pocketsphinx.LogMath(), path)


def _log(model: pocketsphinx.NGramModel, word: str) -> float:
    """Natural log of the unigram probability."""
    return math.log(1.0001) * model.prob([word])


def _pack_texts() -> Iterator[str]:
    for path in sorted(PACK.rglob("*.yaml")):
        yield from _texts(yaml.safe_load(path.read_text(encoding="utf-8")))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return []


def write(lexicon: Dictionary, path: Path) -> None:
    """For `dialog.lexicon`: a line for each pronunciation, word first."""
    lines = [f"{word} {' '.join(spoken)}\n" for word in sorted(lexicon) for spoken in lexicon[word]]
    path.write_text("".join(lines), encoding="utf-8")
