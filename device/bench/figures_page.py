"""Figures and curves as one HTML file that opens from disk: no script, no network, no library."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from device.bench.metric import Metric

_WIDTH, _HEIGHT = 620, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 150, 14, 42
_COLOURS = ("#0b6e99", "#c4472b", "#5b7f2b", "#7a4fa3", "#a67c00", "#444444")
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%;font-size:13px}
td,th{padding:.2rem .6rem;border-bottom:1px solid #ddd;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums}
.met{color:#2b6e2b}.missed{color:#b02a1a;font-weight:600}
figure{margin:2rem 0}figcaption{font-weight:600}svg{max-width:100%;height:auto}
"""


class Verdict(Enum):
    """How a figure stands to its aim."""

    MET = "met"
    MISSED = "missed"
    OPEN = ""
    """No aim, not measured, or an aim in words only."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Named points; `x` and `y` of one length, gaps as nan."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True, slots=True)
class Plot:
    """Curves over one another.

    Attributes:
        title: What is shown, with how many items are behind it.
        x_label, y_label: With their units.
    """

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]


@dataclass(slots=True)
class Report:
    """What one benchmark found."""

    metrics: list[Metric] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Append another's figures and plots."""
        self.metrics += other.metrics
        self.plots += other.plots


def verdict(metric: Metric) -> Verdict:
    """Whether a figure meets an aim of the form ``<= 3``, ``>= 0.9``, ``< 1`` or ``within 1``."""
    if metric.value is None or metric.aim is None:
        return Verdict.OPEN
    found = re.match(r"(<=|>=|<|>|within)\s*(-?[\d.,]+)", metric.aim)
    if found is None:
        return Verdict.OPEN
    bound = float(found[2].replace(",", ""))
    met = {
        "<=": metric.value <= bound,
        ">=": metric.value >= bound,
        "<": metric.value < bound,
        ">": metric.value > bound,
        "within": abs(metric.value) <= bound,
    }[found[1]]
    return Verdict.MET if met else Verdict.MISSED


def distribution(name: str, values: Sequence[float]) -> Curve:
    """The share of values up to each, as a curve."""
    ordered = sorted(values)
    count = max(len(ordered), 1)
    return Curve(name, ordered, [(place + 1) / count for place in range(len(ordered))])


def page(title: str, about: str, report: Report) -> str:
    """The whole page.

    Args:
        title: Heading.
        about: One line below it: the machine, the seed, what was given.
        report: Figures and plots.
    """
    plots = "\n".join(_figure(plot) for plot in report.plots)
    rows = "\n".join(_row(metric) for metric in report.metrics)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>{html.escape(title)}</h1><p>{html.escape(about)}</p>\n{plots}\n"
        "<h2>Figures</h2><table><tr><th>figure</th><th>value</th><th>unit</th><th>items</th>"
        f"<th>aim</th><th></th></tr>\n{rows}\n</table></body></html>\n"
    )


def _row(metric: Metric) -> str:
    value = "not measured" if metric.value is None else f"{metric.value:.3f}"
    result = verdict(metric).value
    return (
        f'<tr><td>{html.escape(metric.metric)}</td><td class="n">{value}</td>'
        f'<td>{html.escape(metric.unit)}</td><td class="n">{metric.n}</td>'
        f'<td>{html.escape(metric.aim or "")}</td><td class="{result}">{result}</td></tr>'
    )


def _figure(plot: Plot) -> str:
    points = [
        (x, y)
        for curve in plot.curves
        for x, y in zip(curve.x, curve.y, strict=True)
        if math.isfinite(x) and math.isfinite(y)
    ]
    caption = f"<figcaption>{html.escape(plot.title)}</figcaption>"
    if not points:
        return f"<figure>{caption}<p>nothing was measured</p></figure>"
    x_ticks = _ticks(min(x for x, _ in points), max(x for x, _ in points))
    y_ticks = _ticks(min(y for _, y in points), max(y for _, y in points))
    plane = _Plane(x_ticks[0], x_ticks[-1], y_ticks[0], y_ticks[-1])
    parts = [_axes(plane, plot, x_ticks, y_ticks)]
    for number, curve in enumerate(plot.curves):
        colour = _COLOURS[number % len(_COLOURS)]
        parts.append(f'<path d="{_path(plane, curve)}" fill="none" stroke="{colour}" '
                     'stroke-width="1.8"/>')  # fmt: skip
        y = _TOP + 14 + 17 * number
        parts.append(f'<text x="{_WIDTH - _RIGHT + 10}" y="{y}" fill="{colour}" '
                     f'font-size="12">{html.escape(curve.name)}</text>')  # fmt: skip
    drawn = "".join(parts)
    label = html.escape(plot.title, quote=True)
    return (
        f'<figure>{caption}<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{label}">{drawn}</svg></figure>'
    )


@dataclass(frozen=True, slots=True)
class _Plane:
    x_least: float
    x_most: float
    y_least: float
    y_most: float

    def x(self, value: float) -> float:
        share = (value - self.x_least) / (self.x_most - self.x_least)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.y_least) / (self.y_most - self.y_least)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _axes(plane: _Plane, plot: Plot, x_ticks: list[float], y_ticks: list[float]) -> str:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts: list[str] = []
    for tick in x_ticks:
        at = plane.x(tick)
        parts.append(f'<path d="M{at:.1f} {_TOP}V{bottom}" stroke="#eee"/>'
                     f'<text x="{at:.1f}" y="{bottom + 15}" font-size="11" '
                     f'text-anchor="middle">{tick:g}</text>')  # fmt: skip
    for tick in y_ticks:
        at = plane.y(tick)
        parts.append(f'<path d="M{_LEFT} {at:.1f}H{right}" stroke="#eee"/>'
                     f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" font-size="11" '
                     f'text-anchor="end">{tick:g}</text>')  # fmt: skip
    middle = (_TOP + bottom) / 2
    parts.append(f'<text x="{(_LEFT + right) / 2}" y="{_HEIGHT - 6}" font-size="12" '
                 f'text-anchor="middle">{html.escape(plot.x_label)}</text>'
                 f'<text transform="translate(14 {middle}) rotate(-90)" font-size="12" '
                 f'text-anchor="middle">{html.escape(plot.y_label)}</text>')  # fmt: skip
    return "".join(parts)


def _path(plane: _Plane, curve: Curve) -> str:
    commands: list[str] = []
    pen = "M"
    for x, y in zip(curve.x, curve.y, strict=True):
        if not (math.isfinite(x) and math.isfinite(y)):
            pen = "M"
            continue
        commands.append(f"{pen}{plane.x(x):.1f} {plane.y(y):.1f}")
        pen = "L"
    return "".join(commands)


def _ticks(least: float, most: float) -> list[float]:
    """Round values that span a range, about five of them."""
    if most <= least:
        most = least + 1.0
    raw = (most - least) / 5
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(each * magnitude for each in (1, 2, 2.5, 5, 10) if each * magnitude >= raw)
    first = math.floor(least / step)
    last = math.ceil(most / step)
    return [round(index * step, 10) for index in range(first, last + 1)]
