"""Asking for a namespace: the form, its live name check, its preview, draft, edit and change."""

import re
from collections.abc import Callable
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from onboarding.demo.openings import WEB
from onboarding.demo.scenario import ask, demo_spec
from onboarding.domain.lifecycle import RequestState
from onboarding.models import Cluster, ClusterObservation, Request, User
from onboarding.plan.model import load_plan
from onboarding.plan.render_yaml import render_documents
from tests.support.broken_rules import BROKEN, Broken
from tests.web.sights import SECRET, looked_at, row_of, see, words
from tests.web.stories import onboarded, ready

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
    assert row.wanted.openings == (WEB,)


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
        ("", "Enter a name"),
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


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_whatever_breaks_a_rule_is_said_at_its_field_in_the_rules_words(
    desk: Client, broken: Broken
) -> None:
    response = desk.post(NEW, answers(**broken.answers))
    assert response.status_code == 422
    assert response.context["form"].errors == {broken.form_field: [broken.words]}
    assert not Request.objects.exists()


def test_a_draft_is_kept_whatever_the_rules_for_sending_say(desk: Client) -> None:
    desk.post(NEW, answers(action="draft", purpose="", egress="open"))
    assert Request.objects.get().state == RequestState.DRAFT


def test_a_lifetime_that_is_no_number_is_refused(desk: Client) -> None:
    assert "Choose a lifetime." in said(desk, lifetime="for ever")


def test_a_preview_without_a_cluster_to_ask_for_says_so(alice: User, client_for: ClientFor) -> None:
    html = client_for(alice).post(reverse("request-preview"), answers(action=None)).content.decode()
    assert "Choose a cluster that can be asked for." in html


def test_facts_that_no_plan_can_be_made_with_are_said_and_switch_nothing_off(
    desk: Client, cluster: Cluster
) -> None:
    Cluster.objects.update(facts={**cluster.facts, "dns_labels": {"k8s..io/app": "dns"}})
    assert "Ask a platform admin to correct it." in desk.get(NEW).content.decode()
    assert "k8s..io/app=dns is not a label" in previewed(desk)
    assert "Ask a platform admin to correct it." in said(desk)


