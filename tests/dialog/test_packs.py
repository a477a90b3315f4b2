"""Packs from a folder or zip: what is accepted, what is refused, and in which words."""

from __future__ import annotations

import json
import re
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import PackError
from device.cli import main
from dialog.packs import choose_pack, load_pack, starter_path
from dialog.packs.check import check_pack
from dialog.packs.files import MAX_FILE_BYTES, MAX_FILES, safe_name
from dialog.packs.model import Kind, Level, Text
from dialog.packs.source import read_source
from dialog.packs.wording import aloud, fill, plain

HEAD = """\
format: 1
id: tiny
version: 0.1.0
licence: CC-BY-SA-4.0
title: {en: "Tiny", zh: "小小的"}
units: [unit.yaml]
"""
UNIT = """\
id: fruit
title: {en: "Fruit", zh: "水果"}
intro: {en: "Let's eat.", zh: "吃水果。"}
items:
  - id: apple
    kind: phrase
    level: pre-a1
    prompt: {en: "Say:", zh: "跟我说："}
    english: "A red apple."
    short: [red apple]
    key: apple
  - id: age
    kind: question
    level: a1
    prompt: {en: "Tell me.", zh: "你几岁了？"}
    english: "How old are you?"
    answers: ["i am {n}", "{n}"]
    slots: {n: [six, seven]}
    confusions: [red]
    patience_s: 12
"""
PLAY = """\
plays:
  - id: shop
    level: a1
    title: {en: "A shop", zh: "商店"}
    scene: {en: "I have a shop.", zh: "我开商店。"}
    steps:
      - id: hello
        says: "Hello! Apple or pear?"
        cue: {en: "Choose.", zh: "选一个。"}
        branches:
          - {answers: [an apple], next: bye}
          - {answers: [a pear], next: bye}
      - id: bye
        says: "Goodbye!"
"""
WORDS = frozenset(["a", "red", "apple", "i", "am", "six", "seven", "an", "pear", "yes", "no"])


def pack(tmp_path: Path, unit: str = UNIT, head: str = HEAD) -> Path:
    folder = tmp_path / "tiny"
    folder.mkdir(exist_ok=True)
    (folder / "pack.yaml").write_text(head, encoding="utf-8")
    (folder / "unit.yaml").write_text(unit, encoding="utf-8")
    return folder


def zipped(tmp_path: Path, members: dict[str, bytes | str]) -> Path:
    path = tmp_path / "pack.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def found(path: Path) -> list[tuple[str, int, str]]:
    return [(p.file, p.line, p.message) for p in check_pack(path, WORDS)]


def test_a_pack_becomes_values(tmp_path: Path) -> None:
    loaded = load_pack(pack(tmp_path, UNIT + PLAY))
    assert (loaded.id, loaded.version, loaded.licence) == ("tiny", "0.1.0", "CC-BY-SA-4.0")
    assert loaded.title == Text("Tiny", "小小的")
    apple, age = loaded.items()
    assert apple.id == "fruit/apple"
    assert (apple.kind, apple.level) == (Kind.PHRASE, Level.PRE_A1)
    assert apple.answers == ("a red apple", "red apple")
    assert apple.model == "A red apple."
    assert age.answers == ("i am six", "i am seven", "six", "seven")
    assert age.model == "I am six."
    assert age.confusions == ("red",)
    assert age.patience_s == 12.0
    (play,) = loaded.plays()
    assert play.id == "fruit/shop"
    assert [branch.next for branch in play.steps[0].branches] == ["bye", "bye"]
    assert play.step("bye").branches == ()


def test_a_good_pack_has_no_mistakes(tmp_path: Path) -> None:
    assert found(pack(tmp_path, UNIT + PLAY)) == []


@pytest.mark.parametrize("prefix", ["", "tiny/"])
def test_a_zip_holds_the_same_pack_as_its_folder(tmp_path: Path, prefix: str) -> None:
    path = zipped(tmp_path, {prefix + "pack.yaml": HEAD, prefix + "unit.yaml": UNIT})
    assert load_pack(path) == load_pack(pack(tmp_path))


