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
from device.answer_desk import AnswerParts
from device.aside import Questions
from device.board_sound import audio_of
from device.config import Settings
from device.conversation import Conversation
from device.house_rules import HouseRules
from device.lessons import Lessons
from device.network import can_reach
from device.pack_shelf import PackShelf
from device.pairing import line_of
from device.parent_notes import ParentNotes
from device.runtime import Runtime
from device.scheduling import Scheduler
from device.store import Store
from device.store_file import boot_id
from device.store_keeping import keep_small
from device.sync.happenings import Reporter
from device.sync.settings import SyncSettings
from device.teacher import Teacher
from device.trace import Watcher
from device.wake_desk import WakeDesk
from device.wake_lesson import WakeLesson
from device.wake_voices import WakeVoices
from dialog.cloud.engine import AnswerEngine
from dialog.cloud.learner import learner_of
from dialog.cloud.ledger import Ledger
from dialog.cloud.local import LocalAnswers
from dialog.cloud.play import plays_by_wording
from dialog.cloud.questions import listened_for
from dialog.cloud.service import CloudService
from dialog.cloud.settings import CloudSettings
from dialog.packs.model import Pack
from dialog.ports import Hints, Language, SpeechModels
from dialog.recognition_service import RecognitionService
from dialog.voice_service import VoiceService
from hal.factory import make_board_or_stand_in
from hal.ports import Board, LedRing
from provisioning.models import speech_models
from provisioning.pairing.file import FOLDER as PAIRING_FOLDER
from provisioning.pairing.file import PairingFolder
from provisioning.pairing.flow import Pairing


@dataclass(frozen=True, slots=True)
class Services:
    """What is slow to start and may be shared by several conversations in turn."""

    recogniser: RecognitionService
    voice: VoiceService
    pack: Pack
    cloud: CloudService | None = None
    """Who may be asked open questions; None where the family wants nobody to be."""
    open_speech: bool = False
    """Whether the recogniser writes down whatever is said, well enough for any question."""


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
    wake_voices: WakeVoices
    wake_lesson: WakeLesson
    answers: AnswerParts
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
            self.wake_lesson,
            self.settings.device,
            history=self.store.history,
            recognition_timeout_s=self.settings.recognition.timeout_s,
            questions=questions_of(self.settings, self.services),
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
            answers=self.answers,
            wake=WakeDesk(
                self.services.recogniser,
                scheduler,
                self.wake_voices.question,
                self.settings.wake.threshold,
            ),
        )


def start_services(settings: Settings, stack: ExitStack) -> Services:
    """Start the worker processes; the stack ends them.

    Raises:
        ModelError: A model, voice or library is missing.
        PackError: The lesson pack cannot be used.
    """
    models = speech_models()
    recogniser = stack.enter_context(RecognitionService(settings.recognition, models))
    voice = stack.enter_context(VoiceService(settings.voice, models))
    # Read while the processes load their models: holding it against its schema takes as long.
    pack = pack_shelf(settings).find(settings.lessons.pack)
    recogniser.worker.wait_ready()
    voice.worker.wait_ready()
    cloud = start_cloud(settings.cloud, stack)
    return Services(recogniser, voice, pack, cloud, hears_all(settings, models))


def start_cloud(settings: CloudSettings, stack: ExitStack) -> CloudService | None:
    """The cloud's process, where a parent consents and there is a service to ask.

    Nobody waits for it: a lesson needs no cloud, and what keeps it from starting is told with the
    first question.
    """
    if not (settings.consent and settings.base_url and settings.model):
        return None
    return stack.enter_context(CloudService(settings))


def hears_all(settings: Settings, models: SpeechModels) -> bool:
    """Whether there is a recogniser for open speech beside that of the lessons' answers."""
    if settings.recognition.engine == "pocketsphinx":
        return False
    return bool(settings.recognition.vosk_model) or models.vosk is not None


def questions_of(settings: Settings, services: Services) -> Questions:
    """How questions beside the lesson are noticed."""
    age_band, language = settings.cloud.age_band, Language(settings.lessons.prompts)
    listed = () if services.open_speech else listened_for(services.pack)
    return Questions(
        Hints(listed),
        lambda state: learner_of(state, services.pack, age_band=age_band, language=language),
    )


def answer_parts(
    settings: Settings, services: Services, store: Store, stack: ExitStack, clock: Clock
) -> AnswerParts:
    """What questions beside the lesson are answered with."""
    local = LocalAnswers(services.pack)
    stack.callback(local.close)
    folder = store.folder
    return AnswerParts(
        engine=AnswerEngine(settings.cloud, local, plays_by_wording(services.pack)),
        cloud=services.cloud,
        ledger=Ledger(None if folder is None else folder / "cloud.json"),
        notes=ParentNotes(folder),
        teacher=Teacher(store),
        store=store,
        pack=services.pack,
        clock=clock,
        online=lambda: can_reach(settings.cloud.base_url),
    )


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
    # What nobody outside has heard of, nobody outside has to delete.
    store.also(Reporter(platform=lambda: bool(line_now(settings, store_folder).address)))
    store.know(settings.lessons.children, present=settings.lessons.child)
    keep_small(store, clock.wall())
    board = make_board_or_stand_in(settings.board, clock)
    stack.callback(board.close)
    playback = Playback(duck_db=settings.turns.duck_db, volume_db=settings.audio.volume_db)
    voices = WakeVoices(settings.wake, store_folder)
    wake = voices.detectors(settings.wake.phrase)
    front_end = make_front_end(settings.audio, settings.wake, settings.turns, playback, wake)
    language = settings.device.language
    lessons = Lessons(services.pack, settings.lessons, store, language)
    voices.hear = front_end.hear_phrase
    rules = HouseRules(lessons)
    answers = answer_parts(settings, services, store, stack, clock)
    return Parts(
        settings=settings,
        store=store,
        board=board,
        playback=playback,
        front_end=front_end,
        services=services,
        clock=clock,
        lessons=lessons,
        house_rules=rules,
        wake_voices=voices,
        wake_lesson=WakeLesson(rules, voices, child=lambda: store.child),
        answers=answers,
    )


def make_pairing(settings: Settings, folder: Path, clock: Clock) -> tuple[Pairing, PairingFolder]:
    """The talk with a platform before it knows this speaker, and where it is kept.

    Args:
        folder: The state folder.
    """
    from provisioning.pairing.platform_https import HttpsPlatform

    place = PairingFolder(folder / PAIRING_FOLDER)
    pairing = Pairing(
        place,
        Path(settings.pairing.identity_dir),
        lambda address: HttpsPlatform(address, settings.pairing.ca_file),
        clock,
        boot_id(),
    )
    return pairing, place


def line_now(settings: Settings, folder: Path | None) -> SyncSettings:
    """How the broker is reached now, from the configuration or from pairing."""
    if folder is None:
        return settings.sync
    place = PairingFolder(folder / PAIRING_FOLDER)
    return line_of(settings.sync, place, place.read())


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

    return make_live_backend(audio_of(settings))


def card_available(settings: Settings) -> bool:
    """Whether there is a sound card to talk through."""
    from audio.live import available

    return available(audio_of(settings))
