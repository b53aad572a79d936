"""The API server dies and comes back: work waits and ends ready without a person (G1, G6)."""

import time

from devcluster.control_plane import OwnedControlPlane
from onboarding.cluster.errors import Refused
from onboarding.domain.lifecycle import BlockedReason
from onboarding.services.failures import Failure, judge
from tests.support.audit_log import check_fence_first, creations
from tests.support.live_portal import wait_for
from tests.support.raw_api import RawApi
from tests.support.real_processes import Live


def test_g01_approved_while_it_is_down_ends_ready_when_it_is_back(
    live: Live, plane: OwnedControlPlane, prefix: str
) -> None:
    plane.kill_apiserver()
    try:
        names = [f"{prefix}-a", f"{prefix}-b"]
        live.act("onboard", *names)
        with live.sweeper():
            wait_for(lambda: waits_for_cluster(live, names), "both wait for the cluster")
            plane.start_apiserver()
            ended = live.act("wait", *names)
    finally:
        if not plane.children["kube-apiserver"].is_alive():
            plane.start_apiserver()
    assert {row["state"] for row in ended.values()} == {"ready"}, ended


def waits_for_cluster(live: Live, names: list[str]) -> bool:
    rows = live.act("states", *names).values()
    return any("Waits for" in row["message"] for row in rows)


def test_g01_killed_in_the_middle_of_runs_all_end_ready_once(
    live: Live, plane: OwnedControlPlane, prefix: str
) -> None:
    names = [f"{prefix}-{number}" for number in range(12)]
    live.act("onboard", *names)
    audit = live.audit.since_now()
    with live.sweeper():
        wait_for(lambda: audit.by_portal(names[1]), "the worker is in the middle", seconds=30)
        plane.kill_apiserver()
        began = time.monotonic()
        plane.start_apiserver()
        ended = live.act("wait", *names)
    assert time.monotonic() - began < 120
    assert {row["state"] for row in ended.values()} == {"ready"}, ended
    assert {row["deviations"] for row in ended.values()} == {0}
    for name in names:
        entries = live.audit.by_portal(name)
        assert len(creations(entries)) == 1
        check_fence_first(entries, stored_at=version_of_fence(plane, name))


def test_a_refusal_by_roles_that_are_there_when_asked_again_is_not_for_a_person() -> None:
    """An API server that has just started refuses before it has loaded its roles."""
    unloaded = (
        'namespaces is forbidden: User "system:serviceaccount:bulkhead-system:bulkhead" cannot '
        'create resource "namespaces" in API group "" at the cluster scope: rbac: not found'
    )
    assert judge(Refused(unloaded, status=403)) == Failure(unloaded)


def test_a_refusal_by_admission_is() -> None:
    error = Refused("ValidatingAdmissionPolicy 'x' denied request: no", status=403)
    assert judge(error).blocked is BlockedReason.REFUSED


def version_of_fence(plane: OwnedControlPlane, namespace: str) -> int:
    """Which nobody has written again: the log of a server that is killed may lack its line."""
    path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/deny-all"
    fence = RawApi.from_kubeconfig(plane.kubeconfig).get(path).body
    return int(fence["metadata"]["resourceVersion"])
