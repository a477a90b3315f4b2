"""Scenario files of the virtual room: what a room is like and what happens in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from audio.virtual_room.checked import Problems, Section, read_document
from audio.virtual_room.expect import Expect, read_expect
from audio.virtual_room.steps import ChildStep, read_steps
from core.errors import ConfigError

PACKAGED_LESSON = Path(__file__).with_name("lesson.yaml")
"""The scenario of a whole lesson that a machine without a sound card holds by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """``room``: walls, places and the loudspeaker.

    Attributes:
        rt60_s: Reverberation time.
        distance_m: Child to microphone.
        loudspeaker_m: Loudspeaker to microphone.
        child_dbfs: Active level of the child at the microphone, in dBFS (RMS).
        echo_to_child_db: Level of Myna's voice above the child's, both at the microphone, when
            Myna's samples have an active level of `MYNA_DBFS`.
        delay_ms: From handing samples to the card to sound.
        drift_ppm: How much faster the loudspeaker's clock runs than the microphone's.
        clip_at: Amplitude (full scale 1) at which the loudspeaker saturates; None is linear.
        mic_noise_dbfs: The microphone's own noise.
    """

    rt60_s: float = 0.35
    distance_m: float = 1.2
    loudspeaker_m: float = 0.12
    child_dbfs: float = -28.0
    echo_to_child_db: float = 0.0
    delay_ms: float = 40.0
    drift_ppm: float = 0.0
    clip_at: float | None = 0.5
    mic_noise_dbfs: float = -72.0


@dataclass(frozen=True, slots=True)
class TimedBurst:
    """A cough or a door at a given time of the room."""

    sound: str
    at_s: float
    level_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """``noise``: what else sounds; levels in dB relative to the child, None is absent.

    Attributes:
        fan_db: A fan.
        tv_db: A television with talkers.
        tv_talkers: How many of them talk at once.
        bursts: Coughs and doors by the clock.
    """

    fan_db: float | None = None
    tv_db: float | None = None
    tv_talkers: int = 2
    bursts: tuple[TimedBurst, ...] = ()


@dataclass(frozen=True, slots=True)
class CardAway:
    """The sound card is unplugged at `lost_s` and plugged in again at `back_s`."""

    lost_s: float
    back_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens in a room.

    Attributes:
        name: Short, in lower case, for records.
        about: One sentence for people.
        seed: Of everything that is drawn: places, voices, reaction times, noise.
        limit_s: The room's time after which it ends in any case.
        tail_s: Quiet after the script's end before the room ends.
        room: Walls and loudspeaker.
        noise: What else sounds.
        child: The script.
        card: When the sound card is away.
        expect: What the record must show.
        lesson_items: Items of the session; None leaves the configuration's.
        teach_wake: A parent has asked for a lesson on the wake phrase.
        myna_says_first: Something Myna is made to say before anything else, for example the
            wake phrase; empty for nothing.
    """

    name: str
    about: str = ""
    seed: int = 1
    limit_s: float = 120.0
    tail_s: float = 3.0
    room: Room = Room()
    noise: Noise = Noise()
    child: tuple[ChildStep, ...]
    card: tuple[CardAway, ...] = ()
    expect: tuple[Expect, ...] = ()
    lesson_items: int | None = None
    myna_says_first: str = ""
    teach_wake: bool = False


def load_scenario(path: Path) -> Scenario:
    """Read and check a scenario file.

    Raises:
        ConfigError: The file cannot be read or has mistakes; all are told, with their lines.
    """
    problems = Problems(path)
    document = read_document(path, problems)
    scenario = Scenario(
        name=document.text("name"),
        about=document.text("about", default=""),
        seed=document.integer("seed", 0, 2**31 - 1, default=1),
        limit_s=document.number("limit_s", 1, 3600, default=120),
        tail_s=document.number("tail_s", 0, 60, default=3),
        room=_room(document.section("room")),
        noise=_noise(document.section("noise"), problems),
        child=read_steps(document.items("child", required=True), "child", problems),
        card=_card(document, problems),
        expect=read_expect(document.items("expect", required=True), problems),
        lesson_items=document.integer("lesson_items", 1, 200)
        if document.has("lesson_items")
        else None,
        myna_says_first=document.text("myna_says_first", default=""),
        teach_wake=document.flag("teach_wake"),
    )
    document.done()
    problems.raise_if_any()
    return scenario


def find_scenarios(paths: list[Path]) -> list[Path]:
    """Files as they are, folders as the ``*.yaml`` in them, sorted by name.

    Raises:
        ConfigError: A path does not exist or a folder holds no scenario.
    """
    problems, found = [], []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.glob("*.yaml"))
            if not inside:
                problems.append(f"{path}: holds no *.yaml; name a folder of scenarios")
            found.extend(inside)
        elif path.is_file():
            found.append(path)
        else:
            problems.append(f"{path}: does not exist; name a scenario file or a folder of them")
    if problems:
        raise ConfigError(problems)
    return found


def _room(section: Section) -> Room:
    plain = Room()
    room = Room(
        rt60_s=section.number("rt60_s", 0.1, 0.8, default=plain.rt60_s),
        distance_m=section.number("distance_m", 0.3, 2.5, default=plain.distance_m),
        loudspeaker_m=section.number("loudspeaker_m", 0.03, 0.5, default=plain.loudspeaker_m),
        child_dbfs=section.number("child_dbfs", -50, -15, default=plain.child_dbfs),
        echo_to_child_db=section.number("echo_to_child_db", -40, 30, default=0),
        delay_ms=section.number("delay_ms", 3, 500, default=plain.delay_ms),
        drift_ppm=section.number("drift_ppm", -1000, 1000, default=0),
        clip_at=_clip_at(section),
        mic_noise_dbfs=section.number("mic_noise_dbfs", -96, -30, default=plain.mic_noise_dbfs),
    )
    section.done()
    return room


def _clip_at(section: Section) -> float | None:
    """``clip_at: none`` is a linear loudspeaker; without the key it clips as `Room` says."""
    if section.is_none("clip_at"):
        section.has("clip_at")
        return None
    return section.number("clip_at", 0.05, 4, default=Room().clip_at)


def _noise(section: Section, problems: Problems) -> Noise:
    bursts = []
    for number, (item, line) in enumerate(section.items("bursts"), start=1):
        burst = Section(item, f"noise.bursts[{number}]", line, problems)
        bursts.append(
            TimedBurst(
                sound=burst.choice("sound", ("cough", "door"), default="cough"),
                at_s=burst.number("at_s", 0, 3600),
                level_db=burst.number("level_db", -30, 20, default=3),
            )
        )
        burst.done()
    noise = Noise(
        fan_db=section.optional_number("fan_db", -60, 20),
        tv_db=section.optional_number("tv_db", -60, 20),
        tv_talkers=section.integer("tv_talkers", 1, 4, default=2),
        bursts=tuple(bursts),
    )
    section.done()
    return noise


def _card(document: Section, problems: Problems) -> tuple[CardAway, ...]:
    away: list[CardAway] = []
    for number, (item, line) in enumerate(document.items("card"), start=1):
        section = Section(item, f"card[{number}]", line, problems)
        event = CardAway(section.number("lost_s", 0, 3600), section.number("back_s", 0, 3600))
        section.done()
        if event.back_s <= event.lost_s:
            section.wrong("back_s", "must be later than lost_s")
        if away and event.lost_s < away[-1].back_s:
            section.wrong("lost_s", "must be later than the back_s before it")
        away.append(event)
    return tuple(away)
