"""The optional policy that ties each team's namespaces to its group, on the real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster.conftest import MANIFESTS, Prepared, eventually, managed_namespace
from tests.support.manifests import RBAC_GROUP, binding
from tests.support.raw_api import Reply

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
PLURAL = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}
MAPS = "/api/v1/namespaces/bulkhead-system/configmaps"
FILE: Path = MANIFESTS / "optional" / "team-groups.yaml"
NAMES_ANOTHER = "bulkhead-team-groups names another group, or none, for team"


@pytest.fixture
def home(prepared: Prepared, team_namespace: str) -> str:
    """The path of payments' managed namespace."""
    home = f"/api/v1/namespaces/{team_namespace}"
    labels = {"metadata": {"labels": {"bulkhead.dev/team": "payments"}}}
    assert prepared.as_portal.merge(home, labels).status == 200
    return home


def bind(prepared: Prepared, home: str, group: str) -> Reply:
    name = home.rpartition("/")[2]
    path = f"/apis/{RBAC_GROUP}/v1/namespaces/{name}/rolebindings?dryRun=All"
    wanted = binding(name, "team-developer", role="bulkhead:developer", group=group)
    return prepared.as_portal.post(path, wanted)


@pytest.fixture
def tied(prepared: Prepared, home: str) -> Iterator[None]:
    """The administrators say: payments is team-payments, search is team-search."""
    admin = prepared.cluster_admin
    data = {"payments": "team-payments", "search": "team-search"}
    said = {"metadata": {"name": "bulkhead-team-groups"}, "data": data}
    assert admin.post(MAPS, said).status == 201
    trees = list(yaml.safe_load_all(FILE.read_text()))
    for tree in trees:
        assert admin.post(f"{ADMISSION}/{PLURAL[tree['kind']]}", tree).status == 201
    eventually(lambda: bind(prepared, home, "team-search").status == 403, "it is in force")
    yield
    for tree in reversed(trees):
        admin.delete(f"{ADMISSION}/{PLURAL[tree['kind']]}/{tree['metadata']['name']}")
    admin.delete(f"{MAPS}/bulkhead-team-groups")
    eventually(lambda: bind(prepared, home, "team-search").status == 201, "it is gone")


@pytest.mark.usefixtures("tied")
def test_the_portal_binds_a_teams_namespace_to_its_own_group_only(
    prepared: Prepared, home: str
) -> None:
    assert NAMES_ANOTHER in bind(prepared, home, "team-search").message
    assert bind(prepared, home, "team-payments").status == 201


@pytest.mark.usefixtures("tied")
def test_the_portal_hands_no_namespace_to_another_team(prepared: Prepared, home: str) -> None:
    for team in ("search", None):
        labels = {"metadata": {"labels": {"bulkhead.dev/team": team}}}
        reply = prepared.as_portal.merge(home, labels)
        assert "may not hand a namespace to another team" in reply.message
    other = {"metadata": {"labels": {"project": "web"}}}
    assert prepared.as_portal.merge(home, other).status == 200


@pytest.mark.usefixtures("tied")
def test_a_team_nobody_named_is_bound_to_nobody(prepared: Prepared) -> None:
    wanted = managed_namespace("test-nobody-named")
    assert prepared.as_portal.post("/api/v1/namespaces", wanted).status == 201
    reply = bind(prepared, "/api/v1/namespaces/test-nobody-named", "team-payments")
    assert NAMES_ANOTHER in reply.message
    prepared.break_glass.delete("/api/v1/namespaces/test-nobody-named")


@pytest.mark.usefixtures("tied")
def test_without_the_list_the_portal_binds_nobody(prepared: Prepared, home: str) -> None:
    prepared.cluster_admin.delete(f"{MAPS}/bulkhead-team-groups")

    def is_told() -> bool:
        return "no params found" in bind(prepared, home, "team-payments").message

    eventually(is_told, "it fails closed")
