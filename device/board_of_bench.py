"""The board that the bench named, put into a configuration that names none itself."""

from __future__ import annotations

import json
import tomllib


def naming_board(text: str, profile: str) -> str:
    """A configuration with ``[board] profile``.

    Args:
        text: The configuration file. One that has a profile, and one that is no TOML, comes back
            as it is: the first has been decided, the second is told of by whoever reads it.
        profile: A board profile's name; empty changes nothing.
    """
    try:
        decided = "profile" in tomllib.loads(text).get("board", {})
    except tomllib.TOMLDecodeError:
        return text
    if decided or not profile:
        return text
    line = f"profile = {json.dumps(profile)}"
    lines = text.splitlines()
    for number, each in enumerate(lines):
        if each.split("#")[0].strip() == "[board]":
            return "\n".join([*lines[: number + 1], line, *lines[number + 1 :]]) + "\n"
    return "\n".join([*lines, "", "[board]", line]) + "\n"
