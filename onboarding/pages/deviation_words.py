"""A deviation in sentences: what it was, from when to when, by whom, and what was open meanwhile.

Only what is known is said. Who deleted an object cannot be read from a cluster; of a change only
the last writer can, and its time where that lies after the last reading.
"""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.deviations import REMEMBERED, DeviationKind, recent
from onboarding.domain.lifecycle import Phase
from onboarding.models import Deviation
from onboarding.plan.compare import is_reserved
from onboarding.plan.model import Plan, PlannedObject
from onboarding.reachability.sentences import sentences
from onboarding.templatetags.wording import exact, in_words

_LABEL, _ANNOTATION = "metadata.labels.", "metadata.annotations."


def title_of(row: Deviation) -> str:
    """Return what happened, in one line."""
    words = {
        (DeviationKind.CHANGED, False): _("%(object)s is not as approved"),
        (DeviationKind.CHANGED, True): _("%(object)s was changed outside the portal and put back"),
        (DeviationKind.MISSING, False): _("%(object)s is missing"),
        (DeviationKind.MISSING, True): _("%(object)s was missing and was made again"),
        (DeviationKind.FOREIGN, False): _("%(object)s is part of no approved plan"),
        (DeviationKind.FOREIGN, True): _("%(object)s was part of no approved plan, and is gone"),
        (DeviationKind.DELETED, False): _("The namespace was deleted outside the portal"),
        (DeviationKind.DELETED, True): _(
            "The namespace was deleted outside the portal and made again empty"
        ),
    }
    line = words[DeviationKind(row.kind), row.ended_at is not None]
    return line % {"object": f"{row.object_kind} {row.object_name}"}


def field_words(fields: list[str]) -> str:
    """Return changed places as a person names them, e.g. `label app.kubernetes.io/managed-by`."""
    named = []
    for field in fields:
        if field.startswith(_LABEL):
            named.append(_("label %(name)s") % {"name": field.removeprefix(_LABEL)})
        elif field.startswith(_ANNOTATION):
            named.append(_("annotation %(name)s") % {"name": field.removeprefix(_ANNOTATION)})
        else:
            named.append(field)
    return ", ".join(named)


def span_of(row: Deviation) -> str:
    """Return from when to when it lasted, with the bounds that are known."""
    if row.kind == DeviationKind.FOREIGN.value:
        return _("First seen at %(seen)s.") % {"seen": exact(row.first_seen_at)}
    began = row.changed_at or row.not_before
    known = {
        "began": exact(began) if began else "",
        "seen": exact(row.seen_at),
        "ended": exact(row.ended_at) if row.ended_at else "",
        "span": in_words((row.ended_at - began).total_seconds()) if row.ended_at and began else "",
    }
    if began is None:
        return _("Seen at %(seen)s. Since when is not known.") % known
    if row.ended_at is None:
        if row.changed_at:
            return _("Changed at %(began)s, seen at %(seen)s.") % known
        return _("Still as approved at %(began)s, seen at %(seen)s.") % known
    if row.changed_at:
        return _("Changed at %(began)s, read back as approved at %(ended)s: %(span)s.") % known
    words = _("Still as approved at %(began)s, as approved again at %(ended)s: %(span)s at most.")
    return words % known


def maker_of(row: Deviation) -> str:
    """Return who did it, as far as the cluster tells."""
    if row.kind in {DeviationKind.MISSING.value, DeviationKind.DELETED.value}:
        return _(
            "Who removed it cannot be read from the cluster. The cluster’s audit log can tell, "
            "if it keeps one."
        )
    known = {"by": row.by, "fields": field_words(row.fields)}
    if not row.by:
        return _("Who did it cannot be read from the cluster.")
    if row.kind == DeviationKind.FOREIGN.value:
        return _("Written by %(by)s.") % known
    if row.changed_at:
        return _("%(by)s changed %(fields)s.") % known
    return (
        _(
            "What differed: %(fields)s. Last written by %(by)s; whether that was this change is "
            "not known."
        )
        % known
    )


