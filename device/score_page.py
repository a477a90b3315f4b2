"""A page that shows an utterance: its waveform, its phones in time coloured by score, its sound."""

from __future__ import annotations

import base64
import html
import io
import wave

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from dialog.scoring.ipa import ipa
from dialog.scoring.result import PhoneResult, Score, kind_sentences

PIXELS_PER_S, LEAST_WIDTH = 480, 640
WAVE_HEIGHT, AXIS_TOP, WORD_TOP, PHONE_TOP, HEIGHT = 120, 122, 150, 182, 246
UNSCORED_HEIGHT = 144
TICK_S = 0.5
LETTER_PX, NUMBER_PX = 13, 24
"""A sound narrower than the first has its letter in small, than the second no number below: both
stand in the table too."""

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:90rem;padding:0 1rem;
color:#1d2733;background:#fbfaf7}h1{font-size:1.5rem;margin:0 0 .25rem}
.scroll{overflow-x:auto;background:#fff;border:1px solid #d9d5cb;border-radius:10px;padding:12px}
svg text{text-anchor:middle;fill:#1d2733}.p{cursor:pointer}.p:hover rect,.p:focus rect{
stroke:#1d2733;stroke-width:2}audio{width:100%;margin:1rem 0}table{border-collapse:collapse}
td,th{padding:.2rem .8rem .2rem 0;text-align:left}.key i{display:inline-block;width:1em;
height:1em;border-radius:3px;vertical-align:-2px;margin:0 .3em 0 1em}.soft{color:#5b6673}
svg text.t{text-anchor:start;font-size:11px;fill:#5b6673}.s{margin-right:.6em}
"""
_SCRIPT = """
const a=document.querySelector('audio'),line=document.getElementById('now');
let ears=null,sound=null,part=null;
function at(s){line.setAttribute('transform',`translate(${s*SCALE} 0)`)}
function follow(){at(a.currentTime);if(!a.paused)requestAnimationFrame(follow)}
a.addEventListener('play',()=>{quiet();follow()});a.addEventListener('seeked',follow);
function quiet(){if(part){part.onended=null;part.stop();part=null}}
async function bytes(){const text=atob(a.src.slice(a.src.indexOf(',')+1));
return Uint8Array.from(text,c=>c.charCodeAt(0)).buffer}
async function play(g){const from=+g.dataset.s,to=+g.dataset.e;a.pause();quiet();
ears=ears||new AudioContext();if(ears.state==='suspended')await ears.resume();
sound=sound||await ears.decodeAudioData(await bytes());quiet();
const mine=ears.createBufferSource();part=mine;mine.buffer=sound;mine.connect(ears.destination);
mine.onended=()=>{if(part===mine){part=null;at(to)}};
const begun=ears.currentTime;mine.start(0,from,to-from);
(function step(){if(part===mine){at(Math.min(to,from+ears.currentTime-begun));
requestAnimationFrame(step)}})()}
document.querySelectorAll('.p').forEach(g=>{g.addEventListener('click',()=>play(g));
g.addEventListener('keydown',e=>{if(e.key==='Enter'||e.key===' '){e.preventDefault();play(g)}})});
"""
"""A sound is played by its samples: the player's own clock stops some hundredths too late."""


def score_page(score: Score, samples: Samples, text: str) -> str:
    """The page, complete in itself: no other file, no network.

    Args:
        score: Of the utterance; one without scores shows the sound and why.
        samples: The utterance, int16, 16 000 Hz, mono.
        text: What was to be said.
    """
    seconds = len(samples) / SAMPLE_RATE_HZ
    width = max(LEAST_WIDTH, round(seconds * PIXELS_PER_S))
    scale = width / max(seconds, 1e-6)
    height = HEIGHT if score.words else UNSCORED_HEIGHT
    drawing = [_waveform(samples, width), _axis(seconds, scale)]
    for word in score.words:
        left, right = word.phones[0].start_s * scale, word.phones[-1].end_s * scale
        guessed = " *" if word.guessed else ""
        drawing.append(
            f'<rect x="{left:.1f}" y="{WORD_TOP}" width="{right - left:.1f}" height="26" rx="4" '
            f'fill="{colour(word.score_0_2)}" fill-opacity=".35"/>'
            f'<text x="{(left + right) / 2:.1f}" y="{WORD_TOP + 18}" font-size="14">'
            f"{html.escape(word.word)}{guessed}</text>"
        )
        drawing.extend(_phone(phone, scale) for phone in word.phones)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>Myna: how it was said</title><style>{_STYLE}</style>'
        f"<main><h1>{html.escape(text)}</h1>{_summary(score)}"
        f'<div class="scroll" tabindex="0" role="group" aria-label="the sound in time">'
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="group" '
        f'aria-label="waveform and phones">{"".join(drawing)}'
        f'<line id="now" y2="{height}" stroke="#c0392b" stroke-width="1.5"/></svg></div>'
        f'<audio controls src="data:audio/wav;base64,{_sound(samples)}"></audio>'
        f"{_words(score)}</main><script>const SCALE={scale:.3f};{_SCRIPT}</script></html>\n"
    )


def colour(score_0_2: float) -> str:
    """From red at 0 over yellow at 1 to green at 2."""
    return f"hsl({round(min(max(score_0_2, 0.0), 2.0) * 65)} 70% 52%)"


def _waveform(samples: Samples, width: int) -> str:
    middle, half = WAVE_HEIGHT / 2, WAVE_HEIGHT / 2 - 4
    sound = samples.astype(np.float64) / 32768.0
    peak = max(float(np.abs(sound).max(initial=0.0)), 1e-4)
    columns = np.array_split(sound / peak, max(1, min(width // 2, max(1, len(sound)))))
    step = width / len(columns)
    tops = [middle - half * column.max(initial=0.0) for column in columns]
    bottoms = [middle - half * column.min(initial=0.0) for column in columns]
    outline = [*enumerate(tops), *reversed(list(enumerate(bottoms)))]
    points = " ".join(f"{index * step:.1f},{y:.1f}" for index, y in outline)
    return f'<polygon fill="#4a7fb5" points="{points}"/>'


def _axis(seconds: float, scale: float) -> str:
    ticks = np.arange(0.0, seconds, TICK_S)
    return "".join(
        f'<path d="M{at * scale:.1f} {AXIS_TOP}v6" stroke="#8a8577"/><text class="t" '
        f'x="{at * scale + 3:.1f}" y="{AXIS_TOP + 12}">{at:.1f} s</text>'
        for at in ticks.tolist()
    )


def _phone(phone: PhoneResult, scale: float) -> str:
    left, right = phone.start_s * scale, phone.end_s * scale
    instead = "" if phone.heard is None else f", heard {ipa(phone.heard) or 'nothing'}"
    told = (
        f"{phone.phone} {phone.score_0_2:.2f} of 2, sure {phone.sure:.0%}{instead}, "
        f"{phone.start_s:.2f} to {phone.end_s:.2f} s"
    )
    letter = 15 if right - left >= LETTER_PX else 10
    number = f"{phone.score_0_2:.1f}" if right - left >= NUMBER_PX else ""
    below = number + ("!" if phone.flagged else "")
    return (
        f'<g class="p" tabindex="0" role="button" aria-label="{html.escape(told)}" '
        f'data-s="{phone.start_s:.3f}" data-e="{phone.end_s:.3f}">'
        f"<title>{html.escape(told)}</title>"
        f'<rect x="{left + 0.5:.1f}" y="{PHONE_TOP}" width="{max(right - left - 1, 1):.1f}" '
        f'height="34" rx="3" fill="{colour(phone.score_0_2)}"/><text x="{(left + right) / 2:.1f}" '
        f'y="{PHONE_TOP + 22}" font-size="{letter}">{ipa(phone.phone)}</text><text '
        f'x="{(left + right) / 2:.1f}" y="{PHONE_TOP + 52}" font-size="11">'
        f"{below}</text></g>"
    )


def _summary(score: Score) -> str:
    if score.accuracy_0_2 is None or score.fluency is None:
        say = kind_sentences()[score.outcome]["en"]
        return (
            f"<p>Not scored: <b>{score.outcome.value.replace('_', ' ')}</b>. Myna would say: "
            f"“{html.escape(say)}”</p>"
        )
    melody = score.intonation
    tune = "" if melody is None else f", melody {melody.ending} ({melody.range_semitones:.0f} st)"
    key = "".join(
        f'<i style="background:{colour(value)}"></i>{said}'
        for value, said in (
            (0.0, "0 missing or another sound"),
            (1.0, "1 accented"),
            (2.0, "2 right"),
        )
    )
    return (
        f"<p>Accuracy <b>{score.accuracy_0_2:.2f}</b> of 2 (sure {score.sure:.0%}), completeness "
        f"{score.completeness:.0%}, {score.fluency.phones_per_s:.1f} phones a second, pauses "
        f'{score.fluency.pauses}{tune}.</p><p class="key soft">Click a phone to hear it.{key}</p>'
    )


def _words(score: Score) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(word.word)}<td>{word.score_0_2:.2f}<td>{word.sure:.0%}<td>"
        f"{'said' if word.said else 'not heard'}<td>{' '.join(map(_in_words, word.phones))}"
        f"<td class=soft>{'* not in the dictionary, pronunciation guessed' if word.guessed else ''}"
        for word in score.words
    )
    head = "<tr><th>word<th>score of 2<th>sure<th>said<th>its sounds<th>note"
    return f"<table>{head}{rows}</table>" if rows else ""


def _in_words(phone: PhoneResult) -> str:
    """A sound with its score, and what was heard instead where that is sure."""
    instead = "" if phone.heard is None else f"→{ipa(phone.heard) or 'nothing'}"
    sign = "!" if phone.flagged else ""
    said = f"{ipa(phone.phone)}{instead}&nbsp;{phone.score_0_2:.1f}{sign}"
    return f'<span class="s">{said}</span>'


def _sound(samples: Samples) -> str:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE_HZ)
        out.writeframes(np.ascontiguousarray(samples, "<i2").tobytes())
    return base64.b64encode(file.getvalue()).decode()
