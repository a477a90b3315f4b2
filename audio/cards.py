"""Which sound cards there are, under names that outlive a reboot and another USB port.

A card's number is never used to choose it: numbers are given out in the order in which cards
happen to be found.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio.ports import SAMPLE_RATE_HZ
from core.errors import AudioError, DeviceLost

ASOUND_CARDS = Path("/proc/asound/cards")
SOUND_LINKS = (Path("/dev/snd/by-id"), Path("/dev/snd/by-path"))
SERVER_LIMIT_S = 2.0
SERVER_DEVICE = "pulse"
_CARD_LINE = re.compile(r"^\s*(\d+)\s+\[(\S+)\s*\]:\s*(.*?)\s+-\s+(.*)$", re.MULTILINE)
_HARDWARE = re.compile(r"^(?P<name>.*?)(?::\s.*)?\s*\(hw:(?P<card>\d+),(?P<device>\d+)\)$")


@dataclass(frozen=True, slots=True)
class PortAudioDevice:
    """One entry of PortAudio's list, as it is numbered until the list is made anew."""

    index: int
    name: str
    inputs: int
    outputs: int
    rate_hz: int
    is_default_input: bool = False
    is_default_output: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A sound card, or one direction of it.

    Attributes:
        id: Stable: ``alsa:`` with the kernel's id of the card (and its device number if that
            is not 0), ``pulse:`` with the sound server's name, ``portaudio:`` with the name of
            anything else.
        name: For people.
        inputs: Channels of its microphone; 0 when it has none.
        outputs: Channels of its loudspeaker; 0 when it has none.
        rate_hz: The rate it runs at by itself.
        aliases: Other stable names: the links that udev makes by serial number and by port.
        device: PortAudio's entry to open, valid until its list is made anew.
        server_name: What to ask the sound server for; empty when there is no server between.
        is_default_input: The system's own choice of a microphone.
        is_default_output: The system's own choice of a loudspeaker.
    """

    id: str
    name: str
    inputs: int
    outputs: int
    rate_hz: int
    device: int
    aliases: tuple[str, ...] = ()
    server_name: str = ""
    is_default_input: bool = False
    is_default_output: bool = False


@dataclass(frozen=True, slots=True)
class AlsaCard:
    """One line of ``/proc/asound/cards`` with its links."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerPort:
    """A source or sink of PulseAudio (or of PipeWire in its place)."""

    name: str
    description: str
    channels: int
    rate_hz: int
    is_input: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the system says of its cards beside PortAudio's list."""

    alsa: dict[int, AlsaCard] = field(default_factory=dict)
    server: tuple[ServerPort, ...] = ()


def look_around() -> Surroundings:
    """Ask the kernel and the sound server; whoever is not there has no cards."""
    return Surroundings(alsa=_alsa_cards(), server=_server_ports())


def identify(devices: Sequence[PortAudioDevice], around: Surroundings) -> list[Card]:
    """Give every entry of PortAudio's list its stable identity.

    The sound server's ports appear under their own names, each opened through PortAudio's
    entry for the server. With a server, ALSA's other names lead there, too, and it converts
    rates well; without one, ALSA itself would convert them badly.
    """
    cards = []
    for device in devices:
        hardware = _HARDWARE.match(device.name)
        alsa = around.alsa.get(int(hardware["card"])) if hardware else None
        if hardware and alsa:
            part = "" if hardware["device"] == "0" else f",{hardware['device']}"
            stable, name, aliases = f"alsa:{alsa.id}{part}", hardware["name"], alsa.aliases
        else:
            stable, name, aliases = f"portaudio:{device.name}", device.name, ()
        cards.append(
            Card(
                stable,
                name,
                device.inputs,
                device.outputs,
                SAMPLE_RATE_HZ if around.server and not hardware else device.rate_hz,
                device.index,
                aliases,
                is_default_input=device.is_default_input,
                is_default_output=device.is_default_output,
            )
        )
    through = next((device.index for device in devices if device.name == SERVER_DEVICE), None)
    if through is not None:
        cards += [_server_card(port, through) for port in around.server]
    return cards


