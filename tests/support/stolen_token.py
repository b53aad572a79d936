"""What a thief of the portal's credential could try past the gateway, by who must refuse it."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.manifests import RBAC_GROUP, binding, pod, policy, quota
from tests.support.raw_api import RawApi
from tests.support.red_team import STRATEGIC, Request, apply, create, merge, read, remove
from tests.support.refused_manifests import WRITABLE, pod_with, workloads

CORE, RBAC = "/api/v1", f"/apis/{RBAC_GROUP}/v1"
ADMISSION, NETWORKING = "/apis/admissionregistration.k8s.io/v1", "/apis/networking.k8s.io/v1"
ENFORCE = "pod-security.kubernetes.io/enforce"
Tree = dict[str, Any]

UNREADABLE = (
    (CORE, "secrets"), (CORE, "configmaps"), (CORE, "serviceaccounts"), (CORE, "events"),
    (CORE, "endpoints"), (RBAC, "roles"), ("/apis/coordination.k8s.io/v1", "leases"),
    ("/apis/apps/v1", "controllerrevisions"), (NETWORKING, "ingresses"),
)  # fmt: skip
OF_THE_CLUSTER = (
    (CORE, "nodes"), (CORE, "persistentvolumes"), (RBAC, "clusterroles"),
    (RBAC, "clusterrolebindings"), ("/apis/storage.k8s.io/v1", "storageclasses"),
    ("/apis/scheduling.k8s.io/v1", "priorityclasses"),
    ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    ("/apis/apiregistration.k8s.io/v1", "apiservices"),
    ("/apis/certificates.k8s.io/v1", "certificatesigningrequests"),
    (ADMISSION, "validatingwebhookconfigurations"), (ADMISSION, "mutatingwebhookconfigurations"),
    (ADMISSION, "validatingadmissionpolicies"), (ADMISSION, "validatingadmissionpolicybindings"),
    (ADMISSION, "mutatingadmissionpolicies"), (ADMISSION, "mutatingadmissionpolicybindings"),
    ("/apis/policy.networking.k8s.io/v1alpha2", "clusternetworkpolicies"),
    ("/apis/cilium.io/v2", "ciliumclusterwidenetworkpolicies"),
)  # fmt: skip
READABLE_GUARDS = {kind for api, kind in OF_THE_CLUSTER if "admissionpolic" in kind}
NAMED: Tree = {"metadata": {"name": "wanted"}}
MARKED: Tree = {"metadata": {"labels": {"a": "b"}}}


def reading(home: str) -> Iterator[Request]:
    for api, kind in UNREADABLE:
        yield read(f"read everybody's {kind}", f"{api}/{kind}")
        for name in (home, "kube-system", "bulkhead-system"):
            yield read(f"read {kind} in {name}", f"{api}/namespaces/{name}/{kind}")
            yield read(f"read one of {kind} in {name}", f"{api}/namespaces/{name}/{kind}/x")
    for api, kind in OF_THE_CLUSTER:
        if kind not in READABLE_GUARDS:
            yield read(f"read {kind}", f"{api}/{kind}")
    yield read("read the logs of a pod", f"{CORE}/namespaces/{home}/pods/web/log")
    yield read("read the role of administrators", f"{RBAC}/clusterroles/cluster-admin")


def starting(home: str) -> Iterator[Request]:
    """Pods, whatever makes pods, and all ways into them."""
    made = {**workloads(pod_with({})), (CORE[1:], "pods"): pod("web")}
    for (api, kind), manifest in made.items():
        for name in (home, "default", "kube-system", "bulkhead-system"):
            at = f"/{api}/namespaces/{name}/{kind}"
            yield create(f"start {kind} in {name}", at, manifest)
        at = f"/{api}/namespaces/{home}/{kind}/web"
        yield Request(f"put {kind}", "PUT", at, manifest)
        if kind != "pods":
            yield merge(f"change {kind}", at, {"spec": {"template": {"spec": {}}}})
            yield merge(f"scale {kind}", f"{at}/scale", {"spec": {"replicas": 50}})
    at = f"{CORE}/namespaces/{home}/pods/web"
    for door in ("exec", "attach", "portforward", "proxy"):
        yield create(f"{door} by POST", f"{at}/{door}?command=sh", None)
        yield read(f"{door} by GET", f"{at}/{door}?command=sh")
    for part in ("status", "ephemeralcontainers", "resize"):
        yield merge(f"write {part} of a pod", f"{at}/{part}", MARKED)
    yield create("choose a pod's node", f"{at}/binding", {"target": {"name": "n"}})
    yield create("evict a pod", f"{at}/eviction", {})
    for api, kind in WRITABLE:
        if kind in ("services", "secrets", "configmaps", "persistentvolumeclaims"):
            at = f"/{api}/namespaces/{home}/{kind}"
            yield create(f"create {kind}", at, NAMED)
            yield remove(f"delete {kind}", f"{at}/x")


def on_the_cluster() -> Iterator[Request]:
    for api, kind in OF_THE_CLUSTER:
        yield create(f"create {kind}", f"{api}/{kind}", NAMED)
        yield merge(f"patch {kind}", f"{api}/{kind}/bulkhead-confined", MARKED)
        yield apply(f"apply {kind}", f"{api}/{kind}/bulkhead-confined", NAMED)
        yield Request(f"put {kind}", "PUT", f"{api}/{kind}/bulkhead-confined", NAMED)
        yield remove(f"delete {kind}", f"{api}/{kind}/bulkhead-confined")
        yield remove(f"delete all {kind}", f"{api}/{kind}")
    for name in ("bulkhead:provisioner", "bulkhead:developer-core", "bulkhead:fence-gate"):
        wide = {"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}
        yield merge(f"widen {name}", f"{RBAC}/clusterroles/{name}", wide)
    for name in ("bulkhead-system", "kube-system"):
        at = f"{RBAC}/namespaces/{name}/roles"
        yield create(f"create a role in {name}", at, NAMED)


def tokens() -> Iterator[Request]:
    for account in ("kube-system/namespace-controller", "kube-system/generic-garbage-collector",
                    "default/default", "bulkhead-system/default"):  # fmt: skip
        name, _, who = account.partition("/")
        at = f"{CORE}/namespaces/{name}/serviceaccounts/{who}/token"
        yield create(f"a token of {account}", at, {"spec": {}})


OWN_TOKEN = f"{CORE}/namespaces/bulkhead-system/serviceaccounts/bulkhead/token"


def long_tokens() -> Iterator[Request]:
    for seconds in (86401, 604800, 31536000, 315360000):
        spec = {"expirationSeconds": seconds}
        yield create(f"a token for {seconds} s", OWN_TOKEN, {"spec": spec})
        elsewhere = {"spec": {**spec, "audiences": ["vault"]}}
        yield create(f"one for others for {seconds} s", OWN_TOKEN, elsewhere)


def _labelled(name: str, **labels: str | None) -> Tree:
    usual = {"bulkhead.dev/managed": "true", "ns-id": name, ENFORCE: "baseline"}
    kept = {key: value for key, value in {**usual, **labels}.items() if value is not None}
    return {"metadata": {"name": name, "labels": kept}}


LOOSE: tuple[Mapping[str, str | None], ...] = (
    {ENFORCE: "privileged"}, {ENFORCE: None}, {f"{ENFORCE}-version": "v1.0"},
    {"ns-id": "another"}, {"bulkhead.dev/managed": None}, {"bulkhead.dev/managed": "false"},
)  # fmt: skip


def namespaces(home: str) -> Iterator[Request]:
    """New ones and its own, looser than planned; `home` is restricted."""
    at = f"{CORE}/namespaces"
    for labels in LOOSE:
        yield create(f"make one with {labels}", at, _labelled("loose", **labels))
        if labels != {"ns-id": "another"}:
            yield apply(f"apply one with {labels}", f"{at}/loose",
                        _typed("Namespace", _labelled("loose", **labels)))  # fmt: skip
        yield merge(f"make its own {labels}", f"{at}/{home}", {"metadata": {"labels": labels}})
        yield Request(f"make its own {labels}, strategically", "PATCH", f"{at}/{home}",
                      {"metadata": {"labels": labels}}, STRATEGIC)  # fmt: skip
    lower = {"metadata": {"labels": {ENFORCE: "baseline"}}}
    yield merge("lower its own to baseline", f"{at}/{home}", lower)


def _typed(kind: str, tree: Tree) -> Tree:
    return {"apiVersion": "v1", "kind": kind, **tree}


GROUPS = (
    "system:masters", "system:authenticated", "system:unauthenticated", "system:serviceaccounts",
    "system:nodes", "SYSTEM:masters", " system:masters", "system", "ｓystem:masters",
    "bulkhead:break-glass", "bulkhead:network-platform", "Bulkhead:break-glass",
    "cluster-admins", "kubeadm:cluster-admins", "oidc:cluster-admins", "two words",
)  # fmt: skip
OTHERS: dict[str, list[dict[str, str]]] = {
    "a person": [{"apiGroup": RBAC_GROUP, "kind": "User", "name": "mallory"}],
    "its own account": [
        {"kind": "ServiceAccount", "name": "bulkhead", "namespace": "bulkhead-system"}
    ],
    "an account of the team": [{"kind": "ServiceAccount", "name": "x", "namespace": "default"}],
    "two groups": [
        {"apiGroup": RBAC_GROUP, "kind": "Group", "name": name} for name in ("team-a", "team-b")
    ],
    "nobody": [],
}
NAMES = {"team-developer": "developer", "team-shell": "shell", "team-viewer": "viewer"}


def bindings(home: str) -> Iterator[Request]:
    """All groups under all names, by creating, by applying, and in what the portal bound."""
    at = f"{RBAC}/namespaces/{home}/rolebindings"
    for name, short in NAMES.items():
        usual = binding(home, name, role=f"bulkhead:{short}", group="")
        wanted: dict[str, list[dict[str, str]]] = {
            **{repr(g): [{"apiGroup": RBAC_GROUP, "kind": "Group", "name": g}] for g in GROUPS},
            **OTHERS,
        }
        for what, subjects in wanted.items():
            tree = {**usual, "subjects": subjects}
            if name != "team-developer":
                yield create(f"bind {what} as {name}", at, tree)
            yield apply(f"apply {what} as {name}", f"{at}/{name}", tree)
        for other in (*NAMES.values(), "provisioner"):
            if other != short and name != "team-developer":
                tree = binding(home, name, role=f"bulkhead:{other}", group="team-payments")
                yield create(f"bind {other} as {name}", at, tree)
    for name in ("team-developer-2", "x"):
        tree = binding(home, name, role="bulkhead:developer", group="team-payments")
        yield create(f"bind developers as {name}", at, tree)


def rights(home: str) -> Iterator[Request]:
    """Roles it does not hold and may not bind."""
    for name in (home, "default", "kube-system", "bulkhead-system"):
        at = f"{RBAC}/namespaces/{name}/rolebindings"
        for role in ("cluster-admin", "admin", "edit", "view", "system:node"):
            tree = binding(name, "team-developer-x", role=role, group="mallory")
            yield create(f"bind {role} in {name}", at, tree)


def unmanaged(name: str, standing: Mapping[str, str]) -> Iterator[Request]:
    """In a namespace of others: more of each kind, and what stands there changed and removed."""
    yield merge("adopt it", f"{CORE}/namespaces/{name}", _labelled(name))
    yield merge("label it", f"{CORE}/namespaces/{name}", {"metadata": {"labels": {"a": "b"}}})
    yield remove("delete it", f"{CORE}/namespaces/{name}")
    for path in standing.values():
        yield remove(f"delete {path}", path)
        if "/pods/" not in path and "/deployments/" not in path:
            yield merge(f"change {path}", path, MARKED)
    yield remove("delete the portal's own", f"{CORE}/namespaces/bulkhead-system")
    for place in ("default", "kube-system", "bulkhead-system"):
        yield merge(f"adopt {place}", f"{CORE}/namespaces/{place}", _labelled(place))
    for place in (name, "default", "kube-system", "bulkhead-system"):
        for kind, manifest in additions(place).items():
            api = NETWORKING if kind == "networkpolicies" else CORE
            api = RBAC if kind == "rolebindings" else api
            yield create(f"create {kind} in {place}", f"{api}/namespaces/{place}/{kind}", manifest)


def by_right_to_drain(standing: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What the portal never deletes all of, and what it does when it drains a namespace."""
    drained = {at: path for at, path in standing.items() if at.endswith(("/pods", "/deployments"))}
    return {at: path for at, path in standing.items() if at not in drained}, drained


