"""One request after it was sent, the list of them, and asking for a change or an end."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from onboarding.demo.scenario import acting, approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import BlockedReason, NamespaceState, RequestState
from onboarding.models import Cluster, ManagedNamespace, Request, Run, Step, User, Vote
from onboarding.services.decide import decide
from tests.support.left_by_worker import set_state

ClientFor = Callable[[User], Client]
DECIDERS = {Lane.PLATFORM: "pat", Lane.NETWORK: "dana", Lane.SECURITY: "erin"}


@pytest.fixture
def asked(alice: User, cluster: Cluster, now: datetime) -> Request:
    """Alice's request for payments-prod, exposed on 8080."""
    return ask(demo_spec("payments-prod", cluster="dev-eu"), now=now)


@pytest.fixture
def approved(asked: Request, now: datetime) -> ManagedNamespace:
    """The namespace that came of it, before any worker looked at it."""
    for needed in asked.lanes.all():
        approve(asked, DECIDERS[Lane(needed.lane)], Lane(needed.lane), now=now)
    return ManagedNamespace.objects.get()


@pytest.fixture
def ready(approved: ManagedNamespace, now: datetime) -> ManagedNamespace:
    """The same, read back whole."""
    set_state(approved, NamespaceState.READY, observed_generation=1, verified_at=now)
    return approved


def send_back(row: Request, reason: str, now: datetime) -> None:
    """Let Dana return the request."""
    decide(
        row.pk,
        lane=Lane.NETWORK,
        vote=Vote.RETURN,
        by=acting("dana"),
        digest=row.digest,
        reason=reason,
        now=now,
    )


def shown(client: Client, route: str, row: Request | ManagedNamespace) -> str:
    """Return the page, which must answer 200."""
    response = client.get(reverse(route, args=[row.public_id]))
    assert response.status_code == 200
    return response.content.decode()


def progress(client: Client, row: Request) -> tuple[int, str]:
    """Return the status and the text of the polled fragment."""
    response = client.get(reverse("request-progress", args=[row.public_id]))
    return response.status_code, response.content.decode()


def test_alice_sees_her_request_with_its_lanes_and_its_objects(
    asked: Request, alice: User, client_for: ClientFor
) -> None:
    html = shown(client_for(alice), "request-detail", asked)
    assert "Waiting for decisions" in html
    assert "allow-ingress-ingress-nginx" in html
    assert "Every new namespace" in html
    assert "Cancel request" in html


def test_bob_reads_it_and_is_offered_nothing(
    asked: Request, bob: User, client_for: ClientFor
) -> None:
    html = shown(client_for(bob), "request-detail", asked)
    assert "Cancel request" not in html
    assert "Duplicate" not in html


@pytest.mark.parametrize("route", ["request-detail", "request-progress", "request-yaml"])
def test_charlie_learns_nothing(
    asked: Request, charlie: User, client_for: ClientFor, route: str
) -> None:
    assert client_for(charlie).get(reverse(route, args=[asked.public_id])).status_code == 404


def test_the_purpose_is_escaped(
    alice: User, cluster: Cluster, now: datetime, client_for: ClientFor
) -> None:
    spec = demo_spec("payments-prod", cluster="dev-eu", purpose="<script>alert(1)</script>")
    html = shown(client_for(alice), "request-detail", ask(spec, now=now))
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_alice_takes_her_request_back(asked: Request, alice: User, client_for: ClientFor) -> None:
    client_for(alice).post(reverse("request-cancel", args=[asked.public_id]))
    asked.refresh_from_db()
    assert asked.state == RequestState.CANCELLED


def test_nobody_else_takes_it_back(asked: Request, bob: User, client_for: ClientFor) -> None:
    url = reverse("request-cancel", args=[asked.public_id])
    assert client_for(bob).post(url).status_code == 403
    assert client_for(bob).get(url).status_code == 403


def test_alice_is_asked_before_her_request_is_taken_back(
    asked: Request, alice: User, client_for: ClientFor, now: datetime
) -> None:
    approve(asked, "dana", Lane.NETWORK, now=now)
    html = shown(client_for(alice), "request-cancel", asked)
    assert "the 1 approval it has is lost" in html
    assert "This cannot be undone" in html
    assert 'method="post"' in html
    asked.refresh_from_db()
    assert asked.state == RequestState.PENDING


def test_the_page_of_a_request_leads_to_the_question_and_takes_nothing_back(
    asked: Request, alice: User, client_for: ClientFor
) -> None:
    html = shown(client_for(alice), "request-detail", asked)
    address = reverse("request-cancel", args=[asked.public_id])
    assert f'href="{address}"' in html
    assert f'action="{address}"' not in html


def test_a_request_that_waits_shows_its_whole_way(
    asked: Request, alice: User, client_for: ClientFor
) -> None:
    html = shown(client_for(alice), "request-detail", asked)
    way = html[html.index("Timeline") :]
    order = ["Sent", "Platform approval", "Network approval", "Create the namespace", "Ready"]
    places = [way.index(f"<h3>{step}") for step in order]
    assert places == sorted(places)
    assert html.index("Timeline") < html.index("All objects as YAML")


