"""What is wrong with namespaces: equal troubles share one line. Sources for attention.py."""

from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from onboarding.domain.lifecycle import BlockedReason, NamespaceState
from onboarding.models import Cluster, ManagedNamespace
from onboarding.pages.attention_item import Item, Part, Reader
from onboarding.queries import troubles
from onboarding.queries.namespaces import live_and_visible_to
from onboarding.queries.refreshes import outdated_for, without_open_request
from onboarding.queries.troubles import EXAMPLES, TroubleGroup
from onboarding.queries.truth import Truth, contradicted
from onboarding.templatetags.states import HELD_UP_REASONS

# {kind: (tone, icon, words for one, words for several)}; %(why)s is from HELD_UP_REASONS.
_FACES = {
    "blocked": (
        "danger",
        "x",
        _lazy("%(name)s is blocked"),
        _lazy("%(many)d namespaces are blocked"),
    ),
    "drifted": (
        "danger",
        "warn",
        _lazy("%(name)s was changed outside the portal"),
        _lazy("%(many)d namespaces were changed outside the portal"),
    ),
    "retrying": (
        "warn",
        "run",
        _lazy("%(name)s is tried again and again"),
        _lazy("%(many)d namespaces are tried again and again"),
    ),
    "stuck": (
        "danger",
        "clock",
        _lazy("%(name)s is stuck: Kubernetes does not finish"),
        _lazy("%(many)d namespaces are stuck: Kubernetes does not finish"),
    ),
    "past": (
        "warn",
        "clock",
        _lazy("%(name)s has come to the end of its lifetime, and is still there"),
        _lazy("%(many)d namespaces have come to the end of their lifetime, and are still there"),
    ),
    "soon": (
        "plain",
        "clock",
        _lazy("%(name)s comes to the end of its lifetime"),
        _lazy("%(many)d namespaces come to the end of their lifetime within two weeks"),
    ),
    "differs": (
        "danger",
        "warn",
        _lazy("%(name)s is not as approved, by the newest look at its cluster"),
        _lazy("%(many)d namespaces are not as approved, by the newest look at their clusters"),
    ),
}
# What came back from a backup has a page of its own that says how it differs.
_SAYS_IT_ALL = frozenset({BlockedReason.TAKEN.value, BlockedReason.RESTORED.value})
_FILTERS = {"past": {"ends": "past"}, "soon": {"ends": "soon"}}


def held_up_namespaces(reader: Reader) -> list[Item]:
    """Return what is blocked, drifted, tried often or stuck, one line for each reason.

    What is stuck is for a team's leads, and for who sees all.
    """
    rows = reader.namespaces
    if not reader.sees_all:
        rows = rows.filter(Q(stuck_at=None) | Q(team__in=reader.permissions.leads))
    return [_item(reader, group) for group in troubles.held_up(rows)]


def ending_namespaces(reader: Reader) -> list[Item]:
    """Return whose lifetime is past, and whose ends soon."""
    groups = troubles.ending(reader.namespaces, now=reader.now)
    return [_item(reader, group) for group in groups]


def contradicted_namespaces(reader: Reader) -> list[Item]:
    """Return what is ready by its row and was seen otherwise than as approved since."""
    ready = reader.namespaces.filter(state=NamespaceState.READY.value)
    found = contradicted(ready) if reader.has_looked else []
    return [_item(reader, group) for group in _seen_otherwise(found)]


def _seen_otherwise(found: list[tuple[ManagedNamespace, Truth]]) -> list[TroubleGroup]:
    if not found:
        return []
    oldest = min((truth.since for _row, truth in found if truth.since), default=None)
    rows = [row for row, _truth in found]
    return [TroubleGroup("differs", "", len(rows), oldest, rows[:EXAMPLES])]


def problems_on(cluster: Cluster, reader: Reader) -> list[Item]:
    """Return what is wrong with the namespaces of one cluster. Five queries at most."""
    rows = live_and_visible_to(reader.permissions).filter(cluster=cluster)
    found = contradicted(rows.filter(state=NamespaceState.READY.value))
    groups = [*_seen_otherwise(found), *troubles.held_up(rows)]
    return [_item(reader, group, cluster) for group in groups]


def outdated_namespaces(reader: Reader) -> list[Item]:
    """Return one line for all that the reader may ask to render anew, and nobody did yet."""
    count = without_open_request(outdated_for(reader.permissions)).count()
    if not count:
        return []
    words = ngettext(
        "%(count)d outdated namespace: approved with other settings than today's, no request open",
        "%(count)d outdated namespaces: approved with other settings than today's, no request open",
        count,
    )
    return [Item("warn", "history", words % {"count": count}, reverse("refresh-new"), many=count)]


def _item(reader: Reader, group: TroubleGroup, cluster: Cluster | None = None) -> Item:
    """Return the line of a group: by name where it is one, else with the oldest beneath.

    What it links to shows just these: of one cluster where one is given.
    """
    tone, icon, one, several = _FACES[group.kind]
    first = group.rows[0]
    words = (several if group.many > 1 else one) % {"name": first.name, "many": group.many}
    why = str(HELD_UP_REASONS.get(group.reason, "")) if group.kind == "blocked" else ""
    text = f"{words}: {why}" if why else words
    if group.many == 1:
        url, rest = reverse("namespace-detail", args=[first.public_id]), _said(first)
        return Item(tone, icon, text, url, rest, group.since, key=_key(reader, first))
    reason = "" if group.kind == troubles.STUCK else group.reason
    wanted = _FILTERS.get(group.kind) or {"state": group.kind, "reason": reason}
    wanted = {**wanted, "cluster": cluster.name if cluster else ""}
    query = urlencode({name: value for name, value in wanted.items() if value})
    parts = tuple(_part(reader, row) for row in group.rows)
    url = f"{reverse('namespace-list')}?{query}"
    return Item(tone, icon, text, url, at=group.since, many=group.many, parts=parts)


def _part(reader: Reader, row: ManagedNamespace) -> Part:
    return Part(
        name=row.name,
        url=reverse("namespace-detail", args=[row.public_id]),
        said=_("%(team)s on %(cluster)s") % {"team": row.team.slug, "cluster": row.cluster.name},
        rest=_said(row),
        at=getattr(row, "since", None),
        key=_key(reader, row),
    )


def _said(row: ManagedNamespace) -> str:
    """Return what a worker wrote of it, where that says more than the reason does."""
    return "" if row.reason in _SAYS_IT_ALL else row.message


def _key(reader: Reader, row: ManagedNamespace) -> str:
    return row.public_id if reader.may_push(row) else ""
