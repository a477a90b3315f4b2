"""``myna bench flash``: how long a card takes, beside what others need for the same image.

Onto a file on this machine's disk, which is faster than any card: what a program costs shows here,
and not what a card does. Every figure is of one run, one program after the other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.bench.metric import Metric
from provisioning.factory.blockmap import Range, read_map
from provisioning.factory.card_block import BlockCard
from provisioning.factory.flasher import HEAD_BYTES, Job, flash_cards
from provisioning.factory.manifest import file_entry
from provisioning.factory.ports import MIB, Disk
from provisioning.factory.progress import Phase, Progress
from provisioning.factory.source import blocks

LONG_MIB, SHORT_MIB = 1024, 48
CARDS = (1, 8)
AIM = "<= 1.15"


class Phases(Progress):
    """Progress that remembers when each phase began."""

    def __init__(self) -> None:
        self.began_s: dict[Phase, float] = {}
        super().__init__()

    def enter(self, phase: Phase) -> None:
        self.began_s[phase] = time.perf_counter()
        super().enter(phase)


@dataclass(frozen=True, slots=True)
class Bench:
    """An image, packed and mapped, and where cards go."""

    folder: Path
    image: Path
    packed: Path
    ranges: list[Range] | None

    def card(self, number: int = 0) -> Path:
        """A fresh card, twice as large as the image."""
        path = self.folder / f"card-{number}"
        path.unlink(missing_ok=True)
        with path.open("wb") as file:
            file.truncate(2 * self.image.stat().st_size)
        return path


def run(*, long: bool, seed: int, corpus: Path | None = None) -> list[Metric]:
    """All figures, in seconds and as ratios.

    Args:
        long: An image of 1 GiB instead of 48 MiB.
        seed: Of its contents.
        corpus: Of no use here; every benchmark takes one.
    """
    with bench(LONG_MIB if long else SHORT_MIB, seed) as made:
        simple = {
            "read": _seconds(lambda: _shell("cat PACKED >/dev/null", made)),
            "unpack": _seconds(lambda: _shell("zstd -dcq PACKED >/dev/null", made)),
            "write": _seconds(lambda: _shell("dd if=IMAGE of=CARD bs=4M conv=fsync,notrunc", made)),
        }
        others = {
            "zstd_dd": _seconds(
                lambda: _shell(
                    "zstd -dcq PACKED | dd of=CARD bs=4M iflag=fullblock conv=fsync,notrunc", made
                )
            ),
            "bmaptool": _with_bmaptool(made),
        }
        processor = {"bmaptool": _processor_s(lambda: _with_bmaptool(made))}
        ours = {count: _ours(made, count) for count in CARDS}
        processor["ours"] = _processor_s(lambda: _ours(made, 1))
    written_s, whole_s = ours[1]
    slowest_s = max(simple.values())
    metrics = [
        Metric(f"flash.{name}", value, "s", None, 1) for name, value in {**simple, **others}.items()
    ]
    metrics += [
        Metric(f"flash.{name}_processor", value, "s", None, 1) for name, value in processor.items()
    ]
    for count, (written, whole) in ours.items():
        metrics.append(Metric(f"flash.ours_written.cards_{count}", written, "s", None, count))
        metrics.append(Metric(f"flash.ours_whole.cards_{count}", whole, "s", None, count))
    metrics.append(Metric("flash.written_over_slowest", written_s / slowest_s, "", AIM, 1))
    metrics.append(Metric("flash.whole_over_slowest", whole_s / slowest_s, "", AIM, 1))
    if others["bmaptool"]:
        metrics.append(
            Metric("flash.written_over_bmaptool", written_s / others["bmaptool"], "", None, 1)
        )
    return metrics


@contextmanager
def bench(size_mib: int, seed: int) -> Iterator[Bench]:
    """An image a third of which is holes, a third text-like, a third noise.

    Raises:
        OSError: zstd is missing, or the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="myna-flash-") as name:
        folder = Path(name)
        image, packed = folder / "image.img", folder / "image.img.zst"
        draw = np.random.default_rng(seed)
        with image.open("wb") as file:
            file.truncate(size_mib * MIB)
            # A partition table and a first partition's sector, as an image begins.
            file.write(bytes(446) + bytes(64) + b"\x55\xaa")
            for at in range(HEAD_BYTES // MIB, size_mib):
                kind = at // 16 % 3
                if kind == 0:
                    continue  # a hole
                file.seek(at * MIB)
                top = 16 if kind == 1 else 256
                file.write(draw.integers(0, top, MIB, np.uint8).tobytes())
        subprocess.run(["zstd", "-q", "-3", str(image), "-o", str(packed)], check=True)
        ranges = None
        if shutil.which("bmaptool"):
            command = ["bmaptool", "--quiet", "create", "-o", f"{folder}/image.bmap", str(image)]
            subprocess.run(command, check=True)
            ranges = read_map(folder / "image.bmap", image.stat().st_size)
        os.sync()
        yield Bench(folder, image, packed, ranges)


def _seconds(work: Callable[[], object]) -> float:
    begun_s = time.perf_counter()
    work()
    return time.perf_counter() - begun_s


def _processor_s(work: Callable[[], object]) -> float:
    """Of this process and those that it waits for: does not depend on what else runs."""
    before = os.times()
    work()
    after = os.times()
    return sum(after[:4]) - sum(before[:4])


def _shell(line: str, made: Bench) -> None:
    """Run a pipeline in which IMAGE, PACKED and CARD stand for the files."""
    environment = {**os.environ, "I": str(made.image), "P": str(made.packed)}
    environment["C"] = str(made.card())
    for word in ("IMAGE", "PACKED", "CARD"):
        line = line.replace(word, f'"${word[0]}"')
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def _with_bmaptool(made: Bench) -> float | None:
    if made.ranges is None:
        return None
    command = ["bmaptool", "--quiet", "copy", "--bmap", str(made.folder / "image.bmap")]
    card = made.card()
    return _seconds(
        lambda: subprocess.run(
            [*command, str(made.packed), str(card)], check=True, stdin=subprocess.DEVNULL
        )
    )


def _ours(made: Bench, cards: int) -> tuple[float, float]:
    """Seconds until the last card was written, and until all were compared and good."""
    disks = [_disk(made.card(number)) for number in range(cards)]
    progress = [Phases() for _ in disks]
    jobs = [
        Job(disk.path, lambda disk=disk: BlockCard(disk), {}, each)  # type: ignore[misc]
        for disk, each in zip(disks, progress, strict=True)
    ]
    signed = file_entry(made.image)
    begun_s = time.perf_counter()
    outcomes = flash_cards(
        jobs,
        blocks(made.packed, signed),
        image_bytes=made.image.stat().st_size,
        ranges=made.ranges,
        cancelled=threading.Event(),
    )
    ended_s = time.perf_counter()
    if not all(outcome.good for outcome in outcomes):
        raise RuntimeError(outcomes[0].sentence)
    for disk in disks:
        Path(disk.path).unlink()
    written_s = max(each.began_s[Phase.COMPARING] for each in progress)
    return written_s - begun_s, ended_s - begun_s


def _disk(path: Path) -> Disk:
    return Disk(
        path=str(path),
        kind="disk",
        size_bytes=path.stat().st_size,
        model="file",
        serial="",
        number="0:0",
        removable=True,
        read_only=False,
        mounted=(),
    )
