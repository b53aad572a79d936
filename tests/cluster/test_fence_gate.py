"""No pod before a proven fence, on the real API server: who may lift the gate, and who cannot."""

from collections.abc import Iterator
from typing import Any

import pytest

from onboarding.cluster.installation import install, manifests_for
from onboarding.domain.fence_gate import GATE
from onboarding.domain.objects import Manifest
from tests.cluster.conftest import MANIFESTS, Prepared, eventually
from tests.support.manifests import binding, pod
from tests.support.raw_api import RawApi, Reply

JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
OTHERS = "scheduling.example/topology"
LIFT = {"spec": {"schedulingGates": [{"$patch": "delete", "name": GATE}]}}
NO_GATES = [{"op": "remove", "path": "/spec/schedulingGates"}]


@pytest.fixture
def pods(team_namespace: str) -> str:
    """Where pods are, in a managed namespace whose fence nobody has proven."""
    return f"/api/v1/namespaces/{team_namespace}/pods"


@pytest.fixture
def developer(prepared: Prepared, team_namespace: str) -> RawApi:
    """Somebody of the team, with the role that the portal binds."""
    bound = binding(team_namespace, "devs", role="bulkhead:developer", group="devs")
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{team_namespace}/rolebindings"
    assert prepared.break_glass.post(path, bound).status == 201
    somebody = prepared.raw.acting_as("dev", "devs")
    pods = f"/api/v1/namespaces/{team_namespace}/pods"
    eventually(lambda: somebody.get(pods).status == 200, "the role is in force")
    return somebody


@pytest.fixture
def waiting(developer: RawApi, pods: str) -> str:
    """A pod that waits, by its path."""
    assert developer.post(pods, pod("web")).status == 201
    return f"{pods}/web"


def gates(made: Reply) -> list[str]:
    assert made.status in {200, 201}, made.message
    return [gate["name"] for gate in made.body["spec"].get("schedulingGates", [])]


def said(prepared: Prepared, namespace: str, value: str | None) -> Reply:
    body = {"metadata": {"labels": {GATE: value}}}
    return prepared.break_glass.merge(f"/api/v1/namespaces/{namespace}", body)


class TestEveryPodWaits:
    def test_a_new_pod_waits_and_says_so(self, developer: RawApi, pods: str) -> None:
        made = developer.post(pods, pod("web"))
        assert gates(made) == [GATE]
        [condition] = made.body["status"]["conditions"]
        assert condition["reason"] == "SchedulingGated"

    def test_an_administrators_too(self, prepared: Prepared, pods: str) -> None:
        assert gates(prepared.cluster_admin.post(pods, pod("web"))) == [GATE]

    @pytest.mark.parametrize("own", [[OTHERS], [GATE], [GATE, OTHERS]])
    def test_whatever_gates_it_brings(self, developer: RawApi, pods: str, own: list[str]) -> None:
        brought: Any = pod("web")
        brought["spec"]["schedulingGates"] = [{"name": name} for name in own]
        assert sorted(gates(developer.post(pods, brought))) == sorted({GATE, *own})

    def test_one_that_cannot_be_applied_without_loss_keeps_what_it_says(
        self, developer: RawApi, pods: str
    ) -> None:
        """The gate is merged in like an apply, which knows no list with two of one name."""
        twice: Any = pod("web")
        variables = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
        twice["spec"]["containers"][0]["env"] = variables
        made = developer.post(pods, twice)
        assert gates(made) == [GATE]
        assert made.body["spec"]["containers"][0]["env"] == variables

    def test_with_the_proof_it_starts_at_once(
        self, prepared: Prepared, developer: RawApi, team_namespace: str, pods: str
    ) -> None:
        assert said(prepared, team_namespace, "proven").status == 200
        eventually(
            lambda: gates(developer.post(f"{pods}?dryRun=All", pod("web"))) == [],
            "admission knows of the proof",
        )

    @pytest.mark.parametrize("value", ["true", "", "Proven", "unproven"])
    def test_no_other_word_is_a_proof(
        self, prepared: Prepared, developer: RawApi, team_namespace: str, pods: str, value: str
    ) -> None:
        assert said(prepared, team_namespace, value).status == 200
        assert gates(developer.post(pods, pod("web"))) == [GATE]

    def test_namespaces_of_others_know_no_gate(self, prepared: Prepared) -> None:
        path = "/api/v1/namespaces/default/pods?dryRun=All"
        assert gates(prepared.cluster_admin.post(path, pod("web"))) == []


