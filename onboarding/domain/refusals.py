"""Refusals: what the portal says no to, worded for a person. Everything else raised is a bug.

Services define their own next to where they raise them; interfaces only know these four kinds.
"""


class Refusal(Exception):
    """A wish that is understood and not granted. The text goes to the person as it is."""


class NotFound(Refusal):
    """It does not exist, or the person may not know that it does: the two answer alike."""


class Forbidden(Refusal):
    """The person may look but not do this."""


class Conflict(Refusal):
    """Somebody or something was faster; looking again shows what holds now."""


class Invalid(Refusal):
    """The input cannot be accepted as it is. `field` names the form field it belongs to."""

    def __init__(self, text: str, *, field: str | None = None) -> None:
        """Keep the field beside the text."""
        super().__init__(text)
        self.field = field
