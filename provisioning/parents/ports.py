"""What the parents' pages show and can have done: values, and the protocol of who provides them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Protocol


class Standing(Enum):
    """How a sound or a word was said, as far as that is known."""

    WELL = "well"
    NEARLY = "nearly"
    PRACTISE = "practise"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class SoundView:
    """One sound of one child.

    Attributes:
        name: As a parent can read it, ``/θ/ think``.
        mean_0_2: Best guess of how it is said now.
        low_0_2: Where that guess lies nine times of ten, and
        high_0_2: up to where.
        weeks: Mean score of each week in which it was heard, oldest first, at most twelve.
        better: It has become clearly better over these weeks.
    """

    name: str
    mean_0_2: float
    low_0_2: float
    high_0_2: float
    standing: Standing
    weeks: tuple[float, ...] = ()
    better: bool = False


@dataclass(frozen=True, slots=True)
class ChildView:
    """One child, today and this week.

    Attributes:
        id: Its pseudonym.
        nickname: Empty for an only child.
        days: Practised or not, four weeks, oldest first, the last one today.
        streak_days: Days in a row up to today or yesterday.
        due: Items that want to be met again.
    """

    id: str
    nickname: str
    minutes_today: float
    minutes_week: float
    minutes_ever: float
    streak_days: int
    days: tuple[bool, ...]
    learnt: tuple[str, ...]
    learning: tuple[str, ...]
    due: int
    sounds: tuple[SoundView, ...]


@dataclass(frozen=True, slots=True)
class SaidWord:
    """A word of an answer, coloured by how it was said."""

    text: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class SaidItem:
    """One answer of a practice.

    Attributes:
        asked: The model answer; the item's id where its pack is gone.
        right: Whether it was the answer.
        words: Those that were scored; empty where they were not.
        recording: Key of its sound; empty where none was kept.
    """

    asked: str
    right: bool
    words: tuple[SaidWord, ...]
    recording: str = ""


@dataclass(frozen=True, slots=True)
class Practice:
    """A child's last practice; its answers in their order."""

    began: datetime
    minutes: float
    items: tuple[SaidItem, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen among: what is kept, for packs with what is shown.

    Attributes:
        voices: ``espeak:f3``, ``piper:en_US-lessac-medium``.
    """

    packs: tuple[tuple[str, str], ...]
    wake_phrases: tuple[str, ...]
    voices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WifiView:
    """The speaker on the home's Wi-Fi.

    Attributes:
        name: Of the network; empty while there is none.
        reach: ``unknown``, ``nowhere``, ``sign_in``, ``home`` or ``internet``.
    """

    name: str
    strength_percent: int
    reach: str


@dataclass(frozen=True, slots=True)
class TroubleView:
    """One thing that works with less than it should.

    Attributes:
        name: Stable, ``board.lights``: the pages have words of their own for it.
        sentence: English, for a technician.
    """

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class DeviceView:
    """The speaker.

    Attributes:
        degraded: What works with less than it should.
        wifi: None where there is no radio, or others look after it.
    """

    name: str
    version: str
    addresses: tuple[str, ...]
    free_mb: int
    used_mb: float
    degraded: tuple[TroubleView, ...]
    wifi: WifiView | None = None


@dataclass(frozen=True, slots=True)
class SoundCheck:
    """What was found by playing and listening.

    Attributes:
        heard_dbfs: Level at the microphone while Myna played.
        quiet_dbfs: Level before.
        echo_reduction_db: How much of Myna's own voice the echo canceller took away; None where
            too little of it came back to tell.
    """

    heard_dbfs: float
    quiet_dbfs: float
    echo_reduction_db: float | None


@dataclass(frozen=True, slots=True)
class Note:
    """That a child may need help; never what was said.

    Attributes:
        day: ISO 8601.
        topic: ``self_harm``, ``hurt_by_others`` or ``stranger``.
    """

    day: str
    topic: str


@dataclass(frozen=True, slots=True)
class PlatformView:
    """How it stands with the family's platform.

    Attributes:
        phase: ``alone``, ``waiting`` (for the code to be typed), ``allowed`` (for the button),
            ``sure`` (for the certificate), ``paired``, ``leaving``, or ``configured`` by a
            technician.
        address: Of the platform; what was configured while there is none else.
        code: What a parent types there; empty when it is not waited for.
        place: Where they type it.
        family: Its name there.
        device: The speaker's id there; empty before it has one.
        provisional: That id is the speaker's own invention.
        trouble: Code of why pairing last did not go on; empty when it did.
        deletions_waiting: Deletions that the platform has not confirmed.
        deletions_confirmed: When it last confirmed one.
    """

    phase: str
    address: str = ""
    code: str = ""
    place: str = ""
    family: str = ""
    device: str = ""
    provisional: bool = False
    trouble: str = ""
    deletions_waiting: int = 0
    deletions_confirmed: datetime | None = None


class PlatformDesk(Protocol):
    """What parents can have done about the platform. Called from the pages' thread."""

    def view(self) -> PlatformView:
        """How it stands."""

    def pair(self, address: str) -> None:
        """Begin; `SpeakerError` (``pairing.address``) for what can be no address."""

    def stop(self) -> None:
        """Let it be."""

    def give_up(self) -> None:
        """Delete all that is the family's and leave its platform; `SpeakerError` where not."""


class Household(Protocol):
    """What is behind the pages. Called from the pages' thread; waits for the speaker where needed.

    Methods that read or write the disk raise `core.errors.StoreError`.
    """

    @property
    def platform(self) -> PlatformDesk | None:
        """The family's platform; None where there can be none."""

    def language(self) -> str:
        """``en`` or ``zh``: for a browser that asks for neither."""

    def children(self) -> Sequence[ChildView]:
        """Everybody who practises here."""

    def practice(self, child: str) -> Practice | None:
        """A child's last practice; None before the first, or for a child that is not known."""

    def recording(self, child: str, key: str) -> Path | None:
        """The file of a sound; None where there is none, whatever child and key may hold."""

    def model_voice(self, child: str, number: int) -> bytes | None:
        """The model answer of a child's last practice, by its place in it, said by Myna: a WAV.

        None where there is none, whatever child and number may be; `SpeakerError` where the voice
        fails.
        """

    def voice_sample(self, voice: str) -> bytes | None:
        """A few words in a voice that may be chosen: a WAV; None for one that may not.

        `SpeakerError` where the voice fails.
        """

    def choices(self) -> Choices: ...

    def device(self) -> DeviceView: ...

    def notes(self) -> Sequence[Note]:
        """Notes that nobody has read yet, oldest first; only where parents asked for them."""

    def read_notes(self) -> None:
        """They have been read: they go."""

    def teach_wake(self) -> bool:
        """Have Myna learn a child's voice; whether she begins at once, else when she wakes next.

        `ModelError` where her wake phrase is one that cannot be taught.
        """

    def check_sound(self) -> SoundCheck:
        """Play and listen for a few seconds; `AudioError` where that is not possible now."""

    def export(self) -> bytes:
        """Everything that is known of the family, as a zip."""

    def forget(self, child: str | None) -> None:
        """Delete all of one child, or (None) of everybody."""
