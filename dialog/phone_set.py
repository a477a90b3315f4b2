"""The 39 phones of General American, in the order of the acoustic model's outputs (ARPABET)."""

from __future__ import annotations

PHONES = (
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH",
    "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH",
    "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
PHONE_ID = {phone: index for index, phone in enumerate(PHONES)}
STATES_PER_PHONE = 3
SILENCE = len(PHONES) * STATES_PER_PHONE
"""Output index of silence, after the phones' states ``3 * phone + state``."""
OUTPUTS = SILENCE + 1
