"""What needs a person's attention on Home: items gathered from one small function for each source.

A source takes the reader and returns its items, none where nothing is wrong. To add one, write it
here, or in a module of its own like attention_people.py, and name it in `FOR_EVERYBODY` or
`FOR_PLATFORM_ADMINS`. Every item must be something this very reader can act on, and cost no more
queries for more rows.
"""

from datetime import timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.lifecycle import BlockedReason, NamespaceState, RequestState
from onboarding.models import Decision, ManagedNamespace, Request
from onboarding.pages.attention_credentials import refused_renewals
from onboarding.pages.attention_deviations import lost_and_fought
from onboarding.pages.attention_guards import unguarded_clusters
from onboarding.pages.attention_item import SHOWN, Item, Reader, Source
from onboarding.pages.attention_looks import (
    contradicted_namespaces,
    troubled_clusters,
    unknown_namespaces,
    unread_namespaces,
)
from onboarding.pages.attention_people import (
    abandoned_of_own_teams,
    abandoned_without_lead,
    approval_keys_to_confirm,
    lanes_nobody_can_sign,
    lanes_without_holder,
    requests_nobody_can_decide,
    teams_nobody_leads,
)
from onboarding.pages.attention_processes import missing_processes
from onboarding.queries import closings, namespaces
from onboarding.queries.progress import returned_with_each, taken_over_with
from onboarding.queries.refreshes import outdated_for, without_open_request

EXPIRES_SOON = timedelta(days=14)
_STATE_WORDS = {
    NamespaceState.BLOCKED.value: ("danger", "x"),
    NamespaceState.DRIFTED.value: ("warn", "warn"),
}


def attention(reader: Reader) -> list[Item]:
    """Return what needs the reader, their own matters first."""
    sources = FOR_EVERYBODY
    if reader.permissions.is_platform_admin:
        sources += FOR_PLATFORM_ADMINS
    return [item for source in sources for item in source(reader)]


def returned_requests(reader: Reader) -> list[Item]:
    """Return the reader's own requests that came back for changes."""
    rows = Request.objects.filter(requester=reader.user, state=RequestState.RETURNED.value)
    shown = list(rows.select_related("last_event").order_by("id")[:SHOWN])
    said = returned_with_each([row for row in shown if not taken_over_with(row)])
    return [_returned_item(row, said.get(row.pk)) for row in shown]


def troubled_namespaces(reader: Reader) -> list[Item]:
    """Return the namespaces of the reader's teams that wait for a person or were changed."""
    words = {
        NamespaceState.BLOCKED.value: _("%(name)s is blocked and waits for a person"),
        NamespaceState.DRIFTED.value: _("%(name)s was changed outside the portal"),
    }
    return [
        Item(
            *_STATE_WORDS[row.state],
            text=words[row.state] % {"name": row.name},
            url=reverse("namespace-detail", args=[row.public_id]),
            rest=row.message,
        )
        for row in _live(reader).filter(state__in=sorted(words))[:SHOWN]
    ]


def stuck_namespaces(reader: Reader) -> list[Item]:
    """Return what Kubernetes does not finish: for the team's leads, and all for platform admins."""
    rows = namespaces.stuck(ManagedNamespace.objects.all())
    if not reader.permissions.is_platform_admin:
        rows = rows.filter(team__in=reader.permissions.leads)
    words = _("%(name)s is stuck: Kubernetes does not finish")
    return [
        Item(
            tone="danger",
            icon="clock",
            text=words % {"name": row.name},
            url=reverse("namespace-detail", args=[row.public_id]),
            rest=row.message,
            at=row.waiting_since,
        )
        for row in rows[:SHOWN]
    ]


def expiring_namespaces(reader: Reader) -> list[Item]:
    """Return the namespaces of the reader's teams whose lifetime ends soon or has ended."""
    return [
        Item(
            tone="warn",
            icon="clock",
            text=_("%(name)s comes to the end of its lifetime") % {"name": row.name},
            url=reverse("namespace-detail", args=[row.public_id]),
            at=row.expires_at,
        )
        for row in _live(reader).filter(expires_at__lt=reader.now + EXPIRES_SOON)[:SHOWN]
    ]


