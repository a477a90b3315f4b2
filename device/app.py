"""The composition root: the only place that knows which adapters there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from audio.factory import make_front_end
from audio.front_end import FrontEnd
from audio.playback import Playback
from audio.ports import AudioBackend
from core.clock import Clock
from device.config import Settings
from device.conversation import Conversation
from device.house_rules import HouseRules
from device.lessons import Lessons
from device.pack_shelf import PackShelf
from device.runtime import Runtime
from device.scheduling import Scheduler
from device.store import Store
from device.sync.happenings import Reporter
from device.trace import Watcher
from dialog.packs.model import Pack
from dialog.recognition_service import RecognitionService
from dialog.voice_service import VoiceService
from hal.factory import make_board_or_stand_in
from hal.ports import Board, LedRing
from provisioning.models import speech_models


@dataclass(frozen=True, slots=True)
class Services:
    """What is slow to start and may be shared by several conversations in turn."""

    recogniser: RecognitionService
    voice: VoiceService
    pack: Pack


@dataclass(frozen=True, slots=True)
class Parts:
    """One speaker, put together and not yet running."""

    settings: Settings
    store: Store
    board: Board
    playback: Playback
    front_end: FrontEnd
    services: Services
    clock: Clock
    lessons: Lessons
    house_rules: HouseRules
    ring: LedRing | None = None
    """What the conversation shows its moods on, when not on the board's own lights."""

    def runtime(
        self,
        scheduler: Scheduler,
        open_microphone: Callable[[bool], None],
        watchers: Sequence[Watcher],
        *,
        seed: int = 0,
    ) -> Runtime:
        """The conversation, ready to be started."""
        conversation = Conversation(
            self.house_rules,
            self.settings.device,
            history=self.store.history,
            recognition_timeout_s=self.settings.recognition.timeout_s,
            seed=seed,
        )
        return Runtime(
            conversation,
            front_end=self.front_end,
            playback=self.playback,
            recogniser=self.services.recogniser,
            voice=self.services.voice,
            ring=self.ring or self.board.ring,
            store=self.store,
            clock=self.clock,
            scheduler=scheduler,
            open_microphone=open_microphone,
            watchers=watchers,
        )


def start_services(settings: Settings, stack: ExitStack) -> Services:
    """Start the worker processes; the stack ends them.

    Raises:
        ModelError: A model, voice or library is missing.
        PackError: The lesson pack cannot be used.
    """
    pack = pack_shelf(settings).find(settings.lessons.pack)
    models = speech_models()
    recogniser = stack.enter_context(RecognitionService(settings.recognition, models))
    voice = stack.enter_context(VoiceService(settings.voice, models))
    recogniser.worker.wait_ready()
    voice.worker.wait_ready()
    return Services(recogniser, voice, pack)


def pack_shelf(settings: Settings) -> PackShelf:
    """Where lesson packs are found, those that came over the network included."""
    return PackShelf(
        settings.device.state_path() / "packs",
        key=settings.sync.pack_key,
        ca_file=settings.sync.ca_file,
        packs=settings.lessons.packs,
    )


def assemble(
    settings: Settings,
    services: Services,
    stack: ExitStack,
    *,
    clock: Clock,
    store_folder: Path | None,
) -> Parts:
    """Put one speaker together; the stack takes it apart.

    Args:
        store_folder: Where progress is kept; None keeps it in memory (a trial conversation).

    Raises:
        StoreError: Progress cannot be kept.
        ModelError: A stage of the front end is missing.
    """
    store = stack.enter_context(Store(store_folder, clock))
    store.also(Reporter())
    store.know(settings.lessons.children, present=settings.lessons.child)
    board = make_board_or_stand_in(settings.board, clock)
    stack.callback(board.close)
    playback = Playback(duck_db=settings.turns.duck_db, volume_db=settings.audio.volume_db)
    front_end = make_front_end(settings.audio, settings.wake, settings.turns, playback)
    language = settings.device.language
    lessons = Lessons(services.pack, settings.lessons, store, language)
    rules = HouseRules(lessons)
    return Parts(settings, store, board, playback, front_end, services, clock, lessons, rules)


def firmware() -> str:
    """Version of what is installed."""
    try:
        return metadata.version("myna")
    except metadata.PackageNotFoundError:  # run from a folder that nobody installed
        return "unknown"


def make_card(settings: Settings) -> AudioBackend:
    """The sound card's backend.

    Raises:
        AudioError: There is no backend of the configured name.
    """
    from audio.live import make_live_backend

    return make_live_backend(settings.audio)


def card_available(settings: Settings) -> bool:
    """Whether there is a sound card to talk through."""
    from audio.live import available

    return available(settings.audio)
