"""What Myna says while she is being paired: in both languages, her own first."""

from __future__ import annotations

from urllib.parse import urlsplit

from device.announcements import SPELT_RATE
from dialog.ports import Language, Line

Sentence = tuple[str, str]

_DIGITS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "zh": tuple("零一二三四五六七八九"),
}
_CODE: Sentence = (
    "Open {} on your phone, sign in, and type: {}. Once more: {}. For my page for parents, hold my"
    " button again.",
    "请用手机打开 {}，登录，然后输入：{}。再说一遍：{}。想打开家长页面，请再按住按钮。",
)
_MAY_I: Sentence = (
    "May I join the family {}? Press my button once to say yes.",
    "我可以加入{}吗？同意就按一下我的按钮。",
)
_HELLO: Sentence = ("Hello {}! I am Myna. Nice to meet you.", "{}，你好！我是 Myna，很高兴认识你。")
_HELLO_ALL: Sentence = ("Hello! I am Myna. Nice to meet you.", "你好！我是 Myna，很高兴认识你们。")
_AND = {"en": " and ", "zh": "和"}
GOODBYE: Sentence = (
    "I have forgotten your family, and my platform does the same.",
    "我已经忘记了你们家的一切，平台也会这样做。",
)
FAILURES: dict[str, Sentence] = {
    "pairing.address": (
        "I cannot find that platform. Please look at its address again.",
        "我找不到这个平台，请再看一下它的地址。",
    ),
    "pairing.network": (
        "I cannot reach the platform. Please look at the network, and try again.",
        "我连不上平台，请检查网络，再试一次。",
    ),
    "pairing.certificate": (
        "I cannot trust that platform's certificate, so I do not go there.",
        "我不能信任这个平台的证书，所以没有连接。",
    ),
    "pairing.platform": (
        "There is no platform for me at that address.",
        "这个地址上没有适合我的平台。",
    ),
    "pairing.denied": (
        "All right. I was told no, so I stay as I am.",
        "好的，对方没有同意，我保持原样。",
    ),
    "pairing.taken": (
        "I belong to another family. They have to give me up first.",
        "我还属于另一个家庭，需要他们先让我离开。",
    ),
    "pairing.expired": (
        "That took too long, and the code is used up. Hold my button to begin again.",
        "时间太长，代码已经失效。按住我的按钮可以重新开始。",
    ),
    "pairing.busy": (
        "The platform is busy. Please try again in some minutes.",
        "平台现在很忙，请过几分钟再试。",
    ),
    "pairing.paired": ("I am paired already.", "我已经配对好了。"),
    "pairing.configured": (
        "A technician has set my platform. There is nothing to pair.",
        "技术人员已经设置了平台，不需要配对。",
    ),
    "pairing.nowhere": (
        "I do not know any platform. Type its address on my page for parents.",
        "我还不知道平台的地址，请在给家长的页面上填写。",
    ),
    "pairing.stopped": ("All right, I stay as I am.", "好的，我什么都没变。"),
}
_OTHER: Sentence = (
    "Pairing did not work. Please ask a technician to look at me.",
    "配对没有成功，请技术人员来看看我。",
)


def code_lines(code: str, address: str, language: str) -> tuple[Line, ...]:
    """The code symbol by symbol, twice, and where to type it."""
    place = urlsplit(address).netloc or address
    return tuple(
        Line(_CODE[_at(each)].format(place, spelt, spelt), Language(each), SPELT_RATE)
        for each in _order(language)
        for spelt in [spelt_code(code, each)]
    )


def spelt_code(code: str, language: str) -> str:
    """``7KMX-2QHP`` as it is said: a pause after each symbol, a longer one in the middle."""
    comma, stop = ("，", "。") if language == "zh" else (", ", ". ")
    halves = [
        comma.join(
            _DIGITS[language][int(each)] if each.isdecimal() else each.upper() for each in half
        )
        for half in code.split("-")
    ]
    return stop.join(halves)


def may_i_lines(family: str, language: str) -> tuple[Line, ...]:
    """The question before the button."""
    return _both((_MAY_I[0].format(family), _MAY_I[1].format(family)), language)


def hello_lines(nicknames: tuple[str, ...], language: str) -> tuple[Line, ...]:
    """The first hello, by the nicknames that the parents chose."""
    text = _HELLO if nicknames else _HELLO_ALL
    return (Line(text[_at(language)].format(_AND[language].join(nicknames)), Language(language)),)


def goodbye_lines(language: str) -> tuple[Line, ...]:
    """After the family has given the speaker up."""
    return _both(GOODBYE, language)


def failure_lines(code: str, language: str) -> tuple[Line, ...]:
    """Why it did not go on, and what to do."""
    return _both(FAILURES.get(code, _OTHER), language)


def _both(sentence: Sentence, language: str) -> tuple[Line, ...]:
    return tuple(Line(sentence[_at(each)], Language(each)) for each in _order(language))


def _order(language: str) -> tuple[str, str]:
    return ("zh", "en") if language == "zh" else ("en", "zh")


def _at(language: str) -> int:
    return 1 if language == "zh" else 0