class TestNobodyGoesAround:
    def test_a_node_of_its_own_choice_is_refused(self, developer: RawApi, pods: str) -> None:
        placed: Any = pod("web")
        placed["spec"]["nodeName"] = "node-1"
        answer = developer.post(pods, placed)
        assert answer.status == 422
        assert "until all schedulingGates have been cleared" in answer.message

    def test_a_binding_to_a_node_is_refused(self, prepared: Prepared, waiting: str) -> None:
        target = {"apiVersion": "v1", "kind": "Node", "name": "node-1"}
        bound = {"metadata": {"name": "web"}, "target": target}
        answer = prepared.break_glass.post(f"{waiting}/binding", bound)
        assert answer.status == 409
        assert "non-empty .spec.schedulingGates" in answer.message

    @pytest.mark.parametrize("who", ["developer", "administrator"])
    def test_neither_team_nor_administrator_lifts_it(
        self, prepared: Prepared, developer: RawApi, waiting: str, who: str
    ) -> None:
        person = developer if who == "developer" else prepared.cluster_admin
        answers = [
            person.send("PATCH", waiting, NO_GATES, content=JSON_PATCH),
            person.send("PATCH", waiting, LIFT, content=STRATEGIC),
            person.merge(waiting, {"spec": {"schedulingGates": None}}),
        ]
        whole = person.get(waiting).body
        whole["spec"].pop("schedulingGates")
        answers.append(person.send("PUT", waiting, whole))
        assert [answer.status for answer in answers] == [403] * 4
        assert all("only the portal lifts the gate" in answer.message for answer in answers)
        assert gates(person.get(waiting)) == [GATE]

    @pytest.mark.parametrize("part", ["status", "resize", "ephemeralcontainers"])
    def test_not_through_a_part_of_the_pod_either(
        self, prepared: Prepared, waiting: str, part: str
    ) -> None:
        body = {"spec": {"schedulingGates": None}}
        prepared.cluster_admin.merge(f"{waiting}/{part}", body)
        assert gates(prepared.cluster_admin.get(waiting)) == [GATE]

    def test_other_gates_are_their_owners_to_lift(self, developer: RawApi, pods: str) -> None:
        brought: Any = pod("web")
        brought["spec"]["schedulingGates"] = [{"name": OTHERS}]
        developer.post(pods, brought)
        lift = {"spec": {"schedulingGates": [{"$patch": "delete", "name": OTHERS}]}}
        answer = developer.send("PATCH", f"{pods}/web", lift, content=STRATEGIC)
        assert gates(answer) == [GATE]

    def test_the_proof_is_not_the_teams_nor_an_administrators_to_give(
        self, prepared: Prepared, developer: RawApi, team_namespace: str
    ) -> None:
        path, body = (
            f"/api/v1/namespaces/{team_namespace}",
            {"metadata": {"labels": {GATE: "proven"}}},
        )
        assert developer.merge(path, body).status == 403
        refused = prepared.cluster_admin.merge(path, body)
        assert (refused.status, "are reserved" in refused.message) == (403, True)

    def test_break_glass_lets_them_go_while_the_portal_cannot(
        self, prepared: Prepared, waiting: str
    ) -> None:
        answer = prepared.break_glass.send("PATCH", waiting, LIFT, content=STRATEGIC)
        assert gates(answer) == []

    def test_without_what_sets_the_gate_no_pod_starts_at_all(
        self, prepared: Prepared, developer: RawApi, pods: str, no_mutation: None
    ) -> None:
        eventually(
            lambda: developer.post(f"{pods}?dryRun=All", pod("web")).status == 403,
            "pods are refused instead",
        )
        assert "no gate to wait for it" in developer.post(pods, pod("web")).message

    @pytest.fixture
    def no_mutation(self, prepared: Prepared, developer: RawApi, pods: str) -> Iterator[None]:
        """An administrator removed the policy that sets the gate."""
        group = "/apis/admissionregistration.k8s.io/v1"
        path = f"{group}/mutatingadmissionpolicybindings/bulkhead-fence-gate"
        assert prepared.cluster_admin.delete(path).status == 200
        yield
        list(install(prepared.admin, manifests_for(MANIFESTS, has_gate=True)))
        eventually(
            lambda: developer.post(f"{pods}?dryRun=All", pod("web")).status == 201,
            "the gate is set again",
        )


