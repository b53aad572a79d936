"""What is wrong with a cluster's facts: judged by the slots they will be filled into.

Whoever sets facts asks here first (the page of settings, the admin site, prepare_cluster), so that
a plan can always be rendered from what is stored.
"""

from collections.abc import Iterable, Iterator
from typing import cast

from onboarding.domain.catalogue import Catalogue
from onboarding.domain.facts import ClusterFacts, IngressFacts
from onboarding.domain.names import check_dns_label, check_group
from onboarding.domain.objects import Json
from onboarding.domain.parameters import PARTS, Parameter, check_value
from onboarding.domain.refusals import Violation
from onboarding.plan.build import private_ranges


def check_facts(
    facts: ClusterFacts, catalogue: Catalogue, *, groups: Iterable[str]
) -> tuple[Violation, ...]:
    """Return what keeps plans from being rendered with these facts; `groups` are the teams'."""
    return (
        *_slot(catalogue, "allow-dns", "dns_namespace", facts.dns_namespace),
        *_slot(catalogue, "allow-dns", "dns_labels", facts.dns_labels),
        *_ranges(facts, catalogue),
        *(one for group in groups for one in check_bound_group(facts.group_prefix, group)),
        *(one for source in facts.ingress.values() for one in check_source(source)),
    )


def check_source(source: IngressFacts) -> tuple[Violation, ...]:
    """Return what keeps an exposure to this ingress source from being rendered."""
    return (
        *(Violation("slug", words) for words in check_dns_label(source.slug)),
        *_part("namespace", source.namespace, "namespace"),
        *_part("pods", source.pod_labels, "pod_labels"),
    )


def check_bound_group(prefix: str, group: str) -> tuple[Violation, ...]:
    """Return what is wrong with the group a RoleBinding would name: the prefix, then the group."""
    return tuple(
        Violation("group_prefix", f"{prefix}{group}: {words}")
        for words in check_group(f"{prefix}{group}")
    )


def _ranges(facts: ClusterFacts, catalogue: Catalogue) -> Iterator[Violation]:
    problems = check_value(Parameter("cidrs"), [*facts.ranges])
    if problems:
        yield from (Violation("ranges", words) for words in problems)
    else:
        merged: list[Json] = [*private_ranges(facts.ranges)]
        yield from _slot(catalogue, "egress-internet", "private_ranges", merged, "ranges")


def _part(part: str, value: object, field: str) -> Iterator[Violation]:
    parameter = PARTS["ingress_source"][part]
    return (Violation(field, words) for words in check_value(parameter, cast("Json", value)))


def _slot(
    catalogue: Catalogue, template: str, slot: str, value: object, field: str = ""
) -> Iterator[Violation]:
    parameter = catalogue.templates[template].parameters[slot]
    return (
        Violation(field or slot, words) for words in check_value(parameter, cast("Json", value))
    )
