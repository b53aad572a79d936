"""Where the lines of history lead: what an event is about, as far as the reader may open it.

Events name things as text, because a row must read right when what it names is gone. A link is
given only for what is there and what this reader's loaders would find.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.urls import reverse

from onboarding.models import Cluster, Event, Team, User
from onboarding.queries.namespaces import visible_to as visible_namespaces
from onboarding.queries.permissions import Permissions
from onboarding.queries.requests import visible_to as visible_requests


@dataclass(frozen=True)
class EventLinks:
    """Addresses by what stands in an event; "" for what the reader cannot open."""

    requests: Mapping[str, str] = field(default_factory=dict)
    namespace_of: Mapping[str, str] = field(default_factory=dict)
    namespaces: frozenset[str] = frozenset()
    clusters: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)

    def request(self, event: Event) -> str:
        """Return the address of the event's request."""
        public_id = _public_id(event)
        return self.requests.get(public_id, "")

    def namespace(self, event: Event) -> str:
        """Return the address of the event's namespace: its own, else that of its request."""
        is_one = event.object_kind == "namespace"
        public_id = event.object_id if is_one else self.namespace_of.get(_public_id(event), "")
        known = public_id in self.namespaces
        return reverse("namespace-detail", args=[public_id]) if known else ""

    def cluster(self, event: Event) -> str:
        """Return the address of the event's cluster."""
        return self.clusters.get(event.cluster, "")

    def team(self, event: Event) -> str:
        """Return the address of the event's team."""
        return self.teams.get(event.team, "")

    def person(self, event: Event) -> str:
        """Return the address of the person an event is about."""
        return self.people.get(event.object_id, "") if event.object_kind == "person" else ""

    def subject(self, event: Event) -> str:
        """Return the address of what the event is about, whatever that is."""
        ways = {
            "request": self.request,
            "namespace": self.namespace,
            "cluster": self.cluster,
            "team": self.team,
            "person": self.person,
        }
        way = ways.get(event.object_kind)
        return way(event) if way else ""


def links_for(events: Iterable[Event], permissions: Permissions) -> EventLinks:
    """Return the links of some events. Five queries, however many events there are."""
    every = list(events)
    asked = {public_id for event in every if (public_id := _public_id(event))}
    requests = dict(
        visible_requests(permissions)
        .filter(public_id__in=asked)
        .values_list("public_id", "namespace__public_id")
    )
    namespace_of = {request: found for request, found in requests.items() if found}
    own = {event.object_id for event in every if event.object_kind == "namespace"}
    wanted = own | {*namespace_of.values()}
    namespaces = visible_namespaces(permissions).filter(public_id__in=wanted)
    return EventLinks(
        requests={one: reverse("request-detail", args=[one]) for one in requests},
        namespace_of=namespace_of,
        namespaces=frozenset(namespaces.values_list("public_id", flat=True)),
        **(_of_the_platform(every) if permissions.is_platform_admin else {}),
    )


def _of_the_platform(events: list[Event]) -> dict[str, Mapping[str, str]]:
    """Return what only platform admins have pages of."""
    clusters = Cluster.objects.filter(name__in={event.cluster for event in events})
    teams = Team.objects.filter(slug__in={event.team for event in events})
    named = {event.object_id for event in events if event.object_kind == "person"}
    people = User.objects.filter(pk__in=[int(one) for one in named if one.isdecimal()])
    return {
        "clusters": {
            name: reverse("cluster-detail", args=[public_id])
            for name, public_id in clusters.values_list("name", "public_id")
        },
        "teams": {
            slug: reverse("team-detail", args=[public_id])
            for slug, public_id in teams.values_list("slug", "public_id")
        },
        "people": {
            str(pk): reverse("person-detail", args=[pk])
            for pk in people.values_list("pk", flat=True)
        },
    }


def _public_id(event: Event) -> str:
    return event.request.removeprefix("REQ-")