def choose(cards: Sequence[Card], wanted: str, *, is_input: bool) -> Card:
    """The card that the configuration means.

    Args:
        cards: What there is now.
        wanted: Id, alias or name, or a part of one that fits a single card, without regard to
            case; empty takes the system's default.
        is_input: Whether a microphone or a loudspeaker is wanted.
    Raises:
        DeviceLost: There is no such card now; it may come back.
        AudioError: The words fit several cards.
    """
    what, key = ("microphone", "input_card") if is_input else ("loudspeaker", "output_card")
    usable = [card for card in cards if (card.inputs if is_input else card.outputs)]
    if not usable:
        raise DeviceLost(
            f"there is no sound card with a {what}: connect one, or talk in the virtual room "
            'with [audio] backend = "room"',
            code="audio.no_card",
        )
    if not wanted:
        default = [c for c in usable if (c.is_default_input if is_input else c.is_default_output)]
        return (default or usable)[0]
    for fits in (_is_exactly, _is_part):
        found = [card for card in usable if fits(card, wanted.casefold())]
        if len({card.id for card in found}) > 1:
            raise AudioError(
                f'[audio] {key} = "{wanted}" fits {len(found)} cards '
                f"({', '.join(card.id for card in found)}): write one of these ids",
                code="audio.ambiguous_card",
            )
        if found:
            return found[0]
    raise DeviceLost(
        f'no {what} fits [audio] {key} = "{wanted}"; there is '
        f"{', '.join(card.id for card in usable)}: connect it, or choose one of these",
        code="audio.card_missing",
    )


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Swallow what C libraries print while they look for cards that are not there."""
    try:
        kept = os.dup(2)
    except OSError:  # stderr is closed: nobody would read it anyway
        yield
        return
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.close(null)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def parse_alsa_cards(text: str) -> dict[int, AlsaCard]:
    """Card number to identity, from the text of ``/proc/asound/cards``."""
    return {int(number): AlsaCard(id_, name) for number, id_, _, name in _CARD_LINE.findall(text)}


def parse_server_ports(text: str, *, is_input: bool) -> tuple[ServerPort, ...]:
    """Ports from ``pactl --format=json list sources`` or ``… sinks``, monitors left out."""
    ports = []
    for port in json.loads(text):
        if is_input and _monitors(port):
            continue
        rate = re.search(r"(\d+)\s*Hz", str(port.get("sample_specification", "")))
        channels = re.search(r"(\d+)ch", str(port.get("sample_specification", "")))
        ports.append(
            ServerPort(
                name=str(port["name"]),
                description=str(port.get("description") or port["name"]),
                channels=int(channels[1]) if channels else 1,
                rate_hz=int(rate[1]) if rate else 48_000,
                is_input=is_input,
            )
        )
    return tuple(ports)


def _monitors(source: dict[str, Any]) -> bool:
    """Whether a source only repeats what a loudspeaker plays."""
    return bool(source.get("properties", {}).get("device.class") == "monitor")


def _server_card(port: ServerPort, through: int) -> Card:
    return Card(
        f"pulse:{port.name}",
        port.description,
        port.channels if port.is_input else 0,
        0 if port.is_input else port.channels,
        port.rate_hz,
        through,
        server_name=port.name,
    )


def _names(card: Card) -> Iterator[str]:
    yield card.id.casefold()
    yield card.id.partition(":")[2].casefold()
    yield card.name.casefold()
    for alias in card.aliases:
        yield alias.casefold()


def _is_exactly(card: Card, wanted: str) -> bool:
    return wanted in _names(card)


def _is_part(card: Card, wanted: str) -> bool:
    return any(wanted in name for name in _names(card))


def _alsa_cards() -> dict[int, AlsaCard]:
    try:
        cards = parse_alsa_cards(ASOUND_CARDS.read_text(errors="replace"))
    except OSError:
        return {}
    links: dict[int, list[str]] = {}
    for folder in SOUND_LINKS:
        if not folder.is_dir():
            continue
        for link in sorted(folder.iterdir()):
            control = re.fullmatch(r"controlC(\d+)", link.resolve().name)
            if control:
                links.setdefault(int(control[1]), []).append(link.name)
    return {
        number: AlsaCard(card.id, card.name, tuple(links.get(number, ())))
        for number, card in cards.items()
    }


def _server_ports() -> tuple[ServerPort, ...]:
    ports: tuple[ServerPort, ...] = ()
    for kind, is_input in (("sources", True), ("sinks", False)):
        try:
            listed = subprocess.run(
                ["pactl", "--format=json", "list", kind],
                capture_output=True,
                text=True,
                timeout=SERVER_LIMIT_S,
                check=True,
            )
            ports += parse_server_ports(listed.stdout, is_input=is_input)
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
            return ()  # no server, or one that speaks otherwise: PortAudio's list remains
    return ports
