"""What Myna can answer by herself: sums, spelling, the time, words of the pack, and its content."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime

from dialog.cloud.arithmetic import sum_in
from dialog.packs.model import Kind, Pack
from dialog.packs.wording import plain
from dialog.ports import Language

_SPELL = re.compile(
    r"(?:how (?:do|can) (?:you|i|we) spell|spell|the spelling of) (?:the word )?([a-z']+)$"
)
_SPELL_ZH = re.compile(r"([a-z']+)\s*(?:怎么拼|怎么写|如何拼)|拼写?\s*([a-z']+)")
_TIME = re.compile(r"what time is it|what's the time|what is the time|现在几点|几点了|几点钟")
_DAY = re.compile(r"what day is|which day is|what's the date|what is the date|今天星期几|今天几号")
_WORD_OF_DAY = re.compile(r"word (?:of the |for to)day|today's word|今天的单词|每日一词")
_MEANING = re.compile(
    r"(?:what does|what do|what is the meaning of|meaning of) (?:the word )?(?:an? |the )?"
    r"([a-z' -]+?)"
    r"(?: mean| means| in chinese)?$"
)
_MEANING_ZH = re.compile(r"([a-z' -]+?)\s*是什么意思|([a-z' -]+?)\s*的意思")
_IN_ENGLISH = re.compile(
    r"^(?:请问)?(.{1,6}?)(?:用英语|用英文|的英语|的英文|英语|英文)(?:怎么说|怎么讲|是什么|怎么念)?$"
)
_WEEKDAYS = {
    Language.ENGLISH: [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ],
    Language.CHINESE: [f"星期{c}" for c in "一二三四五六日"],
}
_STOP = frozenset(
    {
        *("a", "an", "the", "is", "are", "was", "do", "does", "did", "what", "who", "where"),
        *("when", "why", "how", "which", "can", "could", "i", "you", "he", "she", "it", "we"),
        *("they", "my", "your", "to", "of", "in", "on", "at", "and", "or", "me", "tell", "about"),
        *("please", "for", "with", "have", "has", "like"),
    }
)
BEST_AT_MOST = -1.0
"""BM25 as SQLite counts it, lower is better: above this a hit is chance."""
LEAST_SHARED = 0.6
"""Share of the telling words of either question that the other has to hold."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A word of the pack with what there is to say about it."""

    english: str
    about: str
    chinese: str


