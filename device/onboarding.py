"""The speaker comes onto a network: its access point, the portal behind it, what is tried and said.

One thing happens at a time. What people want, over the button, the portal or Bluetooth, is put into
a queue; one task takes it out and works the radio. The portal reads a frozen view from its thread.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from enum import Enum

from core.clock import Clock
from core.errors import SpeakerError
from device.health import Degraded
from device.set_up_words import SetUpSentence, spoken, why
from dialog.ports import Line
from hal.layers import LayeredRing
from hal.ports import Mood
from provisioning.portal.ports import Phase, SetUp, SetUpView, Tried, Wish
from provisioning.set_up_label import SetUpLabel
from provisioning.wifi.country import CountryFile
from provisioning.wifi.improv import Beacon, Improv
from provisioning.wifi.ports import (
    Credentials,
    Link,
    Security,
    Wifi,
    WifiState,
    WifiUnavailable,
)
from provisioning.wifi.settings import WifiSettings

log = logging.getLogger(__name__)

FIRST_TAG = 2_700_000
"""Tags of what is said here."""
GRACE_S = 3.0
"""So long a page has to reach the phone before the access point goes away."""
SETTLE_S = 20.0
"""So long the speaker may be without any network before that counts: routers take their time."""
LOOK_S = 10.0
"""How often the radio is asked how it is."""
BEACON_AFTER_S = 60.0
"""So long Bluetooth stays after it has worked, for the result to be read."""
IDENTIFY_EVERY_S = 10.0
"""Anybody near may ask which speaker it is; not more often than that."""
TROUBLE = "network"

MakePortal = Callable[[SetUp], AbstractContextManager[object]]


class Act(Enum):
    """What can be asked for."""

    OPEN = "open"
    CLOSE = "close"
    LOOK_AGAIN = "look_again"
    JOIN = "join"
    REFRESH = "refresh"
    FADE = "fade"


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What onboarding needs of the speaker.

    Attributes:
        say: Says lines outside any conversation, tagged from the number on.
        choose_language: Lets Myna explain in ``en`` or ``zh`` from now on.
        language: In which it begins to speak.
        make_portal: Serves the portal while inside.
        pause: Waits so many seconds.
        beacon: Bluetooth, for Improv; None where it is not wanted.
        home: Where a browser goes on when Improv has worked.
    """

    say: Callable[[tuple[Line, ...], int], None]
    choose_language: Callable[[str], None]
    language: Callable[[], str]
    make_portal: MakePortal
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    beacon: Beacon | None = None
    home: Callable[[], tuple[str, ...]] = tuple


class Onboarding:
    """Honours `SetUp`. Made in the event loop's thread; `view`, `join`, `look_again` in any.

    Args:
        wifi: The radio.
        label: Name and password of the access point.
        country: Kept for who may set it.
        settings: The section ``[wifi]``.
        ring: Shows that a phone is waited for, and a lost network.
        clock: Closes the access point.
        around: The rest of the speaker.
    """

    def __init__(
        self,
        wifi: Wifi,
        label: SetUpLabel,
        country: CountryFile,
        settings: WifiSettings,
        *,
        ring: LayeredRing,
        clock: Clock,
        around: Around,
    ) -> None:
        self._wifi = wifi
        self._label = label
        self._country = country
        self._settings = settings
        self._ring = ring
        self._clock = clock
        self._around = around
        self._loop = asyncio.get_running_loop()
        self._acts: asyncio.Queue[tuple[Act, Wish | None]] = asyncio.Queue()
        self._lock = threading.Lock()
        self._view = SetUpView(Phase.CLOSED, label.ssid, country=country.code)
        self._portal: AbstractContextManager[object] | None = None
        self._closes_s: float | None = None
        self._looks_s = 0.0
        self._alone_since_s: float | None = None
        self._first = settings.set_up == "auto"
        self._tag = FIRST_TAG
        self.state: WifiState | None = None
        """How the network is, as far as it was asked; any thread."""
        self.saved = False
        """Whether any network is kept."""
        self.improv = Improv(self.join_from_afar, self._identify, around.home, self._heard)
        """What Bluetooth offers while it is set up."""
        self._held = False
        self._shines = False
        self._fades_s: float | None = None
        self._identified_s = -IDENTIFY_EVERY_S

    async def run(self) -> None:
        """Do what is asked for, one after the other, until cancelled; then close what is open."""
        try:
            while True:
                act, wish = await self._acts.get()
                try:
                    await self._do(act, wish)
                except (SpeakerError, OSError) as error:
                    log.warning(
                        "setting up failed: act=%s error=%s", act.value, type(error).__name__
                    )
                    await self._give_up(act)
                finally:
                    self._acts.task_done()
        finally:
            await self._shut_portal()
            await self._fade()
            await self._wifi.close()

    async def settled(self) -> None:
        """Wait until everything that was asked for is done."""
        await self._acts.join()

    # ------------------------------------------------------------------- what is asked for

    def open(self) -> None:
        """Open the access point, or keep it open for as long again: somebody held the button."""
        if self._settings.set_up != "never":
            self._held = True
            self._acts.put_nowait((Act.OPEN, None))

    def look(self) -> None:
        """Follow the time: close what was open for long enough, and ask how the network is."""
        now_s = self._clock.now_s()
        if self._closes_s is not None and now_s >= self._closes_s and self._is(Phase.OPEN):
            self._closes_s = None
            self._acts.put_nowait((Act.CLOSE, None))
        elif self._fades_s is not None and now_s >= self._fades_s:
            self._fades_s = None
            self._acts.put_nowait((Act.FADE, None))
        elif now_s >= self._looks_s:
            self._looks_s = now_s + LOOK_S
            self._acts.put_nowait((Act.REFRESH, None))

    def view(self) -> SetUpView:
        with self._lock:
            return self._view

    def join(self, wish: Wish) -> bool:
        return self._claim(Phase.TRYING, (Act.JOIN, wish))

    def look_again(self) -> bool:
        return self._claim(Phase.LOOKING, (Act.LOOK_AGAIN, None))

    def join_from_afar(self, credentials: Credentials) -> bool:
        """The same as `join` for who needs no portal: Bluetooth. In the event loop's thread."""
        with self._lock:
            if self._view.phase in (Phase.TRYING, Phase.LOOKING):
                return False
            wish = Wish(credentials, self._view.country, self._view.language)
            self._view = replace(self._view, phase=Phase.TRYING)
        self._acts.put_nowait((Act.JOIN, wish))
        return True

    def trouble(self) -> Degraded | None:
        """A network that is kept and gone; a speaker that never had one is not degraded."""
        if not self._lost():
            return None
        return Degraded(
            TROUBLE, "the Wi-Fi is gone; hold the button for ten seconds to choose another"
        )

    def _claim(self, phase: Phase, act: tuple[Act, Wish | None]) -> bool:
        """From the portal's thread: only one may be first."""
        with self._lock:
            if self._view.phase is not Phase.OPEN:
                return False
            self._view = replace(self._view, phase=phase)
        self._loop.call_soon_threadsafe(self._acts.put_nowait, act)
        return True

    # -------------------------------------------------------------------------- doing it

    async def _do(self, act: Act, wish: Wish | None) -> None:
        match act:
            case Act.OPEN:
                await self._open()
            case Act.CLOSE:
                await self._close()
            case Act.LOOK_AGAIN:
                await self._around.pause(GRACE_S)
                await self._shut_portal()
                await self._wifi.close_access_point()
                await self._let_in()
            case Act.JOIN if wish is not None:
                await self._try(wish)
            case Act.FADE:
                await self._fade()
            case _:
                await self._refresh()

    async def _open(self) -> None:
        self._first = False
        if self._is(Phase.OPEN):
            self._closes_s = self._clock.now_s() + self._settings.window_min * 60
            self._authorise()
            self._say(SetUpSentence.OPEN)
            return
        state = await self._wifi.state()
        if state.link is Link.NO_RADIO:
            self._say(SetUpSentence.NO_WIFI)
            return
        self._show(bands=state.bands, tried=None, language=self._around.language())
        await self._let_in()
        await self._shine()
        self._say(SetUpSentence.OPEN)

    async def _let_in(self, *, look_around: bool = True) -> None:
        """Look around, open the access point and the portal behind it."""
        if look_around:
            # Before, since one radio seldom hears others while it is an access point itself.
            self._show(networks=await self._wifi.scan())
        await self._wifi.open_access_point(self._label.ssid, self._label.password)
        portal = self._around.make_portal(self)
        await asyncio.to_thread(portal.__enter__)
        self._portal = portal
        self._closes_s = self._clock.now_s() + self._settings.window_min * 60
        self._ring.put_up(Mood.PAIRING)
        self._show(phase=Phase.OPEN)
        log.info("the set-up network is open")

    async def _close(self) -> None:
        await self._shut_portal()
        await self._fade()
        self._show(phase=Phase.CLOSED, tried=None)
        self._ring.take_down(Mood.PAIRING)
        await self._wifi.close_access_point()
        self._say(SetUpSentence.CLOSED)
        log.info("the set-up network is closed")
        await self._refresh()

    async def _try(self, wish: Wish) -> None:
        had_portal = self._portal is not None
        if had_portal:
            await self._around.pause(GRACE_S)
        self._closes_s = None
        self._show(country=wish.country, language=wish.language)
        self._say(SetUpSentence.TRYING)
        await self._shut_portal()
        self._keep(wish)
        refused = await self._wifi.join(wish.credentials)
        if refused is None:
            self._ring.take_down(Mood.PAIRING)
            self._show(phase=Phase.DONE, tried=None)
            self._say(SetUpSentence.JOINED)
            self.improv.finished(None)
            self._fades_s = self._clock.now_s() + BEACON_AFTER_S
            await self._refresh()
            return
        nameless = replace(wish.credentials, password="")
        self._show(tried=Tried(nameless, refused))
        if had_portal:
            await self._let_in(look_around=False)
        else:
            await self._wifi.go_back()
            self._show(phase=Phase.CLOSED)
        self._say(why(refused))
        self.improv.finished(refused)

    def _keep(self, wish: Wish) -> None:
        """Country and language hold whatever becomes of the network."""
        try:
            self._country.set(wish.country)
            self._around.choose_language(wish.language)
        except (OSError, SpeakerError) as error:
            log.warning("a choice could not be kept: error=%s", type(error).__name__)

    async def _refresh(self) -> None:
        """Ask how the network is; open the access point at a first start without any."""
        state = self.state = await self._wifi.state()
        try:
            self.saved = bool(await self._wifi.saved())
        except WifiUnavailable:
            self.saved = False
        now_s = self._clock.now_s()
        alone = state.link in (Link.ALONE, Link.OFF) and not state.wired
        if not alone:
            self._alone_since_s = None
        elif self._alone_since_s is None:
            self._alone_since_s = now_s
        if self._lost():
            self._ring.put_up(Mood.NO_NETWORK)
        else:
            self._ring.take_down(Mood.NO_NETWORK)
        if state.wired or state.link is Link.JOINED:
            self._first = False
        if self._first and self._alone_for_long() and not self.saved:
            self._acts.put_nowait((Act.OPEN, None))

    def _lost(self) -> bool:
        """Whether a network is kept and has been away for longer than joining takes."""
        return self.saved and self._alone_for_long()

    def _alone_for_long(self) -> bool:
        since_s = self._alone_since_s
        return since_s is not None and self._clock.now_s() - since_s >= SETTLE_S

    async def _give_up(self, act: Act) -> None:
        """Something could not be done at all: leave the radio as it was before."""
        await self._shut_portal()
        await self._fade()
        self._closes_s = None
        self._ring.take_down(Mood.PAIRING)
        self._first = False
        self._show(phase=Phase.CLOSED)
        if act is not Act.REFRESH:
            self._say(SetUpSentence.NOT_OBEYED)
        try:
            await self._wifi.close_access_point()
        except SpeakerError as error:
            log.warning("the radio could not be put back: code=%s", error.code)

    # ------------------------------------------------------------------------ Bluetooth

    async def _shine(self) -> None:
        """Offer Improv; nothing depends on it."""
        self._fades_s = None
        if self._around.beacon is not None:
            try:
                await self._around.beacon.start(self.improv, self._label.ssid)
                self._shines = True
            except WifiUnavailable as error:
                log.info("no set-up over Bluetooth: code=%s", error.code)
        self._authorise()

    async def _fade(self) -> None:
        """Offer it no longer; the button's word is gone with it."""
        self._held = False
        self._fades_s = None
        self.improv.lapse()
        if self._shines and self._around.beacon is not None:
            self._shines = False
            await self._around.beacon.stop()

    def _authorise(self) -> None:
        if self._held:
            self.improv.authorise()

    def _heard(self, ssid: bytes) -> Security | None:
        found = [net.security for net in self.view().networks if net.ssid == ssid]
        return found[0] if found else None

    def _identify(self) -> None:
        now_s = self._clock.now_s()
        if now_s - self._identified_s >= IDENTIFY_EVERY_S:
            self._identified_s = now_s
            self._say(SetUpSentence.HERE)

    async def _shut_portal(self) -> None:
        portal, self._portal = self._portal, None
        if portal is not None:
            await asyncio.to_thread(portal.__exit__, None, None, None)

    # ----------------------------------------------------------------------- telling it

    def _is(self, phase: Phase) -> bool:
        return self.view().phase is phase

    def _show(self, **changed: object) -> None:
        with self._lock:
            self._view = replace(self._view, **changed)  # type: ignore[arg-type]

    def _say(self, sentence: SetUpSentence) -> None:
        lines = spoken(sentence, self.view().language, self._label.ssid)
        self._tag += len(lines)
        self._around.say(lines, self._tag)
