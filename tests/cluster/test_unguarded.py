"""Guards that somebody took away or weakened on the real server: seen by the next look.

Cluster administrators may do that, and break-glass; the portal only tells. `prepare_cluster` puts
everything back.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils.timezone import now

from onboarding.cluster.installation import install, load_manifests, wait_for_admission
from onboarding.cluster.refusals import ADMIN_MAY_NOT, PORTAL_MAY_NOT, check_refusals, problem_of
from onboarding.domain.actions import Action
from onboarding.models import Cluster, ClusterGuards, Event
from onboarding.services import guards
from onboarding.services.observe import observe
from tests.cluster.conftest import MANIFESTS, Prepared, eventually
from tests.support.raw_api import RawApi

pytestmark = pytest.mark.django_db

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
POLICIES = f"{ADMISSION}/validatingadmissionpolicies"
BINDINGS = f"{ADMISSION}/validatingadmissionpolicybindings"
ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
ROLE_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"


@pytest.fixture
def put_back(prepared: Prepared) -> Iterator[None]:
    """Whatever a test takes away or weakens is there again afterwards."""
    yield
    for path in (f"{POLICIES}/bulkhead-owned-resources", f"{POLICIES}/bulkhead-confined"):
        prepared.cluster_admin.merge(path, {"spec": {"paramKind": None}})
    list(install(prepared.admin, load_manifests(MANIFESTS)))
    wait_for_admission(prepared.admin, prepared.portal)


def found(cluster: Cluster) -> list[str]:
    """What one look finds."""
    assert observe(cluster.pk, clock=now)
    return ClusterGuards.objects.get(cluster=cluster).findings


def test_a_prepared_cluster_is_guarded(dev_eu: Cluster) -> None:
    assert found(dev_eu) == []
    row = ClusterGuards.objects.get(cluster=dev_eu)
    assert (row.differing, row.unread, row.since) == ([], "", None)


@pytest.mark.usefixtures("put_back")
def test_both_bindings_deleted_are_seen_within_one_look_and_told_once(
    dev_eu: Cluster, prepared: Prepared
) -> None:
    names = ("bulkhead-confined", "bulkhead-owned-resources")
    for name in names:
        assert prepared.cluster_admin.delete(f"{BINDINGS}/{name}").status == 200
    missing = {f"ValidatingAdmissionPolicyBinding {name} is missing" for name in names}
    assert set(found(dev_eu)) == missing
    assert set(found(dev_eu)) == missing
    [told] = Event.objects.filter(action=Action.CLUSTER_UNGUARDED)
    assert "bulkhead-owned-resources is missing" in bytes(told.canonical).decode()
    list(install(prepared.admin, load_manifests(MANIFESTS)))
    assert found(dev_eu) == []
    assert Event.objects.filter(action=Action.CLUSTER_GUARDED).count() == 1


Change = Callable[[RawApi], Any]
WEAKENED: dict[str, tuple[Change, str]] = {
    "it audits only": (
        lambda admin: admin.merge(
            f"{BINDINGS}/bulkhead-confined", {"spec": {"validationActions": ["Audit"]}}
        ),
        "bulkhead-confined is not as shipped: spec.validationActions",
    ),
    "it matches one namespace": (
        lambda admin: admin.merge(
            f"{BINDINGS}/bulkhead-owned-resources",
            {"spec": {"matchResources": {"namespaceSelector": {"matchLabels": {"ns-id": "x"}}}}},
        ),
        "bulkhead-owned-resources is not as shipped: spec.matchResources",
    ),
    "it ignores failures": (
        lambda admin: admin.merge(
            f"{POLICIES}/bulkhead-reserved-role-labels", {"spec": {"failurePolicy": "Ignore"}}
        ),
        "bulkhead-reserved-role-labels is not as shipped: spec.failurePolicy",
    ),
    "it leaves something out": (
        lambda admin: admin.merge(
            f"{POLICIES}/bulkhead-credentials",
            {"spec": {"matchConditions": [{"name": "never", "expression": "false"}]}},
        ),
        "bulkhead-credentials is not as shipped: spec.matchConditions",
    ),
    "another policy has its name": (
        lambda admin: admin.merge(
            f"{POLICIES}/bulkhead-cluster-network-policies",
            {"spec": {"validations": [{"expression": "true"}]}},
        ),
        "bulkhead-cluster-network-policies is not as shipped: spec.validations",
    ),
    "a shipped part of a role was widened": (
        lambda admin: admin.merge(
            f"{ROLES}/bulkhead:viewer-core",
            {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]},
        ),
        "bulkhead:viewer gives more than is shipped: get secrets",
    ),
}


@pytest.fixture
def mended(prepared: Prepared) -> Iterator[None]:
    """What apply cannot take back is taken back by hand."""
    yield
    nothing = {"spec": {"matchConditions": None}}
    prepared.cluster_admin.merge(f"{POLICIES}/bulkhead-credentials", nothing)


@pytest.mark.usefixtures("put_back", "mended")
@pytest.mark.parametrize("how", WEAKENED)
def test_a_guard_that_was_weakened_is_seen(dev_eu: Cluster, prepared: Prepared, how: str) -> None:
    weaken, words = WEAKENED[how]
    assert weaken(prepared.cluster_admin).status == 200
    kind = "ClusterRole" if "role was" in how else "ValidatingAdmissionPolicy"
    eventually(lambda: bool(found(dev_eu)), "the cluster has worked it in")
    [finding] = found(dev_eu)
    assert finding.startswith(kind)
    assert words in finding


def test_what_somebody_aggregated_into_the_teams_role_is_seen(
    dev_eu: Cluster, prepared: Prepared
) -> None:
    shell = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}
    labels = {"bulkhead.dev/aggregate-to-developer": "true"}
    wide = {"metadata": {"name": "test-wide", "labels": labels}, "rules": [shell]}
    assert prepared.break_glass.post(ROLES, wide).status == 201
    words = ["ClusterRole bulkhead:developer gives more than is shipped: create pods/exec"]
    eventually(lambda: found(dev_eu) == words, "the look sees it")
    prepared.cluster_admin.delete(f"{ROLES}/test-wide")
    eventually(lambda: found(dev_eu) == [], "and that it is gone")


@pytest.fixture
def blind(prepared: Prepared) -> Iterator[None]:
    """The portal's role is one of an earlier release, which could not read the guards."""
    role = f"{ROLES}/bulkhead:provisioner"
    rules = prepared.raw.get(role).body["rules"]
    older = [rule for rule in rules if "admissionregistration.k8s.io" not in rule["apiGroups"]]
    prepared.cluster_admin.merge(role, {"rules": older})
    eventually(lambda: prepared.as_portal.get(POLICIES).status == 403, "it may not read")
    yield
    prepared.cluster_admin.merge(role, {"rules": rules})
    eventually(lambda: prepared.as_portal.get(POLICIES).status == 200, "it may read again")


