"""What a team may not have on the real server, with the shipped role, though its rights reach it.

Each refusal is admission's and not RBAC's, so it holds for a cluster's administrators too.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from onboarding.cluster import installation
from onboarding.cluster.installation import (
    NotInForce,
    install,
    load_manifests,
    wait_for_admission,
)
from onboarding.cluster.team_probes import TEAM_PROBES
from onboarding.domain.fence_gate import PROOF_LABEL, PROVEN
from onboarding.domain.objects import Json, Manifest
from tests.cluster.conftest import MANIFESTS, Prepared, eventually, managed_namespace
from tests.support.manifests import binding, pod
from tests.support.raw_api import RawApi, Reply
from tests.support.refused_manifests import (
    BAD_PODS,
    CORE,
    MULTUS,
    REFUSED,
    SERVICE,
    WRITABLE,
    Attempt,
    pod_with,
)

# One of each guard; the rest of the table is the same guard in another workload.
PLAIN = [what for what in REFUSED if ", in " not in what or what.endswith("in cronjobs")]
BOUND = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
JOBS = "system:serviceaccount:kube-system:job-controller"


@dataclass(frozen=True)
class Home:
    """A managed namespace that team payments works in."""

    name: str
    prepared: Prepared

    @property
    def alice(self) -> RawApi:
        return self.prepared.raw.acting_as("alice", "payments")

    @property
    def root(self) -> RawApi:
        return self.prepared.cluster_admin

    @property
    def breaker(self) -> RawApi:
        return self.prepared.break_glass

    def controller(self, name: str) -> RawApi:
        return self.prepared.raw.acting_as(name, "system:masters")

    def path(self, at: str, home: str = CORE) -> str:
        return f"/{home}/namespaces/{self.name}/{at}"


@pytest.fixture
def home(prepared: Prepared, team_namespace: str) -> Home:
    return moved_in(prepared, team_namespace)


@pytest.fixture(scope="module")
def dry(prepared: Prepared) -> Iterator[Home]:
    """One namespace for everything that is only tried."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    prepared.portal.create(managed_namespace(name))
    yield moved_in(prepared, name)
    prepared.break_glass.delete(f"/api/v1/namespaces/{name}")


def moved_in(prepared: Prepared, name: str) -> Home:
    prepared.portal.apply(
        binding(name, "team-developer", role="bulkhead:developer", group="payments")
    )
    home = Home(name, prepared)
    eventually(lambda: home.alice.get(home.path("pods")).status == 200, "Alice has access")
    proven = {"metadata": {"labels": {PROOF_LABEL: PROVEN}}}
    assert home.breaker.merge(f"/api/v1/namespaces/{name}", proven).status == 200
    eventually(lambda: is_let_go(home), "pods start at once")
    return home


def is_let_go(home: Home) -> bool:
    """Whether a pod made now would wait for no fence."""
    reply = home.breaker.post(f"{home.path('pods')}?dryRun=All", pod("tried"))
    return reply.status == 201 and "schedulingGates" not in reply.body["spec"]


def tried(home: Home, who: RawApi, attempt: Attempt) -> Reply:
    return who.post(f"{home.path(attempt.at, attempt.home)}?dryRun=All", attempt.manifest)


def made(home: Home, attempt: Attempt) -> str:
    """Made by whom admission lets through, as before the policies stood here; return its path."""
    collection = home.path(attempt.at, attempt.home)
    assert home.breaker.post(collection, attempt.manifest).status == 201
    return f"{collection}/wanted"


def is_refused(reply: Reply, attempt: Attempt) -> bool:
    named = f"ValidatingAdmissionPolicy '{attempt.policy}' with binding '{attempt.policy}'"
    return reply.status == 403 and f"{named} denied request: {attempt.words}" in reply.message


@pytest.mark.parametrize("what", REFUSED)
def test_a_team_cannot_have(dry: Home, what: str) -> None:
    reply = tried(dry, dry.alice, REFUSED[what])
    assert is_refused(reply, REFUSED[what]), reply


@pytest.mark.parametrize("what", PLAIN)
def test_a_cluster_admin_is_refused_as_well(dry: Home, what: str) -> None:
    reply = tried(dry, dry.root, REFUSED[what])
    assert is_refused(reply, REFUSED[what]), reply


@pytest.mark.parametrize("what", PLAIN)
def test_break_glass_can(dry: Home, what: str) -> None:
    assert tried(dry, dry.breaker, REFUSED[what]).status == 201


@pytest.mark.parametrize(("api", "at"), WRITABLE)
def test_everything_ordinary_is_made(dry: Home, api: str, at: str) -> None:
    assert tried(dry, dry.alice, Attempt(WRITABLE[api, at], "", "", at, api)).status == 201


ORDINARY: dict[str, Manifest] = {
    "tolerations of a platform's own nodes": pod_with(
        {"tolerations": [{"key": "gpu", "operator": "Exists"}]}
    ),
    "an hour to shut down": pod_with({"terminationGracePeriodSeconds": 3600}),
    "no time at all to shut down": pod_with({"terminationGracePeriodSeconds": 0}),
    "annotations of its own": pod_with({}, annotations={"prometheus.io/scrape": "true"}),
    "finalizers that Kubernetes takes off": pod_with({}, finalizers=["foregroundDeletion"]),
}


