"""The settings seen as data: what kind of value each key takes and which values are sensible."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass

from core.bounds import AtMost, Between, Bound, OneOf

Value = bool | int | float | str | tuple[str, ...] | tuple[int, ...]

_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    tuple: "a list",
}
_ITEMS = {str: "texts", int: "whole numbers"}


@dataclass(frozen=True, slots=True)
class Option:
    """One key of a section.

    Attributes:
        name: As in the file.
        kind: bool, int, float, str or tuple.
        default: What holds when the file does not say.
        bounds: What the value, or each item of a list, may be.
        item: Of a tuple: str or int.
    """

    name: str
    kind: type
    default: Value
    bounds: tuple[Bound, ...]
    item: type = str

    def convert(self, raw: object) -> Value:
        """The value as the dataclass wants it.

        Raises:
            ValueError: Of the wrong kind or out of bounds; the text says what is wanted.
        """
        value = self._of_kind(raw)
        if self.choices and value not in self.choices:
            raise ValueError(f"must be {self.wanted()}, not {toml(value)}")
        for bound in self.bounds:
            for each in value if isinstance(value, tuple) else (value,):
                if (
                    isinstance(bound, Between)
                    and isinstance(each, int | float)
                    and not bound.least <= each <= bound.most  # also refuses nan
                ):
                    raise ValueError(f"must be {self.wanted()}, not {toml(value)}")
        return value

    @property
    def choices(self) -> tuple[str, ...]:
        """The words it may be; empty where it takes no words or any."""
        return next((each.choices for each in self.bounds if isinstance(each, OneOf)), ())

    def wanted(self) -> str:
        """What the key takes, in words."""
        if self.choices:
            return "one of " + ", ".join(toml(choice) for choice in self.choices)
        for bound in self.bounds:
            if isinstance(bound, Between):
                return f"{self._kind_in_words()} from {bound.least:g} to {bound.most:g}"
        return self._kind_in_words()

    def _kind_in_words(self) -> str:
        items = f" of {_ITEMS[self.item]}" if self.kind is tuple else ""
        return _KINDS[self.kind] + items

    def _of_kind(self, raw: object) -> Value:
        if self.kind is float and type(raw) is int:
            return float(raw)
        if self.kind is tuple and isinstance(raw, list):
            if all(type(each) is self.item for each in raw):
                return tuple(raw)
        elif type(raw) is self.kind:  # exactly: True is no whole number here
            return typing.cast(Value, raw)
        raise ValueError(
            f"must be {self.wanted()}, not {toml(raw)}; for example"
            f" {self.name} = {toml(self.default)}"
        )


def options(section: type) -> tuple[Option, ...]:
    """The keys of a section's dataclass, in its order.

    Raises:
        TypeError: A field has a type that a file cannot say; a mistake of the programmer.
    """
    hints = typing.get_type_hints(section, include_extras=True)
    return tuple(
        _option(field.name, hints[field.name], field.default)
        for field in dataclasses.fields(section)
    )


def larger_than_allowed(section: type, values: dict[str, Value]) -> list[tuple[str, str, str]]:
    """Which values break an `AtMost`: key, key of the limit, and the sentence's end."""
    found = []
    for option in options(section):
        for bound in option.bounds:
            if not isinstance(bound, AtMost):
                continue
            value, limit = values[option.name], values[bound.other]
            if isinstance(value, int | float) and isinstance(limit, int | float) and value > limit:
                what = f"must not be more than {bound.other}, which is {toml(limit)}"
                found.append((option.name, bound.other, f"{what}, but is {toml(value)}"))
    return found


def toml(value: object) -> str:
    """A value as a TOML file writes it, kept short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        short = value if len(value) <= 40 else value[:37] + "…"
        return '"' + short.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    if isinstance(value, dict):
        return "a section"
    return repr(value) if isinstance(value, int | float) else str(value)


def _option(name: str, hint: object, default: object) -> Option:
    bounds: tuple[Bound, ...] = ()
    if typing.get_origin(hint) is typing.Annotated:
        hint, *extras = typing.get_args(hint)
        bounds = tuple(extra for extra in extras if isinstance(extra, Between | OneOf | AtMost))
    kind = typing.get_origin(hint) or hint
    item = (typing.get_args(hint) or (str,))[0]
    if kind not in _KINDS or not isinstance(kind, type) or item not in _ITEMS:
        raise TypeError(f"a configuration file cannot hold {name}: {hint}")
    return Option(name, kind, typing.cast(Value, default), bounds, item)
