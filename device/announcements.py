"""What Myna says about herself outside any lesson, in the language of ``[device] language``."""

from __future__ import annotations

from enum import Enum

from dialog.ports import Language, Line


class Announcement(Enum):
    """One sentence each; a number in it is part of the sentence."""

    UNMUTED = ("I can hear you again.", "我又能听见你了。")
    PAIR_OFFERED = ("Let go to pair me with a phone.", "松开按钮，就可以和手机配对。")
    RESET_IN_5 = ("Keep holding to set up my Wi-Fi. Five.", "继续按住就会重新设置 Wi-Fi。五。")
    RESET_IN_4 = ("Four.", "四。")
    RESET_IN_3 = ("Three.", "三。")
    RESET_IN_2 = ("Two.", "二。")
    RESET_IN_1 = ("One.", "一。")
    RESET_CALLED_OFF = ("All right, I stay as I am.", "好的，我什么都没变。")
    QUIET_TIME = ("It is quiet time now. Let's talk later!", "现在是安静时间，我们晚点再聊！")
    ENOUGH_TODAY = (
        "You have practised enough for today. See you tomorrow!",
        "今天已经练够了，明天见！",
    )
    BREAK = (
        "Let's have a little break. Stretch your arms up high, and look out of the window!",
        "我们休息一小会儿，把手举得高高的，看看窗外吧！",
    )
    NEAR_BEDTIME = ("It is nearly bedtime, so let's go gently.", "快到睡觉时间了，我们慢慢来。")
    NO_PAGES = (
        "My pages for parents are switched off. A technician can switch them on.",
        "给家长的页面没有打开，请技术人员打开。",
    )
    NEW_VOICE = ("This is my voice now. Do you like it?", "我现在用这个声音说话，喜欢吗？")
    TEACHER_ANSWERS = ("Your teacher has an answer for you.", "老师回答了你的问题。")
    FAULT = (
        "I am not well. Please ask a grown-up to look after me.",
        "我有点不舒服，请大人来看看我。",
    )


_PLACE = {"en": 0, "zh": 1}


_EN_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGITS = {"en": _EN_DIGITS, "zh": tuple("零一二三四五六七八九")}
_CODE = {
    "en": "Type this into your phone: {}. Once more: {}.",
    "zh": "请在手机上输入：{}。再说一遍：{}。",
}
SPELT_RATE = 0.8
"""A code is said slowly, to be typed along."""


def code_lines(code: str, language: str) -> tuple[Line, ...]:
    """A code digit by digit, twice, in both languages, the speaker's own first."""
    order = ("zh", "en") if language == "zh" else ("en", "zh")
    return tuple(
        Line(_CODE[each].format(spelt, spelt), Language(each), SPELT_RATE)
        for each in order
        for spelt in [_spelt(code, each)]
    )


def _spelt(code: str, language: str) -> str:
    said = [_DIGITS[language][int(digit)] for digit in code]
    pause = "，" if language == "zh" else ", "
    halves = (said[: len(said) // 2], said[len(said) // 2 :])
    return pause.join(" ".join(half) for half in halves)


def line(announcement: Announcement, language: str) -> Line:
    """The sentence as the voice takes it."""
    return Line(announcement.value[_PLACE[language]], Language(language))
