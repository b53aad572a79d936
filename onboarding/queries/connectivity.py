"""Who can talk to a namespace: what was observed on its cluster, with plans put in its place.

Used by the preview, the decision page and the Connectivity page, so that all three say the same.
Reads the database and memory; what it shows of a cluster is what workers last observed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from onboarding.domain.facts import ClusterFacts
from onboarding.domain.lifecycle import ENDED
from onboarding.domain.objects import branch
from onboarding.domain.risk import Risk
from onboarding.models import Cluster, ManagedNamespace
from onboarding.plan.build import private_ranges
from onboarding.plan.compare import is_reserved
from onboarding.plan.model import Plan, load_plan
from onboarding.queries.namespaces import in_force
from onboarding.queries.observed import ObservedWorld, observed_world
from onboarding.reachability.assume import assumed_pod, with_assumed_pods
from onboarding.reachability.estate import Estate
from onboarding.reachability.folding import compare, fold
from onboarding.reachability.lint import Conventions, Finding, check_world
from onboarding.reachability.model import ForeignPolicy, Labels, Policy, Selector, World
from onboarding.reachability.neighbourhood import Change, Neighbourhood
from onboarding.reachability.policies import read_policy
from onboarding.reachability.risk import reasons_for, risk_of


@dataclass(frozen=True)
class Connectivity:
    """A namespace's connectivity, and what is to be said about it.

    `findings` are all of the state shown, `introduced` those that were not there before; `risk` is
    theirs. `seen_at` is None where the cluster was never observed: then only its ingress sources,
    its DNS and the namespace itself are known. `is_intended` tells that what was approved is shown,
    because no observation is as new.
    """

    neighbourhood: Neighbourhood
    estate: Estate
    findings: tuple[Finding, ...]
    introduced: tuple[Finding, ...]
    seen_at: datetime | None
    trouble: str
    foreign: tuple[ForeignPolicy, ...]
    is_intended: bool = False

    @property
    def risk(self) -> Risk:
        """Return the risk of what is new."""
        return risk_of(self.introduced)

    @property
    def moves(self) -> bool:
        """Tell whether any path opens or closes."""
        return any(line.change is not Change.SAME for line in self.neighbourhood.lines)

    @property
    def risk_reasons(self) -> tuple[str, ...]:
        """Return what makes the risk what it is."""
        return reasons_for(self.introduced)


def picture_of_plans(
    cluster: Cluster,
    namespace: str,
    *,
    before: Plan | None,
    after: Plan | None,
    uid: str = "",
    worlds: Mapping[int, ObservedWorld] | None = None,
) -> Connectivity:
    """Return what a request changes. None: the namespace is not there. Raise ValueError for two.

    `uid` is that of the portal's own namespace; what was seen of any other of the name is left out.
    `worlds` are what was seen, by cluster, where many are asked. Three queries at most.
    """
    seen = observed_world(cluster) if worlds is None else worlds.get(cluster.pk)
    facts = cluster.known_facts()
    before = before.without_removals() if before else None  # they happened before the last look
    outside = _outside(namespace, _surroundings(seen, facts), is_own=_is_own(seen, namespace, uid))
    old, new = _estates(
        namespace, *(_with_plan(outside, namespace, plan) for plan in (before, after)), facts=facts
    )
    found_before, found = (_findings(one, namespace, facts) for one in (old, new))
    return Connectivity(
        neighbourhood=compare(namespace, old, new),
        estate=new or cast("Estate", old),
        findings=found,
        introduced=tuple(finding for finding in found if finding not in found_before),
        seen_at=seen.seen_at if seen else None,
        trouble=seen.trouble if seen else "",
        foreign=outside.foreign,
    )


def picture_of_namespace(row: ManagedNamespace) -> Connectivity | None:
    """Return a managed namespace as it was observed; None where it was not seen on the cluster.

    Where what is in force was approved after the last look, that is shown instead.
    """
    if row.state in ENDED:
        return None
    seen, facts = observed_world(row.cluster), row.cluster.known_facts()
    world, revision = _surroundings(seen, facts), in_force(row)
    is_own = _is_own(seen, row.name, row.uid)
    is_intended = revision is not None and (seen is None or revision.created_at > seen.seen_at)
    if revision and is_intended:
        plan = load_plan(revision.plan)
        world = _with_plan(_outside(row.name, world, is_own=is_own), row.name, plan) or world
    elif not is_own:
        return None
    estate = Estate(with_assumed_pods(world, only={row.name}), boundaries=_boundaries(facts))
    found = _findings(estate, row.name, facts)
    return Connectivity(
        neighbourhood=fold(row.name, estate),
        estate=estate,
        findings=found,
        introduced=found,
        seen_at=seen.seen_at if seen else None,
        trouble=seen.trouble if seen else "",
        foreign=world.foreign,
        is_intended=is_intended,
    )


def _is_own(seen: ObservedWorld | None, namespace: str, uid: str) -> bool:
    """Tell whether the namespace that was seen under the name is the portal's."""
    return seen is not None and bool(uid) and seen.uids.get(namespace) == uid


