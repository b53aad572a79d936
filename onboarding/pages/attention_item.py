"""One line of what needs attention, and who reads it. The sources are named in attention.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from onboarding.models import Cluster, User
from onboarding.queries import clusters
from onboarding.queries.permissions import Permissions

SHOWN = 50


@dataclass(frozen=True)
class Reader:
    """Who reads the page, what they may do, and when."""

    user: User
    permissions: Permissions
    now: datetime

    @cached_property
    def open_clusters(self) -> Mapping[int, Cluster]:
        """Return the clusters in use that the reader may know of, by key, with their guards.

        One query for all sources.
        """
        rows = clusters.visible_to(self.permissions).filter(closed_at__isnull=True)
        rows = rows.select_related("guards").prefetch_related(None).order_by("name")
        return {cluster.pk: cluster for cluster in rows}


@dataclass(frozen=True)
class Item:
    """One line of what needs attention. `rest` is a person's or a server's own words."""

    tone: str
    icon: str
    text: str
    url: str
    rest: str = ""
    at: datetime | None = None


Source = Callable[[Reader], list[Item]]
