"""What the portal's pages need of a speaker that is being set up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from provisioning.wifi.ports import Band, Credentials, Network, Refusal


class Phase(Enum):
    """How far the setting up is."""

    CLOSED = "closed"
    OPEN = "open"
    """The access point is there and waits for somebody."""
    LOOKING = "looking"
    """The access point is gone for a moment: one radio cannot look around meanwhile."""
    TRYING = "trying"
    """The same, to try a network."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Tried:
    """The last attempt, when it failed.

    Attributes:
        what: The network, without its password.
    """

    what: Credentials
    why: Refusal


@dataclass(frozen=True, slots=True)
class SetUpView:
    """A moment of it; safe to read in any thread.

    Attributes:
        access_point: Its name.
        networks: What was on the air when it was looked last.
        bands: What the radio can do.
        country: Two letters, empty when nobody said.
        language: ``en`` or ``zh``, in which Myna explains.
    """

    phase: Phase
    access_point: str
    networks: tuple[Network, ...] = ()
    bands: frozenset[Band] = frozenset(Band)
    tried: Tried | None = None
    country: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a parent wants, from the form."""

    credentials: Credentials
    country: str
    language: str


class SetUp(Protocol):
    """The speaker, as the portal sees it. Any thread; nothing here waits."""

    def view(self) -> SetUpView: ...

    def join(self, wish: Wish) -> bool:
        """Try it, a moment later, so that the page gets out; False when something is under way."""

    def look_again(self) -> bool:
        """Look around anew, as above."""
