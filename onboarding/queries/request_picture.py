"""What a request does to who can talk to whom, as its page shows it and a decision keeps it.

The plans it is between, the picture of them today, and that picture as plain facts (`Shown`). What
was kept with decisions is read here too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from onboarding.domain.objects import Manifest
from onboarding.domain.spec import RequestKind
from onboarding.models import Decision, DecisionPicture, Request, Revision
from onboarding.plan.baseline import is_baseline
from onboarding.plan.found import found_plan
from onboarding.plan.model import Plan, load_plan
from onboarding.queries.connectivity import Connectivity, picture_of_plans
from onboarding.queries.namespaces import is_asked_for
from onboarding.queries.observed import observed_worlds
from onboarding.reachability.lint import Conventions
from onboarding.reachability.lint.emptiness import PEER_SELECTS_NOTHING, POLICY_SELECTS_NOTHING
from onboarding.reachability.lint.environments import MIXED_ENVIRONMENTS
from onboarding.reachability.neighbourhood import Change, Line
from onboarding.reachability.shown import Shown, ShownFinding, ShownLine

_CONVENTIONS = Conventions()
# Nothing runs in a namespace that is not there yet: that says nothing about its policies.
_OF_EMPTY_ONES = frozenset({POLICY_SELECTS_NOTHING.id, PEER_SELECTS_NOTHING.id})


@dataclass(frozen=True)
class RequestPlans:
    """What a request is between: what holds, or was found instead of it, and what it wants."""

    revision: Revision | None
    before: Plan | None
    found: Plan | None
    wanted: Plan
    uid: str

    @property
    def from_now(self) -> Plan | None:
        """Return what paths are compared with: what stands on the cluster, if that is known."""
        return self.found or self.before


@dataclass(frozen=True)
class KeptPicture:
    """What an approver was shown, as it was kept with the decision."""

    decision: Decision
    kept: Manifest


def plans_of_request(row: Request) -> RequestPlans:
    """Return what a request is between. One query at most."""
    return _plans(row, _revision_before(row))


def _plans(row: Request, revision: Revision | None) -> RequestPlans:
    wanted = load_plan(row.plan)
    uid, found = _on_the_cluster(row, wanted)
    before = load_plan(revision.plan) if revision else None
    return RequestPlans(revision, before, found, wanted, uid)


def newest_found(row: Request) -> Manifest | None:
    """Return what was found of what a request names: as seen last, else as it was when sent."""
    namespace = row.namespace
    if namespace and is_asked_for(namespace, row.adopted_uid):
        return namespace.found
    return row.found


def picture_of_request(row: Request, plans: RequestPlans | None = None) -> Shown:
    """Return what the page of a request shows today. Four queries at most, three with `plans`."""
    known = plans or plans_of_request(row)
    seen = picture_of_plans(
        row.cluster, row.name, before=known.from_now, after=known.wanted, uid=known.uid
    )
    return shown_of(seen)


def pictures_of(
    rows: Sequence[Request], before: Mapping[int, Revision]
) -> Iterator[tuple[Request, Shown]]:
    """Yield each request with what its page shows today; `before` is what each was made against.

    Two queries, however many there are, and one for each cluster whose picture is not in memory.
    Each takes its time to work out, so whoever asks may stop.
    """
    prefetch_related_objects([*rows], "cluster__ingress_sources")
    worlds = observed_worlds(row.cluster for row in rows)
    for row in rows:
        known = _plans(row, before.get(row.pk))
        seen = picture_of_plans(
            row.cluster,
            row.name,
            before=known.from_now,
            after=known.wanted,
            uid=known.uid,
            worlds=worlds,
        )
        yield row, shown_of(seen)


def pictures_kept(row: Request) -> list[KeptPicture]:
    """Return what was shown to those whose decisions of a request stand, newest first. One query.

    None for decisions of earlier releases, and for those taken on many requests at once.
    """
    rows = DecisionPicture.objects.filter(
        decision__request=row, decision__voided_at__isnull=True
    ).select_related("decision", "decision__person")
    return [KeptPicture(one.decision, one.shown) for one in rows.order_by("-id")]


def shown_of(picture: Connectivity) -> Shown:
    """Return a picture as the facts that are shown, kept and compared."""
    hood = picture.neighbourhood
    lines = tuple(ShownLine(line, _is_baseline(line, hood.namespace)) for line in hood.lines)
    is_new = all(line.before is None for line in hood.lines)
    opened = {name for one in lines if one.moves for name in one.line.peer.namespaces}
    return Shown(
        namespace=hood.namespace,
        lines=lines,
        findings=tuple(_findings(picture, is_new=is_new)),
        gaining=tuple(name for name in hood.gaining if name in opened),
        losing=hood.losing,
        risk=picture.risk,
        risk_reasons=picture.risk_reasons,
        seen_at=picture.seen_at,
        trouble=picture.trouble,
        foreign=tuple(str(one) for one in picture.foreign),
    )


def across_production(picture: Connectivity) -> frozenset[str]:
    """Return the namespaces on the other side of production's border."""
    label, production = _CONVENTIONS.environment_label, _CONVENTIONS.production
    kinds = {
        name: labels[label] in production
        for name, labels in picture.estate.world.namespaces.items()
        if label in labels
    }
    own = kinds.get(picture.neighbourhood.namespace)
    return frozenset(name for name, kind in kinds.items() if own is not None and kind != own)


def _revision_before(row: Request) -> Revision | None:
    if row.namespace_id is None or row.base_generation == 0:
        return None
    return Revision.objects.filter(namespace=row.namespace_id, number=row.base_generation).first()


def _on_the_cluster(row: Request, wanted: Plan) -> tuple[str, Plan | None]:
    """Return the uid of the namespace that is meant, and what was found in it instead, if known."""
    if row.kind != RequestKind.ADOPT:
        return row.namespace.uid if row.namespace else "", None
    return row.adopted_uid or "", found_plan(newest_found(row), wanted)


def _is_baseline(line: Line, namespace: str) -> bool:
    """Tell whether a line of a new namespace is opened by what every namespace gets, and only so.

    The rules of the other end are somebody else's: they open nothing by themselves.
    """
    if line.before is not None or line.change is not Change.OPENS:
        return False
    rules = {rule for opening in line.answer.openings for rule in opening.rules}
    own = {rule.policy.template for rule in rules if rule.policy.namespace == namespace}
    return bool(own) and all(is_baseline(template) for template in own)


def _findings(picture: Connectivity, *, is_new: bool) -> list[ShownFinding]:
    """Return the findings; of a new namespace all, unmarked, but for what is said of every one."""
    across = across_production(picture)
    return [
        ShownFinding(
            finding,
            is_new=not is_new and finding in picture.introduced,
            beyond=across if finding.code is MIXED_ENVIRONMENTS else None,
        )
        for finding in picture.findings
        if not (is_new and finding.code.id in _OF_EMPTY_ONES)
    ]
