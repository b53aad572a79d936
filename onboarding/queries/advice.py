"""What would open a blocked path: what the catalogue offers, tried out one after the other.

For the connectivity page. Each thing a team could ask for is rendered into the very policies it
would bring and the question asked again, so an advice is never a guess. Least is tried first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from onboarding.domain.facts import IngressFacts
from onboarding.domain.spec import MAX_PORTS, Exposure, NamespaceSpec, Scope
from onboarding.models import ManagedNamespace
from onboarding.plan.build import Ingredients, build_plan
from onboarding.plan.fill import BadParameter
from onboarding.plan.model import Plan
from onboarding.queries.connectivity import policies_of
from onboarding.queries.namespaces import in_force
from onboarding.queries.paths import Pair, Reply, verdict_of
from onboarding.queries.rendering import ingredients_of
from onboarding.reachability.model import Pod, Protocol, Verdict, World

# The label by which an exposure chooses the pods that serve, and a value where they have none.
COMPONENT, SOME_COMPONENT = "app", "web"


@dataclass(frozen=True)
class Advice:
    """How the path could be opened.

    `labels` are to be put on the namespace's own pods, `answers` to be asked for: fields of the
    change form. Neither: what was approved allows it already. `templates` hold the rules that
    would allow it, e.g. `allow-dns@1`. `replaces` is an exposure that would go.
    """

    labels: tuple[tuple[str, str], ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    templates: tuple[str, ...] = ()
    replaces: Exposure | None = None


@dataclass(frozen=True)
class _Try:
    """One thing to try: the wish, what is asked for in it, and labels its pods would need."""

    spec: NamespaceSpec
    answers: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Case:
    """A blocked pair, seen from the namespace whose wish may change."""

    reply: Reply
    pair: Pair
    own: str
    spec: NamespaceSpec
    ingredients: Ingredients

    @property
    def is_inside(self) -> bool:
        """Tell whether both ends are in the namespace."""
        question = self.reply.question
        return question.source.namespace == question.destination.namespace


def advise(namespace: ManagedNamespace, reply: Reply) -> Advice | None:
    """Return what would open the path, None where nothing that can be asked for does.

    Three queries, whatever is tried.
    """
    revision = in_force(namespace)
    if revision is None:
        return None
    ingredients = ingredients_of(namespace.team, namespace.cluster)
    for pair in reply.pairs:  # at most MOST_TOLD of them are blocked
        if not pair.verdict.allowed:
            case = _Case(reply, pair, namespace.name, revision.wanted, ingredients)
            if found := _first_that_opens(case):
                return found
    return None


def _first_that_opens(case: _Case) -> Advice | None:
    for attempt in _attempts(case):
        verdict = _verdict(case, attempt)
        if verdict and verdict.allowed:
            old = case.spec.exposure
            is_other = "ingress" in attempt.answers and old and not _extends(attempt.spec, old)
            return Advice(
                labels=tuple(sorted(attempt.labels.items())),
                answers=attempt.answers,
                templates=_templates(case, verdict),
                replaces=old if is_other else None,
            )
    return None


def _attempts(case: _Case) -> Iterator[_Try]:
    """Yield what can be tried: as approved, labels alone, requests alone, then both."""
    as_approved = _Try(case.spec)
    wishes = [as_approved, *_exposures(case), *_egress(case), *_scope(case)]
    project = {"project": case.spec.project} if case.spec.scope is Scope.PROJECT else {}
    yield as_approved
    yield replace(as_approved, labels=project)
    yield from wishes[1:]
    for wish in wishes[1:]:
        yield replace(wish, labels={**wish.labels, **project})


def _exposures(case: _Case) -> Iterator[_Try]:
    """Yield an exposure to each ingress source that lives where the traffic comes from."""
    question, taker = case.reply.question, case.pair.destination
    if not taker or taker.namespace != case.own or question.protocol is not Protocol.TCP:
        return
    component = taker.labels.get(COMPONENT, "")
    for source in case.ingredients.facts.ingress.values():
        if source.namespace == question.source.namespace:
            wanted = _exposure(case, source, component or SOME_COMPONENT)
            if len(wanted.ports) <= MAX_PORTS:
                yield _Try(
                    case.spec.changed(exposure=wanted),
                    {
                        "ingress": source.slug,
                        "component": wanted.component,
                        "ports": ", ".join(str(port) for port in wanted.ports),
                    },
                    {} if component else {COMPONENT: SOME_COMPONENT},
                )


def _exposure(case: _Case, source: IngressFacts, component: str) -> Exposure:
    """Return the exposure in force with one more port, or one of its own."""
    port, old = case.reply.question.port, case.spec.exposure
    if old and (old.source, old.component) == (source.slug, component):
        return replace(old, ports=tuple(dict.fromkeys((*old.ports, port))))
    return Exposure(source.slug, component, (port,))


def _extends(spec: NamespaceSpec, old: Exposure) -> bool:
    new = spec.exposure
    return bool(new and (new.source, new.component) == (old.source, old.component))


def _egress(case: _Case) -> Iterator[_Try]:
    if case.reply.question.source.namespace == case.own:
        for slug in case.ingredients.catalogue.egress:
            if slug != case.spec.egress:
                yield _Try(case.spec.changed(egress=slug), {"egress": slug})


def _scope(case: _Case) -> Iterator[_Try]:
    if case.is_inside and case.spec.scope is Scope.PROJECT:
        everybody = Scope.NAMESPACE
        yield _Try(case.spec.changed(scope=everybody), {"scope": everybody.value})


def _verdict(case: _Case, attempt: _Try) -> Verdict | None:
    """Ask again with the attempt's policies; None where the catalogue refuses to render it."""
    try:
        plan = build_plan(attempt.spec, case.ingredients)
    except (BadParameter, KeyError):
        return None
    source, taker = (
        _labelled(pod, case.own, attempt.labels)
        for pod in (case.pair.source, case.pair.destination)
    )
    world = _world(case, plan, [pod for pod in (source, taker) if pod])
    return verdict_of(case.reply.question, world, source, taker)


def _labelled(pod: Pod | None, own: str, labels: Mapping[str, str]) -> Pod | None:
    if pod is None or pod.namespace != own:
        return pod
    return replace(pod, labels={**pod.labels, **labels})


def _world(case: _Case, plan: Plan, pods: list[Pod]) -> World:
    """Return the small world with the plan's policies beside those that are there.

    Policies only add up, so what the plan would replace need not be taken out.
    """
    world = case.reply.world
    return replace(world, policies=(*world.policies, *policies_of(plan)), pods=tuple(pods))


def _templates(case: _Case, verdict: Verdict) -> tuple[str, ...]:
    """Return the templates of the namespace's own rules that would allow it."""
    rules = (rule.policy for side in (verdict.egress, verdict.ingress) for rule in side.allowing)
    found = (policy.template for policy in rules if policy.namespace == case.own)
    return tuple(dict.fromkeys(template for template in found if template))
