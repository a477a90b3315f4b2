"""What `myna doctor` tries. Each check uses the part itself, not a sign of its presence."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from core.errors import AudioError, ModelError
from device.board_sound import audio_of
from device.config import Settings
from device.doctor import Check, Finding, State
from device.health import FILE_NAME as HEALTH_FILE
from device.store_file import FILE_NAME as STORE_FILE
from device.store_file import check_file
from device.telemetry import FILE_NAME as TELEMETRY_FILE
from dialog.ports import Hints, Line
from provisioning.wifi.ports import Link, WifiState

if TYPE_CHECKING:
    from audio.cards import Card

TESTED_PYTHONS = ((3, 11), (3, 13))
FAIL_BELOW_MB, WARN_BELOW_MB = 50, 500
FRAME_BUDGET_MS = 10.0
MOST_CLIPPED, MOST_DEAD = 0.001, 0.05
"""Share of frames: a shout now and then overdrives any microphone, and a card gives a moment of
digital silence when it is opened."""
CARD_FRAMES = 20
REINSTALL = "run make setup, or reinstall Myna"


def python_version(_settings: Settings) -> Finding:
    version = sys.version_info[:2]
    oldest, newest = TESTED_PYTHONS
    said = f"Python {version[0]}.{version[1]}"
    if oldest <= version <= newest:
        return Finding("python", State.OK, said)
    return Finding(
        "python",
        State.DEGRADED,
        f"{said} is not among the tested ones, 3.{oldest[1]} to 3.{newest[1]}",
        f"make a new environment with Python 3.{oldest[1]} to 3.{newest[1]}",
    )


def sound_cards(settings: Settings) -> Finding:
    """A microphone and a loudspeaker, those configured or the system's own."""
    from audio.cards import choose

    cards = _cards(settings)
    audio = audio_of(settings)
    wanted = bool(audio.input_card or audio.output_card)
    if audio.backend == "room":
        return Finding("sound_cards", State.OK, "the virtual room is configured")
    if not wanted and not (any(c.inputs for c in cards) and any(c.outputs for c in cards)):
        return Finding(
            "sound_cards",
            State.DEGRADED,
            "there is no microphone or no loudspeaker; the virtual room works",
            "connect a sound card; myna devices lists what is found",
        )
    near = choose(cards, audio.input_card, is_input=True)
    far = choose(cards, audio.output_card, is_input=False)
    return Finding("sound_cards", State.OK, f"microphone {near.id}, loudspeaker {far.id}")


def sound_flows(settings: Settings) -> Finding:
    """The card is opened and delivers frames."""
    from audio.live import make_live_backend

    if settings.audio.backend == "room" or sound_cards(settings).state is not State.OK:
        return Finding(
            "sound_flows",
            State.OK if settings.audio.backend == "room" else State.DEGRADED,
            "not tried, there is no card to open",
            "" if settings.audio.backend == "room" else "connect a sound card",
        )
    near, far = (np.zeros(FRAME_SAMPLES, np.int16) for _ in range(2))
    backend = make_live_backend(audio_of(settings))
    try:
        backend.open(_Silence())
        got = sum(backend.read(near, far, timeout_s=1.0).ok for _ in range(CARD_FRAMES))
    finally:
        backend.close()
    if got < CARD_FRAMES:
        raise AudioError(f"{backend.name} delivered {got} of {CARD_FRAMES} frames")
    return Finding("sound_flows", State.OK, f"{backend.name} delivers and takes frames")


def real_time(_settings: Settings) -> Finding:
    """Whether the system grants the audio thread real-time priority."""
    from audio.loop import request_realtime

    granted: list[str] = []
    thread = threading.Thread(target=lambda: granted.append(request_realtime()), name="doctor-fifo")
    thread.start()
    thread.join()
    if granted[0].startswith("fifo"):
        return Finding("real_time", State.OK, f"real-time priority is granted ({granted[0]})")
    return Finding(
        "real_time",
        State.DEGRADED,
        f"the audio thread runs with {granted[0]} priority",
        "start Myna by its systemd unit, which grants it (LimitRTPRIO)",
    )


def echo_canceller(settings: Settings) -> Finding:
    """The configured canceller runs a frame; the others are named when they cannot."""
    from audio.echo_factory import CANCELLERS, make_canceller

    frames = [np.zeros(FRAME_SAMPLES, np.int16) for _ in range(3)]
    audio = settings.audio
    make_canceller(audio.canceller, tail_ms=audio.canceller_tail_ms).process(*frames)
    missing = []
    for name in CANCELLERS:
        try:
            make_canceller(name, tail_ms=audio.canceller_tail_ms)
        except (ModelError, ImportError):
            missing.append(name)
    others = f"; not installed: {', '.join(missing)}" if missing else ""
    return Finding("echo_canceller", State.OK, f"{audio.canceller} runs{others}")


