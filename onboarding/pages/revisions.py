"""Revisions of a namespace: who asked, who decided, what was applied, and any two side by side."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from django.db.models import Prefetch

from onboarding.domain.lifecycle import Phase
from onboarding.models import Decision, ManagedNamespace, Revision, Run
from onboarding.plan.model import load_plan
from onboarding.plan.render_yaml import render_documents
from onboarding.templatetags.code_listings import Row

_BROUGHT_ABOUT = (Run.Outcome.READY, Run.Outcome.GONE)


class NoSuchRevision(ValueError):
    """A revision to compare is not one of the namespace's."""


@dataclass(frozen=True)
class RevisionLine:
    """One revision as the table prints it. `run` is the first that brought it about, or None."""

    revision: Revision
    decisions: list[Decision]
    run: Run | None
    phases: list[Phase]
    objects: int


@dataclass(frozen=True)
class RevisionComparison:
    """Two revisions and the lines of their YAML side by side."""

    left: Revision
    right: Revision
    rows: list[Row]
    is_equal: bool


def revision_lines(namespace: ManagedNamespace) -> list[RevisionLine]:
    """Return every revision, newest first. Four queries, whatever their number."""
    decisions = Prefetch(
        "request__decisions",
        queryset=Decision.objects.filter(voided_at__isnull=True)
        .select_related("person")
        .order_by("decided_at"),
    )
    rows = namespace.revisions.select_related("request", "request__requester").prefetch_related(
        decisions
    )
    runs = namespace.runs.filter(outcome__in=_BROUGHT_ABOUT).prefetch_related("steps")
    first_runs = {run.generation: run for run in runs.order_by("-id")}
    return [
        RevisionLine(
            revision=row,
            decisions=list(row.request.decisions.all()),
            run=first_runs.get(row.number),
            phases=_phases(first_runs.get(row.number)),
            objects=len(load_plan(row.plan).objects),
        )
        for row in rows
    ]


def build_comparison(namespace: ManagedNamespace, left: str, right: str) -> RevisionComparison:
    """Return two revisions side by side. Raise NoSuchRevision for a number that is none."""
    older, newer = _revision(namespace, left), _revision(namespace, right)
    texts = [render_documents(load_plan(row.plan).manifests()) for row in (older, newer)]
    before, after = (text.splitlines() for text in texts)
    return RevisionComparison(
        left=older,
        right=newer,
        rows=diff_rows(before, after),
        is_equal=before == after,
    )


def diff_rows(before: list[str], after: list[str]) -> list[Row]:
    """Return every line of two texts side by side; a line without a partner faces a gap."""
    rows: list[Row] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, low, high, other_low, other_high in matcher.get_opcodes():
        lefts = list(enumerate(before[low:high], start=low + 1))
        rights = list(enumerate(after[other_low:other_high], start=other_low + 1))
        for left, right in zip_longest(lefts, rights):
            rows.append(_row(left, right, is_equal=tag == "equal"))
    return rows


def _row(left: tuple[int, str] | None, right: tuple[int, str] | None, *, is_equal: bool) -> Row:
    left_no, left_text = left or (None, "")
    right_no, right_text = right or (None, "")
    left_tag = "gap" if left is None else "same" if is_equal else "del"
    right_tag = "gap" if right is None else "same" if is_equal else "add"
    return (left_no, left_text, left_tag, right_no, right_text, right_tag)


def _revision(namespace: ManagedNamespace, number: str) -> Revision:
    found = None
    if number.isdecimal() and len(number) < 9:
        found = namespace.revisions.filter(number=int(number)).first()
    if found is None:
        raise NoSuchRevision(
            f"{namespace.name} has no revision {number[:20] or '(none given)'}. "
            "Choose two of those in the table."
        )
    return found


def _phases(run: Run | None) -> list[Phase]:
    return [Phase(step.phase) for step in run.steps.all()] if run else []
