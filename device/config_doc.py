"""Writes what the configuration may say, from the code that reads it.

``python -m device.config_doc docs/configuration.md systemd/myna.toml``: the page with every key,
and the file that is installed, with every default as a comment.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from pathlib import Path

from core.bounds import AtMost
from device.config import SECTIONS, SYSTEM_FILE, VARIABLE
from device.options import Option, options, toml

_INTRODUCTION = f"""# Configuration

One TOML file. `myna --config FILE` names it; else the variable `{VARIABLE}`; else `{SYSTEM_FILE}`
where it exists; else the defaults below hold. All mistakes of a file are reported at once, each
with its line and what to write instead, and the command ends with exit code 78.

This page is written by `python -m device.config_doc` from the dataclasses that hold the settings.
`systemd/myna.toml` is the same as a file to start from.
"""


def page() -> str:
    """The documentation as Markdown."""
    parts = [_INTRODUCTION]
    for name, section in SECTIONS.items():
        parts.append(f"## `[{name}]`\n\n{_sentence(_about(section))}\n")
        parts.append("| key | default | what it takes | what it does |\n|---|---|---|---|")
        words = described(section)
        for option in options(section):
            takes = _cell(", ".join(_takes(option)))
            meaning = _cell(words[option.name])
            parts.append(f"| `{option.name}` | `{toml(option.default)}` | {takes} | {meaning} |")
        parts.append("")
    return "\n".join(parts)


def example() -> str:
    """The file to install: every key with its default, commented out."""
    parts = ["# Myna's configuration. What is commented out is the default."]
    for name, section in SECTIONS.items():
        parts += ["", *_comment(_sentence(_about(section))), f"[{name}]"]
        words = described(section)
        for option in options(section):
            parts += _comment(f"{words[option.name]} Takes {', '.join(_takes(option))}.")
            parts.append(f"#{option.name} = {toml(option.default)}")
    return "\n".join(parts) + "\n"


def described(section: type) -> dict[str, str]:
    """The text below each field of a dataclass, as one line.

    Raises:
        ValueError: A field has none; every key has to be documented.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(section))).body[0]
    if not isinstance(tree, ast.ClassDef):
        raise TypeError(f"{section.__name__} is no class")
    words: dict[str, str] = {}
    for node, below in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            text = below.value if isinstance(below, ast.Expr) else None
            if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
                raise ValueError(f"{section.__name__}.{node.target.id} has no text below it")
            words[node.target.id] = " ".join(text.value.split()).replace("``", "`")
    return words


def main(argv: list[str]) -> int:
    """Write the page to every path that ends in ``.md``, the example to ``.toml``; 2 otherwise."""
    writers = {".md": page, ".toml": example}
    paths = [Path(each) for each in argv]
    if not paths or any(path.suffix not in writers for path in paths):
        print("usage: python -m device.config_doc PAGE.md [EXAMPLE.toml]", file=sys.stderr)  # noqa: T201
        return 2
    for path in paths:
        path.write_text(writers[path.suffix](), encoding="utf-8")
    return 0


def _takes(option: Option) -> list[str]:
    limits = [f"at most `{b.other}`" for b in option.bounds if isinstance(b, AtMost)]
    return [option.wanted(), *limits]


def _about(section: type) -> str:
    """The section's docstring without its name in front."""
    text = " ".join((section.__doc__ or "").split()).replace("``", "`")
    return text.partition(": ")[2] or text


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text.replace("`", ""), width=98, initial_indent="# ", subsequent_indent="# "
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
