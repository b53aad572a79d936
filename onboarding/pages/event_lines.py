"""Events as people read them: the action in words, what it was about, and how it looks."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from onboarding.domain.actions import Action
from onboarding.domain.deviations import DeviationKind
from onboarding.domain.objects import Json, Manifest, branch, items, text
from onboarding.models import Event
from onboarding.templatetags.wording import exact

_LOOKS = {
    "approved": ("ok", "check"),
    "ready": ("ok", "check"),
    "rejected": ("danger", "x"),
    "blocked": ("danger", "x"),
    "returned": ("warn", "undo"),
    "drifted": ("warn", "warn"),
    "missing": ("warn", "warn"),
    "retrying": ("warn", "run"),
    "superseded": ("danger", "warn"),
    "reappeared": ("danger", "warn"),
    "uncreated": ("", "dash"),
    "lost": ("warn", "dash"),
    "seen": ("warn", "warn"),
    "ended": ("ok", "check"),
    "fought": ("danger", "warn"),
    "acknowledged": ("ok", "check"),
    "exported": ("", "download"),
    "failed": ("warn", "warn"),
    "asked": ("", "key"),
    "confirmed": ("ok", "key"),
    "revoked": ("warn", "key"),
}

_SAID_WHOLE = ("phase", "lane", "reason", "message", "condition", "digest", "generation")
_SAID_OF_ACCOUNTS = ("factors", "added", "removed", "verified", "before", "primary", "further")


@dataclass(frozen=True)
class EventLine:
    """One event ready to print. `tone` is a tone class or "" where nothing stands out."""

    event: Event
    words: str
    tone: str
    icon: str
    details: tuple[str, ...] = ()


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
        lines.append(
            EventLine(
                event=event,
                words=words_of(event.action),
                tone=tone,
                icon=icon,
                details=details_of(event),
            )
        )
    return lines


def details_of(event: Event) -> tuple[str, ...]:
    """Return what an event holds beyond its words, read off the recorded bytes themselves."""
    body = branch(json.loads(bytes(event.canonical)), "body")
    said = [f"{name}: {body[name]}" for name in _SAID_WHOLE if body.get(name)]
    said += [f"{name}: {_joined(body[name])}" for name in _SAID_OF_ACCOUNTS if body.get(name)]
    made = [f"{text(one, 'object')} {text(one, 'outcome')}" for one in items(body, "changes")]
    differed = [_differed(one) for one in [*items(body, "objects"), *items(body, "findings")]]
    return (*said, *_signed(event, body), *made, *differed)


def _signed(event: Event, body: Manifest) -> list[str]:
    """Return with which key a lane was approved, or about which approval key something was said."""
    if event.action == Action.LANE_APPROVED.value:
        key = text(body, "signed", "key")
        return [f"signed with KEY-{key}" if key else "not signed"]
    return [f"KEY-{body['key']}"] if event.action.startswith("portal:approval-key:") else []


def _joined(value: Json) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _exact(stored: str) -> str:
    return exact(datetime.fromisoformat(stored))


def _differed(one: Manifest) -> str:
    """Return what an event tells of one deviating object, with its bounds where it has ended."""
    fields = one.get("fields")
    joined = _joined(fields) if isinstance(fields, list) else ""
    is_loss = one.get("kind") == DeviationKind.DELETED.value
    otherwise = "deleted outside the portal" if is_loss else "in no approved plan"
    parts = [
        f"{text(one, 'object')}: {joined or otherwise}",
        f"by {text(one, 'by')}" if one.get("by") else "",
        f"from {_exact(text(one, 'from'))}" if one.get("from") else "",
        f"to {_exact(text(one, 'to'))}" if one.get("to") else "",
        f"put back {one['repairs']} times" if one.get("repairs") not in {None, 0, 1} else "",
    ]
    return ", ".join(part for part in parts if part)
