"""On the real API server: what a look finds different is said and due, and a hang is one truth.

People.md's bad days: deny-all deleted under "read back and equal", and an API server that hangs
while the list says "Reachable".
"""

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from devcluster import start
from devcluster.control_plane import OwnedControlPlane
from onboarding.cluster import connections
from onboarding.cluster.kinds import collection_path, object_path
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.objects import Key, Manifest
from onboarding.models import (
    Cluster,
    ClusterObservation,
    ManagedNamespace,
    NamespaceObservation,
    User,
)
from onboarding.queries.holdings import holdings_of
from onboarding.queries.truth import Truth, truth_of
from onboarding.services.installation import portal_identity
from onboarding.services.observe import observe
from tests.cluster.conftest import KEY, registered_by
from tests.support import live_portal
from tests.support.manifests import RBAC_GROUP, STRICT
from tests.support.raw_api import RawApi
from tests.web.sights import words

pytestmark = pytest.mark.django_db
EQUAL = "read back and equal"
INTRUDER = {"apiGroup": RBAC_GROUP, "kind": "Group", "name": "breaker"}


@pytest.fixture
def breaker(admin: RawApi) -> RawApi:
    return admin.acting_as("breaker", "system:masters", "bulkhead:break-glass")


@pytest.fixture
def team_namespace_row(dev_eu: Cluster, name: str) -> ManagedNamespace:
    row = live_portal.brought_to(live_portal.onboard(dev_eu, name), NamespaceState.READY)
    row = live_portal.look(row)  # whoever proved a fence looks once more, for pods that came late
    look(dev_eu)
    return row


def look(cluster: Cluster) -> None:
    assert observe(cluster.pk, clock=timezone.now)
    seen = ClusterObservation.objects.get(cluster=cluster)
    assert seen.trouble == ""


def truth(row: ManagedNamespace) -> Truth:
    return truth_of(live_portal.fresh(row))


def is_due(row: ManagedNamespace) -> bool:
    return ManagedNamespace.objects.filter(pk=row.pk, next_at__lte=Now()).exists()


def overview(client: Client, row: ManagedNamespace) -> str:
    return words(client.get(f"/namespaces/{row.public_id}/").content.decode())


def test_what_the_server_stores_of_a_ready_namespace_is_as_approved(
    team_namespace_row: ManagedNamespace,
) -> None:
    """Defaults, managed fields and the server's own annotations are no difference."""
    assert NamespaceObservation.objects.get(name=team_namespace_row.name).differs == []
    assert truth(team_namespace_row).is_verified
    assert not is_due(team_namespace_row)


def test_deny_all_deleted_is_said_within_one_look_and_due_and_repaired(
    team_namespace_row: ManagedNamespace,
    breaker: RawApi,
    bob: User,
    client_for: Callable[[User], Client],
) -> None:
    row, browser = team_namespace_row, client_for(bob)
    assert EQUAL in overview(browser, row)
    gone = object_path(Key("NetworkPolicy", row.name, "deny-all"))
    assert breaker.delete(gone).status == 200
    look(row.cluster)
    text = overview(browser, row)
    assert EQUAL not in text
    assert "NetworkPolicy deny-all is missing" in text
    assert is_due(row)
    assert live_portal.brought_to(row, NamespaceState.READY)
    assert EQUAL in overview(browser, row)
    assert breaker.get(gone).status == 200


@pytest.mark.parametrize(
    ("kind", "changed", "patch"),
    [
        ("NetworkPolicy", "deny-all", {"spec": {"egress": [{}]}}),
        ("ResourceQuota", "quota", {"spec": {"hard": {"pods": "9000"}}}),
        ("LimitRange", "limits", {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "9"}}]}}),
        ("RoleBinding", "team-developer", {"subjects": [INTRUDER]}),
    ],
)  # fmt: skip
def test_whatever_is_changed_is_seen_with_its_author(
    team_namespace_row: ManagedNamespace, breaker: RawApi, kind: str, changed: str, patch: Any
) -> None:
    key = Key(kind, team_namespace_row.name, changed)
    assert breaker.merge(f"{object_path(key)}?fieldManager=a-stray-hand", patch).status == 200
    look(team_namespace_row.cluster)
    [found] = truth(team_namespace_row).differences
    assert (found.kind, found.name) == (kind, changed)
    assert found.by.startswith("a-stray-hand")
    assert is_due(team_namespace_row)


def test_a_new_namespace_carries_the_portals_identity_and_keeps_it_through_repairs(
    team_namespace_row: ManagedNamespace, breaker: RawApi
) -> None:
    place = object_path(Key("Namespace", "", team_namespace_row.name))
    breaker.merge(place, {"metadata": {"labels": {"ns-id": "other"}}})
    live_portal.look(team_namespace_row)
    annotations = breaker.get(place).body["metadata"]["annotations"]
    assert annotations["bulkhead.dev/portal"] == portal_identity()
    assert live_portal.deviations(team_namespace_row) == []