def test_words_that_yaml_takes_for_truth_are_words(tmp_path: Path) -> None:
    unit = UNIT.replace('answers: ["i am {n}", "{n}"]', "answers: [yes, no]").replace(
        "    slots: {n: [six, seven]}\n", ""
    )
    assert list(load_pack(pack(tmp_path, unit)).items())[1].answers == ("yes", "no")


# one mistake each: what is replaced, by what, on which line it is told, in which words
MISTAKES = [
    ("level: pre-a1", "level: b2", 7, "items.1.level is 'b2'"),
    ("    level: a1\n", "", 12, "items.2 lacks 'level'"),
    (', zh: "跟我说："}', "}", 8, "items.1.prompt lacks 'zh'"),
    ("key: apple", "kee: apple", 11, "items.1 has 'kee', which a pack does not know"),
    ("id: age", "id: apple", 12, "the id 'apple' is there twice in this unit"),
    ("[red apple]", "[red appel]", 5, "the recogniser does not know the word 'appel'"),
    ("[red apple]", "[Red apple]", 10, "items.1.short.1 is 'Red apple'"),
    ("slots: {n: [six, seven]}", "slots: {n: [six, 7]}", 18,
     "items.2.slots.n.2 should be text and is a number (put it into quotes or write it as words)"),
    ('"{n}"]', '"{m}"]', 17, "'{m}' names the slot 'm', which is not there"),
    ('"{n}"]', '"{n}", "i am {n} a"]', 17,
     "the answer 'i am six' begins 'i am six a', so Myna waits a second for the rest"),
    ("confusions: [red]", "confusions: [six]", 19, "'six' is both right and wrong"),
    ("short: [red apple]", "short: [red apple, red apple]", 10,
     "the answer 'red apple' is there twice"),
    ("short: [red apple]", "answers: [a red apple yes]", 5,
     "the answer 'a red apple' begins 'a red apple yes', so Myna waits a second for the rest"),
    ('english: "A red apple."', 'english: "A <b>red</b> apple."', 9,
     "'A <b>red</b> apple.' has signs that an English voice cannot say"),
    ('english: "How old are you?"', 'english: "Are you 7?"', 16, "'Are you 7?' has digits"),
    ('zh: "跟我说："', 'zh: "say it"', 8, "'say it' has signs that a Chinese voice cannot say"),
    ('en: "Tell me."', 'en: "Hey, Jarvis!"', 15,
     "'Hey, Jarvis!' sounds like the wake phrase 'hey jarvis'"),
    ('en: "Tell me."', 'en: "One. Two. Three. Four."', 15,
     "'One. Two. Three. Four.' has more than three sentences"),
    ('english: "A red apple."', 'english: "A red red red red apple."', 5,
     "the model answer has 6 words, too many for pre-a1"),
    ("patience_s: 12", "patience_s: 90", 20, "items.2.patience_s is 90"),
    ("kind: question", "kind: question\n    kind: word", 14, "'kind' is there twice"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "message"), MISTAKES)
def test_each_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert UNIT.count(old) == 1
    assert ("unit.yaml", line, message) in found(pack(tmp_path, UNIT.replace(old, new)))


PLAY_MISTAKES = [
    ("{answers: [a pear], next: bye}", "{answers: [a pear], next: hello}", 28,
     "the play goes round in circles after 'hello'"),
    ("{answers: [a pear], next: bye}", "{answers: [a pear], next: by}", 33,
     "the step 'by' is not in this play"),
    ("{answers: [a pear], next: bye}", "{answers: [an apple], next: bye}", 33,
     "'an apple' leads two ways"),
    ("      - id: bye\n", '      - id: lost\n        says: "No."\n      - id: bye\n', 34,
     "no answer leads to the step 'lost'"),
    ('        cue: {en: "Choose.", zh: "选一个。"}\n', "", 28,
     "plays.1.steps.1 has only one of cue and branches"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "message"), PLAY_MISTAKES)
