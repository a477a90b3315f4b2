"""How a recogniser of English should expect the few Chinese phrases that are listened for.

Mandarin has sounds that English lacks, and one that was trained on English puts the nearest of its
own there, now this one, now that one: so most syllables have several ways. They were chosen by
ear and by what the ears made of synthetic voices (`docs/recognition.md` says how well it works).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dialog.phone_graph import Pronunciation

_WRITTEN = {
    "bian": "B Y EH N|B IY EH N|B IY AH N|B AY N",
    "bu": "B UW|P UW|B UH|B AO",
    "ci": "T S|T S IH|S ER|S IH",
    "da": "D AA|T AA|D AH",
    "dao": "D AW|D AO|T AW",
    "de": "D AH|D UH|T AH",
    "deng": "D AH NG|D AH N|T AH N|D OW N",
    "dian": "D Y EH N|D IY EH N|D IH N|D IY N|T Y EH N",
    "dong": "D OW NG|D UH NG|D AO N|T OW NG",
    "ge": "G AH|K AH|G OW|G ER",
    "guo": "G W AO|G AO|K W AO",
    "huan": "HH W AA N|F W AH N|W AY N|W AH N",
    "hui": "HH W EY|F EY|W EY|F R EY|HH R IY",
    "ji": "JH IY|HH IY|CH IY|D IY|T IY",
    "jian": "JH Y EH N|JH EH N|CH Y EH N|D Y EH N",
    "kuai": "K W AY|K AY|K W EH",
    "le": "L AH|L ER|DH AH|L AO|L AH N",
    "man": "M AA N|M AH N|M AE N|M AY N|M AY",
    "me": "M AH|M ER|M",
    "sheng": "SH AH NG|SH AH N|SH N|F AH N|F OW N",
    "shi": "SH ER|SH IH|S ER",
    "shuo": "SH W AO|SH UW AO|F W AO|SH UW|SH AO",
    "tai": "T AY|T EH",
    "tiao": "T Y AW|T IY AW|CH AW",
    "ting": "T IY NG|T IH NG|T IY N",
    "wan": "W AA N|W AH N|W AY N",
    "wo": "W AO|W AH",
    "xia": "SH Y AA|SH AA|SH AH|S AE|S AY|S Y AA",
    "xiang": "SH Y AA NG|SH AA NG|S Y AA NG|SH AH N|S AH N",
    "xiao": "SH Y AW|SH AW|S AW|S AO|S Y AO|S EH|Y AO",
    "xu": "SH UW|SH Y UW|S UW|SH IY|SH",
    "yang": "Y AA NG|Y AH N|Y EH N|Y AE N",
    "yi": "Y IY|IY|IH IY",
    "zai": "Z AY|S AY|DH AY|T S AY|F AY",
    "zen": "Z AH N|DH AH N|DH AH|T AH N|S AH N",
    "zhi": "JH ER|JH IH|CH ER|D ER",
}  # fmt: skip

SYLLABLES: Mapping[str, tuple[Pronunciation, ...]] = {
    syllable: tuple(tuple(way.split()) for way in ways.split("|"))
    for syllable, ways in _WRITTEN.items()
}
"""The ways in which each pinyin syllable may come, the truest one first."""


def is_pinyin(words: Sequence[str]) -> bool:
    """Whether a phrase consists of such syllables; one word alone is English (`man`, `me`)."""
    return len(words) > 1 and all(word in SYLLABLES for word in words)
