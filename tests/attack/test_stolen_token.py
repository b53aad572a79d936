"""The portal's own token in a thief's hands, past the gateway: what it is worth.

What is tried is data in tests/support/stolen_token.py; `pytest -rP` shows who refused how much.
What a thief *still can* do is said by tests of that name.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ManagedNamespace
from tests.cluster.conftest import Prepared, managed_namespace
from tests.support import live_portal
from tests.support import stolen_token as stolen
from tests.support.manifests import binding, pod, policy
from tests.support.raw_api import RawApi
from tests.support.red_team import JSON_PATCH, Campaign, Request, create, refused_by
from tests.support.stolen_token import CORE, NETWORKING, OWN_TOKEN, RBAC

pytestmark = [pytest.mark.cluster, pytest.mark.django_db]
READY = NamespaceState.READY
CONFINED, CREDENTIALS, GATE = (
    "bulkhead-confined",
    "bulkhead-credentials",
    "bulkhead-lifts-the-gate-only",
)


@dataclass(frozen=True)
class Scene:
    """A namespace in production with a pod in it, a namespace of others, and the thief."""

    row: ManagedNamespace
    thief: RawApi
    others: str
    standing: dict[str, str]

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def home(self) -> str:
        return f"{CORE}/namespaces/{self.name}"


@pytest.fixture
def scene(prepared: Prepared, dev_eu: Cluster, name: str) -> Iterator[Scene]:
    row = live_portal.onboard(dev_eu, name, environment="production")
    row = live_portal.brought_to(row, READY)
    breaker, others = prepared.break_glass, f"others-{name}"
    scene = Scene(row, prepared.as_portal, others, stolen.furnished(breaker, others))
    assert breaker.post(f"{scene.home}/pods", pod("web")).status == 201
    yield scene
    for where in (name, others):
        breaker.delete(f"{CORE}/namespaces/{where}")


def test_a_stolen_token_is_refused_all_that_is_not_the_portals_business(scene: Scene) -> None:
    name, campaign = scene.name, Campaign(scene.thief)
    campaign.expect("RBAC", stolen.reading(name))
    campaign.expect("RBAC", stolen.starting(name))
    campaign.expect("RBAC", stolen.on_the_cluster())
    campaign.expect("RBAC", stolen.tokens())
    campaign.expect("RBAC (more than one's own rights)", stolen.rights(name))
    campaign.expect(CREDENTIALS, stolen.long_tokens())
    campaign.expect(CONFINED, stolen.namespaces(name))
    campaign.expect(CONFINED, stolen.bindings(name))
    campaign.expect(CONFINED, stolen.unmanaged(scene.others, scene.standing))
    owned, drained = stolen.by_right_to_drain(scene.standing)
    campaign.expect("RBAC", stolen.wholesale(owned))
    campaign.expect(CONFINED, stolen.wholesale(drained))
    campaign.expect(GATE, stolen.patches(name))
    assert campaign.attempts("a stolen token") >= 400
    assert live_portal.deviations(live_portal.look(scene.row)) == []


def test_a_thief_becomes_nobody_else(scene: Scene) -> None:
    for user, group in (("root", "system:masters"), ("x", "bulkhead:break-glass"), ("x", "devs")):
        reply = scene.thief.acting_as(user, group).get(f"{scene.home}/pods")
        assert refused_by(reply) == "RBAC"
        assert "cannot impersonate" in reply.message


def test_a_thief_still_can_read_pods_policies_and_access_of_the_whole_cluster(
    scene: Scene,
) -> None:
    """And with the pods every value that stands in their environment in clear."""
    for path in (f"{CORE}/namespaces", f"{CORE}/pods", f"{CORE}/services", f"{CORE}/resourcequotas",
                 f"{CORE}/persistentvolumeclaims", "/apis/apps/v1/deployments",
                 f"{NETWORKING}/networkpolicies", f"{RBAC}/rolebindings"):  # fmt: skip
        assert scene.thief.get(path).status == 200, path


def test_a_thief_still_can_ask_what_anybody_may_do(scene: Scene) -> None:
    asked = {"user": "alice", "resourceAttributes": {"verb": "get", "resource": "secrets"}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    assert scene.thief.post(path, {"spec": asked}).status == 201


def test_a_thief_still_can_make_a_managed_namespace_that_confines(scene: Scene) -> None:
    wanted = managed_namespace("made-by-a-thief")
    made = create("one", f"{CORE}/namespaces", wanted).dry()
    assert made.by(scene.thief).status == 201


def test_a_thief_still_can_open_the_fence_until_the_next_look(scene: Scene) -> None:
    policies = f"{NETWORKING}/namespaces/{scene.name}/networkpolicies"
    opened = {"spec": {"ingress": [{}], "egress": [{}]}}
    assert scene.thief.merge(f"{policies}/deny-all", opened).status == 200
    assert live_portal.look(scene.row).state == READY
    assert live_portal.deviations(scene.row) == []
    more = policy(scene.name, "more", {"egress": [{}]})
    assert scene.thief.post(policies, more).status == 201
    assert live_portal.look(scene.row).state == NamespaceState.DRIFTED
    assert scene.row.deviations.filter(kind="foreign", object_name="more").exists()


def test_a_thief_still_can_let_another_ordinary_group_in_until_the_next_look(scene: Scene) -> None:
    """Not where the cluster has deploy/cluster/optional/team-groups.yaml: test_team_groups.py."""
    access = f"{RBAC}/namespaces/{scene.name}/rolebindings/team-developer"
    other = binding(scene.name, "team-developer", role="bulkhead:developer", group="mallory")
    assert scene.thief.merge(access, {"subjects": other["subjects"]}).status == 200
    assert live_portal.look(scene.row).state == READY
    assert live_portal.deviations(scene.row) == []


def test_a_thief_still_can_empty_and_delete_managed_namespaces(scene: Scene) -> None:
    for path in (f"{scene.home}/pods/web", f"{scene.home}/pods", scene.home):
        assert Request(path, "DELETE", path).dry().by(scene.thief).status == 200


def test_a_thief_still_can_lift_a_gate(scene: Scene, prepared: Prepared) -> None:
    unproven = {"metadata": {"labels": {"bulkhead.dev/fence": None}}}
    assert scene.thief.merge(scene.home, unproven).status == 200
    assert prepared.break_glass.post(f"{scene.home}/pods", pod("waits")).status == 201
    lifted = [{"op": "remove", "path": "/spec/schedulingGates"}]
    request = Request("lift", "PATCH", f"{scene.home}/pods/waits", lifted, JSON_PATCH)
    assert request.by(scene.thief).status == 200


def test_a_thief_still_can_renew_the_token_for_another_day(scene: Scene) -> None:
    """Again and again: what ends it is the account's end, not the clock."""
    minted = scene.thief.post(OWN_TOKEN, {"spec": {"expirationSeconds": 86400}})
    again = replace(scene.thief, token=minted.body["status"]["token"])
    assert again.post(OWN_TOKEN, {"spec": {"expirationSeconds": 86400}}).status == 201


def test_a_thief_still_can_have_a_token_for_another_audience(scene: Scene) -> None:
    """API servers put their own audience in before admission: it cannot tell which is theirs.

    It opens nothing here, and elsewhere only what trusts this cluster's issuer for this account.
    """
    spec = {"audiences": ["vault"], "expirationSeconds": 86400}
    minted = scene.thief.post(OWN_TOKEN, {"spec": spec})
    assert minted.status == 201
    elsewhere = replace(scene.thief, token=minted.body["status"]["token"])
    assert elsewhere.get(f"{CORE}/namespaces").status == 401