def _surroundings(seen: ObservedWorld | None, facts: ClusterFacts) -> World:
    """Return the cluster as observed, or the little that is known of one never observed.

    The cluster's DNS and its ingress sources are in it before they run: people ask about them.
    """
    world = seen.world if seen else World({}, pod_ranges=facts.ranges)
    known = [(facts.dns_namespace, facts.dns_labels)]
    known += [(source.namespace, source.pod_labels) for source in facts.ingress.values()]
    there = {namespace: world.namespaces.get(namespace, {}) for namespace, _ in known}
    missing = (assumed_pod(*one) for one in known if not _has_pod(world, *one))
    return replace(world, namespaces={**world.namespaces, **there}, pods=(*world.pods, *missing))


def _has_pod(world: World, namespace: str, labels: Labels) -> bool:
    return any(
        pod.namespace == namespace and labels.items() <= pod.labels.items() for pod in world.pods
    )


def _outside(namespace: str, world: World, *, is_own: bool) -> World:
    """Return the world as it is but for what a plan says about one namespace.

    Of the portal's own namespace stays what no plan takes away: pods, policies of others, labels of
    others. A stranger's of the same name is not for whoever asks for the name to look into.
    """
    labels = world.namespaces.get(namespace, {}) if is_own else {}
    foreign = {key: value for key, value in labels.items() if not is_reserved(key)}
    return replace(
        world,
        namespaces={**world.namespaces, namespace: foreign},
        pods=tuple(one for one in world.pods if is_own or one.namespace != namespace),
        policies=tuple(
            one
            for one in world.policies
            if one.ref.namespace != namespace or (is_own and not one.ref.template)
        ),
    )


def _with_plan(outside: World, namespace: str, plan: Plan | None) -> World | None:
    """Return the world with a plan's namespace in it, or None where the plan wants none."""
    if plan is None or not plan.wants_namespace:
        return None
    labels = {
        key: str(value)
        for planned in plan.objects
        if planned.key.kind == "Namespace"
        for key, value in branch(planned.manifest, "metadata", "labels").items()
    }
    return replace(
        outside,
        namespaces={**outside.namespaces, namespace: {**outside.namespaces[namespace], **labels}},
        policies=(*_kept(outside, plan), *policies_of(plan)),
    )


def _kept(outside: World, plan: Plan) -> tuple[Policy, ...]:
    """Return the policies that a plan leaves: all but those of others that it takes away."""
    goes = {removal.name for removal in plan.removes if removal.kind == "NetworkPolicy"}
    return tuple(
        one
        for one in outside.policies
        if one.ref.namespace != plan.namespace or one.ref.name not in goes
    )


def policies_of(plan: Plan) -> tuple[Policy, ...]:
    """Return the policies among a plan's objects."""
    return tuple(
        read_policy(planned.manifest)
        for planned in plan.objects
        if planned.key.kind == "NetworkPolicy"
    )


def _estates(
    namespace: str, *worlds: World | None, facts: ClusterFacts
) -> tuple[Estate | None, Estate | None]:
    """Return the estates of two worlds over one layout, with the pods either of them speaks of."""
    known = [world for world in worlds if world]
    if not known:
        raise ValueError("A namespace that neither is nor shall be has no picture.")
    populated = known[-1]
    for world in known:
        populated = with_assumed_pods(replace(world, pods=populated.pods), only={namespace})
    known = [replace(world, pods=populated.pods) for world in known]
    estate = Estate(known[-1], beside=known[:-1], boundaries=_boundaries(facts))
    older = Estate(known[0], beside=known[1:], layout=estate.layout) if len(known) > 1 else estate
    return (older if worlds[0] else None), (estate if worlds[1] else None)


def _boundaries(facts: ClusterFacts) -> tuple[str, ...]:
    """Return what cuts the outside, so that public addresses always have a line of their own."""
    return private_ranges(facts.ranges)


def _findings(estate: Estate | None, namespace: str, facts: ClusterFacts) -> tuple[Finding, ...]:
    if estate is None:
        return ()
    dns = (facts.dns_namespace, Selector(tuple(sorted(facts.dns_labels.items()))))
    return check_world(
        estate.world, estate=estate, namespaces={namespace}, conventions=Conventions(dns=dns)
    )
