"""``myna slot``: the two systems on the card; which runs, try the other, keep it."""

from __future__ import annotations

import argparse

from device.cli.output import print_json
from provisioning.boot_linux import LinuxBoot
from provisioning.slots import Slots, Verdict

_DONE = 0
_ACTIONS = ("status", "try", "after-start", "confirm", "give-up")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("action", nargs="?", choices=_ACTIONS, default="status")
    parser.add_argument("--json", action="store_true", help="one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Returns 0; `after-start` returns 0 whatever became of a trial, and says it."""
    boot = LinuxBoot()
    slots = Slots(boot)
    if args.action == "try":
        trial = slots.try_other()
        return _say(args.json, {"trying": trial.slot.name.lower(), "version": trial.version})
    if args.action == "confirm":
        return _say(args.json, {"confirmed": slots.confirm().name.lower()})
    if args.action == "give-up":
        slots.give_up()
        return _say(args.json, {"given_up": boot.running().slot.name.lower()})
    running = boot.running()
    record: dict[str, object] = {
        "running": running.slot.name.lower(),
        "trial": running.trial,
        "default": slots.default().name.lower(),
        "version": boot.version_in(running.slot),
    }
    if args.action == "after-start":
        verdict = slots.after_start()
        record["verdict"] = verdict.value
        if verdict is Verdict.FELL_BACK:
            record["sentence"] = "the other system did not work; this one was started again"
    return _say(args.json, record)


def _say(as_json: bool, record: dict[str, object]) -> int:
    if as_json:
        print_json(record)
    else:
        for name, value in record.items():
            print(f"{name.replace('_', ' '):<10} {value}")
    return _DONE