class LocalAnswers:
    """Answers without any network.

    Args:
        pack: Where words and content come from.
    """

    def __init__(self, pack: Pack) -> None:
        self._words: dict[str, Entry] = {}
        content: list[tuple[str, str]] = []
        for item in pack.items():
            if item.kind is Kind.WORD:
                entry = Entry(item.english.strip("."), item.prompt.en, item.prompt.zh)
                for answer in item.answers:
                    self._words.setdefault(_bare(answer), entry)
            if item.kind is Kind.QUESTION and item.answers and not item.open_speech:
                content.append((item.english, item.model))
        self._content = _index(content)
        self._daily = sorted({entry.english for entry in self._words.values()})

    def close(self) -> None:
        """Let the index go. Idempotent."""
        self._content.close()

    def certain(self, question: str, now: datetime, language: Language) -> str | None:
        """What needs nobody else, ever; None for anything open.

        Args:
            now: Local time.
        """
        said = question.lower().strip(" .?!。？！")
        for answer in (self._clock, self._spelling, self._word_of_the_day, self._translation):
            if (found := answer(said, now, language)) is not None:
                return found
        if (result := sum_in(said)) is not None:
            return f"It is {result}." if language is Language.ENGLISH else f"等于{result}。"
        return self._meaning(said, language)

    def retrieved(self, question: str) -> str | None:
        """The lesson's own answer to a question like one of its own; None without a near one."""
        asked = [word for word in plain(question).split() if word not in _STOP]
        if not asked:
            return None
        wanted = " OR ".join(f'"{word}"' for word in dict.fromkeys(asked))
        row = self._content.execute(
            "SELECT question, answer, bm25(content) FROM content WHERE content MATCH ?"
            " ORDER BY 3 LIMIT 1",
            (wanted,),
        ).fetchone()
        if row is None or row[2] > BEST_AT_MOST:
            return None
        known = plain(str(row[0])).split()
        theirs = [word for word in known if word not in _STOP]
        # "Why is the sky blue" is not answered by what is said about "what colour is the sky".
        alike = plain(question).split()[0] == known[0] and all(
            sum(word in others for word in these) >= LEAST_SHARED * len(these)
            for these, others in ((asked, theirs), (theirs, asked))
        )
        return str(row[1]) if alike else None

    # -------------------------------------------------------------------- kinds

    def _clock(self, said: str, now: datetime, language: Language) -> str | None:
        if _TIME.search(said):
            if language is Language.CHINESE:
                return f"现在是{now.hour}点{now.minute}分。"
            return f"It is {now.hour % 12 or 12}:{now.minute:02d}."
        if _DAY.search(said):
            day = _WEEKDAYS[language][now.weekday()]
            return f"今天是{day}。" if language is Language.CHINESE else f"Today is {day}."
        return None

    def _spelling(self, said: str, _now: datetime, language: Language) -> str | None:
        found = _SPELL.search(said) or _SPELL_ZH.search(said)
        if found is None:
            return None
        word = next(group for group in found.groups() if group)
        letters = ", ".join(c.upper() for c in word if c.isalpha())
        return f"{word}：{letters}。" if language is Language.CHINESE else f"{letters}: {word}."

    def _word_of_the_day(self, said: str, now: datetime, language: Language) -> str | None:
        if not _WORD_OF_DAY.search(said) or not self._daily:
            return None
        word = self._daily[_day_number(now.date()) % len(self._daily)]
        if language is Language.CHINESE:
            return f"今天的单词是：{word}。"
        return f"The word of the day is: {word}."

    def _translation(self, said: str, _now: datetime, _language: Language) -> str | None:
        found = _IN_ENGLISH.search(said)
        if found is None:
            return None
        wanted = found[1]
        for entry in self._words.values():
            if re.search(rf"(?:^|[，。“：]){re.escape(wanted)}(?:$|[，。”：])", entry.chinese):
                return f"{entry.english}."
        return None

    def _meaning(self, said: str, language: Language) -> str | None:
        found = _MEANING.search(said) or _MEANING_ZH.search(said)
        if found is None:
            return None
        entry = self._words.get(_bare(next(group for group in found.groups() if group)))
        if entry is None:
            return None
        hint = _without_call(entry.about if language is Language.ENGLISH else entry.chinese)
        if language is Language.CHINESE:
            return f"{entry.english}：{hint}" if hint else None
        return f"{entry.english}. {hint}" if hint else None


def _bare(text: str) -> str:
    """A word without what stands around it: ``it's a cat`` is ``cat``."""
    words = plain(text).split()
    while words and words[0] in ("it's", "it", "is", "a", "an", "the", "my"):
        words = words[1:]
    return " ".join(words)


def _without_call(prompt: str) -> str:
    """A prompt without its call to speak: "It says meow. Say:" is "It says meow."."""
    kept = re.split(r"(?:Say|Now say|跟我说|英语)[^.。]*[:：]\s*$", prompt)[0]
    return kept.rstrip("，, ").strip()


def _day_number(day: date) -> int:
    return day.toordinal()


def _index(content: list[tuple[str, str]]) -> sqlite3.Connection:
    # In memory and read by the conversation's one thread; made in whichever starts the speaker.
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.execute(
        "CREATE VIRTUAL TABLE content USING fts5(question, answer, tokenize='porter unicode61')"
    )
    database.executemany("INSERT INTO content VALUES (?, ?)", content)
    return database
