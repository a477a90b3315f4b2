"""Sums that a child asks for, in words or digits, in English or Chinese."""

from __future__ import annotations

import re
from fractions import Fraction

LARGEST = 1_000_000

_NAMES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_SMALL = {word: number for number, word in enumerate(_NAMES)}
_TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_HAN_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}

_SIGNS = {
    "plus": "+", "add": "+", "added to": "+",
    "minus": "-", "take away": "-", "less": "-",
    "times": "*", "multiplied by": "*", "divided by": "/", "over": "/",
    "+": "+", "-": "-", "x": "*", "*": "*", "×": "*", "÷": "/", "/": "/",
    "加上": "+", "加": "+", "减去": "-", "减": "-", "乘以": "*", "乘": "*", "除以": "/",
}  # fmt: skip
_SIGN = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
_EN = re.compile(
    rf"(?:what is|what's|how much is|calculate|can you do)?\s*(?P<a>[a-z\d][a-z\d -]*?)"
    rf"\s+(?P<sign>{_SIGN})\s+(?P<b>[a-z\d][a-z\d -]*?)\s*(?:equals?|is what|make|=|\?)*\s*$"
)
_ZH = re.compile(
    rf"(?P<a>[零〇一二三四五六七八九十百千万两\d]+)(?P<sign>{_SIGN})"
    r"(?P<b>[零〇一二三四五六七八九十百千万两\d]+)(?:等于|是|得)?(?:几|多少)?"
)
_HALF = re.compile(r"(?:what is |what's )?half of (?P<a>[a-z\d][a-z\d -]*)$")


def sum_in(text: str) -> str | None:
    """The result of a sum that is asked for, as a voice says it; None where there is none.

    >>> sum_in("what is two plus three")
    '5'
    >>> sum_in("七乘八等于几")
    '56'
    """
    plain = text.lower().strip(" .?!。？！")
    if half := _HALF.search(plain):
        number = _number(half["a"])
        return None if number is None else _said(Fraction(number, 2))
    found = _EN.match(plain) or _ZH.search(plain)
    if found is None:
        return None
    left, right = _number(found["a"]), _number(found["b"])
    if left is None or right is None:
        return None
    sign = _SIGNS[found["sign"]]
    if sign == "/":
        return None if right == 0 else _said(Fraction(left, right))
    results = {"+": left + right, "-": left - right, "*": left * right}
    return _said(Fraction(results[sign]))


def _said(result: Fraction) -> str | None:
    if abs(result) > LARGEST:
        return None
    if result.denominator == 1:
        return str(result.numerator)
    if result.denominator in (2, 4, 5, 10):
        return f"{float(result):g}"
    whole, rest = divmod(result.numerator, result.denominator)
    return f"{whole}, and {rest} left over"


def _number(text: str) -> int | None:
    text = text.strip()
    if text.isdecimal():
        return int(text) if len(text) < 8 else None
    if text and all(c in _HAN_DIGITS or c in _HAN_UNITS for c in text):
        return _han_number(text)
    return _english_number(text.replace("-", " ").split())


def _english_number(parts: list[str]) -> int | None:
    total, part = 0, 0
    for word in parts:
        if word in _SMALL:
            part += _SMALL[word]
        elif word in _TENS:
            part += _TENS[word]
        elif word == "hundred":
            part = (part or 1) * 100
        elif word == "thousand":
            total, part = total + (part or 1) * 1000, 0
        elif word not in ("and", "a"):
            return None
    return total + part if parts else None


def _han_number(text: str) -> int:
    total, part, digit = 0, 0, 0
    for character in text:
        if character in _HAN_DIGITS:
            digit = _HAN_DIGITS[character]
        elif character == "万":
            total, part, digit = (total + part + digit) * 10_000, 0, 0
        else:
            part += (digit or 1) * _HAN_UNITS[character]
            digit = 0
    return total + part + digit