def test_the_title_of_a_request_says_what_it_is(
    asked: Request, alice: User, client_for: ClientFor
) -> None:
    html = shown(client_for(alice), "request-detail", asked)
    assert f"<title>New namespace payments-prod, {asked.label} · Bulkhead</title>" in html


def test_a_returned_request_shows_why_and_can_be_sent_again(
    asked: Request, alice: User, client_for: ClientFor, now: datetime
) -> None:
    send_back(asked, "Which <b>pods</b> serve?", now)
    client = client_for(alice)
    html = shown(client, "request-detail", asked)
    assert "Which &lt;b&gt;pods&lt;/b&gt; serve?" in html
    assert reverse("request-edit", args=[asked.public_id]) in html
    assert "Which &lt;b&gt;pods" in shown(client, "request-edit", asked)


def test_who_cannot_send_it_again_is_not_told_to(
    asked: Request, alice: User, bob: User, client_for: ClientFor, now: datetime
) -> None:
    send_back(asked, "Which pods serve?", now)
    assert "Its author can change the answers" in shown(client_for(bob), "request-detail", asked)
    alices = shown(client_for(alice), "request-detail", asked)
    assert "Its author can change" not in alices
    assert "Change the answers and send it again" in alices


def test_only_who_can_duplicate_a_closed_request_is_told_to(
    asked: Request, alice: User, bob: User, client_for: ClientFor
) -> None:
    client_for(alice).post(reverse("request-cancel", args=[asked.public_id]))
    assert "Duplicate it to ask again" in shown(client_for(alice), "request-detail", asked)
    bobs = shown(client_for(bob), "request-detail", asked)
    assert "Nothing was changed on the cluster by it" in bobs
    assert "Duplicate" not in bobs


def test_waiting_for_decisions_goes_on_polling(
    asked: Request, alice: User, client_for: ClientFor
) -> None:
    assert progress(client_for(alice), asked)[0] == 200
    assert "every 2s" in shown(client_for(alice), "request-detail", asked)


