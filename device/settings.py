"""The device's own section of the configuration."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from core.bounds import AtMost, Between, OneOf


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """``[device]``: what concerns the speaker as a whole."""

    state_dir: str = ""
    """Folder for what is learned and for telemetry; empty takes systemd's ``$STATE_DIRECTORY``,
    else ``$XDG_STATE_HOME/myna``, else ``~/.local/state/myna``."""
    language: Annotated[str, OneOf("en", "zh")] = "en"
    """Language of what the speaker says about itself: ``en`` or ``zh``."""
    sleep_after_s: Annotated[float, Between(5, 3600), AtMost("pause_sleep_s")] = 60.0
    """Silence after which a waiting Myna goes to sleep."""
    pause_sleep_s: Annotated[float, Between(5, 3600)] = 120.0
    """How long a paused lesson waits before Myna goes to sleep."""

    metrics_port: Annotated[int, Between(0, 65535)] = 9464
    """Port on loopback with the service's figures for Prometheus; 0 is none."""
    updates: str = ""
    """Address of the repository of signed updates, https://… or file://…; empty: no updates."""

    def state_path(self) -> Path:
        """The state folder, resolved from the setting and the environment; not created."""
        if self.state_dir:
            return Path(self.state_dir).expanduser()
        if granted := os.environ.get("STATE_DIRECTORY"):
            return Path(granted.split(":")[0])  # systemd lists several folders with colons
        base = os.environ.get("XDG_STATE_HOME")
        return (Path(base) if base else Path.home() / ".local" / "state") / "myna"
