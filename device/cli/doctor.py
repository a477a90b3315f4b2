"""``myna doctor``: try everything and say what to do about it."""

from __future__ import annotations

import argparse

from device.cli.options import add_config
from device.cli.output import print_json
from device.doctor import Finding, State, examine

FAILED = 1
_SIGNS = {State.OK: "ok      ", State.DEGRADED: "degraded", State.FAILED: "FAILED  "}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="one line of JSON per check")


def run(args: argparse.Namespace) -> int:
    """Returns 0 when nothing has failed, 1 otherwise."""
    counts = dict.fromkeys(State, 0)
    for finding in examine(args.config):
        counts[finding.state] += 1
        if args.json:
            print_json(_record(finding))
        else:
            print(_lines(finding), flush=True)
    if not args.json:
        print(", ".join(f"{count} {state.value}" for state, count in counts.items()))
    return FAILED if counts[State.FAILED] else 0


def _record(finding: Finding) -> dict[str, str]:
    return {
        "name": finding.name,
        "state": finding.state.value,
        "sentence": finding.sentence,
        "remedy": finding.remedy,
    }


def _lines(finding: Finding) -> str:
    line = f"{_SIGNS[finding.state]}  {finding.name:<15} {finding.sentence}"
    return f"{line}\n{'':26}do: {finding.remedy}" if finding.remedy else line