def wake_word(settings: Settings) -> Finding:
    from device.wake_words import wake_words

    near, _far = wake_words(settings.wake)
    near.process(np.zeros(FRAME_SAMPLES, np.int16))
    return Finding("wake_word", State.OK, f'listens for "{", ".join(near.phrases)}"')


def recogniser(settings: Settings) -> Finding:
    """Loads the model and lets it hear half a second of silence."""
    from dialog.factory import build_recogniser
    from provisioning.models import speech_models

    engine = build_recogniser(settings.recognition, speech_models())
    try:
        heard = engine.recognize(np.zeros(SAMPLE_RATE_HZ // 2, np.int16), Hints(("hello",)))
    finally:
        engine.close()
    if heard.matched is not None:
        raise ModelError(f"{engine.name} hears words in silence")
    return Finding("recogniser", State.OK, f"{engine.name} is loaded and hears")


def voice(settings: Settings) -> Finding:
    """Lets the voice say a word into memory."""
    from dialog.factory import build_voice
    from provisioning.models import speech_models

    engine = build_voice(settings.voice, speech_models())
    try:
        samples = sum(chunk.size for chunk in engine.speak(Line("Hello.")))
    finally:
        engine.close()
    if samples == 0:
        raise ModelError(f"{engine.name} says nothing")
    return Finding("voice", State.OK, f"{engine.name} speaks")


def store(settings: Settings) -> Finding:
    """The state folder takes a file, and the progress in it is whole."""
    folder = settings.device.state_path()
    with tempfile.TemporaryFile(dir=_existing(folder)) as probe:
        probe.write(b"myna")
        probe.flush()
        os.fsync(probe.fileno())
    file = folder / STORE_FILE
    if not file.exists():
        return Finding("store", State.OK, f"{folder} takes progress; there is none yet")
    if trouble := check_file(file):
        remedy = "start Myna once, and replace the memory card soon"
        return Finding("store", State.FAILED, trouble, remedy)
    aside = sorted(file.parent.glob(f"{STORE_FILE}.damaged-*[0-9]"))
    if aside:
        return Finding(
            "store",
            State.DEGRADED,
            f"{file} is whole, but was damaged before: {len(aside)} set aside",
            f"replace the memory card; then remove {aside[-1].name} and the like",
        )
    return Finding("store", State.OK, f"{file} is whole")


def disk_space(settings: Settings) -> Finding:
    folder = _existing(settings.device.state_path())
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    sentence = f"{free_mb} MB free for {folder}"
    if free_mb >= WARN_BELOW_MB:
        return Finding("disk_space", State.OK, sentence)
    state = State.FAILED if free_mb < FAIL_BELOW_MB else State.DEGRADED
    return Finding("disk_space", state, sentence, "free some space on that disk")


def lessons(settings: Settings) -> Finding:
    from dialog.packs import choose_pack

    pack = choose_pack(settings.lessons.pack, settings.lessons.packs)
    items = sum(len(unit.items) for unit in pack.units)
    return Finding("lessons", State.OK, f"pack {pack.id} has {items} items")


def board(settings: Settings) -> Finding:
    """Makes the board and lets it go; a running Myna on real pins holds them."""
    from hal.factory import make_board

    made = make_board(settings.board)
    troubles = made.troubles
    made.close()
    if troubles:
        sentence = "; ".join(each.sentence for each in troubles)
        remedy = "correct [board], and stop a running Myna first"
        return Finding("board", State.FAILED, sentence, remedy)
    return Finding("board", State.OK, f"board {made.name}, ring of {made.ring.count}")


def network(settings: Settings) -> Finding:
    """How NetworkManager says that the speaker is on the network; nothing is changed."""
    from provisioning.wifi.factory import make_wifi

    async def ask() -> tuple[WifiState, int]:
        wifi = make_wifi(join_within_s=settings.wifi.join_within_s)
        try:
            state = await wifi.state()
            if state.link is Link.NO_RADIO:
                return state, 0
            return state, len(await wifi.saved())
        finally:
            await wifi.close()

    return network_finding(*asyncio.run(ask()))


def network_finding(state: WifiState, saved: int) -> Finding:
    """What to say about it."""
    cable = "a cable is connected" if state.wired else ""
    match state.link:
        case Link.JOINED:
            said = f"Wi-Fi {state.name}, {state.strength_percent} %, leads: {state.reach.value}"
        case Link.ACCESS_POINT:
            said = f"the set-up network {state.name} is open"
        case Link.NO_RADIO:
            said = cable or "no Wi-Fi that NetworkManager works; Myna needs no network"
        case _ if state.wired:
            said = cable
        case _ if saved:
            remedy = "switch the router on, or hold the button for ten seconds to choose another"
            return Finding("network", State.DEGRADED, "the Wi-Fi that is kept is away", remedy)
        case _:
            said = "no Wi-Fi is chosen and none is needed; the button held for 10 s chooses one"
    return Finding("network", State.OK, said)


def last_run(settings: Settings) -> Finding:
    """The audio counters that the daemon wrote last."""
    path = settings.device.state_path() / TELEMETRY_FILE
    try:
        counters = json.loads(path.read_text(encoding="utf-8"))
        frames = int(counters["frames"])
        troubles = {
            name: int(counters[name])
            for name in ("lost_frames", "late_frames", "overflow_frames", "output_underflows")
        }
        slow_ms = float(counters["frame_ms_p999"])
        usual_ms = float(counters["frame_ms_p50"])
        reopened = int(counters["reopened"])
        clipped = int(counters.get("clipped_frames", 0))
        dead = int(counters.get("dead_frames", 0))
    except FileNotFoundError:
        return Finding("last_run", State.OK, "Myna has not run yet on this state folder")
    except (ValueError, KeyError, TypeError):
        remedy = "start Myna again, which writes it anew"
        return Finding("last_run", State.DEGRADED, f"{path} cannot be understood", remedy)
    sentence = (
        f"{frames} frames of 10 ms, {usual_ms:g} ms each (p99.9 {slow_ms:g} ms),"
        f" card found again {reopened} times"
    )
    found = [f"{count} {name.replace('_', ' ')}" for name, count in troubles.items() if count]
    if slow_ms > FRAME_BUDGET_MS:
        found.append("frames took longer than they last")
    remedies = ["stop what else runs on this machine, and see real_time above"] if found else []
    if clipped > MOST_CLIPPED * frames:
        found.append(f"the microphone was overdriven in {clipped} frames")
        remedies.append("lower the microphone's gain (alsamixer, F4), or speak from further away")
    if dead > MOST_DEAD * frames and frames:
        found.append(f"the microphone gave nothing at all in {dead} frames")
        remedies.append("check its cable and its mute switch, and input_card in [audio]")
    if not found:
        return Finding("last_run", State.OK, sentence)
    return Finding(
        "last_run", State.DEGRADED, f"{sentence}; {', '.join(found)}", "; ".join(remedies)
    )


def running(settings: Settings) -> Finding:
    """What the daemon says of itself."""
    path = settings.device.state_path() / HEALTH_FILE
    try:
        found = dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Finding("running", State.OK, "Myna has not run yet on this state folder")
    except (ValueError, TypeError):
        remedy = "start Myna again, which writes it anew"
        return Finding("running", State.DEGRADED, f"{path} cannot be understood", remedy)
    if not found:
        return Finding("running", State.OK, "it named no trouble last")
    sentences = "; ".join(f"{name}: {sentence}" for name, sentence in sorted(found.items()))
    remedy = "do what is said there; Myna goes on meanwhile"
    return Finding("running", State.DEGRADED, sentences, remedy)


def safety(_settings: Settings) -> Finding:
    """The model of what words mean, beside the lists: both judge what a child says."""
    from dialog.safety.lists import topic_of
    from dialog.safety.meaning import PATH, Meaning

    topic_of("hello")
    try:
        Meaning(PATH)
    except ModelError as error:
        return Finding("safety", State.DEGRADED, str(error), REINSTALL)
    return Finding("safety", State.OK, "lists of words and the model of what they mean are there")


CHECKS = (
    Check("python", python_version, REINSTALL),
    Check("sound_cards", sound_cards, "connect the card, or correct [audio]; see myna devices"),
    Check("sound_flows", sound_flows, "stop other programs that hold the card, then try again"),
    Check("real_time", real_time, "start Myna by its systemd unit"),
    Check("echo_canceller", echo_canceller, f"{REINSTALL}, or set another [audio] canceller"),
    Check("wake_word", wake_word, f"{REINSTALL}, or correct [wake]"),
    Check("recogniser", recogniser, f"{REINSTALL}, or correct [recognition]"),
    Check("voice", voice, f"{REINSTALL}, or correct [voice]"),
    Check("store", store, "give Myna's user that folder, or set [device] state_dir"),
    Check("disk_space", disk_space, "set [device] state_dir to a folder on a working disk"),
    Check("safety", safety, REINSTALL),
    Check("lessons", lessons, "see myna lessons check, or correct [lessons]"),
    Check("board", board, "correct [board], and stop a running Myna first"),
    Check("network", network, "see systemctl status NetworkManager"),
    Check("last_run", last_run, "make the state folder readable"),
    Check("running", running, "make the state folder readable"),
)


class _Silence:
    """Honours `PlaybackSource`."""

    def pull(self, out: Samples) -> None:
        out[:] = 0


def _cards(settings: Settings) -> list[Card]:
    from audio.live import LIBRARIES, list_cards

    name = settings.audio.backend
    return list_cards(name if name in LIBRARIES else LIBRARIES[0])


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above that is there already."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder
