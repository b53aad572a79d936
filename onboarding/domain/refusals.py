"""Refusals: what the portal says no to, worded for a person. Everything else raised is a bug.

Services define their own next to where they raise them; interfaces only know these four kinds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Violation:
    """One thing that cannot be asked for. `field` is the question's name, "" for the whole."""

    field: str
    words: str


class Refusal(Exception):
    """A wish that is understood and not granted. The text goes to the person as it is."""


class NotFound(Refusal):
    """It does not exist, or the person may not know that it does: the two answer alike."""


class Forbidden(Refusal):
    """The person may look but not do this."""


class Conflict(Refusal):
    """Somebody or something was faster; looking again shows what holds now.

    `title` says above the text what kind of conflict it is; "" where somebody was faster.
    """

    title = ""


class NotNow(Conflict):
    """It cannot be done in the state things are in, whoever asks. The text says until when."""

    title = "This cannot be done now"


class Invalid(Refusal):
    """The input cannot be accepted as it is. `violations` say why, each with its field."""

    def __init__(self, text: str, *, field: str = "") -> None:
        """Keep the field beside the text."""
        super().__init__(text)
        self.violations: tuple[Violation, ...] = (Violation(field, text),)

    @classmethod
    def of(cls, violations: Sequence[Violation]) -> Self:
        """Return one refusal for everything that is wrong; its text joins all the words."""
        refusal = cls(" ".join(violation.words for violation in violations))
        refusal.violations = tuple(violations)
        return refusal

    @property
    def field(self) -> str:
        """Return the field of the first thing that is wrong."""
        return self.violations[0].field