@pytest.mark.usefixtures("blind")
def test_with_an_older_role_it_is_unknown_and_never_guarded(dev_eu: Cluster) -> None:
    assert found(dev_eu) == []
    row = ClusterGuards.objects.get(cluster=dev_eu)
    assert row.differing is None
    assert "cannot list resource" in row.unread


def test_the_self_check_finds_nothing_wrong_and_stores_nothing(
    dev_eu: Cluster, prepared: Prepared, team_namespace: str
) -> None:
    def names() -> set[str]:
        listed = prepared.raw.get("/api/v1/namespaces").body["items"]
        return {one["metadata"]["name"] for one in listed}

    before = names()
    assert guards.check_due(clock=now) == 1
    assert ClusterGuards.objects.get(cluster=dev_eu).failing == []
    assert names() == before
    assert "bulkhead-admission-probe" not in before


@pytest.mark.parametrize("attempt", PORTAL_MAY_NOT, ids=lambda attempt: attempt.what)
def test_each_attempt_of_the_self_check_meets_its_line(
    prepared: Prepared, team_namespace: str, attempt: Any
) -> None:
    assert problem_of(prepared.portal, attempt, namespaces=[team_namespace]) == ""


@pytest.mark.parametrize("attempt", ADMIN_MAY_NOT, ids=lambda attempt: attempt.what)
def test_each_attempt_as_the_administrator_meets_its_line(
    prepared: Prepared, team_namespace: str, attempt: Any
) -> None:
    assert problem_of(prepared.admin, attempt, namespaces=[team_namespace]) == ""


@pytest.mark.usefixtures("put_back")
def test_the_self_check_notices_what_is_not_refused_any_more(
    prepared: Prepared, team_namespace: str
) -> None:
    def let_through() -> set[str]:
        """Admission says no to none; a token for a pod that is not there is made by nobody."""
        tried = check_refusals(prepared.portal, PORTAL_MAY_NOT, namespaces=[team_namespace])
        return {one.attempt.what for one in tried if one.is_wrong}

    for name in ("bulkhead-confined", "bulkhead-credentials"):
        prepared.cluster_admin.delete(f"{BINDINGS}/{name}")
    every = {one.what for one in PORTAL_MAY_NOT}
    eventually(lambda: let_through() == every, "admission refuses none of them now")


def test_without_a_managed_namespace_what_needs_one_is_said_to_be_untried(
    prepared: Prepared,
) -> None:
    tried = list(check_refusals(prepared.portal, PORTAL_MAY_NOT, namespaces=[]))
    later = [one for one in tried if one.untried]
    assert {one.attempt.is_inside for one in later} == {True}
    assert not any(one.is_wrong for one in tried)
    assert str(later[0]).endswith("no namespace is managed yet")