def test_a_role_play_leads_forward_to_an_end(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    lines = (UNIT + PLAY).splitlines()
    offset = lines.index("      - id: hello") + 1 - 28  # the table counts with the step on line 28
    text = (UNIT + PLAY).replace(old, new)
    assert text != UNIT + PLAY
    assert ("unit.yaml", line + offset, message) in found(pack(tmp_path, text))


def test_all_mistakes_come_at_once_and_sorted(tmp_path: Path) -> None:
    unit = UNIT.replace("pre-a1", "b2").replace("key: apple", "kee: apple")
    head = HEAD.replace("0.1.0", "one").replace("tiny", "Tiny Pack")
    assert [(file, line) for file, line, _ in found(pack(tmp_path, unit, head))] == [
        ("pack.yaml", 2),
        ("pack.yaml", 3),
        ("unit.yaml", 7),
        ("unit.yaml", 11),
    ]


def test_a_broken_pack_is_not_used(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"unit.yaml:7: items.1.level is 'b2'.*lessons check"):
        load_pack(pack(tmp_path, UNIT.replace("pre-a1", "b2")))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (UNIT.encode("gb18030"), "this is not UTF-8 text"),
        (UNIT.encode("utf-16"), "this is not UTF-8 text"),
        (b"", "it is empty"),
        (b"items: [", "this is not YAML"),
        (b"a: \x00", "this is not YAML"),
        (b"a: &x [1]\nb: *x\n", "anchors (&, *) are not allowed"),
        (b"a: !!python/object/apply:os.system [echo]\n", "the tag"),
        (b"[" * 5000, "nested too deeply"),
        (b"- [[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]", "nested too deeply"),
    ],
)
def test_files_that_are_no_yaml_give_a_sentence(raw: bytes, message: str) -> None:
    problems = read_source("unit.yaml", raw).problems
    assert [message in problem.message for problem in problems] == [True]


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8")))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    source = read_source("unit.yaml", raw)
    assert source.data is not None or source.problems


@given(st.recursive(st.text() | st.booleans() | st.integers(0, 99), st.lists, max_leaves=8))
@settings(max_examples=30, deadline=None)
def test_any_value_in_place_of_the_items_gives_a_sentence(value: object) -> None:
    from dialog.packs.form import schema_problems

    unit = UNIT.partition("items:")[0] + "items: " + json.dumps(value)
    source = read_source("unit.yaml", unit.encode())
    assert source.problems or schema_problems(source, "unit")


@pytest.mark.parametrize(
    "name", ["../unit.yaml", "/etc/passwd", "a/../../b.yaml", "c:\\x.yaml", "..", "", "a\\b"]
)
def test_a_name_never_leaves_the_pack(name: str) -> None:
    with pytest.raises(PackError, match="leaves the pack"):
        safe_name(name)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = pack(tmp_path)
    (tmp_path / "secret.yaml").write_text(UNIT, encoding="utf-8")
    (folder / "unit.yaml").unlink()
    (folder / "unit.yaml").symlink_to(tmp_path / "secret.yaml")
    assert found(folder) == [("pack.yaml", 6, "'unit.yaml' is a link out of the pack")]


def test_a_missing_unit_is_told_where_it_is_named(tmp_path: Path) -> None:
    folder = pack(tmp_path)
    (folder / "unit.yaml").unlink()
    assert found(folder) == [
        ("pack.yaml", 6, "unit.yaml cannot be read (No such file or directory)")
    ]


def test_a_zip_bomb_is_refused_before_it_inflates(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"pack.yaml": HEAD, "unit.yaml": b" " * 50_000_000})
    assert path.stat().st_size < 100_000
    with pytest.raises(PackError, match="unpacks to over 4 MB"):
        load_pack(path)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"pack.yaml": HEAD, "unit.yaml": b" " * (MAX_FILE_BYTES + 1)})
    with pytest.raises(PackError, match="larger than 512 kB"):
        load_pack(path)


