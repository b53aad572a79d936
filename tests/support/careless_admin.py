"""Every way in which an administrator could change what the portal wrote, for each object."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.manifests import RBAC_GROUP, binding, policy, quota
from tests.support.network_plugins import CLUSTER_WIDE, NAMESPACED
from tests.support.raw_api import RawApi
from tests.support.red_team import (
    JSON_PATCH,
    STRATEGIC,
    Request,
    apply,
    create,
    merge,
    remove,
)

CORE = "/api/v1"
Tree = dict[str, Any]
# By collection: its API, and a change that would matter.
OWNED: dict[str, tuple[str, Tree]] = {
    "networkpolicies": ("/apis/networking.k8s.io/v1", {"spec": {"ingress": [{}], "egress": [{}]}}),
    "resourcequotas": (CORE, {"spec": {"hard": {"pods": "9999"}}}),
    "limitranges": (CORE, {"spec": {"limits": [{"type": "Container", "default": {"cpu": "64"}}]}}),
    "rolebindings": (
        f"/apis/{RBAC_GROUP}/v1",
        {"subjects": [{"apiGroup": RBAC_GROUP, "kind": "Group", "name": "friends"}]},
    ),
}
MARKS: dict[str, Tree] = {
    "a label": {"labels": {"a": "b"}},
    "its label": {"labels": {"app.kubernetes.io/managed-by": None}},
    "an annotation": {"annotations": {"a": "b"}},
    "its generation": {"annotations": {"bulkhead.dev/generation": "999"}},
    "a finalizer": {"finalizers": ["example.com/hold"]},
    "an owner": {
        "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "x"}]
    },
}
_NOT_KEPT = ("managedFields", "resourceVersion")


@dataclass(frozen=True)
class Stored:
    """An object as it is stored, and where."""

    collection: str
    path: str
    tree: Tree

    @property
    def name(self) -> str:
        return str(self.tree["metadata"]["name"])


def stored(witness: RawApi, namespace: str) -> list[Stored]:
    """All that the portal wrote into a namespace, as an independent reader sees it."""
    found: list[Stored] = []
    for collection, (api, _change) in OWNED.items():
        at = f"{api}/namespaces/{namespace}/{collection}"
        listed = witness.get(at).body
        version = {"apiVersion": listed["apiVersion"], "kind": listed["kind"].removesuffix("List")}
        found += [
            Stored(collection, f"{at}/{one['metadata']['name']}", {**version, **one})
            for one in listed["items"]
        ]
    return found


def witnessed(witness: RawApi, namespace: str) -> dict[str, Tree]:
    """Every object by its path, the Namespace too, without what the server counts by itself."""
    home = f"{CORE}/namespaces/{namespace}"
    trees = {one.path: one.tree for one in stored(witness, namespace)}
    trees[home] = witness.get(home).body
    return {path: _kept(tree) for path, tree in trees.items()}


def _kept(tree: Tree) -> Tree:
    return {**tree, "metadata": {k: v for k, v in tree["metadata"].items() if k not in _NOT_KEPT}}


def changes(of: Stored) -> Iterator[Request]:
    """Every verb that writes to one object, with a change of its body and of each mark."""
    at, where = of.path, f"{of.collection}/{of.name}"
    body = OWNED[of.collection][1]
    yield merge(f"merge into {where}", at, body)
    yield Request(f"strategic merge into {where}", "PATCH", at, body, STRATEGIC)
    yield Request(f"put {where}", "PUT", at, _merged(of.tree, body))
    bare = {"apiVersion": of.tree["apiVersion"], "kind": of.tree["kind"]}
    named = {**bare, "metadata": {"name": of.name}}
    yield apply(f"apply {where}", at, {**_required(of), **named, **body})
    [field] = body
    replaced = [{"op": "replace", "path": f"/{field}", "value": body[field]}]
    yield Request(f"json patch of {where}", "PATCH", at, replaced, JSON_PATCH)
    for what, mark in MARKS.items():
        yield merge(f"{what} on {where}", at, {"metadata": mark})
    yield remove(f"delete {where}", at)
    yield Request(f"delete {where} for good", "DELETE", at, {"propagationPolicy": "Foreground"})


def _required(of: Stored) -> Tree:
    return {"roleRef": of.tree["roleRef"]} if of.collection == "rolebindings" else {}


def _merged(tree: Tree, change: Mapping[str, Any]) -> Tree:
    return {
        **tree,
        **{
            key: {**tree[key], **value} if isinstance(value, dict) else value
            for key, value in change.items()
        },
    }


def additions(namespace: str) -> Iterator[Request]:
    """More of every kind, under a name or a generated one, and all of a kind at once."""
    more = {
        "networkpolicies": policy(namespace, "more", {"ingress": [{}]}),
        "resourcequotas": quota(namespace, pods="9999"),
        "limitranges": {"kind": "LimitRange", "apiVersion": "v1", "spec": {"limits": []}},
        "rolebindings": binding(namespace, "more", role="admin", group="friends"),
    }
    for collection, (api, _change) in OWNED.items():
        at, wanted = f"{api}/namespaces/{namespace}/{collection}", more[collection]
        named = {**wanted, "metadata": {"name": "more"}}
        yield create(f"create {collection}", at, named)
        generated = {**wanted, "metadata": {"generateName": "more-"}}
        yield create(f"create {collection} by generated name", at, generated)
        yield apply(f"apply a new one of {collection}", f"{at}/more", named)
        yield remove(f"delete all {collection}", at)
        yield remove(
            f"delete some {collection}", f"{at}?labelSelector=app.kubernetes.io/managed-by"
        )


STATUS: dict[str, Tree] = {
    "widen": {"status": {"hard": {"pods": "9999"}}},
    "count anew": {"status": {"used": {"pods": "0"}}},
    "annotate": {"metadata": {"annotations": {"bulkhead.dev/generation": "999"}}},
    "label": {"metadata": {"labels": {"a": "b"}}},
}


def statuses(of: Stored) -> Iterator[Request]:
    for what, change in STATUS.items():
        yield merge(f"{what} {of.name} through its status", f"{of.path}/status", change)


RESERVED = (
    "bulkhead.dev/managed", "bulkhead.dev/team", "bulkhead.dev/environment", "bulkhead.dev/fence",
    "ns-id", "project", "app.kubernetes.io/managed-by", "pod-security.kubernetes.io/enforce",
    "pod-security.kubernetes.io/enforce-version", "pod-security.kubernetes.io/warn",
    "pod-security.kubernetes.io/audit",
)  # fmt: skip
_NAMESPACE: Tree = {"apiVersion": "v1", "kind": "Namespace"}
NOTES = ("bulkhead.dev/generation", "bulkhead.dev/digest", "bulkhead.dev/request")


def on_the_namespace(namespace: str, tree: Tree) -> Iterator[Request]:
    """Its labels and annotations, set and removed, by all its doors."""
    home = f"{CORE}/namespaces/{namespace}"
    for part, keys in (("labels", RESERVED), ("annotations", NOTES)):
        there = tree["metadata"].get(part, {})
        for key in keys:
            other = "v1.0" if key.endswith("-version") else "privileged"
            for value in (other, None) if key in there else (other,):
                change = {"metadata": {part: {key: value}}}
                for door in ("", "/status"):
                    yield merge(f"{part} {key}={value} by {door}", f"{home}{door}", change)
            wanted = {"metadata": {"name": namespace, part: {key: other}}}
            yield apply(f"apply {part} {key}", home, {**_NAMESPACE, **wanted})
            put = {**tree, "metadata": {**tree["metadata"], part: {**there, key: other}}}
            for door in ("", "/status", "/finalize"):
                yield Request(f"put {part} {key} by {door}", "PUT", f"{home}{door}", put)


def of_plugins(namespace: str) -> Iterator[Request]:
    for one in NAMESPACED:
        at = f"/apis/{one.group}/v1/namespaces/{namespace}/{one.plural}"
        yield create(f"create {one.plural}.{one.group}", at, one.named("open"))
        yield create(f"generate {one.plural}.{one.group}", at, one.generated("open-"))
        yield apply(f"apply {one.plural}.{one.group}", f"{at}/open", one.named("open"))


def of_the_whole_cluster() -> Iterator[Request]:
    for one in CLUSTER_WIDE:
        at = f"/apis/{one.group}/v1/{one.plural}"
        yield create(f"create {one.plural}.{one.group}", at, one.named("open"))
        yield create(f"generate {one.plural}.{one.group}", at, one.generated("open-"))
        yield apply(f"apply {one.plural}.{one.group}", f"{at}/open", one.named("open"))
        standing = f"{at}/standing"
        yield merge(f"patch {one.plural}.{one.group}", standing, {"spec": {"tier": "Admin"}})
        yield remove(f"delete {one.plural}.{one.group}", standing)
        yield remove(f"delete all {one.plural}.{one.group}", at)


def foreign_namespaces(namespace: str) -> Iterator[Request]:
    """A namespace that passes for a managed one."""
    at = f"{CORE}/namespaces"
    for label in ("bulkhead.dev/managed", "bulkhead.dev/team", "ns-id"):
        marked = {"metadata": {"name": "false-flag", "labels": {label: namespace}}}
        yield create(f"make a namespace with {label}", at, marked)
        generated = {"metadata": {"generateName": "false-", "labels": {label: namespace}}}
        yield create(f"generate one with {label}", at, generated)
        yield merge(
            f"label default {label}", f"{at}/default", {"metadata": {"labels": {label: "x"}}}
        )
