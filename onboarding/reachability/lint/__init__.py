"""Lint: what a person should know about policies that are valid and still not what was meant.

A world goes in, findings come out; `risk.py` weighs them. Each check stands beside the codes it
finds, each code explains itself by two examples that are tested; `docs/lint.md` is made of them.
"""

from collections.abc import Callable, Collection, Iterator

from onboarding.reachability.estate import Estate
from onboarding.reachability.lint import (
    blocks,
    emptiness,
    environments,
    opening,
    paths,
    ports,
    redundancy,
    shape,
)
from onboarding.reachability.lint.finding import Code, Finding, Severity
from onboarding.reachability.lint.scene import Conventions, Scene
from onboarding.reachability.model import Policy, World

__all__ = ["CODES", "Code", "Conventions", "Finding", "Severity", "check_world"]

_FAMILIES = (opening, blocks, emptiness, shape, ports, paths, environments, redundancy)
CODES: tuple[Code, ...] = tuple(
    sorted((code for family in _FAMILIES for code in family.CODES), key=lambda code: code.id)
)
_POLICY_CHECKS: tuple[Callable[[Scene, Policy], Iterator[Finding]], ...] = (
    opening.check_opening,
    blocks.check_blocks,
    emptiness.check_emptiness,
    shape.check_shape,
    ports.check_ports,
    paths.check_both_ends,
    redundancy.check_redundancy,
)
_NAMESPACE_CHECKS: tuple[Callable[[Scene, str], Iterator[Finding]], ...] = (
    emptiness.check_namespace_is_empty,
    paths.check_dns,
)


def check_world(
    world: World,
    *,
    estate: Estate | None = None,
    namespaces: Collection[str] | None = None,
    conventions: Conventions | None = None,
) -> tuple[Finding, ...]:
    """Return the findings of a world, worst first.

    With `namespaces`, only those about the policies of these and about paths across production's
    border that end in them. `estate` is the world's own where the caller has it already; without
    it one is made if paths between environments must be judged.
    """
    scene = Scene(world, conventions or Conventions())
    asked = scene.policies.keys() if namespaces is None else scene.policies.keys() & set(namespaces)
    found = [
        *(
            finding
            for name in asked
            for policy in scene.policies[name]
            for check in _POLICY_CHECKS
            for finding in check(scene, policy)
        ),
        *(
            finding
            for name in asked
            for check in _NAMESPACE_CHECKS
            for finding in check(scene, name)
        ),
        *environments.check_environments(scene, estate, namespaces),
    ]
    return tuple(sorted(found, key=_order))


def _order(finding: Finding) -> tuple[int, str, str, str, str]:
    place = str(finding.policy) if finding.policy else ""
    return finding.severity.rank, place, finding.code.id, finding.field, finding.message
