"""``[cloud]``: the service that open questions may go to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.bounds import AtMost, Between, OneOf


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSettings:
    """``[cloud]``: where open questions may go, once a parent has consented."""

    consent: bool = False
    """Whether a parent allows that what the child says, without personal data, is sent there."""
    tell_parent: bool = False
    """Whether a parent wants to know, without a transcript, that a child may need help."""
    base_url: str = ""
    """Address of an OpenAI-compatible service, ``https://…/v1``; empty: no cloud."""
    age_band: Annotated[str, OneOf("6-8", "9-12", "6-12")] = "6-12"
    """How old the children are, for how they are spoken to; all that is sent of who they are."""
    model: str = ""
    """The model's name at that service."""
    key_file: str = ""
    """File that holds the service's key and that only the speaker can read; empty: no key."""
    tokens_per_day: Annotated[int, Between(0, 10_000_000)] = 30_000
    """What may be spent in a day, questions and answers together; then the device answers."""
    reply_tokens: Annotated[int, Between(20, 2000)] = 160
    """What one reply may take at most."""
    filler_after_s: Annotated[float, Between(0.2, 10), AtMost("give_up_after_s")] = 1.5
    """Wait for the first sentence after which Myna says that she is thinking."""
    give_up_after_s: Annotated[float, Between(1, 60)] = 3.0
    """Wait for the first sentence after which the device answers instead."""
    stall_after_s: Annotated[float, Between(0.5, 60)] = 2.5
    """Wait for the next sentence after which the answer ends with what has been said."""
    quiet_from: str = ""
    """Local time from which nothing is sent, ``20:30``; empty: no quiet hours."""
    quiet_until: str = ""
    """Local time until which nothing is sent, ``07:00``."""
