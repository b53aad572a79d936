"""What turns or hides text is shown by its number; what can be stored nowhere is found."""

import pytest

from onboarding.domain.invisible import shown, unstorable_in

OBEYED = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)


@pytest.mark.parametrize(
    "character", [*OBEYED, "\x00", "\x1b", "\x85", "\u061c", "\u2028", "\U000e0041"]
)
def test_what_turns_or_hides_text_is_shown(character: str) -> None:
    assert shown(f"a{character}b") == f"a⟨U+{ord(character):04X}⟩b"


@pytest.mark.parametrize(
    "text", ["Zahlungen für Zürich", "支払い", "שלום", "two\r\nlines\tand", "👍🏽"]
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert (shown(text), unstorable_in(text)) == (text, "")


@pytest.mark.parametrize(
    ("text", "found"), [("a\x00", "U+0000"), ("\x1b[2J", "U+001B"), ("\ud800", "U+D800")]
)
def test_what_can_be_stored_nowhere_is_named(text: str, found: str) -> None:
    assert unstorable_in(text) == found
