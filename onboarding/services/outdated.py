"""Outdated: what is in force is no longer what the same answers would be rendered to today.

Noted on the row whenever a fact may have moved: a team's group, a cluster's facts or ingress
sources, a revision, and once an hour the catalogue. Reads the database alone; what is approved
stays as it is until somebody asks to render it anew (see services/refresh.py).
"""

from datetime import datetime

from django.db.models import F, QuerySet

from onboarding.domain.lifecycle import ENDED
from onboarding.domain.objects import Json
from onboarding.models import ManagedNamespace, Revision
from onboarding.plan.model import UnknownPlan
from onboarding.plan.refresh import outdated_objects
from onboarding.queries.rendering import rerendered

AT_ONCE = 200


def note_outdated(among: QuerySet[ManagedNamespace] | None = None, *, now: datetime) -> int:
    """Note on each row what today's facts would render differently; return how many changed.

    Safe to run any number of times: one UPDATE per row that changed, and none otherwise.
    """
    rows = ManagedNamespace.objects.all() if among is None else among
    newest = (
        Revision.objects.filter(namespace__in=rows.order_by(), number=F("namespace__generation"))
        .exclude(namespace__state__in=sorted(ENDED))
        .select_related("namespace__team", "namespace__cluster")
        .prefetch_related("namespace__cluster__ingress_sources")
        .order_by("pk")
    )
    changed = sum(_note(revision, now) for revision in newest.iterator(chunk_size=AT_ONCE))
    over = ManagedNamespace.objects.filter(
        pk__in=rows.order_by().values("pk"), state__in=sorted(ENDED), outdated__isnull=False
    )
    return changed + over.update(outdated=None, outdated_at=None)


def _note(revision: Revision, now: datetime) -> int:
    namespace = revision.namespace
    found = _outdated(revision)
    if found == namespace.outdated:
        return 0
    since = (namespace.outdated_at or now) if found else None
    # A revision approved meanwhile is looked at by whoever approved it.
    return ManagedNamespace.objects.filter(pk=namespace.pk, generation=revision.number).update(
        outdated=found, outdated_at=since
    )


def _outdated(revision: Revision) -> list[Json] | None:
    namespace = revision.namespace
    if revision.ends_namespace or not namespace.checks_out:
        return None
    try:
        again = rerendered(revision, team=namespace.team, cluster=namespace.cluster)
    except UnknownPlan as error:
        return [{"trouble": str(error)}]
    if again.today is None:
        return [{"trouble": again.trouble}]
    if not again.differs:
        return None
    return outdated_objects(again.stored, again.today)
