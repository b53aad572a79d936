"""Asking for a namespace: the form, its live name check, its preview, draft, edit and change."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.domain.lifecycle import RequestState
from onboarding.models import Cluster, Request, User
from onboarding.plan.model import load_plan
from onboarding.plan.render_yaml import render_documents
from onboarding.services.story import ask, demo_spec

ClientFor = Callable[[User], Client]
NEW = "/requests/new/"


def answers(**differing: Any) -> dict[str, Any]:
    """Return a complete form, with some answers differing; None leaves one out."""
    filled = {
        "team": "payments",
        "cluster": "dev-eu",
        "environment": "production",
        "name": "payments-prod",
        "project": "payments",
        "purpose": "Takes card payments.",
        "data_class": "internal",
        "size": "small",
        "scope": "project",
        "ingress": "ingress-nginx",
        "component": "web",
        "ports": "8080",
        "egress": "none",
        "lifetime": "none",
        "form_key": "a" * 32,
        "action": "submit",
    }
    return {name: value for name, value in (filled | differing).items() if value is not None}


@pytest.fixture
def desk(alice: User, cluster: Cluster, client_for: ClientFor) -> Client:
    """Alice's browser."""
    return client_for(alice)


def said(client: Client, **differing: Any) -> str:
    """Send the form, expect it back in error, and return the page."""
    response = client.post(NEW, answers(**differing))
    assert response.status_code == 422
    assert not Request.objects.exists()
    return response.content.decode()


def test_alice_sees_the_form_with_the_focus_in_the_name(desk: Client) -> None:
    html = desk.get(NEW).content.decode()
    name = next(tag for tag in html.split("<") if 'name="name"' in tag)
    assert "autofocus" in name
    assert "novalidate" in html


def test_a_complete_form_becomes_a_pending_request(desk: Client) -> None:
    response = desk.post(NEW, answers())
    row = Request.objects.get()
    assert response["Location"] == reverse("request-detail", args=[row.public_id])
    assert row.state == RequestState.PENDING
    assert row.wanted.exposure is not None
    assert row.wanted.exposure.ports == (8080,)


def test_an_empty_project_is_the_name_of_the_team(desk: Client) -> None:
    desk.post(NEW, answers(project=""))
    assert Request.objects.get().wanted.project == "payments"


def test_the_same_form_sent_twice_is_one_request(desk: Client) -> None:
    first, second = desk.post(NEW, answers()), desk.post(NEW, answers())
    assert second["Location"] == first["Location"]
    assert Request.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a" * 64, "at most 63 characters"),
        ("Payments", "lowercase"),
        ("pâyments", "letters a to z"),
        ("ｐayments", "letters a to z"),
        (" payments-prod", "letters a to z"),
        ("payments-prod\n", "letters a to z"),
        ("-payments", "Start and end"),
        ("kube-payments", "reserved"),
        ("", "required"),
    ],
)
def test_a_name_that_cannot_be_is_refused_as_typed(desk: Client, name: str, words: str) -> None:
    assert words in said(desk, name=name)


@pytest.mark.parametrize("ports", ["0", "65536", "http", "8080, 8080", ""])
def test_ports_that_are_none_are_refused(desk: Client, ports: str) -> None:
    assert 'id="id_ports_error"' in said(desk, ports=ports)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("team", "search"),
        ("cluster", "prod-us"),
        ("environment", "space"),
        ("size", "huge"),
        ("data_class", ""),
        ("scope", "cluster"),
        ("ingress", "0.0.0.0/0"),
        ("egress", "0.0.0.0/0"),
        ("lifetime", "9999"),
        ("project", "system:masters"),
        ("component", "{{7*7}}"),
        ("purpose", "x" * 501),
        ("form_key", "short"),
    ],
)
def test_a_value_that_is_not_on_offer_is_refused(desk: Client, field: str, value: str) -> None:
    assert "error-summary" in said(desk, **{field: value})


def test_an_exposure_needs_a_component_and_a_port(desk: Client) -> None:
    html = said(desk, component="", ports="")
    assert "Say which pods serve" in html
    assert "Enter at least one port" in html


def test_nobody_needs_neither_component_nor_ports(desk: Client) -> None:
    desk.post(NEW, answers(ingress="", component="%%", ports="0"))
    assert Request.objects.get().wanted.exposure is None


@pytest.mark.parametrize("lifetime", ["none", "90", "365"])
def test_open_egress_is_for_thirty_days_at_most(desk: Client, lifetime: str) -> None:
    assert "30 days at most" in said(desk, egress="open", lifetime=lifetime)


def test_open_egress_for_thirty_days_may_be_asked_for(desk: Client) -> None:
    desk.post(NEW, answers(egress="open", lifetime="30"))
    assert {lane.lane for lane in Request.objects.get().lanes.all()} >= {"network", "security"}


def test_what_was_typed_stays_and_is_escaped(desk: Client) -> None:
    evil = "<script>alert(1)</script>{{7*7}}"
    html = said(desk, name=evil, purpose=evil, component=evil)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in html


