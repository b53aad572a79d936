"""A scalar of YAML → the value kubectl takes it for.

Used by `documents.py`. kubectl reads YAML 1.1 its own way: `no`, `y` and `on` are booleans, `010`
is eight, `0o14` twelve, `1e3` a number, and a date stays text. Source: YAML 1.1 types, bool, int
and float, as narrowed by the YAML library of the Kubernetes client.
"""

import math
import re

import yaml

from onboarding.domain.objects import Json

_WORDS: dict[str, Json] = {"": None, "~": None}
for _value, _spellings in (
    (None, ("null",)),
    (True, ("y", "yes", "true", "on")),
    (False, ("n", "no", "false", "off")),
):
    for _word in _spellings:
        _WORDS.update({_word: _value, _word.capitalize(): _value, _word.upper(): _value})
for _sign, _number in (("", "inf"), ("+", "inf"), ("-", "-inf"), ("", "nan")):
    _tail = _number.lstrip("-")
    for _word in (_tail, _tail.capitalize(), _tail.upper(), "NaN" if _tail == "nan" else _tail):
        _WORDS[f"{_sign}.{_word}"] = float(_number)

_WHOLE = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)", re.ASCII)
_FRACTION = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(f"{_TAG}{name}" for name in ("null", "bool", "int", "float"))


class NotPlain(ValueError):
    """A scalar that is no JSON value."""


def scalar(event: yaml.ScalarEvent) -> Json:
    """Return the value of a scalar. Raise NotPlain for a tag that JSON has no value for."""
    text: str = event.value
    if event.tag in (None, "!"):
        return resolved(text) if event.implicit[0] else text
    if event.tag == f"{_TAG}str":
        return text
    if event.tag in _PLAIN_TAGS:
        return resolved(text)
    raise NotPlain(f"the tag {event.tag.replace(_TAG, '!!')} has no meaning here")


def key_text(event: yaml.ScalarEvent) -> str:
    """Return a field's name as kubectl turns it into text: `on` becomes `true`, `010` `8`."""
    value = scalar(event)
    if isinstance(value, str):
        return value
    if value is None:
        raise NotPlain("a field's name must be text")
    return str(value).lower() if isinstance(value, bool) else str(value)


def resolved(text: str) -> Json:
    """Return what a plain, unquoted scalar stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "0123456789+-.":
        return _number_in(text)
    return text


def _number_in(text: str) -> Json:
    digits = text.replace("_", "")
    if _WHOLE.fullmatch(digits):
        return _whole(digits)
    if _FRACTION.fullmatch(digits):
        number = float(digits)
        if math.isinf(number):
            return text  # too big for a number, so not taken for one
        # As JSON, 8080.0 and 8080 are one number.
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    return text


def _whole(digits: str) -> int:
    bare = digits.lstrip("+-").lower()
    sign = -1 if digits.startswith("-") else 1
    is_octal = len(bare) > 1 and bare.startswith("0") and bare[1].isdigit()
    return sign * (int(bare, 8) if is_octal else int(bare, 0))
