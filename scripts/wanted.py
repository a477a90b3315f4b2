"""Print the requirements that setup.cfg names: `python scripts/wanted.py [EXTRA…]`."""

from __future__ import annotations

import configparser
import sys
from pathlib import Path


def wanted(extras: list[str], root: Path = Path(__file__).parent.parent) -> list[str]:
    """Requirements of the speaker itself and of these extras, as written in setup.cfg."""
    config = configparser.ConfigParser()
    config.read(root / "setup.cfg", encoding="utf-8")
    lists = [config["options"]["install_requires"]]
    lists += [config["options.extras_require"][extra] for extra in extras]
    return [line.strip() for text in lists for line in text.splitlines() if line.strip()]


if __name__ == "__main__":
    sys.stdout.write("\n".join(wanted(sys.argv[1:])) + "\n")
