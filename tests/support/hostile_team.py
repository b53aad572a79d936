"""What a team could try with its role: in its namespace, in others', and on the whole cluster."""

from collections.abc import Iterator

from onboarding.domain.objects import Json, Manifest
from tests.support.manifests import STRICT, binding, pod, policy, quota
from tests.support.red_team import Request, create, merge, read, remove
from tests.support.refused_manifests import REFUSED, pod_with

CORE, RBAC = "/api/v1", "/apis/rbac.authorization.k8s.io/v1"
NETWORKING, APPS = "/apis/networking.k8s.io/v1", "/apis/apps/v1"

# By (API, collection): its fence, its bounds, its access, and what else is not a team's.
NOT_ITS_BUSINESS = (
    (NETWORKING, "networkpolicies"), (NETWORKING, "ingresses"),
    (CORE, "resourcequotas"), (CORE, "limitranges"), (RBAC, "rolebindings"), (RBAC, "roles"),
    (CORE, "serviceaccounts"), (CORE, "endpoints"), (CORE, "podtemplates"),
    ("/apis/discovery.k8s.io/v1", "endpointslices"), (APPS, "controllerrevisions"),
    ("/apis/coordination.k8s.io/v1", "leases"), ("/apis/resource.k8s.io/v1", "resourceclaims"),
    ("/apis/storage.k8s.io/v1", "csistoragecapacities"),
    ("/apis/cilium.io/v2", "ciliumnetworkpolicies"),
    ("/apis/crd.projectcalico.org/v1", "networkpolicies"),
    ("/apis/k8s.cni.cncf.io/v1", "network-attachment-definitions"),
)  # fmt: skip
OF_THE_CLUSTER = (
    (CORE, "nodes"), (CORE, "persistentvolumes"), (CORE, "namespaces"),
    (RBAC, "clusterroles"), (RBAC, "clusterrolebindings"),
    ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    ("/apis/apiregistration.k8s.io/v1", "apiservices"),
    ("/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicies"),
    ("/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings"),
    ("/apis/admissionregistration.k8s.io/v1", "mutatingadmissionpolicies"),
    ("/apis/admissionregistration.k8s.io/v1", "validatingwebhookconfigurations"),
    ("/apis/admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations"),
    ("/apis/storage.k8s.io/v1", "storageclasses"),
    ("/apis/scheduling.k8s.io/v1", "priorityclasses"), ("/apis/node.k8s.io/v1", "runtimeclasses"),
    (NETWORKING, "ingressclasses"),
    ("/apis/certificates.k8s.io/v1", "certificatesigningrequests"),
    ("/apis/policy.networking.k8s.io/v1alpha2", "clusternetworkpolicies"),
    ("/apis/cilium.io/v2", "ciliumclusterwidenetworkpolicies"),
)  # fmt: skip
ORDINARY = (
    (CORE, "pods"), (CORE, "services"), (CORE, "configmaps"), (CORE, "secrets"),
    (CORE, "persistentvolumeclaims"), (APPS, "deployments"), ("/apis/batch/v1", "jobs"),
)  # fmt: skip
SUBRESOURCES = (
    "pods/web/status", "pods/web/ephemeralcontainers", "pods/web/resize", "services/web/status",
    "persistentvolumeclaims/web/status", "resourcequotas/quota/status",
    "replicationcontrollers/web/status",
)  # fmt: skip
DOORS = ("exec", "attach", "portforward")
NAMED: Manifest = {"metadata": {"name": "wanted"}}
NOTED: Manifest = {"metadata": {"labels": {"a": "b"}}}


