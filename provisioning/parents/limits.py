"""What parents decide about practice: one value, and how it is read from a form or a file."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Annotated, Any

from core.bounds import Between, OneOf

_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the parents want. The defaults limit nothing but the volume's top.

    Attributes:
        minutes_per_day: Of each child; 0 is no limit.
        quiet_from: Local time from which Myna stays asleep, ``19:30``; empty: never.
        quiet_until: Local time until which she does.
        wind_down_min: So many minutes before `quiet_from` she speaks softer and slower.
        loudest_percent: Ceiling of the volume, of the way from quietest to loudest.
        break_after_min: Minutes of practice after which she suggests a break; 0 is never.
        pack: Id of the lesson pack; empty leaves it to the configuration.
        level: Nothing harder than this is practised; empty is no limit.
        prompts: Language of instruction; empty leaves it to the configuration.
        wake_phrase: Empty leaves it to the configuration.
        voice: Which of the voices speaks; empty leaves it to the configuration.
        rate_percent: How fast she speaks, of what is configured.
    """

    minutes_per_day: Annotated[int, Between(0, 240)] = 0
    quiet_from: str = ""
    quiet_until: str = ""
    wind_down_min: Annotated[int, Between(0, 60)] = 0
    loudest_percent: Annotated[int, Between(0, 100)] = 100
    break_after_min: Annotated[int, Between(0, 60)] = 0
    pack: str = ""
    level: Annotated[str, OneOf("", "pre-a1", "a1", "a2")] = ""
    prompts: Annotated[str, OneOf("", "en", "zh")] = ""
    wake_phrase: str = ""
    voice: str = ""
    rate_percent: Annotated[int, Between(60, 120)] = 100

    def as_dict(self) -> dict[str, Any]:
        """By name, as a file keeps it."""
        return asdict(self)


class BadLimit(ValueError):
    """A value that is none; `field` names which."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} does not take that value")
        self.field = field


def changed(limits: Limits, wishes: Mapping[str, object]) -> Limits:
    """Limits with some of them changed.

    Args:
        wishes: By name; numbers may come as text, as forms send them; other
            names are not looked at.

    Raises:
        BadLimit: One of the values is not allowed.
    """
    hints = typing.get_type_hints(Limits, include_extras=True)
    fresh: dict[str, Any] = {}
    for each in fields(Limits):
        if each.name in wishes:
            fresh[each.name] = _value(each.name, hints[each.name], wishes[each.name])
    found = replace(limits, **fresh)
    if bool(found.quiet_from) is not bool(found.quiet_until):
        raise BadLimit("quiet_from" if not found.quiet_from else "quiet_until")
    return found


def _value(name: str, hint: Any, raw: object) -> int | str:  # noqa: ANN401 - a type's own form
    kind: Any = hint
    bounds: tuple[object, ...] = ()
    if typing.get_origin(hint) is Annotated:
        kind, *extras = typing.get_args(hint)
        bounds = tuple(extras)
    if kind is int:
        text = str(raw)
        if isinstance(raw, bool) or not re.fullmatch(r"\d{1,4}", text, re.ASCII):
            raise BadLimit(name)
        number = int(text)
        if any(isinstance(b, Between) and not b.least <= number <= b.most for b in bounds):
            raise BadLimit(name)
        return number
    if not isinstance(raw, str) or len(raw) > 64 or not raw.isprintable():
        raise BadLimit(name)
    if any(isinstance(bound, OneOf) and raw not in bound.choices for bound in bounds):
        raise BadLimit(name)
    if name.startswith("quiet_") and raw and not _HOUR.fullmatch(raw):
        raise BadLimit(name)
    return raw
