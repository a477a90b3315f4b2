"""The section ``[parents]`` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.bounds import Between


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentsSettings:
    """``[parents]``: the pages that parents open with their phone."""

    port: Annotated[int, Between(0, 65535)] = 8080
    """Port of the pages on the home network; 0 serves none."""
    listen: str = "0.0.0.0"  # noqa: S104 - who is answered is decided for each caller, by address
    """Address to listen on; ``127.0.0.1`` is this machine alone. Callers from beyond the home
    network are refused whatever stands here."""
    names: tuple[str, ...] = ()
    """Names that the pages answer to, beside the machine's own with ``.local`` and addresses."""