def in_its_namespace(name: str) -> Iterator[Request]:
    """Everything that its role has no verb for, though the namespace is its own."""
    for api, kind in NOT_ITS_BUSINESS:
        yield from _writes(api, kind, name, "its own namespace")
    for path in SUBRESOURCES:
        at = f"{CORE}/namespaces/{name}/{path}"
        yield merge(f"write {path}", at, NOTED)
        yield Request(f"replace {path}", "PUT", at, NAMED)
    at = f"{CORE}/namespaces/{name}"
    for account in ("default", "builder"):
        token = f"{at}/serviceaccounts/{account}/token"
        yield create(f"mint a token of {account}", token, {"spec": {}})
    for path in ("pods/web/proxy", "services/web/proxy"):
        yield read(f"get through {path}", f"{at}/{path}/")
    yield create("choose a pod's node", f"{at}/pods/web/binding", {"target": {"name": "node-1"}})
    yield create("choose any pod's node", f"{at}/bindings", {"target": {"name": "node-1"}})
    yield create("make up an event", f"{at}/events", NAMED)
    yield remove("delete all secrets at once", f"{at}/secrets")
    yield remove("delete the fence", f"{NETWORKING}/namespaces/{name}/networkpolicies/deny-all")
    yield create(
        "open everything", f"{NETWORKING}/namespaces/{name}/networkpolicies",
        policy(name, "open", {"ingress": [{}], "egress": [{}]}),
    )  # fmt: skip
    yield create("a quota of its own", f"{at}/resourcequotas", quota(name, pods="999"))
    friends = binding(name, "friends", role="bulkhead:developer", group="friends")
    yield create("let friends in", f"{RBAC}/namespaces/{name}/rolebindings", friends)


def on_the_namespace(name: str) -> Iterator[Request]:
    """The labels and annotations by which everybody knows a namespace, and its end."""
    at = f"{CORE}/namespaces/{name}"
    for label in ("bulkhead.dev/managed", "bulkhead.dev/team", "bulkhead.dev/fence", "ns-id",
                  "pod-security.kubernetes.io/enforce", "project"):  # fmt: skip
        for value in ("x", None):
            change = {"metadata": {"labels": {label: value}}}
            yield merge(f"label the namespace {label}={value}", at, change)
    for part in ("status", "finalize"):
        yield Request(f"write the namespace's {part}", "PUT", f"{at}/{part}", NAMED)
    yield merge("annotate it", at, {"metadata": {"annotations": {"bulkhead.dev/generation": "9"}}})
    yield merge("hold it", at, {"metadata": {"finalizers": ["example.com/hold"]}})
    yield remove("delete it", at)


def without_a_shell(name: str) -> Iterator[Request]:
    for door in DOORS:
        at = f"{CORE}/namespaces/{name}/pods/web/{door}?command=sh"
        yield create(f"{door} by POST", at, None)
        yield read(f"{door} by GET", at)


def elsewhere(name: str, whose: str) -> Iterator[Request]:
    """What it may do at home, in a namespace that is not its own."""
    for api, kind in ORDINARY:
        yield read(f"list {kind} of {whose}", f"{api}/namespaces/{name}/{kind}")
        yield from _writes(api, kind, name, whose)
    yield from (one_of(whose, request) for request in without_a_shell(name))
    yield read(f"read the logs of {whose}", f"{CORE}/namespaces/{name}/pods/web/log")


def one_of(whose: str, request: Request) -> Request:
    return Request(f"{request.what} of {whose}", request.method, request.path, request.body)


def on_the_cluster() -> Iterator[Request]:
    for api, kind in OF_THE_CLUSTER:
        yield read(f"list {kind}", f"{api}/{kind}")
        yield create(f"create {kind}", f"{api}/{kind}", NAMED)
        yield merge(f"patch {kind}", f"{api}/{kind}/wanted", NOTED)
        yield remove(f"delete {kind}", f"{api}/{kind}/wanted")
        yield remove(f"delete all {kind}", f"{api}/{kind}")
    for api, kind in ORDINARY:
        yield read(f"list everybody's {kind}", f"{api}/{kind}")
    yield read("get through a node", f"{CORE}/nodes/node-1/proxy/pods")
    yield read("the server's own metrics", "/metrics")
    yield read("the server's own memory", "/debug/pprof/heap")
    for group, kind in (
        ("authorization", "subjectaccessreview"),
        ("authentication", "tokenreview"),
    ):
        yield create(f"ask by {kind}", f"/apis/{group}.k8s.io/v1/{kind}s", {"spec": {}})


