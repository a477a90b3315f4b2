"""``myna launch``: start the newest application that is known to be well, as the service does.

That is the release on trial, once; the confirmed one; or what came with the system. This program
becomes the one it starts, so that the service manager watches that one.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from device import journal
from device.release_watch import SYSTEM, VARIABLE
from device.settings import DeviceSettings
from provisioning.slots import Verdict
from provisioning.update_slots import APPLICATION, ReleaseSlots, is_newer

log = logging.getLogger(__name__)

CHECK_WITHIN_S = 30.0
_CHECK = "from device.config import load_settings; load_settings()"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("words", nargs="*", help="of the command to start; run --service if none")
    parser.add_argument("--folder", type=Path, help="instead of the state folder")


def run(args: argparse.Namespace) -> int:
    """Does not return."""
    journal.configure()
    folder = args.folder or DeviceSettings().state_path()
    release = chosen(ReleaseSlots(folder / APPLICATION))
    command = [sys.executable, "-P", "-m", "device.cli", *(args.words or ["run", "--service"])]
    sys.stderr.flush()
    os.execve(command[0], command, environment(release))  # noqa: S606 - our own program


def chosen(slots: ReleaseSlots) -> Path | None:
    """The folder of the release to start; None for what came with the system."""
    try:
        verdict = slots.before_start()
        if verdict is Verdict.TRYING and not _takes_the_configuration(slots.release):
            slots.give_up()
            verdict = Verdict.FELL_BACK
    except OSError as error:
        # The card does not let itself be written: then not on trial either.
        log.error("no release can be tried: errno=%s", error.errno)
        verdict = Verdict.FELL_BACK if slots.trial is not None else Verdict.NONE
        if verdict is Verdict.FELL_BACK:
            return None
    if verdict is not Verdict.NONE:
        log.warning("release on trial: verdict=%s", verdict.value)
    release, version = slots.release, slots.version or ""
    if release is not None and not is_newer(version, _own_version()):
        return None  # the system has been updated meanwhile
    return release


def environment(release: Path | None, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment in which Python finds the release's modules before the system's."""
    found = dict(inherited) | {VARIABLE: str(release or SYSTEM)}
    if release is not None:
        # `site` holds packages that a release brings along.
        paths = [str(release), str(release / "site"), found.get("PYTHONPATH", "")]
        found["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return found


def _own_version() -> str:
    """Of what came with the system. Nothing heavy is imported here: what is started does that."""
    try:
        return metadata.version("myna")
    except metadata.PackageNotFoundError:  # run from a folder that nobody installed
        return "0"


def _takes_the_configuration(release: Path | None) -> bool:
    """Whether the release can read this speaker's configuration: else it would end with 78, and a
    service that ends so is not started again."""
    command = [sys.executable, "-P", "-c", _CHECK]
    try:
        done = subprocess.run(
            command,
            env=environment(release),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CHECK_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
