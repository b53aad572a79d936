"""A team that means harm, with its own certificate and the shipped roles, on the real server.

The portal provisioned two namespaces for it: production, and development, where it has a shell.
What it tries is data in tests/support/hostile_team.py; `pytest -rP` shows who refused how much.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from devcluster import ControlPlane
from devcluster.certificates import load_authority, write_pair
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster
from tests.cluster.conftest import Prepared, managed_namespace
from tests.support import hostile_team as hostile
from tests.support import live_portal
from tests.support.hostile_pods import LOOSE, ON_THE_NODE, PRIVILEGED
from tests.support.manifests import pod
from tests.support.raw_api import RawApi
from tests.support.red_team import Campaign, Request, create, refused_by
from tests.support.refused_manifests import WRITABLE, pod_with, workloads

pytestmark = [pytest.mark.cluster, pytest.mark.django_db]
READY = NamespaceState.READY
REPLICA_SETS = "system:serviceaccount:kube-system:replicaset-controller"


def signed_in(plane: ControlPlane, folder: Path, user: str, group: str) -> RawApi:
    """Somebody with a certificate: no administrator stands behind what they send."""
    pair = load_authority(plane.layout.pki).sign_client(user, [group])
    write_pair(folder / user, pair)
    of = RawApi.from_kubeconfig(plane.kubeconfig)
    trust = RawApi.with_token(of.address, ca=(plane.layout.pki / "ca.crt").read_text(), token="")
    trust.trust.load_cert_chain(folder / f"{user}.crt", folder / f"{user}.key")
    return replace(of, trust=trust.trust)


@dataclass(frozen=True)
class Scene:
    """Alice's two namespaces with a pod in each, and one of team search."""

    alice: RawApi
    production: str
    development: str
    searchs: str


@pytest.fixture
def scene(
    control_plane: ControlPlane, prepared: Prepared, dev_eu: Cluster, name: str, tmp_path: Path
) -> Iterator[Scene]:
    alice = signed_in(control_plane, tmp_path, "alice", "team-payments")
    scene = Scene(alice, f"{name}-p", f"{name}-d", f"search-{name}")
    for where, environment in (
        (scene.production, "production"),
        (scene.development, "development"),
    ):
        row = live_portal.onboard(dev_eu, where, environment=environment)
        assert live_portal.brought_to(row, READY).state == READY
        assert alice.post(f"/api/v1/namespaces/{where}/pods", pod("web")).status == 201
    prepared.portal.create(managed_namespace(scene.searchs))
    yield scene
    for where in (scene.production, scene.development, scene.searchs):
        prepared.break_glass.delete(f"/api/v1/namespaces/{where}")


def others(scene: Scene) -> Iterator[Request]:
    for name, whose in (
        (scene.searchs, "team search"), ("default", "nobody"),
        ("kube-system", "the cluster"), ("bulkhead-system", "the portal"),
    ):  # fmt: skip
        yield from hostile.elsewhere(name, whose)


def test_nothing_a_hostile_team_tries_in_production_is_let_through(scene: Scene) -> None:
    home, campaign = scene.production, Campaign(scene.alice)
    for requests in (hostile.in_its_namespace, hostile.on_the_namespace, hostile.without_a_shell):
        campaign.expect("RBAC", requests(home))
    campaign.expect("RBAC", [*others(scene), *hostile.on_the_cluster()])
    campaign.expect("Pod Security", hostile.pods(ON_THE_NODE | LOOSE, home))
    campaign.expect("quota", hostile.beyond_the_quota(home))
    campaign.expect("validation", hostile.pods(PRIVILEGED, home))
    campaign.expect("validation", hostile.nonsense(home))
    for policy in hostile.TEAM_POLICIES:
        campaign.expect(policy, hostile.against(policy, home))
    assert campaign.attempts("a hostile team in production") >= 500


def test_a_shell_in_development_gives_a_team_nothing_else(scene: Scene) -> None:
    home, campaign = scene.development, Campaign(scene.alice)
    for requests in (hostile.in_its_namespace, hostile.on_the_namespace):
        campaign.expect("RBAC", requests(home))
    campaign.expect("RBAC", hostile.without_a_shell(scene.production))
    campaign.expect("RBAC", others(scene))
    campaign.expect("Pod Security", hostile.pods(ON_THE_NODE, home))
    campaign.expect("quota", hostile.beyond_the_quota(home))
    for policy in hostile.TEAM_POLICIES:
        campaign.expect(policy, hostile.against(policy, home))
    assert campaign.attempts("a hostile team with a shell") >= 300


SOMEBODY = {
    "an administrator": ("root", ("system:masters",)),
    "who may break glass": ("alice", ("bulkhead:break-glass",)),
    "the network platform team": ("alice", ("bulkhead:network-platform",)),
    "another team": ("alice", ("team-search",)),
    "the portal": ("system:serviceaccount:bulkhead-system:bulkhead", ()),
    "a controller": ("system:serviceaccount:kube-system:namespace-controller", ()),
    "a node": ("system:node:node-1", ("system:nodes",)),
}


@pytest.mark.parametrize("whom", SOMEBODY)
def test_a_team_cannot_act_as(scene: Scene, whom: str) -> None:
    user, groups = SOMEBODY[whom]
    reply = scene.alice.acting_as(user, *groups).get(f"/api/v1/namespaces/{scene.searchs}/pods")
    assert (reply.status, refused_by(reply)) == (403, "RBAC")
    assert "cannot impersonate" in reply.message


def test_ordinary_work_is_let_through(scene: Scene) -> None:
    for home in (scene.production, scene.development):
        for (api, kind), manifest in WRITABLE.items():
            path = f"/{api}/namespaces/{home}/{kind}"
            reply = create(kind, path, manifest).dry().by(scene.alice)
            assert reply.status == 201, reply.message
            assert scene.alice.get(path).status == 200


def test_a_team_still_can_name_another_address_for_a_service(scene: Scene) -> None:
    """It is DNS alone: the fence decides about the packets."""
    named = {"type": "ExternalName", "externalName": "db.search.svc.cluster.local"}
    path = f"/api/v1/namespaces/{scene.production}/services"
    wanted = create("x", path, {"metadata": {"name": "x"}, "spec": named})
    assert wanted.dry().by(scene.alice).status == 201


def test_a_team_still_can_store_a_template_that_pod_security_will_refuse(
    scene: Scene, prepared: Prepared
) -> None:
    """Its controllers get no pod from it: whoever asks, the level of the namespace holds."""
    on_the_node = pod_with({"hostNetwork": True})
    stored = workloads(on_the_node)["apis/apps/v1", "deployments"]
    path = f"/apis/apps/v1/namespaces/{scene.production}/deployments"
    assert create("x", path, stored).dry().by(scene.alice).status == 201
    controller = prepared.raw.acting_as(REPLICA_SETS, "system:masters")
    pods = f"/api/v1/namespaces/{scene.production}/pods"
    assert refused_by(create("x", pods, on_the_node).by(controller)) == "Pod Security"


def test_a_team_still_can_get_into_its_own_pods_in_development(scene: Scene) -> None:
    for request in hostile.without_a_shell(scene.development):
        assert request.by(scene.alice).status != 403, request.what
