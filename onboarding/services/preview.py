"""What would happen: the plan of a wish, what it changes, who must agree, what it means in words.

Used on every keystroke of the form, on submit and on the decision page, so that all three show the
same thing. Reads the database, writes nothing, and knows no cluster.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from onboarding.domain.lanes import NeededLane
from onboarding.domain.refusals import Invalid
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.models import Cluster, Deviation, ManagedNamespace, Refresh, Suggestion, Team
from onboarding.plan.access import access_sentences
from onboarding.plan.approvals import lanes_for
from onboarding.plan.build import empty_plan
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.changes import ObjectChange, plan_changes
from onboarding.plan.found import found_plan
from onboarding.plan.model import Plan, Removal, load_plan
from onboarding.plan.pod_security import pod_security_sentences
from onboarding.plan.refresh import is_same_reach
from onboarding.queries.connectivity import Connectivity, picture_of_plans
from onboarding.queries.namespaces import found_uid, in_force
from onboarding.queries.rendering import render
from onboarding.queries.rules import shape_violations
from onboarding.reachability.sentences import sentences


@dataclass(frozen=True)
class NamespaceWish:
    """What somebody asks for. `namespace` is None when onboarding.

    `why` is the reason for this request; all but a new namespace need one to be sent.
    `confirms` is what was typed to lose what is in a namespace that is to be removed.
    `removes` are objects of others in the namespace that a change takes away.
    `refresh` is what it is a part of where many are rendered anew at once.
    `suggestion` is the member's that the request comes of.
    """

    kind: RequestKind
    spec: NamespaceSpec
    team: Team
    cluster: Cluster
    namespace: ManagedNamespace | None = None
    confirms: str = ""
    removes: tuple[Removal, ...] = ()
    refresh: Refresh | None = None
    why: str = ""
    suggestion: Suggestion | None = None


@dataclass(frozen=True)
class Preview:
    """What a wish would come to. Before onboarding there is neither a plan nor a spec."""

    plan: Plan
    before: Plan | None
    spec_before: NamespaceSpec | None
    changes: tuple[ObjectChange, ...]
    lanes: tuple[NeededLane, ...]
    sentences: tuple[str, ...]
    picture: Connectivity
    base_generation: int

    @property
    def moves_reach(self) -> bool:
        """Tell whether any path to or from the namespace opens or closes."""
        if self.before and is_same_reach(self.before, self.plan):
            return False
        return self.picture.moves

    def is_nothing_new(self, spec: NamespaceSpec) -> bool:
        """Tell whether `spec` is in force, and renders today to exactly what was approved."""
        return (
            spec == self.spec_before
            and not self.plan.removes
            and self.before is not None
            and replace(self.before, removes=()).digest == self.plan.digest
        )


def change_wish(
    namespace: ManagedNamespace,
    spec: NamespaceSpec,
    removes: tuple[Removal, ...] = (),
    *,
    why: str = "",
) -> NamespaceWish:
    """Return the wish to change a namespace to `spec`."""
    team, cluster = namespace.team, namespace.cluster
    return NamespaceWish(
        RequestKind.CHANGE, spec, team, cluster, namespace, removes=removes, why=why
    )


def removal_wish(
    namespace: ManagedNamespace, foreign: Iterable[Deviation], *, why: str = ""
) -> NamespaceWish:
    """Return the wish to take objects of others away and keep the rest. Raise Invalid for none."""
    revision = in_force(namespace)
    if revision is None:
        raise Invalid(f"{namespace.name} has nothing in force.")
    removes = tuple(Removal(row.object_kind, row.object_name, row.uid) for row in foreign)
    if not removes:
        raise Invalid("Choose what shall be removed.", field="finding")
    return change_wish(namespace, _by_today(revision.wanted), removes, why=why)


def retire_wish(namespace: ManagedNamespace, *, confirms: str = "", why: str = "") -> NamespaceWish:
    """Return the wish to remove a namespace. Raise Invalid if nothing was ever approved for it."""
    revision = in_force(namespace)
    if revision is None:
        raise Invalid(f"{namespace.name} has nothing in force.")
    team, cluster = namespace.team, namespace.cluster
    return NamespaceWish(
        RequestKind.RETIRE, revision.wanted, team, cluster, namespace, confirms, why=why
    )


def adopt_wish(namespace: ManagedNamespace, *, why: str = "") -> NamespaceWish:
    """Return the wish to take over what was found under the name, with the spec in force.

    Raise Invalid if nothing was ever approved for it.
    """
    revision = in_force(namespace)
    if revision is None:
        raise Invalid(f"{namespace.name} has nothing in force.")
    team, cluster = namespace.team, namespace.cluster
    spec = _by_today(revision.wanted)
    return NamespaceWish(RequestKind.ADOPT, spec, team, cluster, namespace, why=why)


def _by_today(spec: NamespaceSpec) -> NamespaceSpec:
    return load_catalogue().by_today(spec)


def preview(wish: NamespaceWish) -> Preview:
    """Return what the wish would do. Raise Invalid with everything that cannot be rendered."""
    catalogue = load_catalogue()
    revision = in_force(wish.namespace) if wish.namespace else None
    before = load_plan(revision.plan) if revision else None
    spec_before = revision.wanted if revision else None
    plan = _plan(wish)
    changes = plan_changes(before, plan)
    uid, seen = _on_the_cluster(wish, plan)
    picture = picture_of_plans(
        wish.cluster, wish.spec.name, before=seen or before, after=plan, uid=uid
    )
    lanes = lanes_for(
        wish.kind,
        wish.spec,
        changes,
        catalogue=catalogue,
        before=spec_before,
        risk=picture.risk,
        removes=plan.removes,
    )
    return Preview(
        plan=plan,
        before=before,
        spec_before=spec_before,
        changes=changes,
        lanes=lanes,
        sentences=(
            *sentences(plan.manifests()),
            *access_sentences(plan, catalogue),
            *pod_security_sentences(plan),
        ),
        picture=picture,
        base_generation=wish.namespace.generation if wish.namespace else 0,
    )


def _on_the_cluster(wish: NamespaceWish, plan: Plan) -> tuple[str, Plan | None]:
    """Return the uid of the namespace that is meant, and what was found in it instead, if known."""
    if wish.namespace is None:
        return "", None
    if wish.kind is RequestKind.ADOPT:
        return found_uid(wish.namespace), found_plan(wish.namespace.found, plan)
    return wish.namespace.uid, None


def _plan(wish: NamespaceWish) -> Plan:
    if wish.kind is RequestKind.RETIRE:
        return empty_plan(wish.cluster.name, wish.spec.name)
    teams, clusters = {wish.team.slug}, [wish.cluster]
    if violations := shape_violations(wish.spec, teams=teams, clusters=clusters):
        raise Invalid.of(violations)
    plan = render(wish.spec, team=wish.team, cluster=wish.cluster)
    return replace(plan, removes=wish.removes)