@pytest.mark.parametrize("what", ORDINARY)
def test_a_pod_may_have(dry: Home, what: str) -> None:
    assert tried(dry, dry.alice, Attempt(ORDINARY[what], "", "")).status == 201


LATER: dict[str, tuple[str, Json, str]] = {
    "a toleration of everything": ("/spec/tolerations/-", {"operator": "Exists"}, "tolerations:"),
    "a further network": ("/metadata/annotations", {MULTUS: "x"}, "annotations:"),
    "a finalizer": ("/metadata/finalizers", ["example.com/hold"], "finalizers:"),
}


def added(home: Home, who: RawApi, what: str) -> Reply:
    path, value, _words = LATER[what]
    change = [{"op": "add", "path": path, "value": value}]
    content = "application/json-patch+json"
    return who.send("PATCH", home.path("pods/web"), change, content=content)


@pytest.mark.parametrize("what", LATER)
def test_a_running_pod_is_not_given(home: Home, what: str) -> None:
    assert home.alice.post(home.path("pods"), pod("web")).status == 201
    reply = added(home, home.alice, what)
    assert reply.status == 403, reply
    assert LATER[what][2] in reply.message


def test_a_service_account_of_the_team_is_no_controller(home: Home) -> None:
    own = f"system:serviceaccount:{home.name}:default"
    worker = home.prepared.raw.acting_as(own, "system:serviceaccounts", "payments")
    assert worker.post(home.path("pods"), pod("web")).status == 201
    for what in ("a further network", "a finalizer"):
        assert added(home, worker, what).status == 403


def test_a_service_is_not_given_an_address_later(home: Home) -> None:
    home.alice.post(home.path("services"), SERVICE)
    change = {"spec": {"externalIPs": ["8.8.8.8"]}}
    assert home.alice.merge(home.path("services/wanted"), change).status == 403
    assert home.alice.merge(home.path("services/wanted/status"), change).status == 403
    assert home.root.merge(home.path("services/wanted/status"), change).status == 200
    assert "externalIPs" not in home.root.get(home.path("services/wanted")).body["spec"]


def test_a_job_runs_and_its_pods_are_finished_by_its_controller(home: Home) -> None:
    jobs = home.controller(JOBS)
    tracked = pod_with({}, finalizers=["batch.kubernetes.io/job-tracking"])
    assert jobs.post(home.path("pods"), tracked).status == 201
    assert home.alice.delete(home.path("pods/wanted")).status == 200
    freed = jobs.merge(home.path("pods/wanted"), {"metadata": {"finalizers": None}})
    assert freed.status == 200


def test_only_the_controller_of_jobs_makes_pods_that_it_has_to_finish(home: Home) -> None:
    tracked = pod_with({}, finalizers=["batch.kubernetes.io/job-tracking"])
    for who in (home.alice, home.root, home.controller(f"{JOBS}-2")):
        reply = who.post(home.path("pods"), tracked)
        assert (reply.status, "finalizers: only Kubernetes' own" in reply.message) == (403, True)


FROM_TEMPLATES = [*BAD_PODS, "a finalizer on pods", "a finalizer on persistentvolumeclaims"]


@pytest.mark.parametrize("what", FROM_TEMPLATES)
def test_what_came_from_a_template_is_refused_to_a_controller_too(dry: Home, what: str) -> None:
    reply = tried(dry, dry.controller(JOBS), REFUSED[what])
    assert is_refused(reply, REFUSED[what]), reply


def test_a_network_plugin_writes_what_it_gave_and_the_pod_can_still_change(home: Home) -> None:
    plugin = home.prepared.raw.acting_as(
        "system:serviceaccount:kube-system:multus", "system:masters"
    )
    home.alice.post(home.path("pods"), pod("web"))
    given: Manifest = {"metadata": {"annotations": {"k8s.v1.cni.cncf.io/network-status": "[]"}}}
    assert plugin.merge(home.path("pods/web"), given).status == 200
    labelled = home.alice.merge(home.path("pods/web"), {"metadata": {"labels": {"app": "web"}}})
    assert labelled.status == 200


@pytest.mark.parametrize("what", PLAIN)
def test_what_stood_before_can_be_changed_and_removed(dry: Home, what: str) -> None:
    one = made(dry, REFUSED[what])
    assert dry.alice.merge(one, {"metadata": {"labels": {"seen": "yes"}}}).status == 200
    assert dry.alice.send("DELETE", one, {"gracePeriodSeconds": 0}).status in (200, 202)
    dry.breaker.merge(one, {"metadata": {"finalizers": None}})
    assert dry.root.get(one).status == 404


def test_a_controller_of_the_platform_may_put_its_finalizer_on_what_it_makes(dry: Home) -> None:
    owner = dry.prepared.raw.acting_as("system:serviceaccount:buckets:operator", "system:masters")
    assert tried(dry, owner, REFUSED["a finalizer on configmaps"]).status == 201


