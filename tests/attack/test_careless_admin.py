"""An administrator of the cluster without break-glass: nothing managed is changed by accident.

What is tried is generated from the objects as they stand (tests/support/careless_admin.py). Then an
independent reader compares all of them with what it saw before.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from django.utils.timezone import now

from onboarding.cluster.installation import install, load_manifests, wait_for_admission
from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ClusterGuards, Event, ManagedNamespace
from onboarding.services.observe import observe
from tests.cluster.conftest import MANIFESTS, Prepared
from tests.support import careless_admin as careless
from tests.support import live_portal
from tests.support.audit_log import PORTAL
from tests.support.network_plugins import CLUSTER_WIDE, installed
from tests.support.raw_api import RawApi
from tests.support.red_team import Campaign, Request, merge

pytestmark = [pytest.mark.cluster, pytest.mark.django_db]
READY = NamespaceState.READY
OWNED, MARKS = "bulkhead-owned-resources", "bulkhead-reserved-namespace-labels"
CLUSTER_POLICIES = "bulkhead-cluster-network-policies"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"


@dataclass(frozen=True)
class Scene:
    """A namespace that the portal provisioned, an administrator, and who may break glass."""

    row: ManagedNamespace
    root: RawApi
    breaker: RawApi

    @property
    def home(self) -> str:
        return f"/api/v1/namespaces/{self.row.name}"

    @property
    def deny_all(self) -> str:
        return f"/apis/networking.k8s.io/v1/namespaces/{self.row.name}/networkpolicies/deny-all"


@pytest.fixture
def scene(prepared: Prepared, dev_eu: Cluster, name: str) -> Iterator[Scene]:
    row = live_portal.brought_to(live_portal.onboard(dev_eu, name), READY)
    scene = Scene(row, prepared.cluster_admin, prepared.break_glass)
    yield scene
    scene.breaker.delete(scene.home)


def written(scene: Scene) -> Iterator[Request]:
    for one in careless.stored(scene.breaker, scene.row.name):
        yield from careless.changes(one)
        if one.collection == "resourcequotas":
            yield from careless.statuses(one)
    yield from careless.additions(scene.row.name)


def test_nothing_that_is_managed_can_be_changed(scene: Scene) -> None:
    name, witness, campaign = scene.row.name, scene.breaker, Campaign(scene.root)
    before = careless.witnessed(witness, name)
    campaign.expect(OWNED, written(scene))
    campaign.expect(MARKS, careless.on_the_namespace(name, before[scene.home]))
    campaign.expect(MARKS, careless.foreign_namespaces(name))
    assert campaign.attempts("a careless administrator") >= 200
    assert careless.witnessed(witness, name) == before
    assert live_portal.deviations(live_portal.look(scene.row)) == []


@pytest.fixture
def plugins(scene: Scene) -> Iterator[None]:
    """Network plugins are installed, and each has a policy of the whole cluster."""
    with installed(scene.root):
        for one in CLUSTER_WIDE:
            at = f"/apis/{one.group}/v1/{one.plural}"
            assert scene.breaker.post(at, one.named("standing")).status == 201
        yield


def standing(scene: Scene) -> list[object]:
    return [
        scene.breaker.get(f"/apis/{one.group}/v1/{one.plural}").body["items"]
        for one in CLUSTER_WIDE
    ]


@pytest.mark.usefixtures("plugins")
def test_no_policy_of_a_network_plugin_opens_what_is_managed(scene: Scene) -> None:
    before, campaign = standing(scene), Campaign(scene.root)
    campaign.expect(OWNED, careless.of_plugins(scene.row.name))
    campaign.expect(CLUSTER_POLICIES, careless.of_the_whole_cluster())
    assert campaign.attempts("a careless administrator, with network plugins") >= 60
    assert standing(scene) == before


def test_with_break_glass_everything_can_be_changed_and_the_portal_repairs_it(
    scene: Scene,
) -> None:
    for one in careless.stored(scene.breaker, scene.row.name):
        changed = scene.breaker.merge(one.path, careless.OWNED[one.collection][1])
        assert changed.status == 200, changed.message
    loose = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}
    assert scene.breaker.merge(scene.home, loose).status == 200
    assert len(live_portal.deviations(scene.row)) >= 5
    assert live_portal.look(scene.row).state == READY
    assert live_portal.deviations(scene.row) == []


def test_an_administrator_still_can_delete_a_namespace_and_the_portal_makes_it_again(
    scene: Scene,
) -> None:
    """What lay in it is gone. Behind its fence it is there again, under another uid."""
    assert scene.root.delete(scene.home).status == 200
    live_portal.wait_for(lambda: scene.root.get(scene.home).status == 404, "the namespace goes")
    again = live_portal.look(scene.row)
    assert (again.state, again.uid == scene.row.uid) == (READY, False)
    assert live_portal.deviations(again) == []


def test_an_administrator_still_can_use_labels_and_annotations_of_their_own(scene: Scene) -> None:
    own = {"example.com/cost-centre": "42"}
    for part in ("labels", "annotations"):
        assert scene.root.merge(scene.home, {"metadata": {part: own}}).status == 200
    assert live_portal.deviations(live_portal.look(scene.row)) == []


def test_an_administrator_still_can_keep_a_namespace_from_going(scene: Scene) -> None:
    """Finalizers and owners of the Namespace itself are nobody's mark; deleting it is free too."""
    owner = {"apiVersion": "v1", "kind": "Namespace", "name": "x", "uid": "x"}
    for held in ({"finalizers": ["example.com/hold"]}, {"ownerReferences": [owner]}):
        request = merge("hold", scene.home, {"metadata": held}).dry()
        assert request.by(scene.root).status == 200


