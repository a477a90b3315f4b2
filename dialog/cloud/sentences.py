"""From tokens to sayable sentences, as soon as each is whole."""

from __future__ import annotations

import re

from dialog.speech_text import sanitised

LONGEST = 240
"""Characters after which a sentence is cut although it has not ended: nobody could listen on."""

_HAN_END = re.compile(r"[。！？…；]+[”’」』）)]*")
# After a Latin full stop only a space tells that it is no "3.5" and no "e.g." in the making.
_LATIN_END = re.compile(r"[.!?]+[\"'”’)]*(?=\s)|\n+")
_SHORTENED = re.compile(
    r"(?:^|[\s(])(?:mr|mrs|ms|dr|st|vs|etc|e\.g|i\.e|a\.m|p\.m|no|[A-Z])\.$", re.IGNORECASE
)
_SAYABLE = re.compile(r"\w")
_BREAK = re.compile(r"[,;:，、：]\s*|\s+")


class SentenceSplitter:
    """Collects a reply and gives out its sentences, sanitised for a voice."""

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, text: str) -> list[str]:
        """Sentences that `text` completes, in order; any of them holds something to say."""
        self._pending += text
        found: list[str] = []
        while (end := self._end()) is not None:
            sentence, self._pending = self._pending[:end], self._pending[end:]
            _keep(sentence, found)
        return found

    def finish(self) -> list[str]:
        """What is left when the reply has ended. A reply cut off in a word loses nothing."""
        found: list[str] = []
        _keep(self._pending, found)
        self._pending = ""
        return found

    def _end(self) -> int | None:
        start = 0
        while True:
            ends = [
                match.end()
                for match in (
                    _HAN_END.search(self._pending, start),
                    _LATIN_END.search(self._pending, start),
                )
                if match is not None
            ]
            if not ends:
                return self._cut()
            end = min(ends)
            if not _SHORTENED.search(self._pending[:end]):
                return end
            start = end

    def _cut(self) -> int | None:
        if len(self._pending) < LONGEST:
            return None
        breaks = [m.end() for m in _BREAK.finditer(self._pending, LONGEST // 2, LONGEST)]
        return breaks[-1] if breaks else LONGEST


def _keep(sentence: str, found: list[str]) -> None:
    clean = sanitised(sentence)
    if _SAYABLE.search(clean):
        found.append(clean)
