"""What pages say while Kubernetes does not finish: what holds it, since when, who can lift it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from onboarding.demo.scenario import acting, demo_spec
from onboarding.domain.lifecycle import NamespaceState, RetryReason
from onboarding.models import Cluster, ManagedNamespace, User
from onboarding.services.clock import database_now
from onboarding.services.preview import retire_wish
from onboarding.services.submit import submit
from tests.web.sights import words
from tests.web.stories import approved, as_worker, onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
FINALIZER = "controller.cattle.io/namespace-auth"
HELD = [
    {"kind": "namespace-finalizers", "names": [FINALIZER]},
    {"kind": "content-finalizers", "names": ["example.com/bucket-cleanup"]},
    {"kind": "content", "names": ["configmaps", "widgets.x.io"]},
    {"kind": "silent-apis", "names": ["custom.metrics.x.io/v1beta1"]},
]


@pytest.fixture
def stuck(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    """A namespace whose removal Kubernetes has not finished for 18 minutes."""
    row = ready(onboarded(demo_spec("payments-old", cluster=cluster.name)))
    now = database_now()
    approved(
        submit(retire_wish(row, why="It is time."), by=acting("alice"), form_key="retire", now=now)
    )
    return as_worker(
        row,
        NamespaceState.DELETING,
        waiting_since=now - timedelta(minutes=18, seconds=5),
        stuck_at=now - timedelta(minutes=15),
        held_by=HELD,
        message="The namespace is Terminating.",
    )


def pages_of(row: ManagedNamespace) -> list[str]:
    request = row.revisions.latest("number").request
    return [f"/namespaces/{row.public_id}/", f"/requests/{request.public_id}/"]


@pytest.mark.parametrize("page", [0, 1], ids=["namespace", "request"])
def test_it_names_what_holds_it_and_the_line_that_lifts_it(
    page: int, client_for: SignIn, alice: User, stuck: ManagedNamespace
) -> None:
    html = client_for(alice).get(pages_of(stuck)[page]).content.decode()
    assert "Stuck: Kubernetes does not finish" in html
    for word in (FINALIZER, "example.com/bucket-cleanup", "custom.metrics.x.io/v1beta1"):
        assert f"<code>{word}</code>" in html
    assert "kubectl patch namespace payments-old --type=merge" in html
    assert "kubectl -n payments-old get configmaps,widgets.x.io -o custom-columns" in html
    assert "kubectl get apiservices" in html
    assert "asks a platform admin" in html


@pytest.mark.parametrize("person", ["alice", "pat"])
@pytest.mark.parametrize("page", [0, 1], ids=["namespace", "request"])
def test_try_again_is_offered_and_looks_at_once(
    page: int, person: str, client_for: SignIn, cast: dict[str, User], stuck: ManagedNamespace
) -> None:
    browser, address = client_for(cast[person]), f"/namespaces/{stuck.public_id}/try-again/"
    assert address in browser.get(pages_of(stuck)[page]).content.decode()
    assert browser.post(address).status_code == 302
    stuck.refresh_from_db()
    assert stuck.next_at is not None
    assert stuck.next_at <= database_now()


@pytest.mark.parametrize("person", ["bob", "dana", "frank"])
def test_who_cannot_try_again_is_not_offered_it(
    person: str, client_for: SignIn, cast: dict[str, User], stuck: ManagedNamespace
) -> None:
    for page in pages_of(stuck):
        assert "try-again" not in client_for(cast[person]).get(page).content.decode()


@pytest.mark.parametrize("page", ["/namespaces/", "/", "/namespaces/{}/activity/"])
def test_its_age_stands_wherever_its_state_does(
    page: str, client_for: SignIn, alice: User, stuck: ManagedNamespace
) -> None:
    html = client_for(alice).get(page.format(stuck.public_id)).content.decode()
    assert "Stuck for 18 min" in html


@pytest.mark.parametrize(
    ("person", "told"), [("alice", True), ("pat", True), ("bob", False), ("charlie", False)]
)
def test_home_tells_who_can_do_something(
    *,
    person: str,
    told: bool,
    client_for: SignIn,
    cast: dict[str, User],
    stuck: ManagedNamespace,
) -> None:
    html = client_for(cast[person]).get("/").content.decode()
    assert ("payments-old is stuck: Kubernetes does not finish" in html) is told


def test_the_cluster_page_names_it(
    client_for: SignIn, pat: User, cluster: Cluster, stuck: ManagedNamespace
) -> None:
    page = words(client_for(pat).get(f"/clusters/{cluster.public_id}/"))
    assert "payments-old is stuck: Kubernetes does not finish" in page
    assert "18 min ago" in page


def test_before_it_is_stuck_the_wait_is_told_without_alarm(
    client_for: SignIn, alice: User, stuck: ManagedNamespace
) -> None:
    pods = [{"kind": "pods", "names": ["web-0"]}]
    as_worker(stuck, NamespaceState.DRAINING, stuck_at=None, held_by=pods)
    html = client_for(alice).get(pages_of(stuck)[0]).content.decode()
    assert "Kubernetes has to finish something first" in html
    assert "kubectl -n payments-old get pods" in html
    assert "Stuck" not in html


def test_a_namespace_somebody_deleted_says_that_it_comes_back_empty(
    client_for: SignIn, alice: User, stuck: ManagedNamespace
) -> None:
    as_worker(stuck, NamespaceState.RETRYING, reason=RetryReason.TERMINATING.value)
    html = client_for(alice).get(pages_of(stuck)[0]).content.decode()
    assert "Somebody deleted the namespace on the cluster" in html
    assert "Retrying after" not in html


def test_a_dead_webhook_is_somebody_elses_to_mend(
    client_for: SignIn, alice: User, cluster: Cluster, cast: dict[str, User]
) -> None:
    row = onboarded(demo_spec("payments-new", cluster=cluster.name))
    reason = RetryReason.WEBHOOK_DOWN.value
    as_worker(row, NamespaceState.RETRYING, attempts=2, reason=reason, message="The webhook x …")
    for page in pages_of(row):
        html = client_for(alice).get(page).content.decode()
        assert "find out who runs that webhook" in html
        assert "Nothing to do" not in html


def test_ready_says_when_it_was_last_verified_if_the_last_look_failed(
    client_for: SignIn, alice: User, cluster: Cluster, cast: dict[str, User]
) -> None:
    row = ready(onboarded(demo_spec("payments-new", cluster=cluster.name)))
    as_worker(row, NamespaceState.READY, attempts=1, message="The last look failed: no answer")
    html = client_for(alice).get(f"/namespaces/{row.public_id}/").content.decode()
    assert "the last look failed" in html
    assert "The last look failed: no answer" in html


def test_a_cluster_that_asks_for_patience_is_not_called_broken(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    Cluster.objects.update(condition="throttled", condition_message="too many requests")
    html = client_for(pat).get(f"/clusters/{cluster.public_id}/").content.decode()
    assert "The API server asks for patience" in html
    assert "--kubeconfig FILE" not in html


def test_a_look_that_is_due_is_not_said_to_be_past(
    client_for: SignIn, alice: User, stuck: ManagedNamespace
) -> None:
    ManagedNamespace.objects.update(next_at=database_now() - timedelta(seconds=3))
    for address in pages_of(stuck):
        assert "looked at again by itself at once" in words(client_for(alice).get(address))


@pytest.mark.parametrize("person", ["bob", "pat", "frank"])
def test_nobody_is_named_who_could_change_what_is_being_retired(
    client_for: SignIn, cast: dict[str, User], stuck: ManagedNamespace, person: str
) -> None:
    said = words(client_for(cast[person]).get(f"/namespaces/{stuck.public_id}/"))
    assert "is being retired, which was approved" in said
    assert "Only a lead" not in said
