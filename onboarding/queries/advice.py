"""What would open a blocked path: what the catalogue offers, tried out one after the other.

For the connectivity page. Each thing a team could ask for is rendered into the very policies it
would bring and the question asked again, so an advice is never a guess. Least is tried first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from onboarding.domain.facts import IngressFacts
from onboarding.domain.objects import Json, Manifest
from onboarding.domain.openings import EXPOSURE, instead_of, is_same_way, ports_of
from onboarding.domain.spec import MAX_PORTS, NamespaceSpec, Scope
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
    would allow it, e.g. `allow-dns@1`.
    """

    labels: tuple[tuple[str, str], ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    templates: tuple[str, ...] = ()


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
            return Advice(
                labels=tuple(sorted(attempt.labels.items())),
                answers=attempt.answers,
                templates=_templates(case, verdict),
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
            spec, ports = _exposed(case, source, component or SOME_COMPONENT)
            if len(ports) <= MAX_PORTS:
                yield _Try(
                    spec,
                    {
                        "ingress": source.slug,
                        "component": component or SOME_COMPONENT,
                        "ports": ", ".join(map(str, ports)),
                    },
                    {} if component else {COMPONENT: SOME_COMPONENT},
                )


def _exposed(
    case: _Case, source: IngressFacts, component: str
) -> tuple[NamespaceSpec, tuple[int, ...]]:
    """Return the wish with one more port of an exposure in force, or one exposure more."""
    values: Manifest = {"source": source.slug, "component": component}
    ports: list[Json] = [case.reply.question.port]
    catalogue, openings = case.ingredients.catalogue, case.spec.openings
    new = catalogue.opening(EXPOSURE, f"{source.slug}-{component}", **values, ports=ports)
    old = next((one for one in openings if is_same_way(one, new)), None)
    if old is None:
        return case.spec.changed(openings=(*openings, new)), ports_of(new)
    ports = [*dict.fromkeys((*ports_of(old), *ports))]
    wider = replace(old, values={**old.values, "ports": ports})
    wished = tuple(wider if one is old else one for one in openings)
    return case.spec.changed(openings=wished), ports_of(wider)


def _egress(case: _Case) -> Iterator[_Try]:
    if case.reply.question.source.namespace != case.own:
        return
    catalogue = case.ingredients.catalogue
    templates = {choice.template for choice in catalogue.egress.values() if choice.template}
    for slug, choice in catalogue.egress.items():
        wanted = catalogue.opening(choice.template, slug) if choice.template else None
        spec = instead_of(case.spec, templates, wanted)
        if spec != case.spec:
            yield _Try(spec, {"egress": slug})


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
