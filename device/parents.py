"""The parents' side of the running speaker: their pages, their code, and what they decided."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from core.errors import ModelError, PackError, StoreError
from device.announcements import Announcement, code_lines, line
from device.app import Parts, firmware, make_pairing, pack_shelf
from device.events import Pressed, RulesChanged
from device.health import Degraded, Health
from device.house import Acts, House, Usual
from device.household import Around, SpeakerHousehold
from device.pack_shelf import PackShelf
from device.pairing import Acts as PairingActs
from device.pairing import Pairer
from device.panel import Panel
from device.platform_desk import PlatformDesk
from device.recordings import Recordings
from device.remote import Remote
from device.runtime import Runtime
from device.sound_check import check_sound
from device.states import State
from device.sync import deletions
from device.sync.settings import SyncSettings
from device.wake_words import choices
from dialog.packs import load_pack, starter_pack
from dialog.packs.model import Pack
from dialog.ports import Line
from hal.layers import LayeredRing
from hal.ports import Mood
from provisioning.pairing.ports import Welcome
from provisioning.parents.family_file import Family, FamilyFile, Purpose
from provisioning.parents.limits import BadLimit
from provisioning.parents.ports import SoundCheck
from provisioning.parents.service import ParentsPages
from provisioning.wifi.ports import WifiState

log = logging.getLogger(__name__)

FIRST_TAG = 2_500_000
"""Tags of spoken codes."""
TROUBLE = "family"


class Parents:
    """What belongs to the parents. Made and used in the event loop's thread.

    Args:
        parts: The speaker's.
        runtime: Speaks, and ends a talk that must not go on.
        panel: Volume.
        ring: Shows that pairing was offered, until the code is spoken.
        health: How the speaker is.
        served: Whether to serve the pages; what parents decided holds all the same.
    """

    def __init__(
        self,
        parts: Parts,
        runtime: Runtime,
        panel: Panel,
        ring: LayeredRing,
        health: Callable[[], Health],
        *,
        served: bool,
    ) -> None:
        self._parts = parts
        self._runtime = runtime
        self._panel = panel
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._tag = FIRST_TAG
        self.network: Callable[[], WifiState | None] = lambda: None
        """How the speaker is on the network; any thread."""
        self.family = FamilyFile(parts.store.folder, parts.clock.wall)
        settings = parts.settings
        wake_phrase = settings.wake.phrase
        self._house = House(
            self.family,
            parts.house_rules,
            parts.lessons,
            parts.store,
            usual=Usual(
                pack=settings.lessons.pack,
                prompts=settings.lessons.prompts,
                wake_phrase=settings.wake.phrase,
                children=settings.lessons.children,
                child=settings.lessons.child,
            ),
            acts=Acts(
                find_pack=pack_shelf(settings).find,
                make_wake=parts.wake_voices.detectors,
                hear_phrase=parts.front_end.hear_phrase,
                check_voice=parts.services.voice.check,
                use_voice=parts.services.voice.use,
                show_voice=self._show_voice,
                allow_volume=self._allow_volume,
                rules_changed=lambda: runtime.post(RulesChanged()),
                now=parts.clock.wall,
            ),
            hand_over=self._hand_over,
        )
        recordings = Recordings(parts.store.folder, self._allow_recordings)
        household = SpeakerHousehold(
            parts.store,
            self.family,
            recordings,
            Around(
                packs=lambda: every_pack(pack_shelf(settings), settings.lessons.packs),
                wake_phrases=choices(settings.wake),
                voices=parts.services.voice.choices,
                degraded=lambda: health().degraded,
                teach_wake=self._teach_wake,
                check_sound=self._check_sound,
                hand_over=self._hand_over,
                language=settings.device.language,
                now=parts.clock.wall,
                firmware=firmware(),
                iri_base=settings.sync.iri_base,
                notes=parts.answers.notes,
                speak=parts.services.voice.speak_sync,
                network=lambda: self.network(),  # noqa: PLW0108 - given later
            ),
        )
        parts.wake_voices.phrase = lambda: self.family.family.limits.wake_phrase or wake_phrase
        self._named = bool(self.family.family.children)
        self._household = household
        self._pairer: Pairer | None = None
        self._held_to_pair = False
        self._changes: set[asyncio.Task[None]] = set()
        self.recordings = recordings
        runtime.recordings = recordings
        wanted = settings.parents if served else dataclasses.replace(settings.parents, port=0)
        self.pages = ParentsPages(household, self.family, wanted, parts.clock)

    @asynccontextmanager
    async def at_home(self) -> AsyncIterator[None]:
        """Let hold what parents decided, and serve their pages while inside."""
        self._house.start()
        self.family.when_changed(self._tidy)
        self.family.when_changed(self._first_child)
        self._tidy(self.family.family)
        await asyncio.to_thread(self.pages.__enter__)
        try:
            yield
        finally:
            # In a thread: what a page has handed over still has to be done here.
            await asyncio.to_thread(self.pages.__exit__, None, None, None)
            self._runtime.recordings = None
            await asyncio.to_thread(self.recordings.__exit__, None, None, None)

    def make_pairer(self, remote: Remote) -> Pairer | None:
        """What pairs this speaker with a platform; None where nothing can be kept."""
        folder = self._parts.store.folder
        if folder is None:
            return None
        settings = self._parts.settings
        pairing, place = make_pairing(settings, folder, self._parts.clock)

        def follow(sync: SyncSettings) -> None:
            task = self._loop.create_task(remote.follow(sync), name="myna-line")
            self._changes.add(task)
            task.add_done_callback(self._changes.discard)

        self._pairer = Pairer(
            pairing,
            place,
            settings.sync,
            usual=settings.pairing.platform,
            ring=self._ring,
            language=settings.device.language,
            acts=PairingActs(
                say=self._runtime.say,
                idle=self._at_rest,
                follow=follow,
                apply=remote.apply,
                welcome=self._welcome,
                wipe=self._wipe,
                begin_anew=self._parts.store.begin_anew,
                deletions=lambda: deletions.look(folder),
                refused=lambda: remote.refused,
                hand_over=self._hand_over,
            ),
        )
        remote.told_to_leave = self._pairer.told_to_leave
        self._household.platform = PlatformDesk(self._pairer, self._household.here, folder)
        return self._pairer

    @asynccontextmanager
    async def pairing(self) -> AsyncIterator[None]:
        """Be ready to be paired while inside."""
        if self._pairer is None:
            yield
            return
        self._pairer.__enter__()
        try:
            yield
        finally:
            # In a thread: it may wait for the platform's answer.
            await asyncio.to_thread(self._pairer.__exit__, None, None, None)
            await asyncio.gather(*self._changes)

    def allow_telemetry(self) -> bool:
        """Whether figures about the speaker may go to its platform; any thread."""
        return self.family.family.consents(Purpose.TELEMETRY)

    def speak_code(self) -> None:
        """Say a fresh code, in both languages: whoever sets it up may not know the child's."""
        if self._pairer is not None and not self._held_to_pair and self._pairer.held():
            self._held_to_pair = True  # held again, it is about the pages
            return
        self._held_to_pair = False
        if self._pairer is None or not self._pairer.under_way:
            self._ring.take_down(Mood.PAIRING)
        if self.pages.port is None:
            self._say((line(Announcement.NO_PAGES, self._parts.settings.device.language),))
            return
        self._say(code_lines(self.pages.new_code(), self._parts.settings.device.language))

    def allow_answers(self) -> bool:
        """Whether a parent allows now that questions go to the cloud."""
        return self.family.family.consents(Purpose.CLOUD_ANSWERS)

    def allow_voice(self) -> bool:
        """Whether a parent allows now that a question for the teacher goes with its sound."""
        return self.family.family.consents(Purpose.TEACHER_VOICE)

    def look(self) -> None:
        """Follow the hour; now and then."""
        self._house.look()

    def trouble(self) -> Degraded | None:
        """What was lost of the parents' decisions, or cannot be; None when all holds."""
        sentence = self.family.degraded
        return self._house.trouble() if sentence is None else Degraded(TROUBLE, sentence)

    def _allow_recordings(self) -> bool:
        return self.family.family.consents(Purpose.RECORDINGS)

    def _tidy(self, family: Family) -> None:
        """What was recorded is gone with the consent, and what was to be heard by a teacher."""
        if not family.consents(Purpose.RECORDINGS):
            self.recordings.forget()
        if not family.consents(Purpose.TEACHER_VOICE):
            self._hand_over(self._withdraw_voices)

    def _withdraw_voices(self) -> None:
        try:
            self._parts.store.withdraw_voices()
        except StoreError as error:
            # Tried again at each start; until then none goes out that was not on its way.
            log.error("sounds of questions could not be deleted: code=%s", error.code)

    def _teach_wake(self) -> bool:
        if not self._parts.wake_voices.teachable():
            raise ModelError(
                "this wake phrase is a library's and cannot be taught; set [wake] engine",
                code="model.wake_unteachable",
            )
        self._parts.wake_voices.ask()
        now = self._runtime.state is State.ASLEEP
        if now:
            self._runtime.post(Pressed())
        return now

    def _first_child(self, family: Family) -> None:
        """Whoever names the first child sets the speaker up: its voice is learnt next."""
        first = bool(family.children) and not self._named
        self._named = bool(family.children)
        if first:
            try:
                self._parts.wake_voices.ask()
            except StoreError as error:
                log.warning("the first child's voice is not asked for: code=%s", error.code)

    def _at_rest(self) -> bool:
        return self._runtime.state in (State.ASLEEP, State.MUTED, State.FAULT)

    def _welcome(self, welcome: Welcome) -> None:
        """Know the children by what their parents call them, where nobody has said so here."""
        if welcome.nicknames and not self.family.family.children:
            try:
                self.family.name_children(welcome.nicknames, "")
            except (BadLimit, StoreError):
                log.warning("the nicknames from pairing could not be kept")

    def _wipe(self, told: bool) -> None:
        """Nothing of the family is left; with it goes what the platform is told, if it is.

        Raises:
            StoreError: The disk refuses.
        """
        self.family.forget()
        self._household.forget_all(given_up=True, tell=told)
        self._held_to_pair = False  # the next hold is a new family's first

    def _show_voice(self) -> None:
        """Let the chosen voice be heard, where nobody is in the middle of a lesson."""
        if self._at_rest():
            languages = ("zh", "en") if self._parts.settings.device.language == "zh" else ("en",)
            self._say(tuple(line(Announcement.NEW_VOICE, each) for each in languages))

    def _say(self, lines: tuple[Line, ...]) -> None:
        self._tag += len(lines)
        self._runtime.say(lines, self._tag)

    def _allow_volume(self, share: float) -> None:
        self._parts.playback.ceiling_db = self._panel.allow_volume(share)

    def _check_sound(self, tag: int) -> SoundCheck:
        def asleep() -> bool:
            return self._runtime.state is State.ASLEEP

        return check_sound(self._parts.front_end, self._parts.playback, asleep, tag)

    def _hand_over(self, work: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(work)


def every_pack(shelf: PackShelf, configured: tuple[str, ...]) -> tuple[Pack, ...]:
    """All packs that can be practised, one for each id; those with mistakes are left out."""
    found = {starter_pack().id: starter_pack()}
    readers = [functools.partial(load_pack, path) for path in configured]
    readers += [functools.partial(shelf.find, name) for name in shelf.ids()]
    for read in readers:
        try:
            pack = read()
        except PackError as error:
            log.warning("a lesson pack is left out: code=%s", error.code)
            continue
        found[pack.id] = pack
    return tuple(found.values())
