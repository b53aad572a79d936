"""The pages for closing a cluster, and what a closed one and its namespaces look like."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import acting, ask, demo_spec
from onboarding.models import (
    Cluster,
    ClusterObservation,
    ManagedNamespace,
    NamespaceObservation,
    RoleAssignment,
    User,
)
from onboarding.services.close_cluster import ask_to_close, confirm_closing
from tests.web.sights import words
from tests.web.stories import onboarded

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
REASON = "The data centre was given up."
LOST = "Nobody confirmed what became of"


@pytest.fixture
def erin(cast: dict[str, User]) -> User:
    """A second platform admin."""
    RoleAssignment.objects.create(user=cast["erin"], role="platform-admin")
    return cast["erin"]


@pytest.fixture
def url(cluster: Cluster) -> str:
    return f"/clusters/{cluster.public_id}/close/"


def read(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return words(answer.content.decode())


def ask_for_it(cluster: Cluster, username: str = "pat") -> None:
    ask_to_close(
        cluster.pk, by=acting(username), reason=REASON, typed_name="dev-eu", now=timezone.now()
    )


@pytest.fixture
def lost(cluster: Cluster, erin: User) -> ManagedNamespace:
    """A namespace on a cluster that was closed."""
    row = onboarded(demo_spec("payments-prod", cluster="dev-eu"))
    ask_for_it(cluster)
    confirm_closing(cluster.pk, by=acting("erin"), typed_name="dev-eu", now=timezone.now())
    row.refresh_from_db()
    return row


def test_pat_asks_with_a_reason_and_the_name(
    client_for: SignIn, pat: User, cluster: Cluster, url: str
) -> None:
    onboarded(demo_spec("payments-prod", cluster="dev-eu"))
    ask(demo_spec("payments-test", cluster="dev-eu"), now=timezone.now())
    page = read(client_for(pat), url)
    assert "1 namespace ends as lost with the cluster" in page
    assert "1 open request is cancelled" in page
    answers = {"action": "ask", "reason": REASON, "typed_name": "dev-eu"}
    assert client_for(pat).post(url, answers).status_code == 302
    assert "There is no other platform admin" in read(client_for(pat), url)


@pytest.mark.parametrize(("reason", "name"), [("", "dev-eu"), (REASON, "dev")])
def test_what_is_missing_is_told_at_its_field(
    client_for: SignIn, pat: User, url: str, reason: str, name: str
) -> None:
    answers = {"action": "ask", "reason": reason, "typed_name": name}
    assert client_for(pat).post(url, answers).status_code == 422


def test_the_other_one_is_told_at_home_and_confirms(
    client_for: SignIn, pat: User, erin: User, cluster: Cluster, url: str
) -> None:
    ask_for_it(cluster)
    assert "is to be closed" in read(client_for(erin), "/")
    assert "is to be closed" not in read(client_for(pat), "/")
    own = read(client_for(pat), url)
    assert "Another platform admin has to confirm it: Erin" in own
    assert "Close the cluster" not in own
    assert REASON in read(client_for(erin), url)
    answers = {"action": "confirm", "typed_name": "dev-eu"}
    assert client_for(pat).post(url, answers).status_code == 403
    assert client_for(erin).post(url, answers).status_code == 302
    assert client_for(erin).get(url).status_code == 409


def test_the_second_account_of_who_asked_is_offered_nothing_that_is_refused(
    client_for: SignIn, pat: User, erin: User, cluster: Cluster, url: str
) -> None:
    EmailAddress.objects.create(user=erin, email=pat.email, verified=True)
    ask_for_it(cluster)
    assert "is to be closed" not in read(client_for(erin), "/")
    page = read(client_for(erin), url)
    assert "There is no other platform admin" in page
    assert "Close the cluster" not in page
    answers = {"action": "confirm", "typed_name": "dev-eu"}
    assert client_for(erin).post(url, answers).status_code == 403


def test_it_can_be_withdrawn(client_for: SignIn, pat: User, cluster: Cluster, url: str) -> None:
    ask_for_it(cluster)
    assert client_for(pat).post(url, {"action": "withdraw"}).status_code == 302
    assert "Ask to close it" in read(client_for(pat), url)


def test_who_closes_a_cluster_that_answers_is_warned(
    client_for: SignIn, pat: User, cluster: Cluster, url: str
) -> None:
    assert "This cluster answered" not in read(client_for(pat), url)
    Cluster.objects.update(last_seen_at=timezone.now())
    assert "This cluster answered" in read(client_for(pat), url)


def test_a_closed_cluster_says_so_and_gives_no_advice(
    client_for: SignIn, pat: User, lost: ManagedNamespace
) -> None:
    Cluster.objects.update(condition="unreachable")
    page = read(client_for(pat), f"/clusters/{lost.cluster.public_id}/")
    assert "Asked for by Pat, confirmed by Erin" in page
    assert "nobody confirmed what became of them" in page
    assert "Check the network" not in page
    assert "1 namespace on dev-eu" in page
    assert "dropped when it was closed" in page
    assert "Change settings" not in page
    assert "Closed" in read(client_for(pat), "/clusters/")


def test_a_closed_cluster_needs_nobodys_attention(
    client_for: SignIn, pat: User, lost: ManagedNamespace
) -> None:
    NamespaceObservation.objects.create(
        cluster=lost.cluster, name="theirs", digest="sha256:2", uid="u", portal="K7M2Q9"
    )
    assert "dev-eu" not in read(client_for(pat), "/")


@pytest.mark.parametrize("tab", ["", "connectivity/"])
def test_a_lost_namespace_is_never_called_gone(
    client_for: SignIn, bob: User, lost: ManagedNamespace, tab: str
) -> None:
    page = read(client_for(bob), f"/namespaces/{lost.public_id}/{tab}")
    assert LOST in page
    assert (REASON in page) is (tab == "")
    assert "is gone" not in page
    assert "by itself" not in page


def test_its_request_says_that_it_was_lost_and_asks_no_more(
    client_for: SignIn, alice: User, lost: ManagedNamespace
) -> None:
    request = lost.requests.get()
    answer = client_for(alice).get(f"/requests/{request.public_id}/progress/")
    assert answer.status_code == 286
    assert "was lost with the cluster dev-eu" in words(answer.content.decode())


@pytest.mark.parametrize("where", ["/requests/new/", "preview", "decision"])
def test_form_preview_and_decision_say_when_the_cluster_cannot_be_used_now(
    client_for: SignIn, alice: User, dana: User, cluster: Cluster, where: str
) -> None:
    row = ask(demo_spec("payments-prod", cluster="dev-eu"), now=timezone.now())
    wanted = "Cluster dev-eu cannot be used now. The API server does not answer"

    def page() -> str:
        if where == "preview":
            answer = client_for(alice).post("/requests/preview/", {"cluster": "dev-eu"})
            return words(answer.content.decode())
        person = dana if where == "decision" else alice
        return read(client_for(person), where.replace("decision", f"/approvals/{row.public_id}/"))

    assert "cannot be used now" not in page()
    Cluster.objects.update(condition="unreachable", condition_at=timezone.now())
    assert wanted in page()
    assert "Requests can be sent and decided." in page()


def test_of_a_closed_cluster_nothing_is_called_unknown(
    client_for: SignIn, cast: dict[str, User], lost: ManagedNamespace
) -> None:
    NamespaceObservation.objects.create(
        cluster=lost.cluster, name="payments-prod", uid="restored", portal="another"
    )
    for address in ("/clusters/", f"/clusters/{lost.cluster.public_id}/"):
        assert "unknown here" not in read(client_for(cast["pat"]), address)


def test_the_last_answer_is_the_newest_of_runs_and_looks(
    client_for: SignIn, cast: dict[str, User], cluster: Cluster, url: str
) -> None:
    now = timezone.now()
    Cluster.objects.update(last_seen_at=now - timedelta(minutes=20))
    ClusterObservation.objects.create(cluster=cluster, seen_at=now, looked_at=now)
    assert "Last answer 20 min ago" not in read(client_for(cast["pat"]), url)
    assert "This cluster answered" in read(client_for(cast["pat"]), url)
