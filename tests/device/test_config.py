"""The configuration file: read, checked as a whole, documented from the code."""

from __future__ import annotations

import contextlib
import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.settings import AudioSettings, TurnSettings
from core.errors import ConfigError
from device import config, config_doc, toml_lines
from device.config import SECTIONS, Settings, find_config, load_settings, parse_settings
from device.options import options, toml
from device.settings import DeviceSettings
from dialog.settings import LessonSettings

ROOT = Path(__file__).parents[2]


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, "f")
    assert caught.value.code == "config.invalid"
    return caught.value.problems


def test_without_a_word_the_defaults_hold():
    assert parse_settings("") == Settings()


def test_a_file_says_what_differs():
    settings = parse_settings(
        """
        device.state_dir = "/var/lib/myna"
        [audio]
        volume_db = -6          # a whole number will do
        canceller = 'aec3'
        [lessons]
        packs = ["/a",
                 "/b"]
        """
    )
    assert settings == Settings(
        device=DeviceSettings(state_dir="/var/lib/myna"),
        audio=AudioSettings(volume_db=-6.0, canceller="aec3"),
        lessons=LessonSettings(packs=("/a", "/b")),
    )
    assert type(settings.audio.volume_db) is float


def test_every_mistake_is_reported_at_once_with_its_line():
    text = """volume_db = 3
[audio]
backend = sounddevice
canceler = "aec3"
canceller = "aec4"
volume_db = 7
input_channel = true
phrase = "x"
[trns]
x = 1
[turns]
look_ms = 400
limit_s = "long"
limit_s = 3
"complete_silence_ms" = \"\"\"
a\"\"\"
[lessons]
packs = [
  "a",
  3,
]
session_items
"""
    assert problems(text) == [
        "f:1: volume_db stands outside any section; put it below [audio]",
        'f:3: text needs quotes: write backend = "sounddevice"',
        "f:4: [audio] has no key canceler; did you mean canceller?",
        'f:5: [audio] canceller must be one of "kalman", "aec3", "speex", "none", not "aec4";'
        " did you mean aec3?",
        "f:6: [audio] volume_db must be a number from -60 to 0, not 7.0",
        "f:7: [audio] input_channel must be a whole number from 0 to 31, not true; for example"
        " input_channel = 0",
        "f:8: [audio] has no key phrase; it belongs below [wake]",
        "f:9: there is no section [trns]; did you mean turns?",
        "f:12: [turns] look_ms must not be more than complete_silence_ms, which is 300, but is 400",
        'f:13: [turns] limit_s must be a number from 2 to 120, not "long"; for example'
        " limit_s = 20.0",
        "f:14: this key or section was said before; keep one of the two",
        "f:15: [turns] complete_silence_ms must be a whole number from 100 to 5000, not"
        ' "a"; for example complete_silence_ms = 300',
        'f:18: [lessons] packs must be a list of texts, not ["a", 3]; for example packs = []',
        "f:22: session_items has no value: write session_items = …, or [session_items] for a"
        " section",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[audio", "f:1: the section's bracket is open: write [audio]"),
        ("[board]\nlight_active_high = False", "f:2: write light_active_high = false"),
        (
            "[lessons]\npacks = [\n",
            "f:3: this is not TOML (invalid value): close the bracket or quotes opened here or"
            " above",
        ),
        ("[audio]\n[wake]\n[audio]\nb = 1", "f:3: this key or section was said before; keep one"),
        ("turns = 3", "f:1: turns is a section: write [turns] and its keys below"),
        ("[[wake]]\nphrase = 'x'", "f:1: wake is a section: write [wake] and its keys below"),
        ("x = 1", "f:1: x is no key known here; remove it"),
        ("\n[kitchen]", "f:2: there is no section [kitchen]; known are device, audio, wake"),
        ("[wake]\nthreshold = nan", "f:2: [wake] threshold must be a number from 0 to 1, not nan"),
        ("[wake]\nthreshold = true", "f:2: [wake] threshold must be a number from 0 to 1, not tr"),
        ("[wake]\nthreshold = []", "f:2: [wake] threshold must be a number from 0 to 1, not []"),
        ("[board]\ntalk_pin = 2.0", "f:2: [board] talk_pin must be a whole number from -1 to 27"),
        ("[board]\ntalk_pin = {a = 1}", "f:2: [board] talk_pin must be a whole number from -1"),
        (
            "[audio]\ncard_rates_hz = [48000, '16 kHz']",
            "f:2: [audio] card_rates_hz must be a list of whole numbers from 8000 to 192000, not",
        ),
        (
            "[audio]\ncard_rates_hz = [48]",
            "f:2: [audio] card_rates_hz must be a list of whole numbers from 8000 to 192000, not",
        ),
        (
            "[turns]\ncomplete_silence_ms = 120",
            "f:2: [turns] look_ms must not be more than complete_silence_ms, which is 120, but is",
        ),
    ],
)
def test_one_mistake_is_one_sentence(text: str, expected: str):
    (problem,) = problems(text)
    assert problem.startswith(expected)
    assert "\n" not in problem


def test_windows_files_are_read():
    text = "\ufeff[audio]\r\nvolume_db = -3\r\nx = 1\r\n"
    assert problems(text.removeprefix("\ufeff"))[0].startswith("f:3: [audio] has no key x")