def _writes(api: str, kind: str, name: str, whose: str) -> Iterator[Request]:
    at = f"{api}/namespaces/{name}/{kind}"
    yield create(f"create {api} {kind} in {whose}", at, NAMED)
    yield merge(f"patch {api} {kind} in {whose}", f"{at}/wanted", NOTED)
    yield Request(f"replace {api} {kind} in {whose}", "PUT", f"{at}/wanted", NAMED)
    yield remove(f"delete {api} {kind} in {whose}", f"{at}/wanted")
    yield remove(f"delete all {api} {kind} in {whose}", at)


def pods(kinds: dict[str, Manifest], name: str) -> Iterator[Request]:
    for what, manifest in kinds.items():
        yield create(f"a pod with {what}", f"{CORE}/namespaces/{name}/pods", manifest).dry()


TEAM_POLICIES = tuple(dict.fromkeys(attempt.policy for attempt in REFUSED.values()))


def against(policy: str, name: str) -> Iterator[Request]:
    """All of the table of what one of the admission policies refuses teams."""
    for what, attempt in REFUSED.items():
        if attempt.policy == policy:
            path = f"/{attempt.home}/namespaces/{name}/{attempt.at}"
            yield create(what, path, attempt.manifest).dry()


def _sized(**limits: Json) -> Manifest:
    whole: Manifest = {"limits": limits, "requests": limits}
    return pod_with({"containers": [{**STRICT, "name": "web", "image": "i", "resources": whole}]})


def _service(**spec: Json) -> Manifest:
    return {**NAMED, "spec": {"ports": [{"port": 443}], **spec}}


def _claim(size: str) -> Manifest:
    wanted: Manifest = {"requests": {"storage": size}}
    return {**NAMED, "spec": {"accessModes": ["ReadWriteOnce"], "resources": wanted}}


BEYOND_THE_QUOTA: dict[str, tuple[str, Manifest]] = {
    "too many processors": ("pods", _sized(cpu="40")),
    "too much memory": ("pods", _sized(memory="400Gi")),
    "all of a node's disk": ("pods", _sized(**{"ephemeral-storage": "4000Gi"})),
    "too much storage": ("persistentvolumeclaims", _claim("5000Gi")),
    "a port of every node": ("services", _service(type="NodePort")),
    "a port of every node by number": (
        "services",
        {**NAMED, "spec": {"type": "NodePort", "ports": [{"port": 443, "nodePort": 31443}]}},
    ),
    "a load balancer": ("services", _service(type="LoadBalancer")),
    "a load balancer without ports": (
        "services", _service(type="LoadBalancer", allocateLoadBalancerNodePorts=False)),
}  # fmt: skip


def beyond_the_quota(name: str) -> Iterator[Request]:
    for what, (kind, manifest) in BEYOND_THE_QUOTA.items():
        yield create(what, f"{CORE}/namespaces/{name}/{kind}", manifest).dry()


def nonsense(name: str) -> Iterator[Request]:
    """What validation keeps out: names that leave the namespace, and addresses of the node."""
    at = f"{CORE}/namespaces/{name}"
    abroad = {**pod("x"), "metadata": {"name": "x", "namespace": "kube-system"}}
    yield create("a pod for another namespace", f"{at}/pods", abroad)
    mount: Json = {"name": "v", "mountPath": "/x", "subPath": "../.."}
    web: Manifest = {**STRICT, "name": "web", "image": "i", "volumeMounts": [mount]}
    climbing = pod_with({"containers": [web], "volumes": [{"name": "v", "emptyDir": {}}]})
    yield create("a path out of a volume", f"{at}/pods", climbing)
    yield create("somebody else's service address", f"{at}/services", _service(clusterIP="8.8.8.8"))
    static = pod_with({}, annotations={"kubernetes.io/config.mirror": "x"})
    yield create("a mirror of a node's own pod", f"{at}/pods", static)
