"""Runs as root in the container that `test_container` boots: works the service, notes what came.

Standard library only. Writes its findings as JSON to the one path given, then powers off.
"""

from __future__ import annotations

import http.client
import json
import os
import pwd
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

LIMIT_S = 90.0
CONFIG = Path("/etc/myna/myna.toml")
STATE = Path("/var/lib/myna")


def ctl(*words: str) -> str:
    """Output of a systemctl command."""
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def of(unit: str, name: str) -> str:
    return ctl("show", "--value", "--property", name, unit)


def until(true: Callable[[], bool]) -> bool:
    """Wait for something; False when it never comes."""
    end_s = time.monotonic() + LIMIT_S
    while time.monotonic() < end_s:
        if true():
            return True
        time.sleep(0.1)
    return False


def active(unit: str) -> Callable[[], bool]:
    return lambda: of(unit, "ActiveState") == "active"


def main_pid() -> int:
    return int(of("myna.service", "MainPID") or 0)


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def workers() -> dict[str, int]:
    """Process ids of the worker processes by name."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            name = (entry / "comm").read_text(encoding="utf-8").strip()
        except OSError:
            continue
        if name in ("myna-recogniser", "myna-voice"):
            found[name] = int(entry.name)
    return found


def came_back(pid: int) -> bool:
    return until(lambda: main_pid() not in (0, pid) and active("myna.service")())


def metrics() -> str:
    link = http.client.HTTPConnection("127.0.0.1", 9464, timeout=5)
    try:
        link.request("GET", "/metrics")
        return link.getresponse().read().decode()
    except OSError as error:
        return f"none: {error}"
    finally:
        link.close()


def journal(*which: str) -> str:
    done = subprocess.run(
        ["journalctl", "--no-pager", "--output=cat", *which],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def released(pid: int) -> str:
    """What `myna launch` says that a process is."""
    for each in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
        name, _, value = each.decode().partition("=")
        if name == "MYNA_RELEASE":
            return value
    return ""


def update(*words: str) -> tuple[str, str]:
    """Complaints and the version after `myna update`, as the speaker's own user."""
    environment = of("myna.service", "Environment").split()
    command = ["setpriv", "--reuid=myna", "--regid=myna", "--init-groups"]
    command += ["env", "STATE_DIRECTORY=/var/lib/myna", "HOME=/tmp", *environment]
    python = of("myna.service", "ExecStart").split()[1].removeprefix("path=")
    command += [python, "-P", "-m", "device.cli", "update", *words, "--json"]
    if words[0] == "install":
        command += ["--repository", "file:///proof/updates", "--root", "/proof/updates/root.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    try:
        return done.stderr, str(json.loads(done.stdout)["version"])
    except ValueError:
        return done.stderr, done.stdout


def prove_updates(found: dict[str, object]) -> None:
    """A release that is well, and one that is not, under the real service."""
    ctl("reset-failed", "myna.service")  # all the killing so far would count as a boot loop
    before = released(main_pid())
    found["installed"] = update("install", "good.tar")
    ctl("restart", "myna.service")
    found["running"] = [before, released(main_pid())]
    found["kept"] = update("confirm")[1]
    found["installed_broken"] = update("install", "ends.tar")
    ctl("reset-failed", "myna.service")
    ctl("restart", "myna.service")
    found["fell_back"] = until(lambda: active("myna.service")() and update("status")[1] == "999.1")
    found["running_after"] = released(main_pid())


def default_slot() -> str:
    """A or B, as the firmware would read it."""
    text = Path("/boot/myna/autoboot.txt").read_text(encoding="ascii")
    return "A" if "boot_partition=2" in text.partition("[tryboot]")[0] else "B"


def prove_card(found: dict[str, object]) -> None:
    """What the image's own units do with a card."""
    ctl("start", "myna-first-boot.service")
    found["first_boot"] = of("myna-first-boot.service", "Result")
    for name, path in (
        ("kept_identity", "/data/identity/identity.json"),
        ("shown_identity", "/boot/myna/myna/identity.json"),
    ):
        found[name] = json.loads(Path(path).read_text(encoding="utf-8"))
    found["config"] = CONFIG.read_text(encoding="utf-8")


def prove_slot(found: dict[str, object]) -> None:
    """The speaker runs: the system on trial is kept."""
    found["slot_before"] = default_slot()
    ctl("start", "myna-slot.service")
    found["slot_after"] = default_slot()
    found["trial_left"] = Path("/data/system/slot-trial.json").exists()


def prove(found: dict[str, object]) -> None:
    """Everything, in order; what was found so far stays when something goes wrong."""
    prove_card(found)
    began_s = time.monotonic()
    ctl("start", "myna.service")
    found["started"] = active("myna.service")()
    found["start_s"] = time.monotonic() - began_s
    pid = main_pid()
    if not found["started"]:
        found["journal"] = journal("--lines=60")
        return
    status = status_of(pid)
    found["user"] = pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_name
    found["capabilities"] = [status["CapEff"], status["CapBnd"], status["CapAmb"]]
    found["no_new_privileges"] = status["NoNewPrivs"]
    found["seccomp"] = status["Seccomp"]
    until(lambda: bool(list(STATE.glob("health.json"))))
    found["state"] = sorted(each.name for each in STATE.iterdir())
    found["state_mode"] = oct(STATE.stat().st_mode & 0o777)
    found["status"] = of("myna.service", "StatusText")
    found["metrics"] = metrics()

    before = workers()
    os.kill(before["myna-recogniser"], signal.SIGKILL)
    found["worker_back"] = until(
        lambda: workers().get("myna-recogniser", 0) not in (0, before["myna-recogniser"])
    )
    found["daemon_stayed"] = main_pid() == pid

    os.kill(pid, signal.SIGKILL)
    found["back_after_kill"] = came_back(pid)
    pid = main_pid()
    os.kill(pid, signal.SIGSTOP)
    found["back_after_starving"] = came_back(pid)
    found["results"] = journal("--unit=myna.service", "--grep=watchdog")
    found["restarts"] = of("myna.service", "NRestarts")
    prove_slot(found)
    prove_updates(found)
    ctl("stop", "myna.service")
    found["workers_left"] = sorted(workers())
    found["result_of_stop"] = of("myna.service", "Result")

    CONFIG.write_text("[board]\nbord = 1\n", encoding="utf-8")
    ctl("reset-failed", "myna.service")
    ctl("start", "myna.service")
    found["fault_on_bad_config"] = until(active("myna-fault.service"))
    found["exit_status"] = of("myna.service", "ExecMainStatus")
    found["restarts_on_bad_config"] = of("myna.service", "NRestarts")

    CONFIG.write_text("", encoding="utf-8")
    ctl("reset-failed", "myna.service")
    ctl("start", "myna.service")
    found["fault_gone_on_start"] = until(lambda: not active("myna-fault.service")())
    ctl("stop", "myna.service")

    # Drop-ins are read in the order of their names, and the last one wins.
    drop_in = Path("/run/systemd/system/myna.service.d/zz-broken.conf")
    drop_in.parent.mkdir(parents=True, exist_ok=True)
    drop_in.write_text(
        "[Service]\nType=exec\nExecStart=\nExecStart=/usr/bin/false\nRestartSec=100ms\n",
        encoding="utf-8",
    )
    ctl("daemon-reload")
    ctl("reset-failed", "myna.service")
    ctl("start", "myna.service")
    found["fault_after_boot_loop"] = until(active("myna-fault.service"))
    found["starts_in_boot_loop"] = int(of("myna.service", "NRestarts") or 0)
    found["journal"] = journal("-t", "myna", "-t", "myna-fault")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    outcome: dict[str, object] = {}
    try:
        prove(outcome)
    except Exception:  # told to the test, which cannot see in here
        outcome["error"] = traceback.format_exc() + journal("--lines=40")
    finally:
        target.write_text(json.dumps(outcome, indent=1), encoding="utf-8")
        subprocess.run(["systemctl", "--no-block", "poweroff"], check=False)
