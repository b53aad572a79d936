"""What would happen: the plan of a wish, what it changes, who must agree, what it means in words.

Used on every keystroke of the form, on submit and on the decision page, so that all three show the
same thing. Reads the database, writes nothing, and knows no cluster.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from onboarding.domain.lanes import NeededLane
from onboarding.domain.refusals import Invalid
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.models import Cluster, Deviation, ManagedNamespace, Team
from onboarding.plan.access import access_sentences
from onboarding.plan.approvals import lanes_for
from onboarding.plan.build import Ingredients, build_plan, empty_plan
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.changes import ObjectChange, plan_changes
from onboarding.plan.fill import BadParameter
from onboarding.plan.found import found_plan
from onboarding.plan.model import Plan, Removal, load_plan
from onboarding.queries.connectivity import Connectivity, picture_of_plans
from onboarding.queries.namespaces import found_uid, in_force
from onboarding.queries.rules import shape_violations
from onboarding.reachability.sentences import sentences


@dataclass(frozen=True)
class NamespaceWish:
    """What somebody asks for. `namespace` is None when onboarding.

    `confirms` is what was typed to lose what is in a namespace that is to be removed.
    `removes` are objects of others in the namespace that a change takes away.
    """

    kind: RequestKind
    spec: NamespaceSpec
    team: Team
    cluster: Cluster
    namespace: ManagedNamespace | None = None
    confirms: str = ""
    removes: tuple[Removal, ...] = ()


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


def change_wish(
    namespace: ManagedNamespace, spec: NamespaceSpec, removes: tuple[Removal, ...] = ()
) -> NamespaceWish:
    """Return the wish to change a namespace to `spec`."""
    team, cluster = namespace.team, namespace.cluster
    return NamespaceWish(RequestKind.CHANGE, spec, team, cluster, namespace, removes=removes)


def removal_wish(namespace: ManagedNamespace, foreign: Iterable[Deviation]) -> NamespaceWish:
    """Return the wish to take objects of others away and keep the rest. Raise Invalid for none."""
    revision = in_force(namespace)
    if revision is None:
        raise Invalid(f"{namespace.name} has nothing in force.")
    removes = tuple(Removal(row.object_kind, row.object_name, row.uid) for row in foreign)
    if not removes:
        raise Invalid("Choose what shall be removed.", field="finding")
    return change_wish(namespace, revision.wanted, removes)


def retire_wish(namespace: ManagedNamespace, *, confirms: str = "") -> NamespaceWish:
    """Return the wish to remove a namespace. Raise Invalid if nothing was ever approved for it."""
    revision = in_force(namespace)
    if revision is None:
        raise Invalid(f"{namespace.name} has nothing in force.")
    wanted = revision.wanted
    return NamespaceWish(
        RequestKind.RETIRE, wanted, namespace.team, namespace.cluster, namespace, confirms
    )


def adopt_wish(namespace: ManagedNamespace) -> NamespaceWish:
    """Return the wish to take over what was found under the name, with the spec in force.

    Raise Invalid if nothing was ever approved for it.
    """
    revision = in_force(namespace)
    if revision is None:
        raise Invalid(f"{namespace.name} has nothing in force.")
    wanted = revision.wanted
    return NamespaceWish(RequestKind.ADOPT, wanted, namespace.team, namespace.cluster, namespace)


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
        sentences=(*sentences(plan.manifests()), *access_sentences(plan, catalogue)),
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
    ingredients = Ingredients(
        catalogue=load_catalogue(),
        facts=wish.cluster.known_facts(),
        access_group=wish.team.access_group,
    )
    try:
        return replace(build_plan(wish.spec, ingredients), removes=wish.removes)
    except BadParameter as error:  # what is left is the platform's: facts, or the team's group
        raise Invalid(
            f"No plan can be made with what is set for cluster {wish.cluster.name} and team "
            f"{wish.team.slug}: {error} Ask a platform admin to correct it."
        ) from error
