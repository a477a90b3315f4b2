"""``myna run``: the daemon, on the sound card or, where there is none, in the virtual room."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import sys
from contextlib import ExitStack

from audio.ports import AudioBackend
from core.clock import SystemClock
from core.errors import StoreError
from device import journal
from device.app import Parts, Services, assemble, card_available, make_card, start_services
from device.cli.options import add_config, settings_of
from device.cli.output import complain, print_json
from device.cli.room import hold_live, print_record
from device.config import Settings
from device.live import Daemon
from device.notify import ServiceManager
from device.set_up import radio_of
from device.trace import Watcher
from device.view import TerminalView


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--backend", choices=("auto", "sounddevice", "pyaudio", "room"),
                        help="instead of the configuration's")  # fmt: skip
    parser.add_argument("--quiet", action="store_true",
                        help="do not show the talk at the terminal")  # fmt: skip
    parser.add_argument("--service", action="store_true",
                        help="as a service: quiet, never in the room unless that is configured, "
                        "with signs of life for systemd and a page of figures")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the room's record as JSON")
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Talk until told to stop; in the room, until the lesson is over."""
    journal.configure()
    settings = settings_of(args)
    if args.service:
        args.quiet = True  # what a child says is nobody's to read in a journal
    if args.backend:
        chosen = dataclasses.replace(settings.audio, backend=args.backend)
        settings = dataclasses.replace(settings, audio=chosen)
    with ExitStack() as stack:
        if wants_room(settings, ask_for_card=args.service):
            return talk_in_room(settings, start_services(settings, stack), args)
        card = make_card(settings)
        services = start_services(settings, stack)
        parts = put_together(settings, services, stack)
        manager = ServiceManager() if args.service else None
        talk(parts, card, quiet=args.quiet, manager=manager)
    return 0


def wants_room(settings: Settings, *, ask_for_card: bool = False) -> bool:
    """Whether to talk in the virtual room; says so when nobody asked for it.

    Args:
        ask_for_card: A missing card is waited for.
    """
    if settings.audio.backend == "room":
        return True
    if ask_for_card:
        return False
    if settings.audio.backend == "auto" and not card_available(settings):
        print(
            "No sound card with a microphone and a loudspeaker was found: "
            "talking in the virtual room instead.",
            file=sys.stderr,
            flush=True,
        )
        return True
    return False


def put_together(settings: Settings, services: Services, stack: ExitStack) -> Parts:
    """The speaker's parts; when progress cannot be kept, say so and talk all the same."""
    clock = SystemClock()
    folder = settings.device.state_path()
    try:
        return assemble(settings, services, stack, clock=clock, store_folder=folder)
    except StoreError as error:
        complain(f"{error} Until then progress is kept in memory only.")
        return assemble(settings, services, stack, clock=clock, store_folder=None)


def talk(
    parts: Parts, card: AudioBackend, *, quiet: bool, manager: ServiceManager | None = None
) -> None:
    """Run the daemon on a card until it is told to stop.

    Args:
        manager: Who started it as a service.
    """
    port = 0 if manager is None else parts.settings.device.metrics_port
    radio = None if manager is None else radio_of(parts.settings)

    async def live() -> None:
        watchers: list[Watcher] = [] if quiet else [TerminalView(parts.board.ring)]
        folder = parts.settings.device.state_path()
        daemon = Daemon(
            parts,
            card,
            watchers,
            state_folder=folder,
            manager=manager,
            metrics_port=port,
            parents_pages=True,
            radio=radio,
        )
        await daemon.run()

    asyncio.run(live())


def talk_in_room(settings: Settings, services: Services, args: argparse.Namespace) -> int:
    """Hold the packaged lesson at real time and print its record."""
    from audio.virtual_room.scenario import PACKAGED_LESSON, load_scenario
    from audio.virtual_room.voices import make_voice

    record = hold_live(
        load_scenario(PACKAGED_LESSON),
        settings,
        services,
        make_voice(),
        None,
        watch=not args.quiet,
    )
    if args.json:
        print_json(record)
    else:
        print_record(record)
    return 0 if record["passed"] else 1
