"""A cluster in memory, for tests of services. It passes the same contract tests as the real one.

Beside the gateway's verbs it has levers: fail on demand, act behind the portal's back, and tell
what was asked of it.
"""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from onboarding.cluster import gateway
from onboarding.cluster.errors import (
    AccessDenied,
    AlreadyExists,
    ClusterError,
    ObjectMissing,
    Refused,
    ServerFault,
    TooLarge,
    WriteConflict,
)
from onboarding.cluster.guards import GUARD_KINDS, TEAM_ROLES
from onboarding.cluster.kinds import KINDS
from onboarding.cluster.paging import Allowance, PageWalk
from onboarding.cluster.server_time import MintedToken
from onboarding.cluster.verbs import ClusterGateway, Manifests
from onboarding.domain.objects import Json, Key, Manifest, branch, copied, items, key_of, text
from tests.support.field_ownership import applied, changed_paths, owned_paths, recorded
from tests.support.shipped_roles import allows, rules_of, shipped_of
from tests.support.stored_form import stored

WRITES = frozenset(
    {"create", "apply", "cut", "delete", "delete_collection", "lift_gate"}
)  # of plans
_MANAGED = "bulkhead.dev/managed"
_Interruption: TypeAlias = tuple[str, Callable[[Key], bool], Callable[[], object]]
_RBAC_VERBS = {
    "apply": "patch",
    "continue": "list",
    "delete_collection": "deletecollection",
    "lift_gate": "patch",
    "unscheduled_pods": "list",
}