def test_an_unreadable_file_is_one_sentence(tmp_path: Path):
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(ConfigError) as caught:
            load_settings(path)
        (problem,) = caught.value.problems
        assert problem.startswith(f"{path}: cannot be read (")
        assert "--config" in problem


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path):
    path = tmp_path / "myna.toml"
    path.write_bytes(b"[audio]\nx = \xff\xfe")
    with pytest.raises(ConfigError, match=r"myna\.toml:2: is not UTF-8 text"):
        load_settings(path)


def test_where_the_file_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    named, system = tmp_path / "named.toml", tmp_path / "system.toml"
    monkeypatch.delenv(config.VARIABLE, raising=False)
    monkeypatch.setattr(config, "SYSTEM_FILE", system)
    assert find_config() is None
    assert load_settings() == Settings()
    system.write_text("[wake]\nthreshold = 0.7")
    assert find_config() == system
    assert load_settings().wake.threshold == 0.7
    monkeypatch.setenv(config.VARIABLE, str(named))
    with pytest.raises(ConfigError, match=r"set \$MYNA_CONFIG to a readable file"):
        load_settings()
    named.write_text("[wake]\nthreshold = 0.6")
    assert load_settings().wake.threshold == 0.6
    assert find_config(Path("given.toml")) == Path("given.toml")


def test_the_state_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/myna")
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert DeviceSettings().state_path() == Path("/home/myna/.local/state/myna")
    monkeypatch.setenv("XDG_STATE_HOME", "/xdg")
    assert DeviceSettings().state_path() == Path("/xdg/myna")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/myna:/var/lib/other")
    assert DeviceSettings().state_path() == Path("/var/lib/myna")
    assert DeviceSettings(state_dir="~/x").state_path() == Path("/home/myna/x")


@pytest.mark.parametrize("name", SECTIONS)
def test_the_defaults_pass_their_own_checks(name: str):
    section = SECTIONS[name]
    lines = [f"{o.name} = {toml(o.default)}" for o in options(section)]
    assert getattr(parse_settings(f"[{name}]\n" + "\n".join(lines)), name) == section()


def test_every_field_of_the_settings_is_a_section_of_the_file():
    assert list(SECTIONS) == [field.name for field in dataclasses.fields(Settings)]


# ------------------------------------------------------------------- lines


def test_locate_finds_keys_however_they_are_written():
    text = """# [not.a.header]
a.b = 1
text = \"\"\"
[x]
y = 1
\"\"\"
"quoted key" = '''
z = 2'''

[one]  # comment
list = [
  1, # ]
  2,
]
inline = { p = 1, q.r = 2 }
[one.two]
last = 1
"""
    assert toml_lines.locate(text) == {
        ("a",): 2,
        ("a", "b"): 2,
        ("text",): 3,
        ("quoted key",): 7,
        ("one",): 10,
        ("one", "list"): 11,
        ("one", "inline"): 15,
        ("one", "inline", "p"): 15,
        ("one", "inline", "q"): 15,
        ("one", "inline", "q", "r"): 15,
        ("one", "two"): 16,
        ("one", "two", "last"): 17,
    }


@given(st.text(alphabet="ab=[]\"#.\n1 {},\\'", max_size=60))
def test_any_text_is_parsed_or_refused_with_lines_of_its_own(text: str):
    content, broken = toml_lines.parse(text)
    lines = text.count("\n") + 1
    assert all(1 <= each.line <= lines for each in broken)
    assert all(1 <= line <= lines for line in toml_lines.locate(text).values())
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert broken
    else:
        assert (content, broken) == (expected, [])
        assert {path[0] for path in toml_lines.locate(text)} == set(expected)


@given(st.text(max_size=80))
def test_whatever_a_file_says_nothing_but_a_config_error_comes_out(text: str):
    with contextlib.suppress(ConfigError):
        assert isinstance(parse_settings(text), Settings)


# ------------------------------------------------------------ documentation


def test_the_page_and_the_example_are_the_code_of_today():
    hint = "run: python -m device.config_doc docs/configuration.md systemd/myna.toml"
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert page == config_doc.page(), hint
    example = (ROOT / "systemd/myna.toml").read_text(encoding="utf-8")
    assert example == config_doc.example(), hint


def test_the_example_is_the_defaults_commented_out_or_not():
    example = config_doc.example()
    assert parse_settings(example) == Settings()
    awake = "\n".join(
        line[1:] if line.startswith("#") and not line.startswith("# ") else line
        for line in example.splitlines()
    )
    assert parse_settings(awake) == Settings()
    assert awake.count(" = ") > sum(len(options(section)) for section in SECTIONS.values()) - 1


def test_every_key_is_described():
    for section in SECTIONS.values():
        words = config_doc.described(section)
        assert set(words) == {option.name for option in options(section)}
        assert all(words.values())


def test_config_doc_writes_both_files_and_refuses_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    page, example = tmp_path / "a.md", tmp_path / "b.toml"
    assert config_doc.main([str(page), str(example)]) == 0
    assert page.read_text(encoding="utf-8") == config_doc.page()
    assert example.read_text(encoding="utf-8") == config_doc.example()
    assert config_doc.main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_turn_defaults_keep_their_order():
    turns = TurnSettings()
    assert turns.look_ms < turns.complete_silence_ms < turns.incomplete_silence_ms
