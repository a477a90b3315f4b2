"""What Myna says while a child teaches her its voice, in the language of instruction.

``{}`` in a sentence is a number. The phrase itself is said by the English voice after a sentence.
"""

from __future__ import annotations

from enum import Enum

from dialog.ports import Language, Line


class Saying(Enum):
    """English and Chinese, one sentence or two each."""

    OPENING = (
        "First I want to learn your voice, so that I wake up when you call me. Stay where you"
        " are, and say this five times, once each time I ask.",
        "我想先认识你的声音，这样你一叫我，我就能听见。你在原地，跟我说五遍，我请你一遍，你就说一遍。",
    )
    NOW_YOU = ("Now you!", "轮到你了！")
    FOUR_LEFT = ("Lovely! Again, please.", "真好听！再说一遍。")
    THREE_LEFT = ("I hear you! Three more.", "我听见了！还有三遍。")
    TWO_LEFT = ("Very good! Two more.", "很好，还有两遍。")
    ONE_LEFT = ("One last time!", "最后一遍！")
    ONCE_MORE = ("Let's try that one again. Say:", "这一遍我们再来一次。请说：")
    STILL_THERE = ("Are you there? Just say:", "你还在吗？请说：")
    ALL_HEARD = (
        "Thank you! Now I know your voice: I heard you {} times out of five.",
        "谢谢你！我认识你的声音了：五遍里我听见了{}遍。",
    )
    SOME_HEARD = (
        "Thank you! I heard you {} times out of five, and I am still learning. When I do not wake"
        " up, come a little closer, or press my button.",
        "谢谢你！五遍里我听见了{}遍，我还在学。要是我没醒，请靠近一点，或者按我的按钮。",
    )
    NOT_LEARNT = (
        "Thank you for helping me! I could not learn it this time. My button always works.",
        "谢谢你帮我！这次我没学会。按我的按钮总是可以的。",
    )
    LATER = ("All right, another time!", "好的，下次再说！")


_LEFT = {4: Saying.FOUR_LEFT, 3: Saying.THREE_LEFT, 2: Saying.TWO_LEFT, 1: Saying.ONE_LEFT}
_PLACE = {Language.ENGLISH: 0, Language.CHINESE: 1}
_DIGITS = ("零", "一", "两", "三", "四", "五")
_SAID_AT = 0.9
"""Rate of the phrase when Myna says it first."""


def line(saying: Saying, language: Language, number: int = 0) -> Line:
    """A sentence as the voice takes it."""
    said = str(number) if language is Language.ENGLISH else _DIGITS[number]
    return Line(saying.value[_PLACE[language]].format(said), language)


def model(phrase: str) -> Line:
    """The phrase as it is to be said."""
    return Line(phrase.capitalize() + ".", Language.ENGLISH, _SAID_AT)


def left(count: int, language: Language) -> Line:
    """Encouragement while so many are left."""
    return line(_LEFT[count], language)