def wholesale(standing: Mapping[str, str]) -> Iterator[Request]:
    """All of a kind at once, in a namespace of others."""
    for at in standing:
        yield remove(f"delete all {at}", at)


def _viewing(place: str, group: str) -> Tree:
    return binding(place, "team-viewer", role="bulkhead:viewer", group=group)


def additions(place: str) -> dict[str, Tree]:
    return {
        "networkpolicies": policy(place, "open", {"egress": [{}]}),
        "resourcequotas": quota(place, pods="0"),
        "limitranges": {**NAMED, "spec": {"limits": []}},
        "rolebindings": _viewing(place, "mallory"),
    }


def furnished(breaker: RawApi, name: str) -> dict[str, str]:
    """Make a namespace of others with one of each kind that the portal may delete or write."""
    assert breaker.post(f"{CORE}/namespaces", {"metadata": {"name": name}}).status == 201
    made: dict[str, Tree] = {
        f"{CORE}/namespaces/{name}/pods": dict(pod("theirs")),
        f"/apis/apps/v1/namespaces/{name}/deployments": dict(
            workloads(pod_with({}))["apis/apps/v1", "deployments"]
        ),
        f"{NETWORKING}/namespaces/{name}/networkpolicies": policy(name, "theirs", {}),
        f"{CORE}/namespaces/{name}/resourcequotas": quota(name, pods="9"),
        f"{CORE}/namespaces/{name}/limitranges": {"spec": {"limits": []}},
        f"{RBAC}/namespaces/{name}/rolebindings": binding(
            name, "x", role="bulkhead:viewer", group="theirs"
        ),
    }
    paths = {}
    for at, tree in made.items():
        reply = breaker.post(at, {**tree, "metadata": {"name": "theirs"}})
        assert reply.status == 201, reply.message
        paths[at] = f"{at}/theirs"
    return paths


PATCHES: dict[str, Tree] = {
    "label it": {"metadata": {"labels": {"app": "other"}}},
    "annotate it": {"metadata": {"annotations": {"a": "b"}}},
    "hold it": {"metadata": {"finalizers": ["example.com/hold"]}},
    "give it an owner": {"metadata": {"ownerReferences": [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "x"}]}},
    "end it soon": {"spec": {"activeDeadlineSeconds": 1}},
    "exchange its image": {"spec": {"containers": [{"name": "web", "image": "evil/web"}]}},
    "tolerate everything": {"spec": {"tolerations": [{"operator": "Exists", "key": "x"}]}},
}  # fmt: skip


def patches(home: str) -> Iterator[Request]:
    """A pod beyond the lifting of its gate."""
    at = f"{CORE}/namespaces/{home}/pods/web"
    for what, change in PATCHES.items():
        yield Request(f"{what}: a pod", "PATCH", at, change, STRATEGIC)