FOR_YEARS: Manifest = {"gracePeriodSeconds": 999999999}


@pytest.mark.parametrize("at", ["pods/web", "pods"])
def test_nobody_deletes_a_pod_over_years(home: Home, at: str) -> None:
    scheduled(home)
    reply = home.alice.send("DELETE", home.path(at), FOR_YEARS)
    assert (reply.status, "gracePeriodSeconds: 3600 at most" in reply.message) == (403, True)
    assert "deletionTimestamp" not in home.alice.get(home.path("pods/web")).body["metadata"]


def test_nobody_evicts_a_pod_over_years(home: Home) -> None:
    scheduled(home)
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "web", "namespace": home.name},
    }
    long: Manifest = {**eviction, "deleteOptions": FOR_YEARS}
    assert home.alice.post(home.path("pods/web/eviction"), long).status == 403
    assert home.alice.post(home.path("pods/web/eviction"), eviction).status == 201


def scheduled(home: Home) -> None:
    """A pod that waits for a kubelet to end it: one on no node goes at once."""
    manifest = pod("web")
    manifest["spec"]["nodeName"] = "node-1"  # type: ignore[index,call-overload]
    assert home.breaker.post(home.path("pods"), manifest).status == 201


def test_a_deployment_can_still_be_scaled_and_a_template_mended(home: Home) -> None:
    at = made(home, REFUSED["a toleration of everything, in deployments"])
    assert home.alice.merge(f"{at}/scale", {"spec": {"replicas": 3}}).status == 200
    mended: Json = {"spec": {"template": {"spec": {"tolerations": None}}}}
    assert home.alice.merge(at, mended).status == 200
    again = {"spec": {"template": {"spec": {"tolerations": [{"operator": "Exists"}]}}}}
    assert home.alice.merge(at, again).status == 403


def test_a_namespace_outside_is_free(prepared: Prepared) -> None:
    at = "/api/v1/namespaces/default/pods?dryRun=All"
    for what in ("a node by name", "a toleration of everything"):
        assert prepared.cluster_admin.post(at, REFUSED[what].manifest).status == 201


def test_a_large_pod_is_judged_within_the_cost_that_admission_may_have(home: Home) -> None:
    large = pod_with({"tolerations": [{"key": f"k{n}", "operator": "Exists"} for n in range(2000)]})
    assert home.alice.post(home.path("pods"), large).status == 201
    changed = home.alice.merge(home.path("pods/wanted"), {"metadata": {"labels": {"a": "b"}}})
    assert changed.status == 200


@pytest.mark.parametrize("name", TEAM_PROBES)
def test_each_policy_has_a_probe_that_it_alone_refuses(dry: Home, name: str) -> None:
    probe = TEAM_PROBES[name](dry.name)
    at = f"{str(probe['kind']).lower()}s"
    reply = dry.root.post(f"{dry.path(at)}?dryRun=All", probe)
    assert (reply.status, f"'{name}'" in reply.message) == (403, True)


@pytest.fixture
def without_bindings(home: Home) -> Iterator[Home]:
    """The policies are there and bound to nothing, as after a careless hand."""
    for name in TEAM_PROBES:
        assert home.root.delete(f"{BOUND}/{name}").status == 200
    yield home
    list(install(home.prepared.admin, load_manifests(MANIFESTS)))
    attempt = REFUSED["a node by name"]
    eventually(lambda: is_refused(tried(home, home.root, attempt), attempt), "bound again")


def test_preparing_a_cluster_ends_only_when_the_policies_refuse(
    without_bindings: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = without_bindings.prepared
    attempt = REFUSED["a node by name"]
    root = without_bindings.root
    eventually(lambda: tried(without_bindings, root, attempt).status == 201, "bound no more")
    # A quota that is full refuses the same; that says nothing about the policies.
    full = {"metadata": {"name": "full"}, "spec": {"hard": {"pods": "0", "services": "0"}}}
    assert (
        without_bindings.breaker.post(without_bindings.path("resourcequotas"), full).status == 201
    )
    monkeypatch.setattr(installation, "managed_namespaces", lambda _: [without_bindings.name])
    monkeypatch.setattr(installation, "WAIT_SECONDS", 0.5)
    with pytest.raises(NotInForce, match="bulkhead-team-"):
        wait_for_admission(prepared.admin, prepared.portal)


def test_a_limit_in_one_namespace_hides_no_policy(
    home: Home, dry: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, portal = home.prepared.admin, home.prepared.portal
    limit = {
        "metadata": {"name": "limit"},
        "spec": {"limits": [{"type": "Pod", "max": {"cpu": 9}}]},
    }
    assert home.breaker.post(home.path("limitranges"), limit).status == 201
    places = [home.name]
    monkeypatch.setattr(installation, "managed_namespaces", lambda _: places)
    monkeypatch.setattr(installation, "WAIT_SECONDS", 0.5)
    with pytest.raises(NotInForce, match="maximum cpu usage per Pod is 9"):
        wait_for_admission(admin, portal)
    places.append(dry.name)
    wait_for_admission(admin, portal)
