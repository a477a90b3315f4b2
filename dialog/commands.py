"""What a child can say at any time: in English, in the English of beginners, and in Chinese.

A recogniser of English hears Chinese as well, when it is told what to expect and how that sounds:
the few Chinese phrases that are listened for stand here in pinyin, whose sounds `dialog.pinyin`
knows. One that writes Chinese (a larger model, a service) is understood by its characters.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import Enum

from dialog.packs.wording import plain
from dialog.ports import Language


class Command(Enum):
    """What the child wants besides answering."""

    REPEAT = "repeat"
    SLOWER = "slower"
    SKIP = "skip"
    OTHER = "other"
    """Something else than this unit."""
    STOP = "stop"
    HELP = "help"
    PROGRESS = "progress"
    LOUDER = "louder"
    QUIETER = "quieter"
    GO_ON = "go_on"
    WAIT = "wait"


LISTENED_FOR: dict[Command, tuple[str, ...]] = {
    Command.REPEAT: ("repeat", "again", "one more time", "say it again", "again please"),
    Command.SLOWER: ("slower", "too fast", "slow down", "slowly please"),
    Command.SKIP: ("skip", "next one", "skip it", "another one"),
    Command.OTHER: ("something else", "i want something else"),
    Command.STOP: ("stop", "goodbye", "bye bye", "i want to stop", "no more"),
    Command.HELP: ("help", "help me", "i don't know", "i can't"),
    Command.PROGRESS: ("how am i doing",),
    Command.LOUDER: ("louder", "speak up"),
    Command.QUIETER: ("quieter", "too loud"),
    Command.GO_ON: ("go on", "continue"),
    Command.WAIT: ("wait", "wait a minute", "hold on"),
}
"""What goes into every grammar: few, since each further phrase is one more to be misheard as."""

ALSO_UNDERSTOOD: dict[Command, tuple[str, ...]] = {
    Command.REPEAT: (
        "repeat please", "please repeat", "say again", "again again", "once more", "what",
        "pardon", "sorry", "what did you say", "can you repeat", "one time more", "more time",
        "can you say it again", "please say again", "i didn't hear", "i not hear", "i no hear",
        "not hear", "huh",
    ),
    Command.SLOWER: (
        "slow", "slowly", "slow please", "more slow", "more slowly", "speak slowly",
        "speak slow", "please slow", "slower please", "please slower", "you speak too fast",
        "too quick", "very fast", "so fast",
    ),
    Command.SKIP: (
        "next", "next please", "next question", "skip please", "please skip", "pass",
        "change one", "change another", "i don't want this", "not this", "don't like this",
        "go next", "too hard", "too difficult", "very difficult",
    ),
    Command.OTHER: (
        "something else please", "i want other", "i want another", "other thing", "other things",
        "something different", "something new", "i want something new", "boring", "it's boring",
        "so boring", "let's do something else", "can we do something else", "play a game",
        "i want to play", "change please", "another game",
    ),
    Command.STOP: (
        "bye", "good bye", "stop please", "please stop", "finish", "finished", "i'm finished",
        "i am finished", "the end", "over", "game over", "i'm tired", "i am tired", "enough",
        "see you", "i want stop", "i want to go", "no play", "i don't want to play", "good night",
    ),
    Command.HELP: (
        "don't know", "i no know", "i not know", "i do not know", "no idea", "help please",
        "please help", "please help me", "how to say", "how do i say it", "what should i say",
        "i can't say", "i can not", "i cannot", "i can't say it", "teach me", "tell me",
        "i don't understand", "don't understand", "no understand", "not understand",
    ),
    Command.PROGRESS: (
        "how i am doing", "how am i", "how do i do", "am i good", "is it good", "my score",
        "how many points", "how many", "what is my score", "did i do well",
    ),
    Command.LOUDER: (
        "louder please", "more loud", "speak louder", "big voice", "bigger voice", "loud please",
        "i can't hear", "i can't hear you", "volume up", "turn it up", "too quiet", "too small",
    ),
    Command.QUIETER: (
        "quieter please", "more quiet", "quiet", "quiet please", "small voice", "smaller voice",
        "volume down", "turn it down", "so loud", "very loud", "be quiet", "softer",
    ),
    Command.GO_ON: (
        "okay", "ok", "ready", "i'm ready", "i am ready", "let's go", "go", "go ahead", "start",
        "continue please", "come on", "keep going",
    ),
    Command.WAIT: (
        "wait please", "please wait", "wait wait", "one minute", "just a minute", "wait me",
        "wait for me", "a moment", "one moment", "hold on please", "pause", "let me think",
    ),
}  # fmt: skip
"""What is understood besides when a recogniser hears it of its own accord."""

CHINESE_LISTENED_FOR: dict[Command, tuple[str, ...]] = {
    Command.REPEAT: ("zai shuo yi bian",),
    Command.SLOWER: ("man yi dian",),
    Command.SKIP: ("xia yi ge",),
    Command.OTHER: ("huan yi ge",),
    Command.STOP: ("bu wan le",),
    Command.HELP: ("wo bu hui",),
    Command.PROGRESS: ("wo shuo de zen me yang",),
    Command.LOUDER: ("da sheng yi dian",),
    Command.QUIETER: ("xiao sheng yi dian",),
    Command.GO_ON: ("ji xu",),
    Command.WAIT: ("deng yi xia",),
}
"""Listened for where the family chose Chinese: pinyin without tones."""

CHINESE_UNDERSTOOD: dict[Command, tuple[str, ...]] = {
    Command.REPEAT: (
        "再说一遍", "再说一次", "再来一遍", "再来一次", "重复", "没听清", "我没听清", "什么",
        "你说什么",
    ),
    Command.SLOWER: ("慢一点", "慢点", "说慢一点", "太快了", "请慢一点"),
    Command.SKIP: ("下一个", "跳过", "过", "太难了", "不想说这个", "下一题"),
    Command.OTHER: (
        "换一个", "换别的", "我想换一个", "我想玩别的", "我要别的", "不想学这个", "换个别的",
        "没意思",
    ),
    Command.STOP: (
        "不玩了", "停", "停止", "再见", "拜拜", "我累了", "不想玩了", "结束", "我不想学了",
    ),
    Command.HELP: (
        "我不会", "不知道", "我不知道", "帮帮我", "怎么说", "教教我", "听不懂", "我听不懂",
    ),
    Command.PROGRESS: ("我说得怎么样", "我学得怎么样", "我说的怎么样", "我棒不棒", "我说得好吗"),
    Command.LOUDER: ("大声一点", "大声点", "听不见", "我听不见", "声音大一点"),
    Command.QUIETER: ("小声一点", "小声点", "太吵了", "声音小一点", "太大声了"),
    Command.GO_ON: ("继续", "开始", "开始吧", "好了", "好的", "准备好了", "我们开始吧", "接着来"),
    Command.WAIT: ("等一下", "等等", "等一等", "等会儿", "暂停", "等我一下"),
}  # fmt: skip
"""Understood from a recogniser that writes Chinese."""

_NOT_HAN = re.compile(r"[^\u4e00-\u9fff]+")
_HAN = re.compile(r"[\u4e00-\u9fff]")

_BY_WORDING = {
    wording: command
    for table in (LISTENED_FOR, ALSO_UNDERSTOOD, CHINESE_LISTENED_FOR, CHINESE_UNDERSTOOD)
    for command, wordings in table.items()
    for wording in wordings
}
_CALLED = frozenset({"myna", "mina", "please", "oh", "um", "uh", "er", "qing"})
"""Said around a command without changing it."""


def command_in(text: str) -> Command | None:
    """The command that `text` is, None when it is none."""
    words = plain_words(text)
    if words in _BY_WORDING:
        return _BY_WORDING[words]
    parts = words.split()
    while parts and parts[0] in _CALLED:
        parts = parts[1:]
    while parts and parts[-1] in _CALLED:
        parts = parts[:-1]
    return _BY_WORDING.get(" ".join(parts))


def plain_words(text: str) -> str:
    """`text` as `plain` gives it; Chinese as its characters alone.

    >>> plain_words("再说一遍，好吗？")
    '再说一遍好吗'
    """
    return _NOT_HAN.sub("", text) if _HAN.search(text) else plain(text)


def listened_for(
    answers: Collection[str], language: Language = Language.ENGLISH
) -> tuple[str, ...]:
    """Commands for an expectation: none that is, or begins, one of the right answers.

    "Bye bye" is the right answer of a lesson on greetings and must not end the session; "wait"
    must not compete with "wait for me".

    Args:
        language: The family's language of instruction; with Chinese, a few Chinese ones follow.
    """
    tables = [LISTENED_FOR]
    if language is Language.CHINESE:
        tables.append(CHINESE_LISTENED_FOR)
    return tuple(
        wording
        for table in tables
        for wordings in table.values()
        for wording in wordings
        if wording not in answers
        and not any(answer.startswith(wording + " ") for answer in answers)
    )
