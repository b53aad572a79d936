"""Events as people read them: the action in words, what it was about, and how it looks."""

from collections.abc import Iterable
from dataclasses import dataclass

from onboarding.domain.actions import Action
from onboarding.models import Event

_LOOKS = {
    "approved": ("ok", "check"),
    "ready": ("ok", "check"),
    "rejected": ("danger", "x"),
    "blocked": ("danger", "x"),
    "returned": ("warn", "undo"),
    "drifted": ("warn", "warn"),
    "missing": ("warn", "warn"),
    "retrying": ("warn", "run"),
    "exported": ("", "download"),
}


@dataclass(frozen=True)
class EventLine:
    """One event ready to print. `tone` is a tone class or "" where nothing stands out."""

    event: Event
    words: str
    tone: str
    icon: str


def words_of(action: str) -> str:
    """Return an action in words; one of another release is shown as it is stored."""
    try:
        return Action(action).words
    except ValueError:
        return action


def event_lines(events: Iterable[Event]) -> list[EventLine]:
    """Return the events in the given order."""
    lines = []
    for event in events:
        tone, icon = _LOOKS.get(event.action.rpartition(":")[2], ("", "doc"))
        lines.append(EventLine(event=event, words=words_of(event.action), tone=tone, icon=icon))
    return lines
