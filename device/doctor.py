"""The speaker examined: every part tried for real, each with a verdict and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from core.errors import ConfigError, SpeakerError
from device.config import Settings, find_config, load_settings


class State(Enum):
    """How a part is."""

    OK = "ok"
    DEGRADED = "degraded"
    """Works with less than it should, or not at all where nothing depends on it."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        name: Stable, for scripts: ``sound_cards``.
        state: The verdict.
        sentence: What was found.
        remedy: What to do about it; empty when all is well.
    """

    name: str
    state: State
    sentence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One part and how it is tried.

    Attributes:
        name: As in `Finding`.
        find: Tries the part. What it raises as SpeakerError, ImportError or OSError means that
            the part failed; the error's text becomes the sentence.
        remedy: For that case.
    """

    name: str
    find: Callable[[Settings], Finding]
    remedy: str


def examine(
    config: Path | None = None, checks: tuple[Check, ...] | None = None
) -> Iterator[Finding]:
    """Try every part in turn; each finding is there as soon as it is known.

    Args:
        config: The configuration file, found as `find_config` does. A broken one is a finding,
            and the rest is tried with the defaults.
        checks: What to try; all there is when not given.
    """
    settings, finding = _configuration(config)
    yield finding
    if checks is None:
        from device.doctor_checks import CHECKS

        checks = CHECKS
    for check in checks:
        yield tried(check, settings)


def tried(check: Check, settings: Settings) -> Finding:
    """The check's finding; an error becomes one."""
    try:
        return check.find(settings)
    except SpeakerError as error:
        sentence = str(error)
    except ImportError as error:
        sentence = f"the Python package {error.name or 'needed'} cannot be imported ({error})"
    except OSError as error:
        sentence = f"{error.filename or 'the system'}: {error.strerror or error}"
    return Finding(check.name, State.FAILED, " ".join(sentence.split()), check.remedy)


def _configuration(path: Path | None) -> tuple[Settings, Finding]:
    file = find_config(path)
    try:
        settings = load_settings(path)
    except ConfigError as error:
        remedy = "correct the lines named; the checks below were made with the defaults"
        return Settings(), Finding("config", State.FAILED, " | ".join(error.problems), remedy)
    where = "no file, the defaults hold" if file is None else f"{file} is good"
    return settings, Finding("config", State.OK, where)
