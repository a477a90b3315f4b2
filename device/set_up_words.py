"""What Myna says while she comes onto a network: in both languages, nobody has chosen yet."""

from __future__ import annotations

from enum import Enum

from device.announcements import SPELT_RATE
from dialog.ports import Language, Line
from provisioning.wifi.ports import Refusal

_DIGITS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "zh": tuple("零一二三四五六七八九"),
}


class SetUpSentence(Enum):
    """English and Chinese. ``{}`` is the last part of the access point's name, spelt."""

    OPEN = (
        "Let's get me onto your Wi-Fi. With your phone, scan the code on my label, or join the"
        " network Myna, {}, with the password on the label. A page opens. If none does, type"
        " ten, dot, forty-two, dot, zero, dot, one into the browser.",
        "我们来连 Wi-Fi 吧。请用手机扫我标签上的二维码，或者连接网络 Myna，{}，密码在标签上。"
        "页面会自动打开。如果没有打开，请在浏览器里输入，十，点，四十二，点，零，点，一。",
    )
    TRYING = (
        "I am trying your Wi-Fi now. My own network goes away meanwhile.",
        "我现在试着连您的 Wi-Fi，我自己的网络会暂时消失。",
    )
    JOINED = (
        "Done! I am on your Wi-Fi. Put your phone back on it, too. To see your own pages, hold my"
        " button until I speak of your phone.",
        "好了！我连上 Wi-Fi 了。请把手机也连回去。想看家长页面，请按住我的按钮，直到我说到手机。",
    )
    WRONG_PASSWORD = (
        "That password did not fit. My own network is back: join it once more, and try again.",
        "密码不对。我自己的网络回来了，请重新连接，再试一次。",
    )
    NOT_FOUND = (
        "I could not find that network. My own network is back: join it once more, and the page"
        " says what to do.",
        "我找不到那个网络。我自己的网络回来了，请重新连接，页面会告诉您怎么做。",
    )
    NO_ADDRESS = (
        "Your Wi-Fi let me in but gave me no address. Please restart your router. My own network"
        " is back.",
        "您的 Wi-Fi 让我连上了，但没有给我地址。请重启路由器。我自己的网络回来了。",
    )
    NO_ANSWER = (
        "Your Wi-Fi did not answer. Please move me closer to the router. My own network is back.",
        "您的 Wi-Fi 没有回应。请把我放近路由器。我自己的网络回来了。",
    )
    OTHER = (
        "That did not work. My own network is back: join it once more, and try again.",
        "没有成功。我自己的网络回来了，请重新连接，再试一次。",
    )
    CLOSED = (
        "I have closed my own network again. To open it, hold my button for ten seconds.",
        "我已经关闭了自己的网络。想再打开，请按住按钮十秒。",
    )
    HERE = ("Here I am!", "我在这里！")
    NO_WIFI = (
        "I have no Wi-Fi here. A network cable works, too.",
        "我这里没有 Wi-Fi，可以用网线。",
    )
    NOT_OBEYED = (
        "I could not open my own network. A technician can help.",
        "我打不开自己的网络，请找技术人员帮忙。",
    )


_FAILED = {
    Refusal.WRONG_PASSWORD: SetUpSentence.WRONG_PASSWORD,
    Refusal.NOT_FOUND: SetUpSentence.NOT_FOUND,
    Refusal.NO_ADDRESS: SetUpSentence.NO_ADDRESS,
    Refusal.NO_ANSWER: SetUpSentence.NO_ANSWER,
    Refusal.OTHER: SetUpSentence.OTHER,
}


def why(refusal: Refusal) -> SetUpSentence:
    """What to say about a failure."""
    return _FAILED[refusal]


def spoken(sentence: SetUpSentence, first: str, access_point: str = "") -> tuple[Line, ...]:
    """A sentence in both languages.

    Args:
        first: ``en`` or ``zh``: the language to begin with.
        access_point: Its name, of which what follows the hyphen is spelt.
    """
    english, chinese = sentence.value
    spelt = sentence is SetUpSentence.OPEN
    rate = SPELT_RATE if spelt else 1.0
    lines = {
        "en": Line(english.format(_spelt(access_point, "en")), Language.ENGLISH, rate),
        "zh": Line(chinese.format(_spelt(access_point, "zh")), Language.CHINESE, rate),
    }
    order = ("zh", "en") if first == "zh" else ("en", "zh")
    return tuple(lines[each] for each in order)


def _spelt(access_point: str, language: str) -> str:
    letters = access_point.rpartition("-")[2]
    digits = _DIGITS[language]
    return ", ".join(digits[int(each)] if each in "0123456789" else each for each in letters)
