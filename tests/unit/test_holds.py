"""What holds a Terminating namespace, in the words of Kubernetes 1.37."""

from onboarding.domain.holds import Hold, HoldKind, holds_of, load_holds, remaining
from onboarding.domain.objects import Manifest


def terminating(*conditions: tuple[str, str], **differing: Manifest) -> Manifest:
    rows: list[Manifest] = [
        {"type": kind, "status": "True", "message": message} for kind, message in conditions
    ]
    return {
        "metadata": {"name": "shop"},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Terminating", "conditions": [*rows]},
        **differing,
    }


CONTENT = "Some resources are remaining: configmaps. has 1 resource instances, widgets.x.io has 2 resource instances"  # noqa: E501 (one line on the server too)
FINALIZERS = "Some content in the namespace has finalizers remaining: example.com/a in 1 resource instances, example.com/b in 2 resource instances"  # noqa: E501 (as above)
APIS = "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: custom.metrics.x.io/v1beta1: stale GroupVersion discovery: custom.metrics.x.io/v1beta1"  # noqa: E501 (as above)


def test_nothing_is_said_of_a_namespace_that_is_simply_going() -> None:
    assert holds_of(terminating()) == ()
    assert remaining(terminating()) == "The namespace is Terminating."


def test_finalizers_on_the_namespace_itself_are_named() -> None:
    found = terminating(metadata={"finalizers": ["controller.cattle.io/namespace-auth"]})
    assert holds_of(found) == (
        Hold(HoldKind.NAMESPACE_FINALIZERS, ("controller.cattle.io/namespace-auth",)),
    )
    assert "controller.cattle.io/namespace-auth" in remaining(found)


def test_kubernetes_own_finalizer_is_no_news_but_others_beside_it_are() -> None:
    found = terminating(spec={"finalizers": ["kubernetes", "openshift.io/origin"]})
    assert holds_of(found) == (Hold(HoldKind.SPEC_FINALIZERS, ("openshift.io/origin",)),)


def test_content_and_the_finalizers_on_it_are_named() -> None:
    found = terminating(
        ("NamespaceContentRemaining", CONTENT), ("NamespaceFinalizersRemaining", FINALIZERS)
    )
    assert holds_of(found) == (
        Hold(HoldKind.CONTENT_FINALIZERS, ("example.com/a", "example.com/b")),
        Hold(HoldKind.CONTENT, ("configmaps", "widgets.x.io")),
    )
    assert remaining(found) == f"The namespace is Terminating. {CONTENT} {FINALIZERS}"


def test_an_api_that_does_not_answer_is_named_once() -> None:
    found = terminating(("NamespaceDeletionDiscoveryFailure", APIS))
    assert holds_of(found) == (Hold(HoldKind.SILENT_APIS, ("custom.metrics.x.io/v1beta1",)),)


def test_an_api_whose_name_is_not_said_still_holds() -> None:
    found = terminating(("NamespaceDeletionDiscoveryFailure", "something else"))
    assert holds_of(found) == (Hold(HoldKind.SILENT_APIS, ()),)


def test_a_condition_that_is_over_holds_nothing() -> None:
    over: Manifest = {"type": "NamespaceContentRemaining", "status": "False", "message": CONTENT}
    assert holds_of(terminating(status={"conditions": [over]})) == ()


def test_names_without_end_are_cut() -> None:
    many: Manifest = {"finalizers": [f"x.io/{n}" * 200 for n in range(500)]}
    [hold] = holds_of(terminating(metadata=many))
    assert len(hold.names) == 20
    assert max(map(len, hold.names)) == 253


def test_a_row_keeps_what_was_seen() -> None:
    holds = (Hold(HoldKind.PODS, ("web-0",)), Hold(HoldKind.SILENT_APIS, ()))
    assert load_holds([hold.dump() for hold in holds]) == holds
    assert load_holds(None) == ()
