"""What could tell who a child is, replaced before a text leaves the device.

Recognised speech has no capitals and no digits, so wording is what there is to go by: what stands
after "my name is", "I live in", "I go to". The wordings are in ``personal.yaml``.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
import unicodedata

import yaml

_WORD = re.compile(r"<([a-z_]+)>")


def replace_personal(text: str) -> tuple[str, tuple[str, ...]]:
    """A text without what identifies, and the kinds of what was replaced.

    Args:
        text: What was said, in English, Chinese or both.

    Returns:
        The text with ``[name]``, ``[number]``, ``[place]`` and the like in place of it, and those
        words without brackets, in order of the rules.
    """
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    kinds: list[str] = []
    for kind, pattern in _rules():

        def put(found: re.Match[str], kind: str = kind) -> str:
            kinds.append(kind)
            kept = found.groupdict().get("keep") or ""
            gap = " " if kept and kept[-1].isascii() and not kept.endswith(" ") else ""
            return f"{kept}{gap}[{kind}]"

        text = pattern.sub(put, text)
    return text, tuple(kinds)


@functools.cache
def _rules() -> tuple[tuple[str, re.Pattern[str]], ...]:
    text = importlib.resources.files("dialog.safety").joinpath("personal.yaml").read_text("utf-8")
    raw = yaml.safe_load(text)
    words: dict[str, str] = {}

    def expanded(pattern: str) -> str:
        return _WORD.sub(lambda name: words.get(name[1], name[0]), pattern)

    for name, pattern in raw["words"].items():
        words[name] = expanded(str(pattern))
    return tuple(
        (str(rule["kind"]), re.compile(expanded(str(rule["pattern"])), re.IGNORECASE))
        for rule in raw["rules"]
    )
