"""Events as people read them: a sentence each, what was changed beneath, and day by day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.actions import Action
from onboarding.domain.deviations import DeviationKind
from onboarding.domain.objects import Json, Manifest, branch, items, text
from onboarding.models import Event
from onboarding.pages.event_links import links_for
from onboarding.pages.event_sentences import body_of, sentence_of
from onboarding.queries.permissions import Permissions
from onboarding.templatetags.wording import approval_name, exact

_LOOKS = {
    "approved": ("ok", "check"),
    "ready": ("ok", "check"),
    "rejected": ("danger", "x"),
    "blocked": ("danger", "x"),
    "returned": ("warn", "undo"),
    "commented": ("", "chat"),
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

# What a body says in a word, and what people call it. Lane, step and digest have their own place.
_SAID_WHOLE = {
    "reason": gettext_lazy("reason"),
    "because": gettext_lazy("because"),
    "message": gettext_lazy("message"),
    "risk": gettext_lazy("risk"),
    "factors": gettext_lazy("factors"),
    "added": gettext_lazy("added"),
    "removed": gettext_lazy("removed"),
    "verified": gettext_lazy("verified"),
    "before": gettext_lazy("before"),
    "primary": gettext_lazy("now the first"),
    "further": gettext_lazy("further ones"),
    "roles": gettext_lazy("roles"),
    "note": gettext_lazy("note"),
    "was": gettext_lazy("was"),
    "choice": gettext_lazy("decided"),
    "choices": gettext_lazy("decided"),
    "expires_at": gettext_lazy("valid until"),
    "filter": gettext_lazy("filter"),
    "ends_at": gettext_lazy("ends"),
    "sent_to": gettext_lazy("sent to"),
    "username": gettext_lazy("user name"),
    "sessions": gettext_lazy("sessions ended"),
    "path": gettext_lazy("path asked about"),
    "answers": gettext_lazy("answers"),
}
_ASKED = frozenset({Action.REQUEST_SUBMITTED.value, Action.REQUEST_EDITED.value})


@dataclass(frozen=True)
class EventLine:
    """One event ready to print. `tone` is a tone class or "" where nothing stands out.

    `sentence` goes on after the actor. `details` are what changed, `digest` what was approved or
    asked for, "" where the event is about neither. `effect` is what a revision opens and closes.
    """

    event: Event
    sentence: SafeString
    tone: str
    icon: str
    details: tuple[str, ...] = ()
    digest: str = ""
    effect: tuple[str, ...] = ()


@dataclass(frozen=True)
class Day:
    """The events of one day of UTC."""

    date: date
    lines: tuple[EventLine, ...]


def event_lines(events: Sequence[Event], permissions: Permissions) -> list[EventLine]:
    """Return the events in the given order. Five queries for their links, however many."""
    links = links_for(events, permissions)
    lines = []
    for event in events:
        tone, icon = _LOOKS.get(event.action.rpartition(":")[2], ("", "doc"))
        body = body_of(event)
        lines.append(
            EventLine(
                event=event,
                sentence=sentence_of(event, body, links),
                tone=tone,
                icon=icon,
                details=details_of(event, body),
                digest=text(body, "digest"),
                effect=recorded_effect(body),
            )
        )
    return lines


def by_day(lines: Iterable[EventLine]) -> list[Day]:
    """Return the lines under the days they fall on, in the given order."""
    days = groupby(lines, key=lambda line: line.event.at.astimezone(UTC).date())
    return [Day(day, tuple(found)) for day, found in days]


def recorded_effect(body: Manifest) -> tuple[str, ...]:
    """Return what a revision opens and closes beyond the baseline, as it was recorded."""
    return tuple(str(one) for one in _list(body.get("effect")))


def details_of(event: Event, body: Manifest) -> tuple[str, ...]:
    """Return what an event holds beyond its sentence."""
    said = [
        _("%(what)s: %(value)s") % {"what": words, "value": _joined(body[name])}
        for name, words in _SAID_WHOLE.items()
        if body.get(name)
    ]
    if event.action in _ASKED:
        said += [_("needs %(approval)s") % {"approval": approval_name(str(lane))} for lane in
                 _list(body.get("lanes"))]  # fmt: skip
    made = [f"{text(one, 'object')} {text(one, 'outcome')}" for one in items(body, "changes")]
    differed = [_differed(one) for one in [*items(body, "objects"), *items(body, "findings")]]
    return (*said, *_signed(event, body), *_fields(body), *_named(body), *made, *differed)


def _fields(body: Manifest) -> list[str]:
    """Return what a form of the administration changed, field by field."""
    found = []
    for name, change in branch(body, "changed").items():
        if isinstance(change, dict):
            before, after = (_joined(change.get(side)) or "–" for side in ("before", "after"))
            found.append(f"{name}: {before} → {after}")
        else:
            found.append(f"{name}: {_joined(change)}")
    return found


def _named(body: Manifest) -> list[str]:
    """Return the namespaces, or what guards lack, that one event tells of."""
    found = [*_list(body.get("namespaces")), *_list(body.get("findings"))]
    return [one for one in found if isinstance(one, str)]


def _signed(event: Event, body: Manifest) -> list[str]:
    """Return with which key an approval was given, or which approval key is meant."""
    if event.action == Action.LANE_APPROVED.value:
        key = text(body, "signed", "key")
        return [_("signed with KEY-%(key)s") % {"key": key} if key else _("not signed")]
    return [f"KEY-{body['key']}"] if event.action.startswith("portal:approval-key:") else []


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _joined(value: Json) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={_joined(one)}" for name, one in value.items())
    return ", ".join(map(_joined, value)) if isinstance(value, list) else str(value or "")


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