def contradicted_rows(reader: Reader) -> list[Item]:
    """Return where rows are contradicted, by a cluster or by others, outside the reader's teams."""
    words = {
        BlockedReason.NOT_APPROVED.value: _("%(name)s of %(team)s is not what was approved"),
        BlockedReason.RESTORED.value: _("%(name)s of %(team)s was restored from a backup"),
        BlockedReason.FORGOTTEN.value: _("%(name)s of %(team)s was made, and forgotten"),
        BlockedReason.NEWER_ON_CLUSTER.value: _("%(name)s of %(team)s is newer on its cluster"),
        BlockedReason.REAPPEARED.value: _("%(name)s of %(team)s was removed and lives again"),
    }
    rows = namespaces.visible_to(reader.permissions).exclude(team__in=reader.permissions.teams)
    waiting = rows.filter(state=NamespaceState.BLOCKED.value, reason__in=sorted(words))
    return [
        Item(
            *_STATE_WORDS[row.state],
            text=words[row.reason] % {"name": row.name, "team": row.team.slug},
            url=reverse("namespace-detail", args=[row.public_id]),
            rest="" if row.reason == BlockedReason.RESTORED.value else row.message,
        )
        for row in waiting.order_by("name", "id")[:SHOWN]
    ]


def closings_to_confirm(reader: Reader) -> list[Item]:
    """Return the clusters that another platform admin asks to close, and this one can confirm."""
    return [
        Item(
            tone="warn",
            icon="cluster",
            text=_("%(name)s is to be closed and needs a second platform admin")
            % {"name": closing.cluster.name},
            url=reverse("cluster-close", args=[closing.cluster.public_id]),
            rest=f"{closing.asked_by.label}: {closing.reason}",
            at=closing.asked_at,
        )
        for closing in closings.closings_to_confirm(reader.user)[:SHOWN]
    ]


def outdated_namespaces(reader: Reader) -> list[Item]:
    """Return one line for all that the reader may ask to render anew, and nobody did yet."""
    count = without_open_request(outdated_for(reader.permissions)).count()
    if not count:
        return []
    words = ngettext(
        "%(count)d outdated namespace: approved with other facts than today's, no request open",
        "%(count)d outdated namespaces: approved with other facts than today's, no request open",
        count,
    )
    return [Item("warn", "history", words % {"count": count}, reverse("refresh-new"))]


def _returned_item(row: Request, said: Decision | None) -> Item:
    words = _("%(request)s for %(name)s was returned for changes")
    if said is None:
        words = _("%(request)s for %(name)s waits for you to send it again")
    return Item(
        tone="warn",
        icon="undo",
        text=words % {"request": row.label, "name": row.name},
        url=reverse("request-detail", args=[row.public_id]),
        rest=f"{said.person.label}: {said.reason}" if said else "",
        at=said.decided_at if said else row.submitted_at,
    )


def _live(reader: Reader) -> QuerySet[ManagedNamespace]:
    return namespaces.live_of_teams(reader.permissions)


FOR_EVERYBODY: tuple[Source, ...] = (
    returned_requests,
    abandoned_of_own_teams,
    troubled_namespaces,
    stuck_namespaces,
    contradicted_namespaces,
    troubled_clusters,
    lost_and_fought,
    outdated_namespaces,
    expiring_namespaces,
)
FOR_PLATFORM_ADMINS: tuple[Source, ...] = (
    missing_processes,
    refused_renewals,
    unguarded_clusters,
    contradicted_rows,
    unknown_namespaces,
    unread_namespaces,
    closings_to_confirm,
    approval_keys_to_confirm,
    lanes_nobody_can_sign,
    lanes_without_holder,
    requests_nobody_can_decide,
    teams_nobody_leads,
    abandoned_without_lead,
)
