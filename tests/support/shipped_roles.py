"""Who may do what by the roles in deploy/cluster, evaluated the way RBAC does."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import yaml

from onboarding.domain.objects import Manifest, branch, items, text

FOLDER = Path(__file__).parents[2] / "deploy" / "cluster"


@cache
def rules_of(role: str) -> tuple[Manifest, ...]:
    """Return the rules of a shipped role by name, aggregation included; () for any other role."""
    roles = [tree for tree in _manifests() if tree["kind"] in ("ClusterRole", "Role")]
    found: list[Manifest] = []
    for tree in roles:
        if text(tree, "metadata", "name") == role:
            found += items(tree, "rules")
            for selector in items(tree, "aggregationRule", "clusterRoleSelectors"):
                found += _aggregated(roles, branch(selector, "matchLabels"))
    return tuple(found)


def allows(rules: Iterable[Manifest], *, verb: str, resource: str, name: str = "") -> bool:
    """Tell whether any rule covers it; `resource` reads like `deployments.apps/scale`."""
    whole, _, subresource = resource.partition("/")
    plural, _, group = whole.partition(".")
    asked = f"{plural}/{subresource}" if subresource else plural
    return any(
        _covers(rule, "verbs", verb)
        and _covers(rule, "apiGroups", group)
        and _covers(rule, "resources", asked)
        and (not rule.get("resourceNames") or _covers(rule, "resourceNames", name))
        for rule in rules
    )


def shipped_of(kind: str) -> list[Manifest]:
    """Return every shipped object of a kind."""
    return [tree for tree in _manifests() if tree["kind"] == kind]


@cache
def _manifests() -> tuple[Manifest, ...]:
    return tuple(
        tree
        for path in sorted(FOLDER.glob("*.yaml"))
        for tree in yaml.safe_load_all(path.read_text())
    )


def _aggregated(roles: list[Manifest], labels: Manifest) -> list[Manifest]:
    return [
        rule
        for tree in roles
        if labels.items() <= branch(tree, "metadata", "labels").items()
        for rule in items(tree, "rules")
    ]


def _covers(rule: Manifest, part: str, wanted: str) -> bool:
    values = rule.get(part)
    return isinstance(values, list) and (wanted in values or "*" in values)
