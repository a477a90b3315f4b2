"""The pack that every speaker carries, held to what was promised about it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialog.commands import listened_for
from dialog.kinds import asks
from dialog.packs import starter_pack, starter_path
from dialog.packs.check import check_pack
from dialog.packs.levels import LEVELS, level_of, unsuitable_words
from dialog.packs.model import Chant, Description, Item, Kind, Level, Pair, RolePlay, Text
from dialog.packs.pronunciations import dictionary_path, known_words
from dialog.packs.speech import near_wake_phrase, sentences
from dialog.packs.wording import plain

PACK = starter_pack()
ITEMS = tuple(PACK.items())
PLAYS = tuple(PACK.plays())
PUBLISHED = Path(__file__).parent / "starter_ids.txt"


def every_text() -> list[Text]:
    texts = [PACK.title]
    for unit in PACK.units:
        texts += [unit.title, unit.intro, *(item.prompt for item in unit.items)]
        texts += [item.hint for item in unit.items if item.hint.en]
        for item in unit.items:
            texts += [ask.prompt for ask in asks(item)]
            if isinstance(item.detail, Description):
                texts += [idea.ask for idea in item.detail.ideas]
        for play in unit.plays:
            texts += [play.title, play.scene, *(step.cue for step in play.steps if step.branches)]
    return list(dict.fromkeys(texts))


def every_english() -> list[str]:
    said = [part for item in ITEMS for part in (item.model, item.reply) if part]
    said += [ask.english for item in ITEMS for ask in asks(item) if ask.english]
    for play in PLAYS:
        for step in play.steps:
            said += [step.says, *(branch.model for branch in step.branches)]
    return list(dict.fromkeys([*said, *(text.en for text in every_text())]))


def spoken(item: Item) -> Iterator[str]:
    """Every word that a child may be asked to say."""
    for ask in asks(item):
        for answer in ask.answers:
            yield from answer.split()


def test_the_check_finds_nothing() -> None:
    assert check_pack(starter_path()) == []


def test_it_is_as_large_and_varied_as_promised() -> None:
    assert len(PACK.units) >= 20
    assert len(ITEMS) >= 400
    assert len(PLAYS) >= 10
    assert sum(play.story for play in PLAYS) >= 5
    kinds = Counter(item.kind for item in ITEMS)
    assert kinds[Kind.PAIR] >= 40
    assert min(kinds[kind] for kind in Kind) >= 6
    assert {item.level for item in ITEMS} == set(Level)
    assert PACK.licence == "CC-BY-SA-4.0"


def test_the_contrasts_that_are_hard_for_mandarin_speakers_are_there() -> None:
    contrasts = {(item.sound, item.detail.against) for item in ITEMS if type(item.detail) is Pair}
    both_ways = contrasts | {(other, one) for one, other in contrasts}
    wanted = [("TH", "S"), ("DH", "D"), ("V", "W"), ("L", "N"), ("R", "L"), ("IY", "IH"),
              ("AE", "EH"), ("N", "NG"), ("T", ""), ("D", ""), ("L", ""), ("R", "")]  # fmt: skip
    assert [pair for pair in wanted if pair not in both_ways] == []


def test_no_model_is_practised_twice_in_the_same_way() -> None:
    counts = Counter((item.kind, item.english, item.model, item.detail) for item in ITEMS)
    assert [what for what, count in counts.items() if count > 1] == []


def test_every_role_play_has_a_choice_that_changes_what_follows() -> None:
    for play in PLAYS:
        choices = [len({branch.next for branch in step.branches}) for step in play.steps]
        assert (max(choices) > 1) is not play.story


def test_every_play_comes_to_its_end_whatever_is_answered() -> None:
    def longest(play: RolePlay, step_id: str) -> int:
        step = play.step(step_id)
        return 1 + max((longest(play, branch.next) for branch in step.branches), default=0)

    for play in PLAYS:
        assert longest(play, play.steps[0].id) <= len(play.steps)


def test_everything_has_both_languages() -> None:
    for text in every_text():
        assert text.en.strip()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh), text


def test_no_prompt_is_used_twice_in_chinese() -> None:
    counts = Counter(item.prompt.zh for item in ITEMS)
    assert [prompt for prompt, count in counts.items() if count > 1] == []


def test_nothing_wakes_a_speaker_and_all_is_sayable() -> None:
    for text in every_english():
        assert near_wake_phrase(text) == "", text
        assert not any(letter.isdigit() for letter in text), text
    for text in {part for item in ITEMS if item.kind is not Kind.CHANT for part in [item.english]}:
        assert sentences(text) <= 3, text


@pytest.mark.parametrize(
    "text", ["Hey Jarvis.", "Say hey, Jarvis!", "Jarvis", "Hello Myna!", "hey, Mynah", "Hello mina"]
)
def test_a_wake_phrase_would_be_found(text: str) -> None:
    assert near_wake_phrase(text)


def test_every_word_is_in_the_recognisers_dictionary() -> None:
    words = known_words()
    assert {word for item in ITEMS for word in spoken(item)} - words == set()
    branches = [branch for play in PLAYS for step in play.steps for branch in step.branches]
    answers = [answer for branch in branches for answer in branch.answers]
    assert {word for answer in answers for word in answer.split()} - words == set()


def test_no_model_holds_a_word_above_its_level() -> None:
    too_hard = [
        (item.id, word)
        for item in ITEMS
        for word in item.answers[0].split()
        if (level := level_of(word)) is None or LEVELS.index(level) > LEVELS.index(item.level)
    ]
    assert too_hard == []


def test_nothing_unsuitable_is_said_or_expected() -> None:
    texts = [*every_english(), *(answer for item in ITEMS for answer in item.answers)]
    assert {word for text in texts for word in plain(text).split()} & unsuitable_words() == set()


def test_a_pair_differs_in_its_sound_alone() -> None:
    said: dict[str, list[list[str]]] = defaultdict(list)
    for line in dictionary_path().read_text("utf-8").splitlines():
        word, *phones = line.split()
        said[word.partition("(")[0]].append([phone.rstrip("012") for phone in phones])

    def contrasts(one: list[str], other: list[str]) -> set[tuple[str, str]]:
        if len(one) == len(other):
            differing = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
            return set(differing) if len(differing) == 1 else set()
        left_out = [n for n in range(len(one)) if one[:n] + one[n + 1 :] == other]
        return {(one[n], "") for n in left_out}

    for item in ITEMS:
        if isinstance(item.detail, Pair):
            found = [
                contrast
                for one in said[item.detail.first]
                for other in said[item.detail.second]
                for contrast in contrasts(one, other)
            ]
            assert (item.sound, item.detail.against) in found, item.id


def test_a_chant_can_be_said_in_its_beat() -> None:
    for item in ITEMS:
        if isinstance(item.detail, Chant):
            for line in item.detail.lines:
                words_per_s = len(line.text.split()) / item.detail.length_s(line)
                assert 1.0 <= words_per_s <= 3.5, (item.id, line.text)


def test_items_are_fair() -> None:
    for item in ITEMS:
        assert item.answers[0] == plain(item.model), item.id
        assert all(answer == plain(answer) for answer in item.answers), item.id
        if item.kind in (Kind.WORD, Kind.PHRASE):
            assert plain(item.english) == item.answers[0], item.id
        if item.key:
            assert item.key in " ".join(item.answers) or item.key == "yes", item.id
        assert len(item.answers) <= 60, item.id


def test_commands_stay_within_reach_of_every_item() -> None:
    for item in ITEMS:
        heard = listened_for(item.answers)
        assert {"repeat", "skip", "help", "wait"} <= set(heard)


def test_the_model_of_an_item_is_rarely_one_to_wait_for() -> None:
    """Only where a child may well go on does Myna wait a second after the model answer."""
    slow = [
        item.id
        for item in ITEMS
        if any(other.startswith(item.answers[0] + " ") for other in item.answers)
    ]
    assert slow == []


def test_progress_survives_an_update_of_the_pack() -> None:
    """An item's id is what progress names: what was published once stays, with its kind."""
    published = [line.split() for line in PUBLISHED.read_text("utf-8").splitlines()]
    now = {item.id: item.kind.value for item in ITEMS}
    now |= {f"{play.id}/{step.id}": "step" for play in PLAYS for step in play.steps}
    gone = [(item_id, kind) for item_id, kind in published if now.get(item_id) != kind]
    assert gone == []
    assert len(published) == len(now), "add new ids to starter_ids.txt"
