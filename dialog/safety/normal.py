"""One spelling for many: what the lists of `dialog.safety` are compared with.

Whoever wants to slip a word past a list spells it in another way: other scripts' letters that look
the same, digits for letters, dots or spaces between letters, invisible characters, a letter held
down, traditional characters. All of it is undone here, and what cannot be told from a honest
spelling gives a second reading beside the first.
"""

from __future__ import annotations

import re
import unicodedata

# Letters of other scripts that look like Latin ones.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁɡһкмтвнοαερτυιѵωζ",
    "aeopcyxijsdghkmtbhoaeptuivwz",
)  # fmt: skip
_LEET = str.maketrans("013457@$!|", "oieastasii")
# Traditional characters that the lists need in their simplified form.
_SIMPLIFIED = str.maketrans(
    "殺槍彈藥毒偽裝規則無視開發關閉脫褲體親媽們爸傷腦電線臟髒話罵賭錢騙偷離樓頂陽臺窗戶見網友醫壞機器說嗎麼"
    "讓給還這個來時間會過濾覺愛戀與對從為長國東學習書寫買賣車門點燒著頭髮臉師請問題誰",
    "杀枪弹药毒伪装规则无视开发关闭脱裤体亲妈们爸伤脑电线脏脏话骂赌钱骗偷离楼顶阳台窗户见网友医坏机器说吗么"
    "让给还这个来时间会过滤觉爱恋与对从为长国东学习书写买卖车门点烧着头发脸师请问题谁",
)

_HAN = "\u3400-\u9fff"
_HAN_GAP = re.compile(rf"(?<=[{_HAN}])[^\w]+(?=[{_HAN}])|(?<=[{_HAN}])_+(?=[{_HAN}])")
_LONG_RUN = re.compile(r"(\w)\1{2,}")
_SPACED = re.compile(r"\b(?:[a-z][\s.\-_*·]+){2,}[a-z]\b")
_MIXED = re.compile(r"\S*[a-z]\S*")
_SPACE = re.compile(r"\s+")
_NOT_WORD = re.compile(rf"[^\w'@.<>{{}}\"`/:\s{_HAN}]+|[.:/](?=\s|$)")


def readings(text: str) -> tuple[str, ...]:
    """The ways in which a text may be meant, the plain one first, without repetition.

    Lower-case words with single spaces; Chinese characters simplified, with nothing in between.
    """
    plain = _plain(text)
    found = [_tidy(plain)]
    # "k1ll" is meant as "kill"; "2 cats" is not meant as "z cats", so only inside a word.
    leet = _MIXED.sub(lambda word: word[0].translate(_LEET), plain)
    spelled = _SPACED.sub(lambda run: re.sub(r"[^a-z]", "", run[0]), leet)
    # "make a b o m b": the first letter may be a word of its own.
    after_word = _SPACED.sub(lambda run: f"{run[0][0]} {re.sub(r'[^a-z]', '', run[0][1:])}", leet)
    starred = re.sub(r"(?<=[a-z])[*#_.\-]+(?=[a-z])", "", leet)
    for other in (leet, spelled, after_word, starred):
        found += [_tidy(_LONG_RUN.sub(r"\1", other)), _tidy(_LONG_RUN.sub(r"\1\1", other))]
    return tuple(dict.fromkeys(found))


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    decomposed = unicodedata.normalize("NFKD", text)
    kept = (
        c for c in decomposed if unicodedata.category(c) not in {"Mn", "Cf", "Cc"} or c in "\n\t"
    )
    return "".join(kept).translate(_LOOKALIKES).translate(_SIMPLIFIED)


def _tidy(text: str) -> str:
    text = _HAN_GAP.sub("", _SPACE.sub(" ", _NOT_WORD.sub(" ", text)))
    return _SPACE.sub(" ", text).strip(" '\"")