def test_a_bug_in_the_plan_is_not_shown_as_an_unfinished_form(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise KeyError("slot")

    monkeypatch.setattr("onboarding.queries.rendering.build_plan", broken)
    with pytest.raises(KeyError):
        desk.post(reverse("request-preview"), answers(action=None))


def test_an_exposure_needs_a_component_and_a_port(desk: Client) -> None:
    html = said(desk, component="", ports="")
    assert "Say which pods serve" in html
    assert "Enter at least one port" in html


def test_nobody_needs_neither_component_nor_ports(desk: Client) -> None:
    desk.post(NEW, answers(ingress="", component="%%", ports="0"))
    assert Request.objects.get().wanted.openings == ()


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
    assert "Lead of payments: Alice." in response.content.decode()


def test_without_a_cluster_the_page_says_so(alice: User, client_for: ClientFor) -> None:
    page = client_for(alice).get(NEW).content.decode()
    assert "There is no cluster to ask for a namespace on" in page


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


def test_what_is_still_needed_is_told_in_the_order_of_the_form(desk: Client) -> None:
    assert "sent: a name (shown as your-namespace until then), Purpose." in words(
        previewed(desk, name="", purpose="")
    )


def test_an_answer_that_will_not_do_is_not_called_missing(desk: Client) -> None:
    said = words(previewed(desk, name="kube-x", purpose=""))
    assert "sent: Namespace name (what was typed cannot be used), Purpose." in said


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


def test_editing_stores_what_hides_text_as_it_was_typed(desk: Client) -> None:
    purpose = 'Auf\u200clage \u200b"x" > y'
    desk.post(NEW, answers(purpose=purpose, action="draft"))
    edit = reverse("request-edit", args=[Request.objects.get().public_id])
    [stored] = re.findall(
        r'<textarea[^>]*name="purpose"[^>]*>\n?(.*?)</textarea>', desk.get(edit).content.decode()
    )
    desk.post(edit, answers(form_key="b" * 32, purpose=unescape(stored)))
    row = Request.objects.get()
    assert (row.state, row.spec["purpose"]) == (RequestState.PENDING, purpose)
    html = desk.get(reverse("request-detail", args=[row.public_id])).content.decode()
    assert "Auf⟨U+200C⟩lage ⟨U+200B⟩&quot;x&quot;" in html


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


def previewed(desk: Client, **differing: Any) -> str:
    """Return the preview of the answers, as script asks for it."""
    return desk.post(reverse("request-preview"), answers(action=None, **differing)).content.decode()


def test_the_preview_says_who_can_reach_whom(desk: Client, cluster: Cluster) -> None:
    looked_at(cluster)
    html = previewed(desk)
    assert "Blocked" in row_of(html, "Everybody else")
    assert "Allowed: TCP 8080 Opens Blocked" in row_of(html, "ingress-nginx")
    assert "Blocked Allowed: TCP 53, UDP 53 Opens" in row_of(html, "Every pod in kube-system")


def test_the_preview_says_whether_the_team_gets_a_shell(desk: Client) -> None:
    production = words(previewed(desk))
    assert "The team may not open a shell in pods" in production
    assert "The team may open a shell" not in production
    assert "Production does not grant it." in production
    development = words(previewed(desk, environment="development"))
    assert "Group team-payments may open a shell in pods" in development
    assert "The team may not open a shell" not in development
    assert "The team may open a shell in pods" in development
    assert "team-shell" in development


def test_egress_to_the_internet_opens_public_addresses_and_asks_the_network_lane(
    desk: Client,
) -> None:
    closed = previewed(desk, ingress="", egress="none")
    assert "Public addresses" not in closed
    assert "Network approval :" not in words(closed)
    html = previewed(desk, ingress="", egress="internet")
    assert "Blocked Allowed: TCP 443 Opens" in row_of(html, "Public addresses")
    assert "Network approval : HTTPS to public addresses would be added" in words(html)


def test_the_preview_says_how_old_its_knowledge_is(desk: Client, cluster: Cluster) -> None:
    assert "has not been observed yet" in previewed(desk)
    looked_at(cluster)
    html = previewed(desk)
    assert "has not been observed yet" not in html
    assert "Based on what was observed on the cluster 40 s ago" in words(html)


def test_the_preview_says_when_its_answer_is_incomplete_or_old(
    desk: Client, cluster: Cluster
) -> None:
    assert "incomplete" not in previewed(desk)
    looked_at(cluster, foreign=("CiliumNetworkPolicy (cilium.io)",), trouble="It did not answer.")
    html = previewed(desk)
    assert "This answer is incomplete" in html
    assert "CiliumNetworkPolicy" in html
    assert "It did not answer." in html


def test_a_path_between_production_and_test_is_flagged_where_it_leads_and_explained(
    desk: Client, cluster: Cluster
) -> None:
    looked_at(cluster)
    html = previewed(desk, environment="test", egress="open", lifetime="30")
    assert "BH020" in row_of(html, "Every pod in orders-prod")
    assert "BH020" not in row_of(html, "Every pod in orders-test")
    assert "Serious BH020: A path between production and another environment" in words(html)
    assert "High risk" in html
    assert "BH020" not in previewed(desk, environment="test")


def test_every_finding_is_listed_with_its_object_and_flagged_in_the_matrix(desk: Client) -> None:
    html = previewed(desk, egress="open", lifetime="30")
    assert "payments-prod/egress-open egress[0]" in html
    assert "BH001" in row_of(html, "Addresses outside the cluster")
    assert 'href="#finding-1"' in html
    assert 'id="finding-1"' in html


def test_the_risk_and_its_lanes_are_said_before_anything_is_sent(desk: Client) -> None:
    assert "Low risk" in previewed(desk)
    html = words(previewed(desk, ingress="", egress="open", lifetime="30"))
    assert "High risk" in html
    assert re.search(r"Security approval : [^:]*High risk", html)


def test_labels_of_other_peoples_pods_are_shown_only_where_a_policy_names_them(
    desk: Client, cluster: Cluster
) -> None:
    looked_at(cluster)
    html = previewed(desk, egress="open", lifetime="30")
    assert row_of(html, "ingress-nginx : pods labelled app.kubernetes.io/name=ingress-nginx")
    assert SECRET not in html


def test_without_script_the_button_shows_the_matrix_too(desk: Client) -> None:
    html = desk.post(NEW, answers(action="preview", egress="internet")).content.decode()
    assert "TCP 443 Opens" in row_of(html, "Public addresses")


def test_a_change_shows_what_it_would_open(desk: Client) -> None:
    row = ready(onboarded(demo_spec("payments-prod", cluster="dev-eu")))
    sent = answers(action="preview", egress="internet")
    fixed = ("team", "cluster", "environment", "name", "project")
    kept = {name: value for name, value in sent.items() if name not in fixed}
    html = desk.post(reverse("namespace-change", args=[row.public_id]), kept).content.decode()
    assert "TCP 443 Opens" in row_of(html, "Public addresses")
    assert "Opens" not in row_of(html, "ingress-nginx")


def test_the_cost_of_a_preview_does_not_grow_with_the_cluster(
    desk: Client, cluster: Cluster
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as made:
            previewed(desk)
        return len(made)

    looked_at(cluster)
    few = statements()
    for number in range(30):
        see(cluster, f"team-{number}", {"app": "web"})
    ClusterObservation.objects.update(version=2)
    assert statements() == few


def test_the_form_says_what_production_demands_of_pods(desk: Client) -> None:
    text = words(desk.get("/requests/new/"))
    assert "Production refuses pods that run as root" in text
    assert "20 services, 50 secrets" in text
