"""Ask the package index whether all that is pinned for the speaker has a wheel for a Raspberry Pi.

Downloads nothing and installs nothing; needs the network, so it is no part of the tests.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements" / "board.txt"

# Raspberry Pi OS: bookworm has Python 3.11 and glibc 2.36, trixie has 3.13 and 2.41.
PYTHONS = ("3.11", "3.13")
GLIBC_MINORS = range(17, 37)

BUILT_FROM_SOURCE = {
    "pyaudio": "an extension of one file; built against Debian's PortAudio, which it has to match",
    "rpi-gpio": "an extension without ready wheels; only boards up to the Pi 4 use it",
    "spidev": "an extension of one file; Debian has it ready as python3-spidev",
    "srt": "one Python file; published as source only",
}


def entries(lock: str) -> dict[Requirement, str]:
    """The requirements of a lock, each with its full text (hashes included)."""
    joined = lock.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return {Requirement(line.split(" --hash", 1)[0].strip()): line for line in lines}


def applies(requirement: Requirement, python: str) -> bool:
    """Whether a requirement's marker holds on a Raspberry Pi with this Python."""
    target = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "aarch64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.2",
        "python_version": python,
        "sys_platform": "linux",
    }
    return requirement.marker is None or requirement.marker.evaluate(target)


def resolve(lines: list[str], python: str) -> subprocess.CompletedProcess[str]:
    """Let pip choose a wheel for every line as if on a Raspberry Pi; it installs nothing."""
    platforms = [f"manylinux_2_{minor}_aarch64" for minor in reversed(GLIBC_MINORS)]
    platforms += ["manylinux2014_aarch64", "linux_aarch64"]
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "requirements.txt")
        listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--disable-pip-version-check", "install"),
                *("--dry-run", "--quiet", "--ignore-installed", "--no-deps", "--require-hashes"),
                *("--only-binary=:all:", "--implementation", "cp", "--python-version", python),
                *(f"--platform={platform}" for platform in platforms),
                *("--target", str(Path(folder, "nowhere")), "-r", str(listed)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )


def main() -> int:
    """Print one line per Python; returns 1 when a wheel is missing."""
    lock = entries(LOCK.read_text(encoding="utf-8"))
    failed = False
    for python in PYTHONS:
        wanted = [r for r in lock if applies(r, python)]
        lines = [
            # The marker was evaluated for the target; pip would do so for this machine.
            f"{r.name}{r.specifier} --hash" + lock[r].split(" --hash", 1)[1]
            for r in wanted
            if r.name not in BUILT_FROM_SOURCE
        ]
        result = resolve(lines, python)
        verdict = "every wheel is there" if result.returncode == 0 else result.stderr.strip()
        sys.stdout.write(f"aarch64, Python {python}, {len(lines)} packages: {verdict}\n")
        failed |= result.returncode != 0
    for name, reason in BUILT_FROM_SOURCE.items():
        sys.stdout.write(f"built from source: {name} ({reason})\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
