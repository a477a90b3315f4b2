"""What the command line prints: lines for people, JSON for scripts, complaints on stderr."""

from __future__ import annotations

import json
import sys
from typing import Any


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever json can write
    """One line of JSON on stdout, flushed so that a reader at a pipe sees it at once."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def complain(sentence: str) -> None:
    """One sentence on stderr, with the name of the program before it."""
    print(f"myna: {sentence}", file=sys.stderr, flush=True)
