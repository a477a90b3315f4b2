"""How the running speaker is: named degraded states, and its figures as Prometheus reads them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

FILE_NAME = "health.json"


@dataclass(frozen=True, slots=True)
class Degraded:
    """One thing that works with less than it should.

    Attributes:
        name: Stable, for scripts: ``recogniser``, ``board.lights``, ``store``, ``card``.
        sentence: What is wrong and what to do about it.
    """

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Health:
    """The speaker at one moment. Holds nothing that was said, and no name.

    Attributes:
        figures: Plain numbers by name; names that end in ``_total`` only grow.
    """

    degraded: tuple[Degraded, ...] = ()
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """For `systemctl status`."""
        if not self.degraded:
            return "all is well"
        return "degraded: " + ", ".join(each.name for each in self.degraded)


def as_prometheus(health: Health) -> str:
    """The text exposition format, version 0.0.4."""
    lines = []
    for name, value in sorted(health.figures.items()):
        kind = "counter" if name.endswith("_total") else "gauge"
        lines += [f"# TYPE myna_{name} {kind}", f"myna_{name} {value:g}"]
    lines.append("# TYPE myna_degraded gauge")
    lines += [f'myna_degraded{{name="{each.name}"}} 1' for each in health.degraded]
    return "\n".join(lines) + "\n"


def write(folder: Path, health: Health) -> None:
    """Leave the degraded states where `myna doctor` finds them.

    Raises:
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / (FILE_NAME + ".new")
    found = {each.name: each.sentence for each in health.degraded}
    fresh.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    os.replace(fresh, folder / FILE_NAME)
