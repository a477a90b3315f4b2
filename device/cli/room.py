"""``myna room SCENARIO…``: hold scenarios in the virtual room and print their records."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from audio.virtual_room.backend import VirtualRoom
from audio.virtual_room.record import build_record
from audio.virtual_room.scenario import Scenario, find_scenarios, load_scenario
from audio.virtual_room.voices import ChildVoice, make_voice
from core.clock import SystemClock
from core.errors import ConfigError
from device.app import Services, assemble, start_services
from device.cli.options import add_config, settings_of
from device.cli.output import complain, print_json
from device.config import Settings
from device.live import Daemon
from device.room_run import REPEATABLE, RoomEar, for_scenario, hold
from device.scheduling import Costs
from device.trace import Recorder, Watcher
from device.view import TerminalView

EXIT_FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("scenarios", nargs="+", type=Path, metavar="SCENARIO",
                        help="a scenario file, or a folder of them")  # fmt: skip
    parser.add_argument("--live", action="store_true", help="at real time, as the daemon runs")
    parser.add_argument("--seed", type=int, help="instead of each scenario's own")
    parser.add_argument("--recordings", type=Path, metavar="TABLE",
                        help="children's voices: a table of recordings (utterance, speaker, "
                        "text) beside its audio, instead of a synthesiser")  # fmt: skip
    parser.add_argument("--measured", action="store_true",
                        help="charge the room's clock with the time that recognition and "
                        "synthesis really took, instead of a fixed cost")  # fmt: skip
    parser.add_argument("--watch", action="store_true", help="print the talk as it happens")
    parser.add_argument("--json", action="store_true", help="one record per line")
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Hold each scenario; 1 when one of them did not pass."""
    settings = settings_of(args)
    try:
        scenarios = [load_scenario(path) for path in find_scenarios(args.scenarios)]
    except ConfigError as error:
        # A scenario is what was asked for, not how this machine is set up: 1, not 78.
        for problem in error.problems:
            complain(problem)
        return EXIT_FAILED
    voice = make_voice(args.recordings)
    passed = True
    with ExitStack() as stack:
        services = start_services(settings, stack)
        for scenario in scenarios:
            record = (
                hold_live(scenario, settings, services, voice, args.seed, watch=args.watch)
                if args.live
                else hold(
                    scenario,
                    settings,
                    services,
                    voice=voice,
                    seed=args.seed,
                    costs=Costs() if args.measured else REPEATABLE,
                    watchers=[TerminalView(None)] if args.watch else [],
                )
            )
            passed = passed and bool(record["passed"])
            if args.json:
                print_json(record)
            else:
                print_record(record)
    return 0 if passed else 1


def hold_live(
    scenario: Scenario,
    settings: Settings,
    services: Services,
    voice: ChildVoice,
    seed: int | None,
    *,
    watch: bool,
) -> dict[str, Any]:
    """Hold one scenario at real time, through the daemon's own threads."""
    settings = for_scenario(settings, scenario)
    room = VirtualRoom(scenario, voice, seed, wake_phrase=settings.wake.phrase, live=True)
    recorder = Recorder()
    with ExitStack() as stack:
        parts = assemble(settings, services, stack, clock=SystemClock(), store_folder=None)
        watchers: list[Watcher] = [recorder, RoomEar(room)]
        if watch:
            watchers.append(TerminalView(parts.board.ring))

        async def live() -> None:
            await Daemon(parts, room, watchers).run()

        asyncio.run(live())
    return build_record(
        scenario,
        room.events,
        recorder.entries,
        facts=room.facts,
        wake_phrase=settings.wake.phrase,
    )


def print_record(record: dict[str, Any]) -> None:
    """A record for people: the verdict, the talk, then what was not as expected."""
    print(f"{'passed' if record['passed'] else 'FAILED'}  {record['name']}")
    for turn in record["turns"]:
        print(
            f"  {turn['start_s']:7.2f} to {turn['end_s']:7.2f} s  {turn['who']:<6} {turn['what']}"
        )
    for check in record["checks"]:
        if not check["ok"]:
            print(f"  not as expected: {check['expect']}, but was {check['value']}")
