"""Where models and voices are looked for, and what is there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dialog.ports import Language, SpeechModels

DELIVERED = "models"
"""In the state folder: what `provisioning.model_shelf` keeps."""
VOSK = "vosk"
PIPER = "piper"

# What a folder must hold to be a Vosk model (vosk-api, `Model::ConfigureV2` and `ConfigureV1`).
_VOSK_SIGNS = ("am/final.mdl", "final.mdl")


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model on this machine.

    Attributes:
        kind: ``vosk`` (a folder) or ``piper`` (an ``.onnx`` file with its ``.onnx.json``).
        name: Last part of the path, without ``.onnx``.
        path: The folder or file.
        bytes: Size of everything that belongs to it.
    """

    kind: str
    name: str
    path: Path
    bytes: int


def model_folders(environment: dict[str, str] | None = None) -> tuple[Path, ...]:
    """Folders that may hold models, most wanted first; they need not exist.

    ``MYNA_MODELS`` (one or more folders, separated like PATH) comes first, then what came as an
    update into systemd's ``STATE_DIRECTORY``, then the system's and the user's own.
    """
    environment = dict(os.environ) if environment is None else environment
    named = [Path(part) for part in environment.get("MYNA_MODELS", "").split(os.pathsep) if part]
    state = [
        Path(part) / DELIVERED
        for part in environment.get("STATE_DIRECTORY", "").split(":")[:1]
        if part
    ]
    home = Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    return (*named, *state, Path("/usr/share/myna/models"), home / "myna/models")


def installed_models(folders: tuple[Path, ...] | None = None) -> tuple[InstalledModel, ...]:
    """Every model found, most wanted folder first, by name within a folder."""
    folders = model_folders() if folders is None else folders
    return tuple(model for folder in folders for model in _models_in(folder))


def speech_models(folders: tuple[Path, ...] | None = None) -> SpeechModels:
    """What the dialog room may use of it.

    The Vosk model is the largest in the most wanted folder that has any. A Piper voice is known
    by its name, which begins with the locale: ``en_US-lessac-medium``, ``zh_CN-huayan-medium``.
    """
    models = installed_models(folders)
    vosk = [model for model in models if model.kind == VOSK]
    vosk = [model for model in vosk if model.path.parent == vosk[0].path.parent]
    piper: dict[Language, Path] = {}
    voices: dict[str, Path] = {}
    for model in models:
        if model.kind == PIPER:
            voices.setdefault(model.name, model.path)
        for language in Language:
            if model.kind == PIPER and re.match(rf"{language.value}[_-]", model.name.lower()):
                piper.setdefault(language, model.path)
    return SpeechModels(
        vosk=max(vosk, key=lambda model: model.bytes).path if vosk else None,
        piper=piper,
        voices=voices,
    )


def _models_in(folder: Path) -> Iterator[InstalledModel]:
    try:
        entries = sorted(folder.rglob("*.onnx")) + sorted(p for p in folder.iterdir() if p.is_dir())
    except OSError:
        return  # missing or not ours to read: nothing is installed there
    for path in entries:
        if path.relative_to(folder).parts[0].startswith("."):
            continue  # a model on its way in
        if path.is_dir() and any((path / sign).is_file() for sign in _VOSK_SIGNS):
            yield InstalledModel(VOSK, path.name, path, _size(path))
        elif path.is_file() and (config := Path(f"{path}.json")).is_file():
            size = path.stat().st_size + config.stat().st_size
            yield InstalledModel(PIPER, path.stem, path, size)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
