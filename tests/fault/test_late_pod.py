"""A pod that admission held back a moment before the proof, stored a moment after it."""

import time

from devcluster.control_plane import OwnedControlPlane
from onboarding.domain.fence_gate import GATE, PROOF_LABEL, PROVEN
from tests.support.live_portal import wait_for
from tests.support.manifests import pod
from tests.support.raw_api import RawApi
from tests.support.real_processes import Live


def test_it_is_let_go_by_the_look_that_follows(
    live: Live, plane: OwnedControlPlane, prefix: str
) -> None:
    admin = RawApi.from_kubeconfig(plane.kubeconfig)
    breaker = admin.acting_as("breaker", "system:masters", "bulkhead:break-glass")
    home = f"/api/v1/namespaces/{prefix}"
    late = pod("late")
    late["spec"]["schedulingGates"] = [{"name": GATE}]  # type: ignore[index,call-overload]

    def label() -> object:
        return admin.get(home).body.get("metadata", {}).get("labels", {}).get(PROOF_LABEL)

    with live.sweeper():
        live.act("onboard", prefix)
        wait_for(lambda: label() == PROVEN, "the fence is proven")
        assert breaker.post(f"{home}/pods", late).status == 201
        began = time.monotonic()
        at = f"{home}/pods/late"
        wait_for(lambda: "schedulingGates" not in admin.get(at).body["spec"], "it may start")
    print(f"let go after {time.monotonic() - began:.2f} s")