def test_claims_services_workloads_and_use_are_counted(
    team_namespace_row: ManagedNamespace, breaker: RawApi
) -> None:
    row = team_namespace_row
    for kind, body in _things(row.name).items():
        made = breaker.post(collection_path(kind, row.name), body)
        assert made.status == 201, made.message

    def is_counted() -> bool:
        look(row.cluster)
        held = holdings_of(row)
        [quota] = held.quotas if held and held.quotas else [{}]
        used: Any = quota.get("used") or {}
        return bool(used.get("requests.storage") == "3Gi" and used.get("pods") == "1")

    live_portal.wait_for(is_counted, "the quota controller has counted")
    held = holdings_of(row)
    assert held is not None
    assert (held.pods, held.workloads, held.services) == (1, [("Deployment", 1)], 1)
    assert held.largest_claims == [("data", "3Gi", False)]
    assert (held.is_known, held.confirmation) == (True, "delete data")


def _things(place: str) -> dict[str, Manifest]:
    container: Manifest = {**STRICT, "name": "web", "image": "registry.example/web"}
    template: Manifest = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [container]},
    }
    return {
        "Pod": {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web", "namespace": place},
            "spec": {"containers": [container]},
        },
        "Deployment": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": place},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template},
        },
        "Service": {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": place},
            "spec": {"ports": [{"port": 80}]},
        },
        "PersistentVolumeClaim": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": place},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "3Gi"}},
            },
        },
    }


class TestOwnPlane:
    @pytest.fixture
    def plane(self, tmp_path: Path) -> Iterator[OwnedControlPlane]:
        """One of this test's own, to be frozen or taken rights from."""
        with start(tmp_path / "plane") as plane:
            yield plane

    def test_list_detail_and_home_agree_within_two_looks_and_after(
        self,
        plane: OwnedControlPlane,
        cast: dict[str, User],
        settings: Any,
        client_for: Callable[[User], Client],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        settings.BULKHEAD_CREDENTIAL_KEYS = [KEY]
        monkeypatch.setattr(connections, "READ_SECONDS", 1.0)
        cluster, pat = registered_by(plane.kubeconfig).write(), client_for(cast["pat"])
        assert self.said(pat, cluster, "Reachable") == (False, False)
        look(cluster)
        assert self.said(pat, cluster, "Reachable") == (True, True)
        plane.children["kube-apiserver"].process.send_signal(signal.SIGSTOP)
        try:
            for _ in range(2):  # one that hangs is enough to say it, and the next agrees
                assert observe(cluster.pk, clock=timezone.now)
                assert self.said(pat, cluster, "Too slow to work with") == (True, True)
                assert self.said(pat, cluster, "Reachable") == (False, False)
                assert "no answer within" in words(pat.get("/").content.decode())
        finally:
            plane.children["kube-apiserver"].process.send_signal(signal.SIGCONT)
        look(cluster)
        assert self.said(pat, cluster, "Reachable") == (True, True)
        assert "dev-eu" not in words(pat.get("/").content.decode())

    def test_a_role_of_an_earlier_release_leaves_unknown_what_it_may_not_read(
        self, plane: OwnedControlPlane, cast: dict[str, User], settings: Any
    ) -> None:
        settings.BULKHEAD_CREDENTIAL_KEYS = [KEY]
        cluster = registered_by(plane.kubeconfig).write()
        raw = RawApi.from_kubeconfig(plane.kubeconfig)
        place = object_path(Key("ClusterRole", "", "bulkhead:provisioner"))
        rules = raw.get(place).body["rules"]
        kept = [rule for rule in rules if "services" not in rule["resources"]]
        assert len(kept) == len(rules) - 1
        assert raw.merge(place, {"rules": kept}).status == 200

        def is_noticed() -> bool:
            look(cluster)
            unread = ClusterObservation.objects.get(cluster=cluster).unread_kinds
            return bool(unread == ["PersistentVolumeClaim", "Service"])

        live_portal.wait_for(is_noticed, "the role is in force")
        seen = NamespaceObservation.objects.get(name="kube-system")
        assert (seen.contents or {})["claims"] is None
        assert (seen.contents or {})["workloads"] is not None

    def said(self, browser: Client, cluster: Cluster, text: str) -> tuple[bool, bool]:
        """Tell whether list and detail say it."""
        places = ("/clusters/", f"/clusters/{cluster.public_id}/")
        pages = [browser.get(place).content.decode() for place in places]
        # A filter of the list names every state.
        shown = [re.sub(r"<select.*?</select>", "", page, flags=re.DOTALL) for page in pages]
        found = [text in words(page) for page in shown]
        return found[0], found[1]
