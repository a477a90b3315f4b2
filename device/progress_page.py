"""A child's picture as one HTML file: no script, no network, readable aloud and in print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from html import escape

from device.progress import Picture, SoundPicture
from device.progress_words import Words, due_text, minutes_text, sound_name, standing

SHOWN_ITEMS = 40
_WIDTH, _HEIGHT = 120, 20

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fbfaf7; --card: #ffffff;
  --line: #767d86; --good: #1d6b45; --next: #8a4b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeff2; --paper: #14181e; --card: #1e242c;
  --line: #9aa3ad; --good: #7fd6a8; --next: #f0b35e; } }
body { font: 1.05rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 0 auto; padding: 1rem; max-width: 46rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: .5rem 1.25rem 1.25rem; margin: 1.25rem 0; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.3rem; } h3 { font-size: 1.05rem; margin-bottom: .3rem; }
.days { display: grid; grid-template-columns: repeat(14, 1.4rem); gap: .3rem; padding: 0;
  list-style: none; }
.days li { width: 1.1rem; height: 1.1rem; border-radius: 50%; border: 2px solid var(--line); }
.days .on { background: var(--good); border-color: var(--good); }
.said { padding-left: 1.2rem; columns: 2; } .said li { break-inside: avoid; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .4rem;
  border-bottom: 1px solid var(--line); } caption { text-align: left; padding-bottom: .4rem; }
.range { white-space: nowrap; }
.practise { color: var(--next); } .well { color: var(--good); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 30rem) { .said { columns: 1; } svg { display: none; } }
@media (max-width: 30rem) { .days { grid-template-columns: repeat(7, 1.4rem); } }
"""


def page(pictures: Sequence[Picture], words: Words, now: datetime) -> str:
    """The whole page.

    Args:
        pictures: One section each.
        words: Of the page's language.
        now: When it is made, UTC.
    """
    sections = "\n".join("\n".join(_section(picture, words, now)) for picture in pictures)
    title = escape(words.title)
    return (
        f'<!doctype html>\n<html lang="{words.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{title}</h1>\n{sections}\n</main>\n"
        f"<footer><p>{escape(words.made.format(now.date().isoformat()))}</p></footer>\n"
        "</body>\n</html>\n"
    )


def _section(picture: Picture, words: Words, now: datetime) -> Iterator[str]:
    yield "<section>"
    yield f"<h2>{escape(picture.nickname or words.child)}</h2>"
    yield f"<p>{escape(minutes_text(picture, words))}<br>{escape(due_text(picture, words))}"
    if picture.plays:
        yield f"<br>{escape(words.plays.format(picture.plays))}"
    if picture.gone:
        yield f"<br>{escape(words.gone.format(picture.gone))}"
    yield "</p>"
    yield from _days(picture, words, now)
    yield from _items(words.learnt.format(len(picture.learnt)), picture.learnt, words)
    yield from _items(words.learning.format(len(picture.learning)), picture.learning, words)
    yield from _sounds(picture.sounds, words)
    yield "</section>"


def _days(picture: Picture, words: Words, now: datetime) -> Iterator[str]:
    yield f"<h3>{escape(words.days.format(picture.days_this_week))}</h3>"
    yield '<ul class="days">'
    for place, practised in enumerate(picture.days):
        day = (now - timedelta(days=len(picture.days) - 1 - place)).date().isoformat()
        text = f"{day}: {words.practised if practised else words.not_practised}"
        marked = ' class="on"' if practised else ""
        yield f'<li{marked} title="{text}"><span class="unseen">{text}</span></li>'
    yield "</ul>"


def _items(heading: str, models: Sequence[str], words: Words) -> Iterator[str]:
    yield f"<h3>{escape(heading)}</h3>"
    if not models:
        return
    yield '<ul class="said" lang="en">'
    yield from (f"<li>{escape(model)}</li>" for model in models[:SHOWN_ITEMS])
    yield "</ul>"
    if len(models) > SHOWN_ITEMS:
        yield f"<p>{escape(words.more.format(len(models) - SHOWN_ITEMS))}</p>"


def _sounds(sounds: Sequence[SoundPicture], words: Words) -> Iterator[str]:
    yield f"<h3>{escape(words.sounds)}</h3>"
    if not sounds:
        yield f"<p>{escape(words.no_sounds)}</p>"
        return
    yield f"<table><caption>{escape(words.sounds_note)}</caption>"
    heads = (words.sound, words.guess, words.between, words.next_step)
    columns = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    yield f"<tr>{columns}</tr>"
    for sound in sounds:
        low, high = f"{sound.low:.1f}", f"{sound.high:.1f}"
        kind = "practise" if sound.practise else "well"
        yield (
            f'<tr><th scope="row" lang="en">{escape(sound_name(sound))}</th><td>{sound.mean:.1f}'
            f'</td><td class="range">{_bar(sound)} '
            f"{escape(words.between_values.format(low, high))}</td>"
            f'<td class="{kind}">{escape(standing(sound, words))}</td></tr>'
        )
    yield "</table>"


def _bar(sound: SoundPicture) -> str:
    """The range as a line, the best guess as a dot; the figures stand beside it."""
    low, high, mean = (
        8 + value / 2 * (_WIDTH - 16) for value in (sound.low, sound.high, sound.mean)
    )
    middle = _HEIGHT / 2
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        ' aria-hidden="true" style="vertical-align: middle">'
        f'<line x1="8" x2="{_WIDTH - 8}" y1="{middle}" y2="{middle}" stroke="currentColor"'
        ' stroke-opacity=".25" stroke-width="2"/>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="currentColor"'
        ' stroke-width="4" stroke-linecap="round"/>'
        f'<circle cx="{mean:.1f}" cy="{middle}" r="6" fill="currentColor"/></svg>'
    )
