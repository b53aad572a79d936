"""One line of what needs attention, and who reads it. The sources are named in attention.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import QuerySet

from onboarding.models import Cluster, ManagedNamespace, NamespaceObservation, User
from onboarding.queries import clusters, namespaces
from onboarding.queries.how_well import with_namespace_counts
from onboarding.queries.observed import noted_on
from onboarding.queries.permissions import Permissions

SHOWN = 50


@dataclass(frozen=True)
class Reader:
    """Who reads the page, what they may do, and when.

    `sees_all` turns to everything they may see; without, it is what their own teams have.
    """

    user: User
    permissions: Permissions
    now: datetime
    sees_all: bool = False

    @property
    def namespaces(self) -> QuerySet[ManagedNamespace]:
        """Return the namespaces that have not ended, of the reader's teams or of all."""
        if self.sees_all:
            return namespaces.live_and_visible_to(self.permissions)
        return namespaces.live_of_teams(self.permissions)

    @cached_property
    def clusters(self) -> list[Cluster]:
        """Return the clusters in use that matter to the reader, with guards and newest look.

        All for who sees all; else those on which a team of theirs has something. One query for all
        sources.
        """
        rows = Cluster.objects.all()
        if not self.sees_all and not self.permissions.is_platform_admin:
            rows = clusters.with_namespaces_of(self.permissions.teams)
        rows = rows.filter(closed_at__isnull=True).select_related("guards", "observation")
        return list(with_namespace_counts(rows).order_by("name"))

    @property
    def has_looked(self) -> bool:
        """Tell whether any of these clusters was ever seen; of others nothing newer is known."""
        looks = [clusters.look_at(row) for row in self.clusters]
        return any(look and look.seen_at for look in looks)

    @property
    def seen_clusters(self) -> list[Cluster]:
        """Return the clusters whose own pages the reader may open and that were seen."""
        looks = [(row, clusters.look_at(row)) for row in self.open_clusters.values()]
        return [row for row, look in looks if look and look.seen_at]

    @cached_property
    def noted(self) -> list[NamespaceObservation]:
        """Return what a person has to know of on those. One query at most, for all sources."""
        return noted_on(self.seen_clusters) if self.seen_clusters else []

    @property
    def open_clusters(self) -> Mapping[int, Cluster]:
        """Return the clusters whose own pages the reader may open, by key."""
        rows = self.clusters if self.permissions.is_platform_admin else []
        return {cluster.pk: cluster for cluster in rows}

    def may_push(self, row: ManagedNamespace) -> bool:
        """Tell whether the reader may have a namespace that is held up tried again."""
        return namespaces.may_try_again(self.permissions, row)


@dataclass(frozen=True)
class Part:
    """One of the things that a line counts. `key` names a namespace the reader may push."""

    name: str
    url: str
    said: str = ""
    rest: str = ""
    at: datetime | None = None
    key: str = ""

    @property
    def keys(self) -> list[str]:
        """Return the namespace that one press may push, if any."""
        return [self.key] if self.key else []


@dataclass(frozen=True)
class Item:
    """One line of what needs attention. `rest` is a person's or a server's own words.

    A line that stands for several things has the oldest's `at`, and the first of them as `parts`.
    """

    tone: str
    icon: str
    text: str
    url: str
    rest: str = ""
    at: datetime | None = None
    many: int = 1
    parts: tuple[Part, ...] = ()
    key: str = ""

    @property
    def keys(self) -> list[str]:
        """Return the namespaces that one press may push."""
        return [self.key] if self.key else [part.key for part in self.parts if part.key]

    @property
    def left_out(self) -> int:
        """Return how many more there are than are shown."""
        return self.many - len(self.parts) if self.parts else 0


Source = Callable[[Reader], list[Item]]
