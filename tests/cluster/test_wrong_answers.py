"""Every verb of the gateway, answered wrongly in every way that can be told: none is a fact.

On the real API server and on the one in memory: what is spoilt is what they truly answer.
"""

from collections.abc import Callable

import pytest

from onboarding.cluster import paging, responses
from onboarding.cluster.errors import ClusterError
from onboarding.cluster.gateway import Gateway
from onboarding.domain.fence_gate import GATE
from onboarding.domain.objects import Json, Manifest, branch, key_of
from tests.chaos.nemesis.player import FAULTS_OF_THE_LINE, Nemesis, lasting
from tests.chaos.nemesis.wrong_answers import FAULTS, Wrong
from tests.support.http_cluster import Handler, gateway_to, handler_of
from tests.support.manifests import pod
from tests.support.worlds import World

MEBIBYTE = 1024 * 1024
Verb = Callable[[World, Gateway], object]


def web(world: World) -> Manifest:
    """A pod that waits for its fence."""
    gates: list[Json] = [{"name": GATE}]
    tree = {**pod("web"), "metadata": {"name": "web", "namespace": world.namespace}}
    branch(tree, "spec")["schedulingGates"] = gates
    return tree


def labelled(world: World) -> Manifest:
    """The policy with a label that somebody else added."""
    world.others.change(key_of(world.allow_dns), {"metadata": {"labels": {"by": "hand"}}})
    found = world.gateway.get(key_of(world.allow_dns))
    assert found is not None
    return found


LABEL = ("metadata", "labels", "by")
VERBS: dict[str, Verb] = {
    "get": lambda world, door: door.get(key_of(world.allow_dns)),
    "list": lambda world, door: door.list("NetworkPolicy", world.namespace),
    "list of nothing": lambda world, door: door.list("CronJob", world.namespace),
    "list of everybody's": lambda world, door: door.list("Namespace"),
    "served_kinds": lambda world, door: door.served_kinds(["networking.k8s.io"]),
    "create": lambda world, door: door.create(world.deny_all, dry_run=True),
    "apply": lambda world, door: door.apply(world.binding("bulkhead:developer")),
    "apply over": lambda world, door: door.apply(world.allow_dns, seen=labelled(world)),
    "cut": lambda world, door: door.cut(key_of(world.allow_dns), [LABEL], seen=labelled(world)),
    "delete": lambda world, door: door.delete(key_of(world.allow_dns)),
    "delete_collection": lambda world, door: door.delete_collection("Pod", world.namespace),
    "unscheduled_pods": lambda world, door: [*door.unscheduled_pods(world.namespace)],
    "lift_gate": lambda world, door: door.lift_gate(key_of(web(world)), GATE),
    "review_access": lambda world, door: door.review_access(verb="get", resource="pods"),
    "review of a group": lambda world, door: door.review_access(
        verb="create", resource="pods/exec", namespace=world.namespace, group="payments"
    ),
    "renew_token": lambda world, door: bool(door.renew_token(3600)),
}


@pytest.fixture
def line(world: World, monkeypatch: pytest.MonkeyPatch) -> Handler:
    """What answers truly, with a policy and a pod to ask for."""
    if not isinstance(world.gateway, Gateway):
        pytest.fail("this cluster speaks no HTTP")
    monkeypatch.setattr(responses, "LARGEST_ANSWER", MEBIBYTE)
    monkeypatch.setattr(paging, "LARGEST_PAGE", MEBIBYTE)
    return handler_of(world.gateway)


def outcome(world: World, line: Handler, verb: Verb, wrong: Wrong | None) -> str:
    """What the verb returns or raises; "fault" where that is a fault of the line."""
    world.gateway.apply(world.allow_dns)
    if not world.gateway.list("Pod", world.namespace):
        world.others.put(web(world))
    nemesis = Nemesis(line, line, wrong, at=0)
    door = gateway_to(nemesis)
    try:
        returned = f"returned {lasting(verb(world, door))}"
    except ClusterError as error:
        return "fault" if isinstance(error, FAULTS_OF_THE_LINE) else f"raised {error!r}"
    finally:
        door.close()
    return "does not fit" if wrong and not wrong.fits(nemesis.asked[0]) else returned


@pytest.mark.parametrize("world", ["real", "fake behind HTTP"], indirect=True)
@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_g36_no_wrong_answer_to_a_verb_is_a_fact(world: World, line: Handler, verb: Verb) -> None:
    truth = outcome(world, line, verb, None)
    assert truth.startswith("returned")
    found = {str(wrong): outcome(world, line, verb, wrong) for wrong in FAULTS}
    assert [*found.values()].count("fault") >= 40
    too_large = found.pop("larger than can be")  # of a list, less is asked for then
    assert too_large in {"fault", truth}
    assert {
        name: said for name, said in found.items() if said not in {"fault", "does not fit"}
    } == {}
