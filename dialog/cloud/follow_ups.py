"""What a child says to an answer, as it is compared: lower-case, without stops."""

from __future__ import annotations

from dialog.commands import Command

YES = frozenset(
    ("yes", "yes please", "yeah", "okay", "ok", "sure", "please", "好", "好的", "要", "可以", "是",
     "嗯")
)  # fmt: skip
NO = frozenset({"no", "no thank you", "no thanks", "nope", "不", "不要", "不用", "不用了"})
GO_ON = frozenset({"继续", "接着说", "继续说", "往下说"})
AGAIN = frozenset({Command.REPEAT, Command.SLOWER})
STOP = frozenset({"停", "不玩了", "不说了", "停下"})