def test_a_field_the_form_does_not_have_is_refused(desk: Client) -> None:
    assert desk.post(NEW, answers(access_group="system:masters")).status_code == 400
    assert desk.post(NEW, answers(action="approve")).status_code == 400


def test_a_purpose_of_a_megabyte_is_refused_in_words(desk: Client) -> None:
    assert "at most 500 characters" in said(desk, purpose="x" * 1_000_000)


def test_a_form_without_its_token_is_refused(
    alice: User, cluster: Cluster, client_for: Callable[..., Client]
) -> None:
    client = client_for(alice, enforce_csrf_checks=True)
    assert client.post(NEW, answers()).status_code == 403
    assert not Request.objects.exists()


def test_bob_who_leads_no_team_is_told_so(bob: User, client_for: ClientFor) -> None:
    response = client_for(bob).get(NEW)
    assert response.status_code == 403
    assert "leads of any team" in response.content.decode()


def test_without_a_cluster_the_page_says_so(alice: User, client_for: ClientFor) -> None:
    assert "No cluster is registered yet" in client_for(alice).get(NEW).content.decode()


def test_a_taken_name_comes_back_with_a_free_one(desk: Client, now: datetime) -> None:
    ask(demo_spec("payments-prod", cluster="dev-eu"), now=now)
    response = desk.post(NEW, answers())
    assert "payments-prod-2" in response.content.decode()
    assert Request.objects.count() == 1


def test_the_name_check_says_free_or_why_not(desk: Client) -> None:
    def check(name: str) -> str:
        query = {"name": name, "cluster": "dev-eu"}
        return desk.get(reverse("name-check"), query).content.decode()

    assert "is free on dev-eu" in check("payments-prod")
    assert "reserved" in check("kube-system")
    assert "<b>" not in check("<b>")
    assert check("").strip() == ""


def test_the_name_check_is_for_leads(bob: User, cluster: Cluster, client_for: ClientFor) -> None:
    assert client_for(bob).get(reverse("name-check")).status_code == 403


def test_the_preview_shows_sentences_lanes_and_every_object(desk: Client) -> None:
    response = desk.post(reverse("request-preview"), answers(action=None))
    html = response.content.decode()
    assert "may reach each other" in html
    assert "Network" in html
    assert "allow-ingress-ingress-nginx" in html
    assert "<html" not in html


def test_an_unfinished_form_is_previewed_as_far_as_it_goes(desk: Client) -> None:
    unfinished = answers(name="", purpose="", ports="x")
    html = desk.post(reverse("request-preview"), unfinished).content.decode()
    assert "Still needed before it can be sent: a name" in html
    assert "deny-all" in html
    assert "allow-ingress" not in html


def test_without_script_a_button_previews_and_sends_nothing(desk: Client) -> None:
    html = desk.post(NEW, answers(action="preview", purpose="")).content.decode()
    assert "error-summary" not in html
    assert "allow-ingress-ingress-nginx" in html
    assert not Request.objects.exists()


def test_the_download_is_what_the_request_will_hold(desk: Client) -> None:
    sent = answers(action=None)
    preview = desk.post(reverse("request-preview") + "?download=yaml", sent)
    desk.post(NEW, answers())
    row = Request.objects.get()
    assert preview.content.decode() == render_documents(load_plan(row.plan).manifests())
    assert preview["Content-Disposition"] == 'attachment; filename="payments-prod.yaml"'


def test_the_preview_refuses_unknown_fields(desk: Client) -> None:
    assert desk.post(reverse("request-preview"), answers(extra="1")).status_code == 400


def test_a_draft_needs_a_name_but_no_purpose_and_can_be_sent_later(desk: Client) -> None:
    desk.post(NEW, answers(action="draft", purpose=""))
    draft = Request.objects.get()
    assert draft.state == RequestState.DRAFT
    edit = reverse("request-edit", args=[draft.public_id])
    assert 'value="payments-prod"' in desk.get(edit).content.decode()
    desk.post(edit, answers(form_key="b" * 32))
    draft.refresh_from_db()
    assert draft.state == RequestState.PENDING


def test_nobody_edits_the_draft_of_another(desk: Client, bob: User, client_for: ClientFor) -> None:
    desk.post(NEW, answers(action="draft"))
    edit = reverse("request-edit", args=[Request.objects.get().public_id])
    assert client_for(bob).get(edit).status_code == 404


def test_a_pending_request_cannot_be_edited(desk: Client) -> None:
    desk.post(NEW, answers())
    edit = reverse("request-edit", args=[Request.objects.get().public_id])
    assert desk.get(edit).status_code == 409


def test_a_duplicate_starts_with_the_answers_but_not_the_name(desk: Client) -> None:
    desk.post(NEW, answers())
    html = desk.get(NEW, {"from": Request.objects.get().public_id}).content.decode()
    assert "Takes card payments." in html
    assert 'value="payments-prod"' not in html


def test_charlie_cannot_duplicate_what_he_cannot_see(
    desk: Client, charlie: User, client_for: ClientFor
) -> None:
    desk.post(NEW, answers())
    query = {"from": Request.objects.get().public_id}
    assert client_for(charlie).get(NEW, query).status_code == 404
