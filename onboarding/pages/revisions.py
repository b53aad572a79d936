"""Revisions of a namespace: what each says, who asked and decided, from when to when it held.

The sentences are the engine's, of what was approved. Whether it is still so on the cluster is told
of the newest one alone, from what was read back and seen since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from onboarding.domain.lifecycle import ENDED
from onboarding.models import Decision, ManagedNamespace, Revision, Run
from onboarding.plan.model import load_plan
from onboarding.queries.clusters import Freshness, look_at, sight_of
from onboarding.queries.keyset import Page, page_of
from onboarding.queries.revision_words import Told, approved_of, moves_of, told_of
from onboarding.queries.truth import Truth
from onboarding.templatetags.wording import exact

PAGE_SIZE = 20
_BROUGHT_ABOUT = (Run.Outcome.READY, Run.Outcome.GONE)


@dataclass(frozen=True)
class RevisionLine:
    """One revision as the page prints it.

    `since` and `until` are when a worker had read it, and the one that followed, back whole; None:
    never, or not yet. `why` are the requester's words, `is_purpose` tells that they say what the
    namespace is for, because no reason was asked. `standing` is "" but for the newest.
    """

    revision: Revision
    decisions: list[Decision]
    told: list[Told]
    why: str
    is_purpose: bool
    objects: int
    is_newest: bool
    since: datetime | None
    until: datetime | None
    standing: str


@dataclass(frozen=True)
class RevisionPage:
    """Some revisions, newest first, and where the list goes on; `newest` is 0 where none are."""

    lines: list[RevisionLine]
    page: Page[Revision]
    newest: int


def build_revisions(
    namespace: ManagedNamespace, truth: Truth, *, cursor: str, now: datetime
) -> RevisionPage:
    """Return a page of revisions. Six queries, whatever their number. Raise Invalid."""
    page = page_of(_rows(namespace), order=("-number", "-id"), cursor=cursor, size=PAGE_SIZE)
    if not page.rows:
        return RevisionPage([], page, 0)
    read_back = _read_back(namespace)
    newest = page.rows if page.is_first else list(namespace.revisions.all()[:1])
    before = (
        list(namespace.revisions.filter(number__lt=page.rows[-1].number)[:1]) if page.next else []
    )
    told = _told(namespace.name, page.rows, before=before, newest=newest)
    last = newest[0].number
    standing = _standing(namespace, truth, now)
    lines = [
        RevisionLine(
            revision=row,
            decisions=list(row.request.decisions.all()),
            told=told[row.number],
            why=row.request.why or row.request.wanted.purpose,
            is_purpose=not row.request.why,
            objects=len(load_plan(row.plan).objects),
            is_newest=row.number == last,
            since=read_back.get(row.number),
            until=_until(namespace, row.number, read_back),
            standing=standing if row.number == last else "",
        )
        for row in page.rows
    ]
    return RevisionPage(lines, page, last)


def _rows(namespace: ManagedNamespace) -> QuerySet[Revision]:
    decisions = Decision.objects.filter(voided_at__isnull=True).select_related("person")
    prefetched = Prefetch("request__decisions", queryset=decisions.order_by("decided_at"))
    rows = namespace.revisions.select_related("request", "request__requester")
    return rows.prefetch_related(prefetched)


def _told(
    name: str, rows: Sequence[Revision], *, before: list[Revision], newest: list[Revision]
) -> dict[int, list[Told]]:
    """Return what each revision says, by its number, and what of it is in the newest too."""
    every = {row.number: row for row in (*before, *rows, *newest[:1])}
    ordered = [every[number] for number in sorted(every)]
    known = [approved_of(row) for row in ordered]
    moves = moves_of(name, known)
    return {
        row.number: told_of(earlier, now, moved)
        for row, earlier, now, moved in zip(ordered, [None, *known], known, moves, strict=False)
    }


def _read_back(namespace: ManagedNamespace) -> dict[int, datetime]:
    """Return when each revision was first brought about, by number."""
    runs = namespace.runs.filter(outcome__in=_BROUGHT_ABOUT, finished_at__isnull=False)
    found = runs.order_by("-id").values_list("generation", "finished_at")
    return {generation: at for generation, at in found if at}


def _until(
    namespace: ManagedNamespace, number: int, read_back: dict[int, datetime]
) -> datetime | None:
    """Return when the next one that was brought about replaced it, or the namespace ended."""
    later = [at for other, at in read_back.items() if other > number]
    return min(later, default=namespace.gone_at)


def _standing(namespace: ManagedNamespace, truth: Truth, now: datetime) -> str:
    """Return whether the newest revision holds on the cluster, as far as anybody knows."""
    if namespace.state in ENDED:
        return _("No longer there: the namespace is over.")
    if namespace.observed_generation < namespace.generation:
        return _("Not yet as approved: workers have not read it back whole.")
    if truth.is_contradicted:
        return _("Not as approved: the last look saw the difference told above.")
    if not namespace.verified_at:
        return _("Unknown: it was never read back whole.")
    known = {"at": exact(namespace.verified_at)}
    if not truth.is_verified or namespace.is_out_of_sight:
        return _("Unknown now: last read back whole at %(at)s.") % known
    if unseen := _why_unseen(namespace, namespace.verified_at, now):
        return unseen
    return _("Still so: read back whole at %(at)s, and nothing newer disagrees.") % known


def _why_unseen(namespace: ManagedNamespace, read_at: datetime, now: datetime) -> str:
    """Return that nobody knows how it is now, "" where it was read or looked at lately."""
    look = look_at(namespace.cluster)
    seen_at = max(read_at, look.seen_at) if look and look.seen_at else read_at
    is_later = look and (look.looked_at is None or look.looked_at > read_at)
    sight = sight_of(seen_at, look.trouble if look and is_later else "", now=now)
    words = {
        Freshness.FAILED: _(
            "Unknown now: as last seen at %(at)s; the last look at %(cluster)s failed."
        ),
        Freshness.OLD: _(
            "Unknown now: as last seen at %(at)s; nobody has looked at %(cluster)s since."
        ),
    }
    known = {"at": exact(seen_at), "cluster": namespace.cluster.name}
    return words[sight] % known if sight in words else ""
