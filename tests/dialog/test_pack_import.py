"""Lessons from tables and Anki decks, honest and hostile."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import PackError
from device.cli import main
from dialog.packs import load_pack
from dialog.packs.check import check_pack
from dialog.packs.importing import Header, anki, import_pack
from dialog.packs.importing.rows import MAX_ROWS, Row, chinese_of, english_of, shown
from dialog.packs.importing.writer import slug
from dialog.packs.model import Kind, Level, Pack

TABLE = """\
english,chinese,unit,kind,level,answers,key,sound
A red apple.,一个红苹果,Fruit,,,red apple|the red apple,apple,R
Where is the cat?,猫在哪里,Animals,,a1,under the bed|it is under the bed,,
cat,猫,Animals,,,,,
"""


def table(tmp_path: Path, text: str | bytes, name: str = "my words.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def imported(path: Path, **header: str) -> Pack:
    out = path.parent / "made"
    import_pack(path, out, Header(**header))
    assert check_pack(out) == []
    return load_pack(out)


def database(path: Path, notes: Sequence[Sequence[str]]) -> bytes:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (id integer primary key, flds text not null)")
        rows = [("\x1f".join(fields),) for fields in notes]
        connection.executemany("INSERT INTO notes (flds) VALUES (?)", rows)
    connection.close()
    return path.read_bytes()


def deck(tmp_path: Path, members: dict[str, bytes]) -> Path:
    path = tmp_path / "deck.apkg"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


NOTES = [
    ["苹果", "an <b>apple</b>[sound:apple.mp3]<br>extra line", "<img src='a.jpg'>"],
    ["{{c1::The dog::what}} runs.", "狗在跑"],
    ["", "", ""],
]
OLD_FORM = [["Please update to the latest Anki version, then import the file again."]]


# ------------------------------------------------------------------- tables


def test_a_table_becomes_a_good_pack(tmp_path: Path) -> None:
    pack = imported(table(tmp_path, TABLE), title="My words", licence="CC-BY-4.0")
    assert (pack.id, pack.title.en, pack.licence) == ("my-words", "My words", "CC-BY-4.0")
    assert [unit.id for unit in pack.units] == ["fruit", "animals"]
    apple, where, cat = pack.items()
    assert (apple.id, apple.kind, apple.level) == ("fruit/a-red-apple", Kind.PHRASE, Level.PRE_A1)
    assert apple.answers == ("a red apple", "red apple", "the red apple")
    assert (apple.key, apple.sound) == ("apple", "R")
    assert apple.prompt.zh == "“一个红苹果”用英语这样说："
    assert (where.kind, where.level) == (Kind.QUESTION, Level.A1)
    assert where.answers == ("under the bed", "it is under the bed")
    assert (cat.kind, cat.english) == (Kind.WORD, "Cat.")


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_and_a_byte_order_mark_are_understood(
    tmp_path: Path, delimiter: str
) -> None:
    text = f"\ufeffEnglish{delimiter}Chinese\nGood morning{delimiter}早上好\n"
    (item,) = imported(table(tmp_path, text)).items()
    assert (item.english, item.prompt.zh) == ("Good morning.", "“早上好”用英语这样说：")


def test_the_same_row_has_the_same_id_wherever_it_stands(tmp_path: Path) -> None:
    lines = TABLE.splitlines()
    one = imported(table(tmp_path, TABLE))
    other = tmp_path / "other"
    other.mkdir()
    again = imported(table(other, "\n".join([lines[0], lines[3], "dog,狗,Animals", lines[1]])))
    assert {"fruit/a-red-apple", "animals/cat"} <= {item.id for item in one.items()}
    assert {item.id for item in again.items()} == {
        "animals/cat", "animals/dog", "fruit/a-red-apple"
    }  # fmt: skip


def test_rows_that_make_no_item_are_told_with_line_and_remedy(tmp_path: Path) -> None:
    rows = [
        "A cat.,", ",空", "Xylophonix,", "I want a beer,", "12 eggs,", "a CAT!,", "猫,",
        "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen,",
        "Hey Jarvis,",
    ]  # fmt: skip
    path = table(tmp_path, "english,chinese\n" + "\n".join(rows))
    made = import_pack(path, tmp_path / "made", Header())
    assert made.items == 1
    assert [(problem.line, problem.message) for problem in made.left_out] == [
        (3, "there is no English text"),
        (4, "the recogniser does not know the word 'xylophonix'"),
        (5, "'beer' is no word for a child's lesson"),
        (6, "'12 eggs.' has digits"),
        (7, "'A CAT!' is there twice"),
        (8, "'猫.' has signs that an English voice cannot say"),
        (9, "'one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
            " fifteen' has 15 words, too many to say"),
        (10, "'Hey Jarvis.' sounds like the wake phrase 'hey jarvis'"),
    ]  # fmt: skip
    assert all(problem.remedy for problem in made.left_out)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("Go!,dance,,", "the kind 'dance' cannot be imported"),
        ("Go!,,c2,", "there is no level 'c2'"),
        ("How are you?,question,,", "the question has no answers"),
    ],
)
def test_cells_that_are_not_known_are_told(tmp_path: Path, cells: str, message: str) -> None:
    path = table(tmp_path, f"english,kind,level,answers\n{cells}\nA dog.,,,\n")
    (problem,) = import_pack(path, tmp_path / "made", Header()).left_out
    assert (problem.line, problem.message) == (2, message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("english\n早上好\n".encode("gb18030"), r"line 2 is not UTF-8 text; save the table as"),
        ("english\nHello\n".encode("utf-16"), "line 1 is not UTF-8 text"),
        (b"english\nHi\0\n", "this is no text"),
        (b"", "no column 'english'"),
        (b"word\nHello\n", "no column 'english'"),
        (b"english,colour\nHello,red\n", "no column 'colour'"),
        (b"english,english\nHello,Hi\n", "'english' is there twice"),
        (b"english\n", "nothing in it makes an item"),
        (b"english\n" + b"hello\n" * (MAX_ROWS + 1), f"more than {MAX_ROWS} rows"),
        (b"english\n" + b"x" * 200_000, "not a row of a table"),
        (b"english\n" + b"a" * (3 << 20), "larger than 2 MB"),
    ],
    ids=range(11),
)
def test_tables_that_cannot_be_read_give_a_sentence(
    tmp_path: Path, text: bytes, message: str
) -> None:
    with pytest.raises(PackError, match=message):
        import_pack(table(tmp_path, text), tmp_path / "made", Header())
    assert not (tmp_path / "made").exists()


@given(st.lists(st.lists(st.text(max_size=30), min_size=3, max_size=3), max_size=6))
@settings(max_examples=40, deadline=None)
def test_whatever_is_in_a_table_the_pack_is_good_or_not_made(rows: list[list[str]]) -> None:
    from dialog.packs.importing.items import make_items

    made, left_out = make_items("t.csv", [Row(n, *row) for n, row in enumerate(rows, 1)])
    assert len(made) + len(left_out) == len(rows)


# --------------------------------------------------------------------- decks


@pytest.mark.parametrize("form", anki.FORMS)
def test_a_deck_of_each_form_becomes_a_good_pack(tmp_path: Path, form: str) -> None:
    data = database(tmp_path / "new.sqlite", NOTES)
    members = {
        form: zstd.compress(data) if form.endswith("b") else data,
        "media": b"{}",
        "0": b"sound",
        "1": b"picture",
    }
    if form != "collection.anki2":
        members["collection.anki2"] = database(tmp_path / "old.sqlite", OLD_FORM)
    path = deck(tmp_path, members)
    made = import_pack(path, tmp_path / "made", Header())
    assert made.notes == (
        "2 sounds and pictures are left out: Myna says everything with her own voice",
    )
    assert [(problem.line, problem.message) for problem in made.left_out] == [
        (3, "there is no English text")
    ]
    assert check_pack(tmp_path / "made") == []
    apple, dog = load_pack(tmp_path / "made").items()
    assert (apple.english, apple.prompt.zh) == ("An apple.", "“苹果”用英语这样说：")
    assert (dog.english, dog.prompt.zh) == ("The dog runs.", "“狗在跑”用英语这样说：")


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anki, "MAX_COLLECTION_BYTES", 4 << 20)
    zeros = bytes(8 << 20)
    for name, data in (("collection.anki2", zeros), ("collection.anki21b", zstd.compress(zeros))):
        with pytest.raises(PackError, match=r"unpack to over [14] MB"):
            import_pack(deck(tmp_path, {name: data}), tmp_path / "made", Header())


def test_a_view_in_the_place_of_the_notes_is_not_read(tmp_path: Path) -> None:
    view = tmp_path / "view.sqlite"
    with sqlite3.connect(view) as connection:
        connection.execute(
            "CREATE VIEW notes AS WITH RECURSIVE n(id) AS"
            " (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id, 'x' AS flds FROM n"
        )
    connection.close()
    path = deck(tmp_path, {"collection.anki2": view.read_bytes()})
    with pytest.raises(PackError, match="there are no notes in it"):
        import_pack(path, tmp_path / "made", Header())


def test_a_database_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anki, "MAX_SQL_STEPS", 2)
    many = database(tmp_path / "many.sqlite", [["a"]] * 1900)
    with pytest.raises(PackError, match=r"cannot be read \(interrupted\)"):
        import_pack(deck(tmp_path, {"collection.anki2": many}), tmp_path / "made", Header())


def test_a_deck_of_too_many_notes_is_refused(tmp_path: Path) -> None:
    many = database(tmp_path / "many.sqlite", [["a"]] * (MAX_ROWS + 1))
    with pytest.raises(PackError, match=f"more than {MAX_ROWS} notes"):
        import_pack(deck(tmp_path, {"collection.anki2": many}), tmp_path / "made", Header())


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"media": b"{}"}, "there are no notes in it"),
        ({"../collection.anki2": b"x"}, "there are no notes in it"),
        ({"collection.anki2": b"not a database at all, but long enough"}, "cannot be read"),
        ({"collection.anki21b": b"not compressed"}, "damaged"),
        ({"collection.anki2": b""}, "there are no notes in it"),
    ],
)
def test_decks_that_are_none_give_a_sentence(
    tmp_path: Path, members: dict[str, bytes], message: str
) -> None:
    with pytest.raises(PackError, match=message):
        import_pack(deck(tmp_path, members), tmp_path / "made", Header())


def test_a_truncated_deck_gives_a_sentence(tmp_path: Path) -> None:
    notes = database(tmp_path / "n.sqlite", NOTES)
    whole = deck(tmp_path, {"collection.anki21b": zstd.compress(notes)}).read_bytes()
    path = tmp_path / "cut.apkg"
    for size in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:size])
        with pytest.raises(PackError):
            import_pack(path, tmp_path / "made", Header())


# --------------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<div>Hello&nbsp;<i>you</i></div><div>more</div>", "Hello you"),
        ("<style>b{}</style><script>x</script>cat", "cat"),
        ("{{c2::seven::number}} cats", "seven cats"),
        ("[sound:x.mp3]", ""),
        ("1 < 2 & 3", "1 < 2 & 3"),
    ],
)
def test_markup_is_not_shown(cell: str, text: str) -> None:
    assert shown(cell) == text


def test_remarks_and_phonetics_are_no_english() -> None:
    assert english_of("apple /ˈæpəl/ (n.) [C]") == "apple"
    assert english_of("It’s “me”") == "It's me"
    assert english_of("and/or") == "and/or"


def test_only_the_first_meaning_is_said_in_chinese() -> None:
    assert chinese_of("n. 苹果；苹果树") == "苹果"
    assert chinese_of("（口语）你好，嗨") == "你好"
    assert chinese_of("none") == ""


@given(st.text())
@settings(deadline=None)
def test_an_id_never_is_a_path(text: str) -> None:
    made = slug(text)
    assert made == "" or (made[0].isalpha() and made.replace("-", "").isalnum())
    assert len(made) <= 40


# --------------------------------------------------------------- command line


def test_the_command_makes_a_pack_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table(tmp_path, TABLE + "Xylophonix,,,,,,,\n")
    out = tmp_path / "made"
    assert main(["lessons", "import", str(path), "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "my words.csv:5: the recogniser does not know the word 'xylophonix';"
        " check its spelling or use a more common word",
        "the licence is not known: give it with --licence before you share the pack",
        f"{out}: 3 items, 1 left out; read it, then name it in [lessons] packs",
    ]
    assert main(["lessons", "import", str(path), "--out", str(out)]) == 1
    assert "is there already" in capsys.readouterr().err


def test_the_command_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = table(tmp_path, TABLE), tmp_path / "made"
    assert main(["lessons", "import", str(path), "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "pack": str(out), "items": 3, "left_out": [], "notes": [], "problems": []
    }  # fmt: skip


@pytest.mark.parametrize("name", ["nothing.csv", "words.pdf"])
def test_what_cannot_be_imported_is_said(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table(tmp_path, "x", "words.pdf")
    assert main(["lessons", "import", str(tmp_path / name)]) == 1
    assert "name a .csv or .apkg file" in capsys.readouterr().err
