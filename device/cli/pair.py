"""``myna pair``: pair the speaker with a family's platform, from a terminal."""

from __future__ import annotations

import argparse
import select
import sys
import time

from core.clock import SystemClock
from core.errors import ProvisioningError
from device import pairing_words
from device.app import make_pairing
from device.cli.options import add_config, settings_of
from device.cli.output import print_json
from provisioning.pairing.file import Alone, PairingFolder, Phase, Record
from provisioning.pairing.flow import CodeReady, Failed, Happening, MayI, Paired, Pairing
from provisioning.pairing.platform_https import check_address

LOOK_S = 0.5
TAKEN_UP_WITHIN_S = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("platform", nargs="?", help="https://hub.example; else the configuration's")
    parser.add_argument("--status", action="store_true", help="say how it stands, change nothing")
    parser.add_argument("--json", action="store_true", help="one line of JSON at the end")
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Pair, or say how it stands.

    Returns:
        0 paired (with ``--status``: told), 1 not.
    """
    settings = settings_of(args)
    state = settings.device.state_path()
    pairing, folder = make_pairing(settings, state, SystemClock())
    if args.status:
        _tell(folder.read(), as_json=args.json)
        return 0
    if settings.sync.address:
        raise ProvisioningError("[sync] address is configured: there is nothing to pair")
    if pairing.record.phase is Phase.PAIRED:
        raise ProvisioningError("this speaker is paired; parents free it on their pages, or there")
    platform = check_address(args.platform or settings.pairing.platform)
    with Alone(folder.folder) as alone:
        done = _here(pairing, platform) if alone.held else _there(folder, platform)
    _tell(folder.read(), as_json=args.json)
    return 0 if done else 1


def _here(pairing: Pairing, platform: str) -> bool:
    """No speaker runs: this terminal is its voice, and the Enter key its button."""
    happened: Happening | None = pairing.resumed() or pairing.begin(platform)
    try:
        while True:
            if happened is not None:
                _say(happened)
            if isinstance(happened, Failed):
                return False
            if isinstance(happened, Paired):
                return True
            if isinstance(happened, MayI) and not sys.stdin.isatty():
                raise ProvisioningError("the last yes takes a person at the terminal")
            if pairing.record.phase is Phase.ALLOWED and select.select([sys.stdin], [], [], 0)[0]:
                sys.stdin.readline()
                pairing.say_yes()
            time.sleep(min(LOOK_S, pairing.due_in_s or 0.0))
            happened = pairing.step()
    except KeyboardInterrupt:
        pairing.stop()
        raise


def _there(folder: PairingFolder, platform: str) -> bool:
    """The speaker runs: it is asked, and followed. Its own button has the last word."""
    before = folder.read()
    folder.want(platform)
    print("The speaker runs and is asked to pair; its own button has the last word.")
    until_s = time.monotonic() + TAKEN_UP_WITHIN_S
    shown = Record()
    while True:
        time.sleep(LOOK_S)
        record = folder.read()
        if record.phase is Phase.PAIRED:
            return True
        if record.phase is Phase.WAITING and record.user_code != shown.user_code:
            _say(CodeReady(record.user_code, record.address))
        if record.phase is Phase.ALLOWED and shown.phase is not Phase.ALLOWED:
            _say(MayI(record.family))
        ended = record.phase is Phase.ALONE and shown.phase is not Phase.ALONE
        late = record == before and time.monotonic() > until_s
        if ended or late:
            print("It was not paired; the speaker has said why, and its log too.")
            return False
        shown = record


def _say(happened: Happening) -> None:
    match happened:
        case CodeReady(code, address):
            print(f"Open {address} on a phone or computer, sign in, and type:  {code}", flush=True)
        case MayI(family):
            print(f"The family {family} said yes. Press Enter here to say yes, too.", flush=True)
        case Paired(welcome):
            print(pairing_words.hello_lines(welcome.nicknames, "en")[0].text, flush=True)
        case Failed(code):
            print(pairing_words.failure_lines(code, "en")[0].text, flush=True)


def _tell(record: Record, *, as_json: bool) -> None:
    said = {
        "phase": record.phase.value,
        "platform": record.platform,
        "device": record.device,
        "provisional": record.device.startswith("myna-k"),
        "family": record.family,
        "broker": record.broker,
    }
    if as_json:
        print_json(said)
        return
    for name, value in said.items():
        print(f"{name:<12} {value if value != '' else '-'}")
