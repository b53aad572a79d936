"""The deviations a namespace's page tells of, and what of others a request removes or leaves."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from onboarding.domain.deviations import DeviationKind
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Deviation, ManagedNamespace, Request
from onboarding.pages.deviation_words import (
    maker_of,
    repeats_of,
    span_of,
    title_of,
    what_was_open,
)
from onboarding.plan.model import Plan, load_plan
from onboarding.plan.render_yaml import render_yaml
from onboarding.queries.deviations import may_acknowledge, standing_foreign, told_of
from onboarding.queries.namespaces import has_open_request, is_changeable, may_change
from onboarding.queries.permissions import Permissions


@dataclass(frozen=True)
class DeviationCard:
    """One deviation as its banner tells it. `next_step` says who does something about it, or ""."""

    row: Deviation
    stands: bool
    title: str
    lines: tuple[str, ...]
    difference: list[tuple[str, str]]
    tone: str
    next_step: str
    may_acknowledge: bool
    may_ask_removal: bool


@dataclass(frozen=True)
class ForeignObject:
    """An object of others in a request's namespace. `is_there` is as of the last reading."""

    label: str
    by: str
    is_there: bool = True


def build_deviations(
    row: ManagedNamespace, permissions: Permissions, plan: Plan | None, *, now: datetime
) -> list[DeviationCard]:
    """Return the banners of a namespace's page, what stands before what ended."""
    rows = sorted(told_of(row, now=now), key=lambda one: one.ended_at is not None)
    may_ask = bool(rows) and may_change(permissions, row)
    may_tell = may_acknowledge(permissions, row)
    outlook = _outlook(row) if rows else _Outlook()
    return [_card(one, plan, outlook, may_tell=may_tell, may_ask=may_ask, now=now) for one in rows]


@dataclass(frozen=True)
class _Outlook:
    """What can still become of what stands in a namespace."""

    is_retiring: bool = False
    is_blocked: bool = False
    can_change: bool = False


def _outlook(row: ManagedNamespace) -> _Outlook:
    newest = row.revisions.first()
    return _Outlook(
        is_retiring=bool(newest and newest.ends_namespace),
        is_blocked=row.state == NamespaceState.BLOCKED.value,
        can_change=is_changeable(row) and not has_open_request(row),
    )


def _card(
    row: Deviation,
    plan: Plan | None,
    outlook: _Outlook,
    *,
    may_tell: bool,
    may_ask: bool,
    now: datetime,
) -> DeviationCard:
    stands = row.ended_at is None
    told = (span_of(row), maker_of(row), repeats_of(row, now), *what_was_open(row, plan))
    is_foreign = row.kind == DeviationKind.FOREIGN.value
    return DeviationCard(
        row=row,
        stands=stands,
        title=title_of(row),
        lines=tuple(line for line in told if line),
        difference=_difference(row),
        tone=_tone(row),
        next_step=_next_step(row, outlook) if stands else "",
        may_acknowledge=may_tell and row.acknowledged_at is None,
        may_ask_removal=may_ask and is_foreign and stands,
    )


def _difference(row: Deviation) -> list[tuple[str, str]]:
    """Return what differed as lines of a difference: what was approved, then what was found."""
    lines = []
    for one in row.differences:
        lines.append(("same", f"{one['field']}:"))
        for tag, part in (("del", "approved"), ("add", "found")):
            if one[part] is not None:
                shown = render_yaml({one["field"].rpartition(".")[2]: one[part]})
                lines += [(tag, line) for line in shown.splitlines()]
    return lines


def _tone(row: Deviation) -> str:
    if row.acknowledged_at:
        return "run"
    is_loss = row.kind == DeviationKind.DELETED.value
    return "danger" if is_loss else "warn"


def _next_step(row: Deviation, outlook: _Outlook) -> str:
    """Return what happens about what stands. The portal removes nothing that it did not make."""
    if outlook.is_retiring:
        return _("The removal of the namespace was approved: nothing in it is put back any more.")
    if row.kind == DeviationKind.FOREIGN.value:
        return _who_does_something(outlook)
    if outlook.is_blocked:
        return _("It is not put back while the namespace is blocked.")
    if row.kind == DeviationKind.DELETED.value:
        return _("A worker makes it again, empty.")
    return _("A worker puts it back.")


def _who_does_something(outlook: _Outlook) -> str:
    """Return who can do what about an object of others, as far as that can be asked for now."""
    if outlook.can_change:
        return _(
            "Bulkhead leaves it alone: a lead can ask to have it removed, or a lead or platform "
            "admin can acknowledge it."
        )
    return _(
        "Bulkhead leaves it alone: a lead or platform admin can acknowledge it. Its removal can be "
        "asked for once the namespace has been read back and no other request for it is open."
    )


def removals_of(row: Request) -> list[ForeignObject]:
    """Return the objects of others that a request takes away. One query, none without any."""
    removes = load_plan(row.plan).removes
    if not removes or row.namespace is None:
        return []
    rows = row.namespace.deviations.filter(uid__in=[removal.uid for removal in removes])
    known = {one.uid: one for one in rows.order_by("id")}
    return [
        ForeignObject(
            label=f"{removal.kind} {removal.name}",
            by=known[removal.uid].by if removal.uid in known else "",
            is_there=removal.uid in known and known[removal.uid].ended_at is None,
        )
        for removal in removes
    ]


def unapproved_in(row: Request) -> list[ForeignObject]:
    """Return what stands in the request's namespace, is in no plan, and would stay. One query."""
    if row.namespace is None:
        return []
    goes = {removal.uid for removal in load_plan(row.plan).removes}
    return [
        ForeignObject(label=f"{one.object_kind} {one.object_name}", by=one.by)
        for one in standing_foreign(row.namespace)
        if one.uid not in goes
    ]