class FakeCluster(ClusterGateway):
    """A cluster prepared for the portal, and the portal's gateway to it in one."""

    def __init__(self, *, lingering: bool = False) -> None:
        """With `lingering`, deleted namespaces stay Terminating until `finish_deletions()`.

        `loopholes` and `withheld` hold (verb, resource) pairs, written as for `review_access`:
        what everybody may do beside the shipped roles, and what the portal may not in spite of
        them. `groups` are the API groups others installed, with their kinds. `rewrites` edit an
        object in place each time it is stored, as a mutating admission policy does. `system` holds
        the namespaces of Kubernetes and the portal. `missing_roles`
        are not installed, `unbindable` ones the portal may not bind. `installed` holds what
        guards the cluster.
        """
        self.requests = 0
        self.log: list[tuple[str, Key]] = []
        self.loopholes: set[tuple[str, str]] = set()
        self.withheld: set[tuple[str, str]] = set()
        self.missing_roles: set[str] = set()
        self.unbindable: set[str] = set()
        self.objects: dict[Key, Manifest] = {}
        self.installed = _installed()
        self.system = _system()
        self.groups: dict[str, list[str]] = {}
        self.sizes: dict[Key, int] = {}
        self.lingering = lingering
        self.rewrites: dict[Key, Callable[[Manifest], object]] = {}
        self._meanwhile: list[_Interruption] = []
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.clock: Callable[[], datetime | None] = lambda: None  # what answers would say of time
        self._applied: dict[Key, Manifest] = {}
        self._failures: dict[str, list[ClusterError]] = {}
        self._outage: ClusterError | None = None
        self._version = 100

    # Levers ------------------------------------------------------------------------------------

    @property
    def writes(self) -> list[tuple[str, Key]]:
        """What the portal wrote, in order; dry runs are not among them."""
        return [entry for entry in self.log if entry[0] in WRITES]

    def fail_next(self, verb: str, error: ClusterError, *, times: int = 1) -> None:
        """Answer the next calls of this verb with the error."""
        self._failures.setdefault(verb, []).extend([error] * times)

    def go_down(self, error: ClusterError) -> None:
        """Answer everything with the error until `come_back()`."""
        self._outage = error

    def come_back(self) -> None:
        self._outage = None

    def meanwhile(
        self, verb: str, matches: Callable[[Key], bool], act: Callable[[], object]
    ) -> None:
        """Let somebody act once, just before the next call of `verb` on a key that matches."""
        self._meanwhile.append((verb, matches, act))

    def put(self, manifest: Manifest, *, manager: str = "kubectl-create") -> Manifest:
        """Create an object behind the portal's back and return it."""
        return copied(self._store_new(manifest, manager=manager, operation="Update"))

    def tamper(
        self, key: Key, change: Callable[[Manifest], object], *, manager: str = "kubectl-edit"
    ) -> None:
        """Change an object behind the portal's back; `change` edits the tree in place."""
        before = self.objects[key]
        after = copied(before)
        change(after)
        self._store(key, stored(after))
        paths = changed_paths(before, after)
        self._record(key, manager=manager, operation="Update", paths=paths)

    def remove(self, key: Key) -> None:
        """Delete an object behind the portal's back, a namespace with all that is in it."""
        self._forget(key)

    def finish_deletions(self) -> None:
        """Do what a namespace controller does to every Terminating namespace."""
        for key in [key for key in self.objects if self._is_going(key.name)]:
            if key.kind == "Namespace":
                self._forget(key)

    # The gateway's verbs -----------------------------------------------------------------------

    def get(self, key: Key) -> Manifest | None:
        self._asked("get", key)
        found = self.objects.get(key) or self.installed.get(key)
        return copied(found) if found else None

    def list(self, kind: str, namespace: str = "") -> Manifests:
        return [item for page in self.pages(kind, namespace) for item in page]

    def pages(
        self, kind: str, namespace: str = "", *, allowance: Allowance | None = None
    ) -> Iterator[Manifests]:
        """As the gateway does; `fail_next("continue", …)` fails between two pages."""
        if kind in GUARD_KINDS:
            self._asked("list", Key(kind, namespace, ""))
            yield [copied(tree) for key, tree in self.installed.items() if key.kind == kind]
            return
        keys, walk = self._keys(kind, namespace), PageWalk(gateway.PAGE_SIZE, allowance)
        while not walk.is_over:
            start = int(walk.token or 0)
            taken = keys[start : start + walk.limit]
            self._asked("continue" if walk.token else "list", Key(kind, namespace, ""))
            size = sum(self.sizes.get(key, 0) for key in taken)
            if size > walk.largest:
                walk.shrink(TooLarge(f"{size} bytes"))
                continue
            following = start + len(taken)
            walk.turn(str(following) if following < len(keys) else "", size)
            yield [copied(self.objects[key]) for key in taken]

    def named_namespaces(self, *names: str) -> Mapping[str, Manifest]:
        self._asked("named_namespaces", Key("Namespace", "", ""))
        keys = {name: Key("Namespace", "", name) for name in names}
        found = {name: self.objects.get(key) or self.system.get(key) for name, key in keys.items()}
        return {name: copied(tree) for name, tree in found.items() if tree}

    def annotate(self, key: Key, name: str, value: str, *, seen: Manifest) -> None:
        self._asked("annotate", key)
        live = self.system.get(key)
        if live is None or _identity(live) != _identity(seen):
            raise WriteConflict("the object has been modified", status=409, key=key)
        self._version += 1
        metadata = branch(live, "metadata")
        metadata["annotations"] = {**branch(metadata, "annotations"), name: value}
        metadata["resourceVersion"] = str(self._version)

    def served_kinds(self, groups: Collection[str]) -> Mapping[str, Sequence[str]]:
        self._asked("served_kinds", Key("", "", ""))
        return {group: sorted(kinds) for group, kinds in self.groups.items() if group in groups}

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        key = key_of(manifest)
        self._asked("create (dry run)" if dry_run else "create", key)
        if key in self.objects:
            raise AlreadyExists(f'"{key.name}" already exists', status=409, key=key)
        self._admit(key, manifest, new=True)
        if dry_run:
            return stored(manifest)
        return copied(self._store_new(manifest, manager="bulkhead", operation="Update"))

    def apply(
        self, manifest: Manifest, *, seen: Manifest | None = None, dry_run: bool = False
    ) -> Manifest:
        key = key_of(manifest)
        self._asked("apply (dry run)" if dry_run else "apply", key)
        live = self.objects.get(key)
        if seen is not None and _identity(live) != _identity(seen):
            raise WriteConflict("the object has been modified", status=409, key=key)
        self._admit(key, manifest, new=live is None)
        if dry_run:
            return stored(manifest)
        if live is None:
            self._store_new(manifest, manager="bulkhead", operation="Apply")
        else:
            self._apply_to(live, manifest)
        self._applied[key] = copied(manifest)
        return copied(self.objects[key])

    def cut(self, key: Key, fields: Sequence[tuple[str, ...]], *, seen: Manifest) -> Manifest:
        self._asked("cut", key)
        live = self.objects.get(key)
        if live is None or _identity(live) != _identity(seen):
            raise WriteConflict("the object has been modified", status=409, key=key)
        tree = copied(live)
        for *parents, last in fields:
            branch(tree, *parents).pop(last, None)
        self._admit(key, tree, new=False)
        self._store(key, tree)
        return copied(tree)

    def delete(self, key: Key, *, uid: str | None = None) -> bool:
        self._asked("delete", key)
        live = self.objects.get(key)
        if live is None:
            return False
        if uid and uid != text(live, "metadata", "uid"):
            raise WriteConflict("the UID in the precondition does not match", status=409, key=key)
        self._admit(key, live, new=False)
        if key.kind == "Namespace" and self.lingering:
            branch(live, "metadata").setdefault("deletionTimestamp", self._timestamp())
            live["status"] = {"phase": "Terminating"}
            self._store(key, live)
        else:
            self._forget(key)
        return True

    def delete_collection(self, kind: str, namespace: str) -> None:
        self._asked("delete_collection", Key(kind, namespace, ""))
        for key in self._keys(kind, namespace):
            self._admit(key, self.objects[key], new=False)
            self._forget(key)

    def unscheduled_pods(self, namespace: str) -> Iterator[Manifests]:
        self._asked("unscheduled_pods", Key("Pod", namespace, ""))
        pods = [self.objects[key] for key in self._keys("Pod", namespace)]
        yield [copied(pod) for pod in pods if not text(pod, "spec", "nodeName")]

    def lift_gate(self, pod: Key, gate: str) -> bool:
        self._asked("lift_gate", pod)
        live = self.objects.get(pod)
        if live is None:
            return False
        tree, spec = copied(live), branch(live, "spec")
        gates: list[Json] = [one for one in items(spec, "schedulingGates") if one["name"] != gate]
        self._admit(pod, tree, new=False)
        branch(tree, "spec").pop("schedulingGates", None)
        branch(tree, "spec").update({"schedulingGates": gates} if gates else {})
        if tree != live:
            self._store(pod, tree)
        return True

    def review_access(
        self,
        *,
        verb: str,
        resource: str,
        namespace: str = "",
        name: str = "",
        group: str | None = None,
        user: str | None = None,
    ) -> bool:
        self._asked("review_access", Key("", namespace, resource))
        if not (group or user):
            own = [
                *rules_of("bulkhead:provisioner"),
                *rules_of("bulkhead:fence-gate"),
                *_local_rules(namespace),
            ]
            granted = allows(own, verb=verb, resource=resource, name=name)
            if verb == "bind" and name in self.unbindable:
                return False
            return granted and (verb, resource) not in self.withheld
        if (verb, resource) in self.loopholes:
            return True
        bound = [
            rule
            for key in self._keys("RoleBinding", namespace)
            if namespace and _binds(self.objects[key], group=group, user=user)
            for rule in self._rules_of(text(self.objects[key], "roleRef", "name"))
        ]
        return allows(bound, verb=verb, resource=resource, name=name)

    def server_now(self) -> datetime | None:
        return self.clock()

    def renew_token(self, seconds: int, *, pod: str = "", dry_run: bool = False) -> MintedToken:
        self._asked("renew_token", Key("ServiceAccount", "bulkhead-system", "bulkhead"))
        return MintedToken(f"token-{uuid.uuid4()}", timedelta(seconds=seconds))

    # How it works ------------------------------------------------------------------------------

    def _asked(self, verb: str, key: Key) -> None:
        self.requests += 1
        self.log.append((verb, key))
        for entry in [one for one in self._meanwhile if one[0] == verb and one[1](key)]:
            self._meanwhile.remove(entry)
            entry[2]()
        if self._outage is not None:
            raise self._outage
        if waiting := self._failures.get(verb):
            raise waiting.pop(0)
        if key.kind and (_RBAC_VERBS.get(verb, verb), KINDS[key.kind].full_name) in self.withheld:
            raise AccessDenied("the portal has no such right", status=403, key=key)

    def _admit(self, key: Key, manifest: Manifest, *, new: bool) -> None:
        """Refuse what the API server or the shipped admission policies refuse the portal."""
        place = key.name if key.kind == "Namespace" else key.namespace
        home = self.objects.get(Key("Namespace", "", place))
        if key.kind == "Namespace":
            home = home or manifest
        if home is None:
            raise ObjectMissing(f'namespaces "{place}" not found', status=404, key=key)
        if branch(home, "metadata", "labels").get(_MANAGED) != "true":
            said = f"the portal may only write to namespaces labelled {_MANAGED}=true"
            raise Refused(said, status=403, key=key)
        if new and self._is_going(place):
            said = f"unable to create new content in namespace {place}: it is being terminated"
            raise Refused(said, status=403, key=key)
        if key.kind == "RoleBinding":
            self._admit_binding(key, manifest)

    def _admit_binding(self, key: Key, manifest: Manifest) -> None:
        live = self.objects.get(key)
        if live and _role(live) != _role(manifest):
            raise Refused("roleRef: field is immutable", status=422, key=key)
        role = _role(manifest)[1]
        if live or (rules_of(role) and role not in self.unbindable):
            return  # whoever may bind a role may bind one that does not exist
        if role in self.missing_roles:
            # The real answer names a RoleBinding called like the role, which nobody asked for.
            raise ServerFault(f'rolebindings "{role}" not found', status=404, key=key)
        raise AccessDenied("the portal may not bind this role", status=403, key=key)

    def _rules_of(self, role: str) -> tuple[Manifest, ...]:
        return () if role in self.missing_roles else rules_of(role)

    def _apply_to(self, live: Manifest, manifest: Manifest) -> None:
        key = key_of(manifest)
        merged = applied(live, manifest, self._applied.get(key))
        # An explicit empty list is never stored, so each apply of one counts as a change.
        if merged != live:
            self._store(key, stored(merged))
        self._record(key, manager="bulkhead", operation="Apply", paths=owned_paths(manifest))

    def _store_new(self, manifest: Manifest, *, manager: str, operation: str) -> Manifest:
        key = key_of(manifest)
        tree = stored(manifest)
        branch(tree, "metadata").update(
            uid=str(uuid.uuid4()), creationTimestamp=self._timestamp(), managedFields=[]
        )
        tree.setdefault("apiVersion", KINDS[key.kind].api_version)
        self._store(key, tree)
        self._record(key, manager=manager, operation=operation, paths=owned_paths(manifest))
        return self.objects[key]

    def _store(self, key: Key, tree: Manifest) -> None:
        self.rewrites.get(key, _as_it_is)(tree)
        self._version += 1
        branch(tree, "metadata")["resourceVersion"] = str(self._version)
        self.objects[key] = tree

    def _record(self, key: Key, *, manager: str, operation: str, paths: Json) -> None:
        metadata = branch(self.objects[key], "metadata")
        mine: Manifest = {
            "manager": manager,
            "operation": operation,
            "apiVersion": self.objects[key]["apiVersion"],
            "time": self._timestamp(),
            "fieldsType": "FieldsV1",
            "fieldsV1": paths,
        }
        metadata["managedFields"] = recorded(items(metadata, "managedFields"), mine)

    def _keys(self, kind: str, namespace: str) -> Sequence[Key]:
        return sorted(
            key
            for key in self.objects
            if key.kind == kind and (not namespace or key.namespace == namespace)
        )

    def _forget(self, key: Key) -> None:
        self.objects.pop(key, None)
        self._applied.pop(key, None)
        if key.kind == "Namespace":
            for inside in [one for one in self.objects if one.namespace == key.name]:
                self._forget(inside)

    def _is_going(self, namespace: str) -> bool:
        home = self.objects.get(Key("Namespace", "", namespace), {})
        return bool(text(home, "metadata", "deletionTimestamp"))

    def _timestamp(self) -> str:
        return self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _installed() -> dict[Key, Manifest]:
    """Return the guards as shipped, and the teams' roles as a cluster has filled them in."""
    found = {key_of(tree): copied(tree) for kind in GUARD_KINDS for tree in shipped_of(kind)}
    for name in TEAM_ROLES:
        rules: list[Json] = [copied(rule) for rule in rules_of(name)]
        found[Key("ClusterRole", "", name)] = {"kind": "ClusterRole", "rules": rules}
    return found


def _system() -> dict[Key, Manifest]:
    """Return the namespaces every prepared cluster has; no list shows them here."""
    found: dict[Key, Manifest] = {}
    for name in ("kube-system", "bulkhead-system"):
        metadata: Manifest = {"name": name, "uid": str(uuid.uuid4()), "resourceVersion": "1"}
        found[Key("Namespace", "", name)] = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": metadata,
        }
    return found


def _as_it_is(_tree: Manifest) -> None:
    """Rewrite nothing."""


def _identity(tree: Manifest | None) -> tuple[str, str]:
    metadata = branch(tree or {}, "metadata")
    return text(metadata, "uid"), text(metadata, "resourceVersion")


def _local_rules(namespace: str) -> tuple[Manifest, ...]:
    return rules_of("bulkhead:token-renewal") if namespace == "bulkhead-system" else ()


def _role(binding: Manifest) -> tuple[str, str]:
    return text(binding, "roleRef", "kind"), text(binding, "roleRef", "name")


def _binds(binding: Manifest, *, group: str | None, user: str | None) -> bool:
    asked = {("Group", group), ("Group", "system:authenticated"), ("User", user)}
    return any((s.get("kind"), s.get("name")) in asked for s in items(binding, "subjects"))
