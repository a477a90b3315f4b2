"""The one configuration file: found, read, checked as a whole, turned into frozen settings."""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio.settings import AudioSettings, TurnSettings, WakeSettings
from core.errors import ConfigError
from device import toml_lines
from device.options import Value, larger_than_allowed, options
from device.settings import DeviceSettings
from device.sync.settings import SyncSettings
from dialog.cloud.settings import CloudSettings
from dialog.settings import LessonSettings, RecognitionSettings, VoiceSettings
from hal.settings import BoardSettings
from provisioning.pairing.settings import PairingSettings
from provisioning.parents.settings import ParentsSettings
from provisioning.wifi.settings import WifiSettings

SYSTEM_FILE = Path("/etc/myna/myna.toml")
VARIABLE = "MYNA_CONFIG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All sections; each field is a section of the file with the field's name."""

    device: DeviceSettings = field(default_factory=DeviceSettings)
    audio: AudioSettings = field(default_factory=AudioSettings)
    wake: WakeSettings = field(default_factory=WakeSettings)
    turns: TurnSettings = field(default_factory=TurnSettings)
    recognition: RecognitionSettings = field(default_factory=RecognitionSettings)
    voice: VoiceSettings = field(default_factory=VoiceSettings)
    lessons: LessonSettings = field(default_factory=LessonSettings)
    board: BoardSettings = field(default_factory=BoardSettings)
    cloud: CloudSettings = field(default_factory=CloudSettings)
    sync: SyncSettings = field(default_factory=SyncSettings)
    parents: ParentsSettings = field(default_factory=ParentsSettings)
    wifi: WifiSettings = field(default_factory=WifiSettings)
    pairing: PairingSettings = field(default_factory=PairingSettings)


SECTIONS: Mapping[str, type] = {
    each.name: each.default_factory  # type: ignore[misc]  # every field has one, a class
    for each in dataclasses.fields(Settings)
}


def find_config(path: Path | None = None) -> Path | None:
    """Which file holds: `path`, else ``$MYNA_CONFIG``, else the system's, else None (defaults).

    A file that was named is not looked for, so that a slip in its name is noticed.
    """
    if path is not None:
        return path
    if named := os.environ.get(VARIABLE):
        return Path(named)
    return SYSTEM_FILE if SYSTEM_FILE.exists() else None


def load_settings(path: Path | None = None) -> Settings:
    """Read the configuration.

    Args:
        path: The file; None looks as `find_config` does.

    Returns:
        Settings; defaults where there is no file or the file does not say.

    Raises:
        ConfigError: With every problem found, one sentence each: file, line, remedy.
    """
    file = find_config(path)
    if file is None:
        return Settings()
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read ({error.strerror}); {_which(path)}"]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError([f"{file}:{line}: is not UTF-8 text; save it as UTF-8"]) from error
    return parse_settings(text, str(file))


def parse_settings(text: str, name: str = "myna.toml") -> Settings:
    """Turn the text of a configuration file into settings.

    Args:
        text: TOML.
        name: The file's name for the messages.

    Raises:
        ConfigError: As for `load_settings`.
    """
    content, broken = toml_lines.parse(text)
    problems = [(each.line, each.what) for each in broken]
    lines = toml_lines.locate(text)
    sections: dict[str, Any] = {}
    for section, raw in content.items():
        if section not in SECTIONS:
            problems.append((lines.get((section,), 1), _unknown_section(section, raw)))
        elif not isinstance(raw, dict):
            what = f"{section} is a section: write [{section}] and its keys below"
            problems.append((lines.get((section,), 1), what))
        else:
            values, found = _section(section, raw)
            problems += [
                (lines.get((section, key), lines.get((section,), 1)), what) for key, what in found
            ]
            if not found:
                sections[section] = SECTIONS[section](**values)
    if problems:
        raise ConfigError([f"{name}:{line}: {what}" for line, what in sorted(problems)])
    return Settings(**sections)


def _section(
    name: str, raw: Mapping[str, object]
) -> tuple[dict[str, Value], list[tuple[str, str]]]:
    """The values of a section, and pairs of key and problem."""
    known = {option.name: option for option in options(SECTIONS[name])}
    values: dict[str, Value] = {}
    problems: list[tuple[str, str]] = []
    for key, value in raw.items():
        if key not in known:
            problems.append((key, _unknown_key(name, key, tuple(known))))
            continue
        try:
            values[key] = known[key].convert(value)
        except ValueError as error:
            hint = _similar(value, known[key].choices)
            problems.append((key, f"[{name}] {key} {error}{hint}"))
    whole = {option.name: option.default for option in known.values()} | values
    for key, limit, what in larger_than_allowed(SECTIONS[name], whole):
        # Where only the other of the two was said, the problem stands on that one's line.
        place = key if key in raw else limit
        problems.append((place, f"[{name}] {key} {what}"))
    return values, problems


def _unknown_section(section: str, raw: object) -> str:
    if not isinstance(raw, dict):
        homes = list(_homes(section))
        if homes:
            return f"{section} stands outside any section; put it below [{homes[0]}]"
        return f"{section} is no key known here; remove it"
    close = _similar(section, tuple(SECTIONS))
    return f"there is no section [{section}]{close or '; known are ' + ', '.join(SECTIONS)}"


def _unknown_key(section: str, key: str, known: tuple[str, ...]) -> str:
    if close := _similar(key, known):
        return f"[{section}] has no key {key}{close}"
    if homes := list(_homes(key)):
        return f"[{section}] has no key {key}; it belongs below [{homes[0]}]"
    return f"[{section}] has no key {key}; known are {', '.join(known)}"


def _homes(key: str) -> Iterator[str]:
    """The sections that know a key."""
    for name, section in SECTIONS.items():
        if any(option.name == key for option in options(section)):
            yield name


def _similar(word: object, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(str(word).lower().replace("-", "_"), known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _which(path: Path | None) -> str:
    if path is not None:
        return "give --config a readable file, or leave it out for the defaults"
    if os.environ.get(VARIABLE):
        return f"set ${VARIABLE} to a readable file, or unset it for the defaults"
    return "make it readable for the speaker's user"
