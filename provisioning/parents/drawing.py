"""A sound over the weeks as a small drawing; its label holds the figures, to be read aloud."""

from __future__ import annotations

from markupsafe import Markup

from provisioning.parents.ports import SoundView
from provisioning.parents.words import Words


def sound_svg(sound: SoundView, words: Words) -> Markup:
    """A sound's weeks as a line, or, before there are two of them, where it lies now."""
    width, height = 132, 44

    def y(score_0_2: float) -> float:
        return height - 6 - score_0_2 / 2 * (height - 12)

    if len(sound.weeks) > 1:
        step = (width - 12) / (len(sound.weeks) - 1)
        points = [(6 + step * place, y(score)) for place, score in enumerate(sound.weeks)]
        line = " ".join(f"{x:.1f},{at:.1f}" for x, at in points)
        told = f"{words('weeks')}: " + words(
            "weeks_text", f"{sound.weeks[0]:.1f}", f"{sound.weeks[-1]:.1f}"
        )
        inner = (
            f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="3"/>'
            f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="5" fill="currentColor"/>'
        )
    else:
        low, high, mean = (
            6 + score / 2 * (width - 12)
            for score in (sound.low_0_2, sound.high_0_2, sound.mean_0_2)
        )
        told = words("weeks_text", f"{sound.low_0_2:.1f}", f"{sound.high_0_2:.1f}")
        inner = (
            f'<path d="M{low:.1f} {height / 2}H{high:.1f}" stroke="currentColor" stroke-width="4"/>'
            f'<circle cx="{mean:.1f}" cy="{height / 2}" r="6" fill="currentColor"/>'
        )
    return Markup(  # noqa: S704 - made of numbers and of our own words
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{told}">{inner}</svg>'
    )