@pytest.mark.parametrize(
    ("user", "group"),
    [(PORTAL, "system:serviceaccounts"), ("root", "bulkhead:break-glass")],
    ids=["the portal", "break-glass"],
)
def test_an_administrator_still_can_act_as_whom_admission_lets_through(
    scene: Scene, user: str, group: str
) -> None:
    """What stops accidents stops nobody who may impersonate; the audit log names them."""
    somebody = replace(scene.root, user=user, groups=(group, "system:masters"))
    request = merge("open", scene.deny_all, {"spec": {"egress": [{}]}}).dry()
    assert request.by(somebody).status == 200


def shipped_guards(witness: RawApi) -> list[str]:
    """The paths of all shipped policies and bindings of admission."""
    found = []
    for kind in ("validatingadmissionpolicy", "mutatingadmissionpolicy"):
        for plural in (f"{kind.removesuffix('y')}ies", f"{kind}bindings"):
            listed = witness.get(f"{ADMISSION}/{plural}").body["items"]
            names = [one["metadata"]["name"] for one in listed]
            found += [f"{ADMISSION}/{plural}/{name}" for name in names if "bulkhead-" in name]
    return found


@pytest.fixture
def put_back(prepared: Prepared) -> Iterator[None]:
    yield
    list(install(prepared.admin, load_manifests(MANIFESTS)))
    wait_for_admission(prepared.admin, prepared.portal)


@pytest.mark.usefixtures("put_back")
def test_an_administrator_still_can_delete_the_guards_and_one_look_sees_it(
    scene: Scene, dev_eu: Cluster
) -> None:
    """API servers ask no policy about policies: this is noticed, not prevented."""
    guards = shipped_guards(scene.root)
    for guard in guards:
        assert scene.root.delete(guard).status == 200
    assert observe(dev_eu.pk, clock=now)
    findings = ClusterGuards.objects.get(cluster=dev_eu).findings
    assert len(findings) == len(guards) >= 20
    assert all(finding.endswith(" is missing") for finding in findings)
    assert Event.objects.filter(action=Action.CLUSTER_UNGUARDED).count() == 1
