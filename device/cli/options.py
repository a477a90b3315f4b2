"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from device.config import Settings, load_settings


def add_config(parser: argparse.ArgumentParser) -> None:
    """``--config``, with a word on where it is looked for otherwise."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="configuration; otherwise $MYNA_CONFIG, /etc/myna/myna.toml, or the defaults",
    )


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings that the options mean.

    Raises:
        ConfigError: With every mistake found.
    """
    return load_settings(args.config)
