"""The ``myna`` command: one module per subcommand, imported only when it is used."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence

from core.errors import ConfigError, SpeakerError
from device.cli.output import complain

EXIT_GOOD, EXIT_FAILED, EXIT_USAGE, EXIT_CONFIG = 0, 1, 2, 78

COMMANDS = {
    "run": "talk: start the speaker's daemon",
    "say": "say a text aloud or into a file",
    "doctor": "check everything and say what to do about it",
    "devices": "list sound cards with their stable ids",
    "room": "hold scenarios in the virtual room",
    "wake": "find the wake phrase in audio files",
    "echo": "cancel the echo in a pair of recordings",
    "transcribe": "recognise speech in audio files",
    "score": "judge how well a text was said in audio files",
    "lessons": "check or list lesson packs",
    "progress": "show what a child has learnt, in the terminal or as a page",
    "bench": "measure",
    "models": "list, fetch and verify models and voices",
    "export": "write everything that is kept of a family into one zip",
    "forget": "delete what is known of a child, or of everybody, for good",
    "identity": "say who this box is",
    "pair": "pair the speaker with a family's platform",
    "update": "fetch signed updates: the application, lesson packs, models",
    "launch": "start the newest application that is known to be well, as the service does",
    "slot": "say which system runs, try the other, keep it",
    "bench-test": "try a new box at the bench: sound, lights, button, temperature, storage",
    "fault": "show and say that the speaker needs a grown-up",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the ``myna`` command.

    Returns:
        0 good, 1 the work failed, 2 wrong usage, 78 bad configuration.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="myna", description="Myna, the practice speaker's firmware."
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    wanted = next((a for a in arguments if not a.startswith("-")), None)
    for name, summary in COMMANDS.items():
        sub = subparsers.add_parser(name, help=summary, description=summary)
        if name == wanted:
            module = importlib.import_module(f"device.cli.{name.replace('-', '_')}")
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    args = parser.parse_args(arguments)
    try:
        return int(args.run(args))
    except ConfigError as error:
        for problem in error.problems:
            complain(problem)
        return EXIT_CONFIG
    except SpeakerError as error:
        complain(str(error))
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        sys.stderr.close()
        return EXIT_GOOD
