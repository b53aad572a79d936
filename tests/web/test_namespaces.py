"""The pages of a namespace: what they say, and who may read and do what."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.domain.lifecycle import BlockedReason, NamespaceState
from onboarding.models import Cluster, Event, ManagedNamespace, User
from tests.web.sights import words
from tests.web.stories import as_worker, onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
TABS = ["", "policies/", "access/", "activity/", "revisions/", "objects.yaml"]


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


def url(row: ManagedNamespace, tab: str = "") -> str:
    return f"/namespaces/{row.public_id}/{tab}"


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("person", ["alice", "bob", "dana", "frank", "pat"])
def test_team_approvers_and_auditors_read_every_tab(
    client_for: SignIn, cast: dict[str, User], prod: ManagedNamespace, person: str, tab: str
) -> None:
    assert client_for(cast[person]).get(url(prod, tab)).status_code == 200


@pytest.mark.parametrize("tab", TABS)
def test_charlie_does_not_learn_that_it_exists(
    client_for: SignIn, charlie: User, prod: ManagedNamespace, tab: str
) -> None:
    assert client_for(charlie).get(url(prod, tab)).status_code == 404


def test_the_list_shows_own_teams_only(
    client_for: SignIn, bob: User, charlie: User, prod: ManagedNamespace
) -> None:
    assert "payments-prod" in client_for(bob).get("/namespaces/").content.decode()
    assert "No namespace yet" in client_for(charlie).get("/namespaces/").content.decode()


def test_the_list_says_when_only_the_filter_is_empty(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    page = client_for(bob).get("/namespaces/?q=ledger").content.decode()
    assert "No namespace matches" in page


def test_the_overview_never_claims_proof(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    page = client_for(bob).get(url(prod)).content.decode()
    assert "Enforcement not proven" in page
    assert "read back and equal" in page
    assert "Dana (network)" in page
    assert prod.uid in page


def test_before_everything_was_read_back_it_is_not_called_accepted(
    client_for: SignIn, bob: User, cast: dict[str, User], cluster: Cluster
) -> None:
    row = onboarded(demo_spec("payments-next", cluster=cluster.name))
    page = client_for(bob).get(url(row)).content.decode()
    assert "read back and equal" not in page
    assert "Not everything was read back" in page


def test_policies_come_with_sentences_and_yaml(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    page = client_for(bob).get(url(prod, "policies/")).content.decode()
    assert "deny-all@1" in page
    assert "policyTypes" in page
    assert "8080" in page


def test_access_names_the_group_and_what_it_may_not_do(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    page = client_for(bob).get(url(prod, "access/")).content.decode()
    assert "team-payments" in page
    assert "bulkhead:developer" in page
    assert "Write NetworkPolicies" in page
    assert "kubectl --namespace payments-prod get pods" in page


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (NamespaceState.GONE, "is gone: this is what was approved last"),
        (NamespaceState.UNCREATED, "was never created: this was approved"),
        (NamespaceState.LOST, "What still stands there, nobody knows"),
        (NamespaceState.REVOKING, "not, or not yet, known to hold just this"),
        (NamespaceState.BLOCKED, "not, or not yet, known to hold just this"),
        (NamespaceState.READY, ""),
    ],
)
def test_what_was_approved_is_not_shown_as_if_it_were_in_force(
    client_for: SignIn, bob: User, prod: ManagedNamespace, state: NamespaceState, said: str
) -> None:
    as_worker(prod, state)
    for tab in ("access/", "policies/"):
        page = words(client_for(bob).get(url(prod, tab)))
        assert said in page
        assert ("was approved last" in page or "this was approved" in page) is bool(said)


def test_of_what_was_never_created_no_look_is_promised(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    as_worker(prod, NamespaceState.UNCREATED)
    page = words(client_for(bob).get(url(prod, "connectivity/")))
    assert "Nothing was made that could reach or be reached" in page
    assert "workers look again" not in page


def test_access_says_that_production_grants_no_shell(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    page = words(client_for(bob).get(url(prod, "access/")).content.decode())
    refused = page.partition("What members may not do")[2]
    assert "Open a shell in pods" in refused
    assert "Production does not grant it." in refused
    assert "bulkhead:shell" not in page


def test_access_says_that_development_grants_a_shell_and_on_which_lane(
    client_for: SignIn, bob: User, cluster: Cluster
) -> None:
    row = onboarded(demo_spec("payments-dev", cluster=cluster.name, environment="development"))
    page = words(client_for(bob).get(url(row, "access/")).content.decode())
    granted = page.partition("What members may do")[2].partition("What members may not do")[0]
    assert "Open a shell in pods" in granted
    assert "Development grants it. Needs platform approval." in granted
    assert "bulkhead:shell" in page


def test_access_approved_before_a_kind_was_granted_says_that_it_is_not_there_yet(
    client_for: SignIn, bob: User, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("onboarding.plan.build._access_templates", lambda *_: [])
        row = onboarded(demo_spec("payments-dev", cluster=cluster.name, environment="development"))
    page = words(client_for(bob).get(url(row, "access/")).content.decode())
    assert "Not approved yet: Development grants it with the next request." in page


def test_a_lead_is_offered_change_and_retirement_and_a_member_is_not_nagged(
    client_for: SignIn, alice: User, bob: User, prod: ManagedNamespace
) -> None:
    leads, members = (client_for(person).get(url(prod)).content.decode() for person in (alice, bob))
    assert url(prod, "change/") in leads
    assert url(prod, "retire/") in leads
    assert url(prod, "change/") not in members
    assert "Only a lead" not in members


@pytest.fixture
def blocked(prod: ManagedNamespace) -> ManagedNamespace:
    return as_worker(
        prod,
        NamespaceState.BLOCKED,
        reason=BlockedReason.TAKEN.value,
        message='namespaces "payments-prod" already exists',
        next_at=timezone.now() + timedelta(hours=1),
    )


def test_a_blocked_one_says_why_and_what_to_do(
    client_for: SignIn, alice: User, bob: User, blocked: ManagedNamespace
) -> None:
    leads, members = (
        client_for(person).get(url(blocked)).content.decode() for person in (alice, bob)
    )
    assert "Blocked: a platform admin must act" in leads
    assert "already exists" not in leads  # said below, in words for the reader
    assert "ask for another name" in leads
    assert url(blocked, "try-again/") in leads
    assert url(blocked, "try-again/") not in members


def test_alice_and_pat_may_try_again(
    client_for: SignIn, alice: User, blocked: ManagedNamespace
) -> None:
    answer = client_for(alice).post(url(blocked, "try-again/"))
    blocked.refresh_from_db()
    assert answer.status_code == 302
    assert blocked.next_at is not None
    assert blocked.next_at <= timezone.now()


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("dana", 403), ("charlie", 404)])
def test_nobody_else_may_try_again(
    client_for: SignIn, cast: dict[str, User], blocked: ManagedNamespace, person: str, status: int
) -> None:
    assert client_for(cast[person]).post(url(blocked, "try-again/")).status_code == status


def test_trying_again_is_a_post_of_nothing(
    client_for: SignIn, alice: User, blocked: ManagedNamespace
) -> None:
    browser = client_for(alice)
    assert browser.get(url(blocked, "try-again/")).status_code == 405
    assert browser.post(url(blocked, "try-again/"), {"state": "ready"}).status_code == 400


def test_what_is_not_stuck_is_not_tried_again(
    client_for: SignIn, alice: User, prod: ManagedNamespace
) -> None:
    assert client_for(alice).post(url(prod, "try-again/")).status_code == 422
    assert not Event.objects.filter(action="portal:namespace:look-again").exists()


def test_a_message_of_the_server_is_shown_as_text(
    client_for: SignIn, alice: User, prod: ManagedNamespace
) -> None:
    as_worker(prod, NamespaceState.BLOCKED, message="<script>alert(1)</script>")
    assert "<script>alert(1)" not in client_for(alice).get(url(prod)).content.decode()


def test_the_yaml_is_what_was_approved(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    answer = client_for(bob).get(url(prod, "objects.yaml"))
    assert "payments-prod-r1.yaml" in answer["Content-Disposition"]
    assert answer.content.decode().startswith("apiVersion: v1\nkind: Namespace")


def test_counts_wait_for_a_question_and_access_says_what_is_refused(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    shown, _, asked = client_for(bob).get(url(prod)).content.decode().partition("<details")
    assert "limits.ephemeral-storage" in shown
    assert "count/deployments.apps" not in shown
    assert "count/deployments.apps" in asked
    text = words(client_for(bob).get(url(prod, "access/")))
    assert "further networks, tokens that never end" in text
    assert "Pod Security restricted" in text
