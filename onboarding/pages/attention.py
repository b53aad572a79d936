"""What needs a person on Home: lines gathered from one small function for each source.

A source takes the reader and returns its lines, none where nothing is wrong. To add one, write it
in a module like attention_people.py, and name it below. Equal troubles share a line. Every line
must be something this very reader can look into, and cost no more queries for more rows.
"""

from itertools import chain

from django.urls import reverse
from django.utils.translation import gettext as _

from onboarding.domain.lifecycle import RequestState
from onboarding.models import Decision, Request
from onboarding.pages.attention_credentials import ending_credentials, refused_renewals
from onboarding.pages.attention_deviations import lost_and_fought
from onboarding.pages.attention_guards import unguarded_clusters
from onboarding.pages.attention_item import SHOWN, Item, Reader, Source
from onboarding.pages.attention_looks import (
    troubled_clusters,
    unknown_namespaces,
    unread_namespaces,
)
from onboarding.pages.attention_namespaces import (
    contradicted_namespaces,
    ending_namespaces,
    held_up_namespaces,
    outdated_namespaces,
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
from onboarding.pages.attention_suggestions import suggested_changes
from onboarding.queries import closings
from onboarding.queries.progress import returned_with_each, taken_over_with

_WORST_FIRST = ("danger", "warn", "plain")


def next_steps(reader: Reader) -> list[Item]:
    """Return what is the reader's own matter, and what is wrong with their teams' namespaces."""
    of_teams = FOR_TEAMS if reader.permissions.teams else ()
    return [*returned_requests(reader), *_worst_first(reader, of_teams)]


def wrong_now(reader: Reader) -> list[Item]:
    """Return what is wrong with everything the reader sees, worst first."""
    is_admin = reader.permissions.is_platform_admin
    return _worst_first(reader, FOR_ALL + FOR_PLATFORM_ADMINS if is_admin else FOR_ALL)


def returned_requests(reader: Reader) -> list[Item]:
    """Return the reader's own requests that came back for changes."""
    rows = Request.objects.filter(requester=reader.user, state=RequestState.RETURNED.value)
    shown = list(rows.select_related("last_event").order_by("id")[:SHOWN])
    said = returned_with_each([row for row in shown if not taken_over_with(row)])
    return [_returned_item(row, said.get(row.pk)) for row in shown]


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


def _worst_first(reader: Reader, sources: tuple[Source, ...]) -> list[Item]:
    found = chain.from_iterable(source(reader) for source in sources)
    return sorted(found, key=lambda item: _WORST_FIRST.index(item.tone))


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


FOR_TEAMS: tuple[Source, ...] = (
    abandoned_of_own_teams,
    contradicted_namespaces,
    held_up_namespaces,
    troubled_clusters,
    lost_and_fought,
    outdated_namespaces,
    ending_namespaces,
    suggested_changes,
)
FOR_ALL: tuple[Source, ...] = (
    troubled_clusters,
    contradicted_namespaces,
    held_up_namespaces,
    ending_namespaces,
)
FOR_PLATFORM_ADMINS: tuple[Source, ...] = (
    missing_processes,
    refused_renewals,
    ending_credentials,
    unguarded_clusters,
    lost_and_fought,
    unknown_namespaces,
    unread_namespaces,
    outdated_namespaces,
    closings_to_confirm,
    approval_keys_to_confirm,
    lanes_nobody_can_sign,
    lanes_without_holder,
    requests_nobody_can_decide,
    teams_nobody_leads,
    abandoned_without_lead,
)
