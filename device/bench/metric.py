"""One measured figure."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure as ``myna bench NAME --json`` prints it.

    Attributes:
        metric: What was measured, dotted, stable: scripts key on it.
        value: The figure; None when it could not be measured here.
        unit: For example ``ms``, ``dB``, ``MB``; empty for a plain number.
        aim: What it should be, for people, for example ``<= 500``; None without an aim.
        n: How many observations are behind it.
    """

    metric: str
    value: float | None
    unit: str
    aim: str | None
    n: int

    def as_json(self) -> dict[str, str | float | int | None]:
        """The figure as a plain mapping in field order."""
        return asdict(self)