def test_a_zip_that_lies_about_sizes_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"pack.yaml": HEAD, "unit.yaml": b" " * 5_000_000})
    raw = bytearray(path.read_bytes())
    real = (5_000_000).to_bytes(4, "little")
    assert raw.count(real) == 2
    path.write_bytes(bytes(raw).replace(real, (100).to_bytes(4, "little")))
    with pytest.raises(PackError, match=r"damaged|larger than"):
        load_pack(path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"../pack.yaml": HEAD}, "leaves the pack"),
        ({"readme.md": "hello"}, "needs exactly one pack.yaml"),
        ({"a/pack.yaml": HEAD, "b/pack.yaml": HEAD}, "needs exactly one pack.yaml"),
        ({f"{n}.yaml": "x" for n in range(MAX_FILES + 1)}, "more than 200 files"),
    ],
)
def test_zips_that_no_honest_pack_is(
    tmp_path: Path, members: dict[str, bytes | str], message: str
) -> None:
    with pytest.raises(PackError, match=message):
        load_pack(zipped(tmp_path, members))


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    link = zipfile.ZipInfo("unit.yaml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("pack.yaml", HEAD)
        file.writestr(link, "/etc/passwd")
    with pytest.raises(PackError, match=r"unit\.yaml is a link"):
        load_pack(path)


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04 not really", b"\x00" * 100])
def test_a_file_that_is_no_zip_gives_a_sentence(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "pack.zip"
    path.write_bytes(raw)
    with pytest.raises(PackError, match="not a folder and not a readable zip"):
        load_pack(path)


def test_a_truncated_zip_gives_a_sentence(tmp_path: Path) -> None:
    whole = zipped(tmp_path, {"pack.yaml": HEAD, "unit.yaml": UNIT}).read_bytes()
    path = tmp_path / "cut.zip"
    for size in range(0, len(whole), 17):
        path.write_bytes(whole[:size])
        with pytest.raises(PackError):
            load_pack(path)


def test_packs_are_chosen_by_id(tmp_path: Path) -> None:
    tiny = pack(tmp_path)
    assert choose_pack("tiny", [tiny]).id == "tiny"
    assert choose_pack("starter", [tiny]).id == "starter"
    with pytest.raises(PackError, match="set \\[lessons\\] pack to one of: starter, tiny"):
        choose_pack("tinny", [tiny])
    with pytest.raises(PackError, match="two lesson packs are called 'tiny'"):
        choose_pack("tiny", [tiny, tiny])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I'm seven, thank you!", "i'm seven thank you"),
        ("A T-shirt.", "a t shirt"),
        ("It’s  me", "it's me"),
        ("你好", ""),
    ],
)
def test_what_is_said_is_spelled_as_recognisers_spell(text: str, words: str) -> None:
    assert plain(text) == words


def test_answers_are_said_as_sentences() -> None:
    assert aloud("i am six and i'm happy") == "I am six and I'm happy."


def test_slots_are_filled_in_every_way() -> None:
    assert fill(["{a} and {b}", "{a}"], {"a": ["x", "y"], "b": ["z"]}) == (
        "x and z",
        "y and z",
        "x",
        "y",
    )


# ------------------------------------------------------------ command line


def test_check_says_what_is_wrong_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = pack(tmp_path, UNIT.replace("pre-a1", "b2"))
    assert main(["lessons", "check", str(folder)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{folder}: unit.yaml:7: items.1.level is 'b2'; use one of: pre-a1, a1, a2",
        f"{folder}: one mistake",
    ]


def test_check_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "nowhere"
    assert main(["lessons", "check", str(starter_path()), str(missing), "--json"]) == 1
    good, bad = map(json.loads, capsys.readouterr().out.splitlines())
    assert (good["ok"], good["id"], good["problems"]) == (True, "starter", [])
    assert bad == {
        "pack": str(missing),
        "ok": False,
        "problems": [
            {
                "file": "pack.yaml",
                "line": 0,
                "message": "no such folder or zip",
                "remedy": "check the path",
            }
        ],
    }


def test_list_shows_the_starter_pack(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lessons", "list", "--json"]) == 0
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["id"], len(line["plays"]), len(line["stories"])) == ("starter", 8, 6)


def test_the_examples_of_the_documentation_are_a_good_pack(tmp_path: Path) -> None:
    guide = Path(__file__).parents[2] / "docs" / "lessons.md"
    head, *unit = re.findall(r"```yaml\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)
    (tmp_path / "units").mkdir()
    (tmp_path / "pack.yaml").write_text(head, encoding="utf-8")
    (tmp_path / "units" / "toys.yaml").write_text("".join(unit), encoding="utf-8")
    assert check_pack(tmp_path) == []
    loaded = load_pack(tmp_path)
    assert {item.kind for item in loaded.items()} == set(Kind) - {Kind.WORD}
    assert [play.story for play in loaded.plays()] == [False, True]