MORE_THAN_THE_GATE: dict[str, tuple[str, Any]] = {
    "its image": (STRATEGIC, {"spec": {"containers": [{"name": "web", "image": "evil"}]}}),
    "a label": (STRATEGIC, {"metadata": {"labels": {"app": "ingress"}}}),
    "an annotation": (STRATEGIC, {"metadata": {"annotations": {"a": "b"}}}),
    "a finalizer": (STRATEGIC, {"metadata": {"finalizers": ["example.com/hold"]}}),
    "its owner": (STRATEGIC, {"metadata": {"ownerReferences": [
        {"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "0"}]}}),
    "where it may run": (STRATEGIC, {"spec": {"nodeSelector": {"disk": "fast"}}}),
    "how long": (STRATEGIC, {"spec": {"activeDeadlineSeconds": 1}}),
    "what it tolerates": (JSON_PATCH, [{"op": "add", "path": "/spec/tolerations/-",
                                       "value": {"key": "x", "operator": "Exists"}}]),
    "a gate of others": (STRATEGIC, {"spec": {"schedulingGates": [
        {"$patch": "delete", "name": OTHERS}]}}),
    "every gate": (JSON_PATCH, NO_GATES),
    "a label, while it lifts the gate": (STRATEGIC, {**LIFT, "metadata": {"labels": {"a": "b"}}}),
}  # fmt: skip


class TestThePortalItself:
    @pytest.fixture
    def held(self, developer: RawApi, pods: str) -> str:
        """A pod that others hold back too."""
        brought: Any = pod("web")
        brought["spec"]["schedulingGates"] = [{"name": OTHERS}]
        assert developer.post(pods, brought).status == 201
        return f"{pods}/web"

    def test_it_lifts_its_own_gate_and_no_other(self, prepared: Prepared, held: str) -> None:
        lifted = prepared.as_portal.send("PATCH", held, LIFT, content=STRATEGIC)
        assert gates(lifted) == [OTHERS]

    @pytest.mark.parametrize("what", MORE_THAN_THE_GATE)
    def test_it_changes_nothing_else_of_a_pod(
        self, prepared: Prepared, held: str, what: str
    ) -> None:
        content, body = MORE_THAN_THE_GATE[what]
        answer = prepared.as_portal.send("PATCH", held, body, content=content)
        assert (answer.status, "the portal may" in answer.message) == (403, True)
        assert "bulkhead-lifts-the-gate-only" in answer.message

    def test_nothing_of_a_pod_in_a_namespace_of_others(self, prepared: Prepared) -> None:
        path = "/api/v1/namespaces/default/pods"
        prepared.cluster_admin.post(path, pod("alien"))
        answer = prepared.as_portal.send("PATCH", f"{path}/alien", LIFT, content=STRATEGIC)
        prepared.cluster_admin.delete(f"{path}/alien")
        assert (answer.status, "labelled bulkhead.dev/managed" in answer.message) == (403, True)

    def test_it_makes_no_pod_whatever_it_calls_it(self, prepared: Prepared, pods: str) -> None:
        wanted: Manifest = pod("mine")
        answers = [
            prepared.as_portal.post(pods, wanted),
            prepared.as_portal.send("PUT", f"{pods}/mine", wanted),
            prepared.as_portal.send("PATCH", f"{pods}/mine?fieldManager=x", wanted, content=APPLY),
        ]
        assert [answer.status for answer in answers] == [403] * 3

    @pytest.mark.parametrize("part", ["status", "resize", "ephemeralcontainers", "binding"])
    def test_no_part_of_a_pod(self, prepared: Prepared, held: str, part: str) -> None:
        assert prepared.as_portal.merge(f"{held}/{part}", {}).status in {403, 405}
