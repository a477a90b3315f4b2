"""`myna devices`: the sound cards there are, under the ids that the configuration takes."""

from __future__ import annotations

import argparse

from audio.cards import Card
from audio.live import LIBRARIES, list_cards
from device.cli.output import complain, print_json

FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one line of JSON per card")
    parser.add_argument(
        "--backend", choices=LIBRARIES, default=LIBRARIES[0], help="ask through this library"
    )


def run(args: argparse.Namespace) -> int:
    """List the cards.

    Returns:
        0 when there is a microphone and a loudspeaker, 1 when either is missing.
    """
    cards = list_cards(args.backend)
    for card in cards:
        if args.json:
            print_json(_record(card))
        else:
            print(_line(card))
    missing = [
        what
        for what, there in (
            ("microphone", any(card.inputs for card in cards)),
            ("loudspeaker", any(card.outputs for card in cards)),
        )
        if not there
    ]
    if missing:
        complain(
            f"there is no sound card with a {' or a '.join(missing)}: connect one, or use the "
            "virtual room (myna run does so by itself)"
        )
        return FAILED
    return 0


def _record(card: Card) -> dict[str, object]:
    return {
        "id": card.id,
        "name": card.name,
        "aliases": list(card.aliases),
        "inputs": card.inputs,
        "outputs": card.outputs,
        "rate_hz": card.rate_hz,
        "default_input": card.is_default_input,
        "default_output": card.is_default_output,
    }


def _line(card: Card) -> str:
    sides = [
        f"{what} ({count} {'channel' if count == 1 else 'channels'}{', default' * default})"
        for what, count, default in (
            ("microphone", card.inputs, card.is_default_input),
            ("loudspeaker", card.outputs, card.is_default_output),
        )
        if count
    ]
    return f"{card.id:<28} {card.name}: {', '.join(sides)}, {card.rate_hz} Hz"
