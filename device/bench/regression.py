"""Whether figures have become worse than those that are kept, by more than they scatter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError
from device.bench.metric import Metric


@dataclass(frozen=True, slots=True)
class Held:
    """A figure that is held.

    Attributes:
        value: As it was measured when it was kept.
        slack: By how much it may be worse: what it scatters between machines and seeds.
        more_is_better: Which way is worse.
    """

    value: float
    slack: float
    more_is_better: bool

    def holds(self, value: float) -> bool:
        """Whether a new figure is no worse."""
        worse_by = self.value - value if self.more_is_better else value - self.value
        return worse_by <= self.slack


def read(path: Path) -> dict[str, Held]:
    """Figures to hold: ``{"metric": {"value": 1.0, "slack": 0.1, "better": "more"}}``.

    Raises:
        ConfigError: The file cannot be read or understood.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(name): Held(
                float(each["value"]), float(each["slack"]), {"more": True, "less": False}[
                    each["better"]
                ],
            )
            for name, each in raw.items()
        }  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            [
                f"{path} holds no figures to compare with: give each metric value, slack and "
                "better (more or less)"
            ]
        ) from error


def regressions(metrics: Sequence[Metric], held: dict[str, Held]) -> list[str]:
    """What has become worse, a line each; a held figure that was not measured counts."""
    measured = {metric.metric: metric.value for metric in metrics}
    lines = []
    for name, each in held.items():
        value = measured.get(name)
        if value is None:
            lines.append(f"{name} was not measured")
        elif not each.holds(value):
            lines.append(
                f"{name} is {value:.3f}; it was {each.value:.3f} and may be {each.slack:g} worse"
            )
    return lines
