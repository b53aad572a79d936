"""Compare what guards a cluster with what is shipped: admission policies, and what teams may do.

Read by workers at every look. Whoever administers a cluster can take its guards away; nothing on
the cluster says so, and no other reading of the portal would look different.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from onboarding.cluster.errors import AccessDenied, ClusterError
from onboarding.cluster.installation import differences
from onboarding.cluster.kinds import KINDS
from onboarding.cluster.verbs import ClusterGateway
from onboarding.domain.objects import Key, Manifest, branch, items, key_of, text

GUARD_KINDS = (
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
)
TEAM_ROLES = ("bulkhead:developer", "bulkhead:shell", "bulkhead:viewer")
NAMED_AT_MOST = 5
_GROUP = "admissionregistration.k8s.io"
_ANY = ("",)


@dataclass(frozen=True)
class GuardReading:
    """What one look found of the guards. `unread` says why it could not be known, "" if it was."""

    findings: tuple[str, ...] = ()
    unread: str = ""


def read_guards(portal: ClusterGateway, manifests: Sequence[Manifest]) -> GuardReading:
    """Return everything that is missing or not as shipped, in words. Raise what a list raises."""
    try:
        return GuardReading(
            (*_changed_policies(portal, manifests), *_widened_roles(portal, manifests))
        )
    except AccessDenied as error:
        return GuardReading(unread=str(error))


def _changed_policies(portal: ClusterGateway, manifests: Sequence[Manifest]) -> Iterator[str]:
    for kind in GUARD_KINDS:
        shipped = [manifest for manifest in manifests if text(manifest, "kind") == kind]
        live = _live(portal, kind) if shipped else {}
        if live is None:
            yield f"the API server does not serve {kind} {KINDS[kind].version}: it is too old"
            continue
        for wanted in shipped:
            yield from _finding(wanted, live.get(key_of(wanted)))


def _live(portal: ClusterGateway, kind: str) -> dict[Key, Manifest] | None:
    """Return every object of a kind, or None where the server says that it has no such kind."""
    try:
        return {key_of(one): one for one in portal.list(kind)}
    except ClusterError as error:
        # Anything in front of a server answers 404 too, so what it serves is asked for.
        if error.status == 404 and kind not in portal.served_kinds([_GROUP]).get(_GROUP, ()):
            return None
        raise


def _finding(wanted: Manifest, live: Manifest | None) -> Iterator[str]:
    if live is None:
        yield f"{key_of(wanted)} is missing"
        return
    # Labels of the object itself decide nothing.
    changed = [path for path in differences(wanted, live) if not path.startswith("metadata.")]
    if changed:
        yield f"{key_of(wanted)} is not as shipped: {_some(changed)}"


def _widened_roles(portal: ClusterGateway, manifests: Sequence[Manifest]) -> Iterator[str]:
    """Yield the roles that give teams more than is shipped, by aggregation or by themselves."""
    roles = [manifest for manifest in manifests if text(manifest, "kind") == "ClusterRole"]
    for name in TEAM_ROLES:
        key = Key("ClusterRole", "", name)
        shipped = _given(_rules_of(name, roles))
        more = sorted(_given(items(portal.get(key) or {}, "rules")) - shipped)
        if more:
            yield f"{key} gives more than is shipped: {_some(more)}"


def _rules_of(name: str, roles: Sequence[Manifest]) -> list[Manifest]:
    """Return the rules of a shipped role, with those it collects from others."""
    rules: list[Manifest] = []
    for role in roles:
        if text(role, "metadata", "name") != name:
            continue
        rules += items(role, "rules")
        for selector in items(role, "aggregationRule", "clusterRoleSelectors"):
            wanted = branch(selector, "matchLabels")
            chosen = [o for o in roles if wanted.items() <= branch(o, "metadata", "labels").items()]
            rules += [rule for other in chosen for rule in items(other, "rules")]
    return rules


def _given(rules: Sequence[Manifest]) -> set[str]:
    """Return every single right of the rules, e.g. `create pods/exec` or `get deployments.apps`."""
    return {
        f"{verb} {resource}{f'.{group}' if group else ''}{f' {name}' if name else ''}"
        for rule in rules
        for verb in _strings(rule, "verbs")
        for group in _strings(rule, "apiGroups") or _ANY
        for resource in (*_strings(rule, "resources"), *_strings(rule, "nonResourceURLs"))
        for name in _strings(rule, "resourceNames") or _ANY
    }


def _strings(tree: Manifest, part: str) -> tuple[str, ...]:
    values = tree.get(part)
    return tuple(v for v in values if isinstance(v, str)) if isinstance(values, list) else ()


def _some(words: Sequence[str]) -> str:
    left = len(words) - NAMED_AT_MOST
    return ", ".join(words[:NAMED_AT_MOST]) + (f" and {left} more" if left > 0 else "")
