"""How a word that no dictionary knows is said, as ARPABET phones.

espeak-ng's rules give an IPA transcription, which a table turns into the recogniser's phones.
"""

from __future__ import annotations

import functools

from core.errors import ModelError
from dialog.espeak_library import ipa_of, use_voice

# Longest first. American English as espeak-ng 1.51 writes it (docs/phonemes.md there).
_ARPABET = {
    "aɪɚ": "AY ER", "aɪə": "AY AH", "tʃ": "CH", "dʒ": "JH", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY",
    "oʊ": "OW", "əʊ": "OW", "ɔɪ": "OY", "ɑːɹ": "AA R", "ɔːɹ": "AO R", "oːɹ": "AO R", "ɛɹ": "EH R",
    "ɪɹ": "IH R", "ʊɹ": "UH R", "ɜː": "ER", "iː": "IY", "uː": "UW", "ɑː": "AA", "ɔː": "AO",
    "oː": "AO", "əl": "AH L", "iə": "IY AH", "æ": "AE", "ɐ": "AH", "ə": "AH", "ʌ": "AH", "ɚ": "ER",
    "ɝ": "ER", "ɛ": "EH", "e": "EH", "ɪ": "IH", "i": "IY", "ᵻ": "IH", "ʊ": "UH", "u": "UW",
    "ɑ": "AA", "ɒ": "AA", "ɔ": "AO", "o": "OW", "a": "AA", "b": "B", "d": "D", "ð": "DH", "f": "F",
    "ɡ": "G", "g": "G", "h": "HH", "j": "Y", "k": "K", "l": "L", "m": "M", "n": "N", "ŋ": "NG",
    "p": "P", "ɹ": "R", "r": "R", "s": "S", "ʃ": "SH", "t": "T", "ɾ": "T", "ʔ": "T", "θ": "TH",
    "v": "V", "w": "W", "x": "K", "z": "Z", "ʒ": "ZH",
}  # fmt: skip

# Where espeak-ng is not installed: one sound for each letter is better than refusing a lesson.
_LETTERS = {
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH",
    "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R",
    "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip


_KNOWN = {"myna": "M AY N AH"}
"""Words of ours that the rules get wrong."""


@functools.lru_cache(maxsize=1024)
def phones(word: str) -> str:
    """ARPABET phones of a word, separated by spaces; empty when it holds no letter."""
    if word.lower() in _KNOWN:
        return _KNOWN[word.lower()]
    try:
        use_voice("en-us")
        said = arpabet(ipa_of(word))
    except ModelError:
        said = ""
    return said or " ".join(_LETTERS[c] for c in word.lower() if c in _LETTERS)


def arpabet(ipa: str) -> str:
    """ARPABET phones of an IPA transcription; what is no sound (stress, length) is passed over."""
    said: list[str] = []
    at = 0
    ipa = "".join(c for c in ipa if c not in "ˈˌ\u0361 _-")
    while at < len(ipa):
        for length in (3, 2, 1):
            phone = _ARPABET.get(ipa[at : at + length])
            if phone is not None:
                said.append(phone)
                at += length
                break
        else:
            at += 1
    return " ".join(said)
