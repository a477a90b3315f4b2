"""Which of the installed voices may be chosen: espeak-ng's variants, and Piper's English voices.

A choice is named ``espeak:f3`` or ``piper:en_US-lessac-medium``. espeak-ng's variants speak both
languages; with a Piper voice, Chinese is spoken by what is installed for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from dialog.ports import SpeechModels

ESPEAK, PIPER = "espeak", "piper"
VARIANTS = ("f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7")
"""Those of espeak-ng's hundred that are plain voices; the others croak, whisper or joke."""
PLACES = (
    "/usr/lib/*/espeak-ng-data/voices/!v",
    "/usr/share/espeak-ng-data/voices/!v",
    "/usr/local/share/espeak-ng-data/voices/!v",
)
"""Where Debian and a build from source put the variants."""
_ENGLISH = re.compile("en[_-]", re.IGNORECASE)


def choices(models: SpeechModels, places: Iterable[str] = PLACES) -> tuple[str, ...]:
    """All voices that may be chosen, Piper's first: they sound best.

    Args:
        places: Folders of espeak-ng's variants, with wildcards.
    """
    natural = [name for name in sorted(models.voices) if _ENGLISH.match(name)]
    there = {path.name for place in places for path in Path("/").glob(place.lstrip("/") + "/*")}
    plain = [name for name in VARIANTS if name in there]
    return (*(f"{PIPER}:{name}" for name in natural), *(f"{ESPEAK}:{name}" for name in plain))
