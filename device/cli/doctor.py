"""``myna doctor``: try everything and say what to do about it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from audio.live import list_cards
from device.app import make_card
from device.cli.options import add_config
from device.cli.output import print_json
from device.config import load_settings
from device.doctor import Finding, State, examine
from device.doctor_board import hat_product, propose, prove
from hal.factory import SIMULATED, make_board, profile_of
from hal.profile import known_profiles, load_profile

FAILED = 1
_SIGNS = {State.OK: "ok      ", State.DEGRADED: "degraded", State.FAILED: "FAILED  "}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="one line of JSON per check")
    parser.add_argument(
        "--board",
        action="store_true",
        help="find the board, and prove its buttons, lights and sound with your help",
    )


def run(args: argparse.Namespace) -> int:
    """Returns 0 when nothing has failed, 1 otherwise."""
    counts = dict.fromkeys(State, 0)
    for finding in _board(args.config) if args.board else examine(args.config):
        counts[finding.state] += 1
        if args.json:
            print_json(_record(finding))
        else:
            print(_lines(finding), flush=True)
    if not args.json:
        print(", ".join(f"{count} {state.value}" for state, count in counts.items()))
    return FAILED if counts[State.FAILED] else 0


def _board(config: Path | None) -> Iterator[Finding]:
    settings = load_settings(config)
    cards = [part for card in list_cards() for part in (card.id, card.name)]
    found = propose(known_profiles().values(), cards, hat_product())
    for profile in found:
        _tell(f'found {profile.title}: [board] profile = "{profile.id}"')
    if not found:
        _tell("no board shows itself by its card or HAT; the profile in [board] is tried")
    board = make_board(settings.board)
    profile = profile_of(settings.board) if board.name != SIMULATED else load_profile(SIMULATED)
    yield from prove(board, profile, lambda: make_card(settings), ask=_ask, tell=_tell)


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _ask(question: str) -> bool:
    _tell(f"{question} [y/n]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


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
