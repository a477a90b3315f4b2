"""How a question for the teacher sounded, made small enough for the line; with consent alone."""

from __future__ import annotations

import io

from audio.ports import SAMPLE_RATE_HZ, Samples

MEDIA = "audio/wav"
LONGEST_S = 10.0
"""What a child says after that is not sent: 16 kB a second in G.711's logarithmic steps, which
every browser plays, and a message has at most 256 KiB."""


def packed(heard: Samples) -> bytes:
    """The sound as a WAV file of 8 bits a sample (mu-law), its first `LONGEST_S` seconds.

    Args:
        heard: int16, 16 000 Hz, mono.
    """
    import soundfile

    data = io.BytesIO()
    short = heard[: int(LONGEST_S * SAMPLE_RATE_HZ)]
    soundfile.write(data, short, SAMPLE_RATE_HZ, format="WAV", subtype="ULAW")
    return data.getvalue()
