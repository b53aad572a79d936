"""What a provisioned namespace bounds on the real server: pods' rights, objects, nodes' disks."""

from collections.abc import Callable

import pytest

from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster
from tests.cluster.conftest import Prepared, eventually
from tests.support import live_portal
from tests.support.manifests import pod, rooted_pod
from tests.support.raw_api import RawApi
from tests.support.refused_manifests import CORE, SERVICE, WRITABLE

pytestmark = pytest.mark.django_db

READY = NamespaceState.READY
COUNTED = {
    "services": 20,
    "secrets": 50,
    "configmaps": 50,
    "persistentvolumeclaims": 10,
    "replicationcontrollers": 20,
    "deployments": 20,
    "statefulsets": 20,
    "daemonsets": 10,
    "replicasets": 220,
    "jobs": 40,
    "cronjobs": 10,
    "horizontalpodautoscalers": 20,
    "poddisruptionbudgets": 20,
}


@pytest.fixture
def alice(prepared: Prepared, dev_eu: Cluster) -> Callable[[str, str], RawApi]:
    def moved_in(name: str, environment: str) -> RawApi:
        live_portal.brought_to(
            live_portal.onboard(dev_eu, name, environment=environment, size="small"), READY
        )
        alice = prepared.raw.acting_as("alice", "team-payments")
        at = f"/api/v1/namespaces/{name}/pods"
        eventually(lambda: alice.get(at).status == 200, "Alice has access")
        return alice

    return moved_in


def test_production_runs_no_pod_with_root_and_development_does(
    alice: Callable[[str, str], RawApi], name: str
) -> None:
    pods, others = f"/api/v1/namespaces/{name}/pods", f"/api/v1/namespaces/{name}-dev/pods"
    production = alice(name, "production")
    refused = production.post(pods, rooted_pod("web"))
    assert (refused.status, 'PodSecurity "restricted' in refused.message) == (403, True)
    assert production.post(pods, pod("web")).status == 201
    assert alice(f"{name}-dev", "development").post(others, rooted_pod("web")).status == 201


def test_a_container_that_names_nothing_gets_its_share_of_the_nodes_disk(
    alice: Callable[[str, str], RawApi], name: str
) -> None:
    made = alice(name, "production").post(f"/api/v1/namespaces/{name}/pods", pod("web"))
    [container] = made.body["spec"]["containers"]
    assert container["resources"]["limits"]["ephemeral-storage"] == "2Gi"
    assert container["resources"]["requests"]["ephemeral-storage"] == "256Mi"


def test_every_kind_that_a_team_may_make_has_an_end(
    prepared: Prepared, alice: Callable[[str, str], RawApi], name: str
) -> None:
    who = alice(name, "development")
    quota = f"/api/v1/namespaces/{name}/resourcequotas/quota"
    eventually(
        lambda: len(prepared.cluster_admin.get(quota).body["status"].get("used", {})) == 24,
        "the quota counts",
    )
    hard = prepared.cluster_admin.get(quota).body["spec"]["hard"]
    for api, at in WRITABLE:
        if at == "pods":
            continue
        kind = next(bound for bound in hard if bound.removeprefix("count/").split(".")[0] == at)
        assert hard[kind] == str(COUNTED[at])
        assert who.get(f"/{api}/namespaces/{name}/{at}").status == 200


def test_the_service_after_the_last_is_refused(
    alice: Callable[[str, str], RawApi], name: str
) -> None:
    who, services = alice(name, "development"), f"/{CORE}/namespaces/{name}/services"
    made = [
        who.post(services, {**SERVICE, "metadata": {"name": f"s{number}"}}) for number in range(21)
    ]
    assert [one.status for one in made] == [201] * 20 + [403]
    assert "exceeded quota" in made[-1].message