def test_an_approved_request_is_not_called_done(
    asked: Request, approved: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    status, html = progress(client_for(alice), asked)
    assert status == 200
    assert "0 of 6 steps" in html
    assert "is ready" not in html


def test_granted_is_still_not_done(
    asked: Request, approved: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    set_state(approved, NamespaceState.GRANTED)
    status, html = progress(client_for(alice), asked)
    assert (status, "is ready" in html) == (200, False)


def test_done_is_said_once_it_was_read_back(
    asked: Request, ready: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    status, html = progress(client_for(alice), asked)
    assert status == 286
    assert "payments-prod is ready" in html
    assert "every 2s" not in shown(client_for(alice), "request-detail", asked)


def test_blocked_shows_the_servers_words_what_to_do_and_another_try(
    asked: Request, approved: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    set_state(
        approved,
        NamespaceState.BLOCKED,
        reason=BlockedReason.TAKEN.value,
        message='namespaces "payments-prod" <already> exists',
    )
    status, html = progress(client_for(alice), asked)
    assert status == 286
    assert "&lt;already&gt; exists" in html
    assert "this portal’s database does not know it" in html
    assert "Blocked: a platform admin must act" in html
    assert reverse("namespace-try-again", args=[approved.public_id]) in html


def test_bob_sees_why_it_is_blocked_but_no_button(
    asked: Request, approved: ManagedNamespace, bob: User, client_for: ClientFor
) -> None:
    set_state(approved, NamespaceState.BLOCKED, reason=BlockedReason.TAKEN.value, message="exists")
    assert "Try again" not in progress(client_for(bob), asked)[1]


def test_retrying_goes_on_by_itself(
    asked: Request, approved: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    set_state(
        approved,
        NamespaceState.RETRYING,
        attempts=2,
        message="503 Service Unavailable",
        next_at=timezone.now(),
    )
    status, html = progress(client_for(alice), asked)
    assert status == 200
    assert "Retrying after 2 attempts" in html
    assert "503 Service Unavailable" in html


def test_a_cluster_that_does_not_answer_is_named(
    asked: Request, approved: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    Cluster.objects.update(condition="unreachable", condition_message="no route to host")
    html = progress(client_for(alice), asked)[1]
    assert "no route to host" in html
    assert "goes on by itself once the API server answers" in html


@pytest.mark.parametrize(
    "condition", ["unauthorized", "untrusted", "grant-missing", "credential-misfit"]
)
def test_nobody_is_told_that_a_refused_credential_mends_itself(
    asked: Request,
    approved: ManagedNamespace,
    alice: User,
    client_for: ClientFor,
    condition: str,
) -> None:
    Cluster.objects.update(condition=condition)
    html = progress(client_for(alice), asked)[1]
    assert "until a platform admin" in html
    assert "by itself" not in html


def test_steps_show_what_was_done_and_what_failed(
    asked: Request, approved: ManagedNamespace, alice: User, client_for: ClientFor, now: datetime
) -> None:
    run = Run.objects.create(namespace=approved, generation=1, attempt=1, started_at=now)
    Step.objects.create(
        run=run,
        position=0,
        phase="create",
        state="done",
        started_at=now,
        finished_at=now,
        changes=[{"object": "Namespace payments-prod", "outcome": "created"}],
    )
    Step.objects.create(run=run, position=1, phase="fence", state="failed", message="<denied>")
    html = progress(client_for(alice), asked)[1]
    assert "Namespace payments-prod" in html
    assert "&lt;denied&gt;" in html
    assert 'class="failed"' in html


def test_the_list_is_filtered_by_its_address(
    asked: Request, alice: User, charlie: User, client_for: ClientFor
) -> None:
    url = reverse("request-list")
    assert asked.label in client_for(alice).get(url, {"state": "pending"}).content.decode()
    assert "No request matches" in client_for(alice).get(url, {"state": "draft"}).content.decode()
    assert asked.label in client_for(alice).get(url, {"kind": "onboard"}).content.decode()
    refused = client_for(alice).get(url, {"kind": "<x>"})
    assert (refused.status_code, asked.label in refused.content.decode()) == (422, False)
    kinds = "New namespace, Change, Retirement, Taking over again"
    assert f"“&lt;x&gt;” is not one of: {kinds}." in refused.content.decode()
    assert "No requests yet" in client_for(charlie).get(url).content.decode()


def change_answers(**differing: str) -> dict[str, str]:
    """Return the answers of a change form."""
    return {
        "purpose": "Takes card payments for the shop.",
        "why": "The shop grows.",
        "data_class": "internal",
        "size": "medium",
        "scope": "project",
        "ingress": "ingress-nginx",
        "component": "web",
        "ports": "8080, 8443",
        "egress": "none",
        "lifetime": "none",
        "form_key": "c" * 32,
        "action": "submit",
    } | differing


def test_the_change_form_shows_what_is_in_force(
    ready: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    html = shown(client_for(alice), "namespace-change", ready)
    assert 'value="8080"' in html
    assert 'name="team"' not in html
    assert "No object would change" in html


def test_a_change_becomes_a_request_with_the_difference(
    ready: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    client = client_for(alice)
    client.post(reverse("namespace-change", args=[ready.public_id]), change_answers())
    row = Request.objects.get(kind="change")
    assert row.wanted.size == "medium"
    assert row.wanted.name == "payments-prod"
    assert "8443" in shown(client, "request-detail", row)


def test_the_preview_of_a_change_is_the_difference(
    ready: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    url = f"{reverse('request-preview')}?namespace={ready.public_id}"
    html = client_for(alice).post(url, change_answers()).content.decode()
    assert "What would change" in html
    assert "Added:" in html


def test_what_is_fixed_cannot_be_posted_into_a_change(
    ready: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    url = reverse("namespace-change", args=[ready.public_id])
    response = client_for(alice).post(url, change_answers(name="search-prod"))
    assert response.status_code == 400


def test_a_change_that_changes_nothing_is_refused_in_words(
    ready: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    same = change_answers(size="small", ports="8080")
    url = reverse("namespace-change", args=[ready.public_id])
    response = client_for(alice).post(url, same)
    assert response.status_code == 422
    assert "Nothing would change" in response.content.decode()


@pytest.mark.parametrize("route", ["namespace-change", "namespace-retire"])
def test_only_leads_of_the_team_ask(
    ready: ManagedNamespace, bob: User, charlie: User, client_for: ClientFor, route: str
) -> None:
    url = reverse(route, args=[ready.public_id])
    assert client_for(bob).get(url).status_code == 403
    assert client_for(charlie).get(url).status_code == 404


def test_retiring_lists_what_goes_and_needs_the_name(
    ready: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    client, url = client_for(alice), reverse("namespace-retire", args=[ready.public_id])
    assert "NetworkPolicy deny-all" in client.get(url).content.decode()
    response = client.post(url, {"why": "Moved.", "typed_name": "payments", "form_key": "d" * 32})
    assert response.status_code == 422
    assert not Request.objects.filter(kind="retire").exists()


def test_the_typed_name_sends_the_retirement_once(
    ready: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    client, url = client_for(alice), reverse("namespace-retire", args=[ready.public_id])
    sent = {"why": "Moved.", "typed_name": "payments-prod", "form_key": "d" * 32}
    first, second = client.post(url, sent), client.post(url, sent)
    row = Request.objects.get(kind="retire")
    assert first["Location"] == reverse("request-detail", args=[row.public_id])
    assert second["Location"] == first["Location"]
    told = shown(client, "request-detail", row).replace("until it is gone", "")  # what it waits for
    assert "is gone" not in told


def test_a_namespace_with_an_open_request_is_not_changed_twice(
    ready: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    client = client_for(alice)
    client.post(reverse("namespace-change", args=[ready.public_id]), change_answers())
    for route in ("namespace-change", "namespace-retire"):
        response = client.get(reverse(route, args=[ready.public_id]))
        assert response.status_code == 409
        assert "has an open request" in response.content.decode()