def repeats_of(row: Deviation, now: datetime) -> str:
    """Return how often it came back; "" for what happened once."""
    if row.repairs <= 1 and row.first_seen_at == row.seen_at:
        return ""
    lately = len(recent(row.repaired_times, now))
    known = {
        "count": row.repairs,
        "lately": f"{lately}+" if lately >= REMEMBERED else lately,
        "since": exact(row.first_seen_at),
        "by": row.by or _("somebody"),
        "fields": field_words(row.fields),
    }
    if row.fought_at:
        words = ngettext(
            "Fought with %(by)s %(lately)s time in the last hour over %(fields)s.",
            "Fought with %(by)s %(lately)s times in the last hour over %(fields)s.",
            lately,
        )
        return words % known
    words = ngettext(
        "It came back; put back %(count)s time since %(since)s.",
        "It came back; put back %(count)s times since %(since)s.",
        row.repairs,
    )
    return words % known


def what_was_open(row: Deviation, plan: Plan | None) -> tuple[str, ...]:
    """Return what the object normally does, and so what may have been otherwise meanwhile."""
    if row.kind == DeviationKind.DELETED.value:
        return (_("Everything in it was lost: workloads, secrets, configuration, volume claims."),)
    if row.kind == DeviationKind.FOREIGN.value:
        return _what_foreign_does(row)
    planned = _planned(row, plan)
    if planned is None:
        return ()
    if planned.key.kind == "NetworkPolicy":
        return _what_policy_does(row, planned)
    if planned.key.kind == "Namespace":
        return (_what_labels_do(row),)
    words = {
        "RoleBinding": (
            _("It lets the team in. Without it the team had no access by it."),
            _("It lets the team in. Meanwhile others may have had access by it."),
        ),
        "ResourceQuota": (
            _("It bounds what the namespace uses. Meanwhile it did not."),
            _("It bounds what the namespace uses. Meanwhile other bounds held."),
        ),
        "LimitRange": (
            _("It bounds containers. Those started meanwhile were not bounded by it."),
            _("It bounds containers. Those started meanwhile were bounded otherwise."),
        ),
    }
    pair = words.get(planned.key.kind)
    return (pair[row.kind == DeviationKind.CHANGED.value],) if pair else ()


def _planned(row: Deviation, plan: Plan | None) -> PlannedObject | None:
    """Return the object as approved now, or None where the plan in force has none of the name."""
    named = (row.object_kind, row.object_name)
    objects = plan.objects if plan else ()
    return next((one for one in objects if (one.key.kind, one.key.name) == named), None)


def _what_policy_does(row: Deviation, planned: PlannedObject) -> tuple[str, ...]:
    is_missing = row.kind == DeviationKind.MISSING.value
    if planned.phase is Phase.FENCE:
        if is_missing:
            return (
                _(
                    "It closes every pod here. While it was missing, every pod was open, in each "
                    "direction in which no other policy isolates it."
                ),
            )
        return (
            _(
                "It closes every pod here. While it was changed, pods may have been open "
                "for what nobody approved."
            ),
        )
    if is_missing:
        first = _("While it was missing, what it allows was not allowed by it:")
    else:
        first = _("While it was changed, it may have allowed more than this, or less:")
    return (first, *sentences([planned.manifest]))


def _what_labels_do(row: Deviation) -> str:
    labels = [field.removeprefix(_LABEL) for field in row.fields if field.startswith(_LABEL)]
    if any(is_reserved(label) or label == "project" for label in labels):
        return _(
            "Policies, admission and pod security go by these labels; meanwhile they may not have "
            "held as approved."
        )
    return _("No policy of Bulkhead goes by it.")


def _what_foreign_does(row: Deviation) -> tuple[str, ...]:
    if row.object_kind == "NetworkPolicy":
        return (
            _("Policies can only allow more: what it allows is allowed, whatever was approved."),
        )
    return (_("It gives whoever it names access that nobody approved here."),)
