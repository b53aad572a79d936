"""What turns or hides text is shown by its number; what can be stored nowhere is found."""

import sys
import unicodedata

import pytest

from onboarding.domain.invisible import shown, unstorable_in

OBEYED = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)


BLANK = (
    "\u00ad\u034f\u115f\u1160\u180b\u180f\u2800\u3164\ufe0f\uffa0\ufff0"
    "\U0001bca0\U0001d159\U0001d173\U000e007f\U000e0100\U000e01ef"
)
# Formats that are drawn: signs above or below numbers and verses.
VISIBLE_FORMATS = (
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)


@pytest.mark.parametrize(
    "character", [*OBEYED, *BLANK, "\x00", "\x1b", "\x85", "\u061c", "\u2028", "\U000e0041"]
)
def test_what_turns_or_hides_text_is_shown(character: str) -> None:
    assert shown(f"a{character}b") == f"a⟨U+{ord(character):04X}⟩b"


def test_every_control_and_format_is_shown_but_lines_and_what_is_drawn() -> None:
    kinds = {"Cc", "Cf", "Zl", "Zp"}
    hidden = [chr(n) for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) in kinds]
    left = {character for character in hidden if shown(f"a{character}") == f"a{character}"}
    assert left == {*"\t\n\r", *VISIBLE_FORMATS}


@pytest.mark.parametrize(
    "text",
    [
        "Zahlungen für Zürich", "支払い", "שלום", "two\r\nlines\tand", "👍🏽",
        "می\u200cخواهم", "क्\u200dष", "👩\u200d👩\u200d👧", "❤\ufe0f\u200d🔥", "1\ufe0f\u20e3",
    ],
)  # fmt: skip
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert (shown(text), unstorable_in(text)) == (text, "")


@pytest.mark.parametrize("text", ["a\u200db", "می\u200c\u200cخ", "❤\ufe0f\ufe0f", "\u200da"])
def test_what_joins_or_varies_nothing_is_shown(text: str) -> None:
    assert "⟨U+" in shown(text)


@pytest.mark.parametrize(
    ("text", "found"), [("a\x00", "U+0000"), ("\x1b[2J", "U+001B"), ("\ud800", "U+D800")]
)
def test_what_can_be_stored_nowhere_is_named(text: str, found: str) -> None:
    assert unstorable_in(text) == found
