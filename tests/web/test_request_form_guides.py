"""How the request form guides: no contradiction, an end for what is open, plain words, lanes."""

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.demo.scenario import ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.models import Cluster, User
from tests.web.sights import words
from tests.web.stories import onboarded, ready
from tests.web.test_request_form import NEW, ClientFor, answers, desk, previewed, said

__all__ = ["desk"]


def test_without_script_a_too_long_open_is_given_its_end_and_sent_by_another_click(
    desk: Client,
) -> None:
    html = said(desk, egress="open", lifetime="none")
    assert re.search(r'<option value="30" selected', html)
    assert "its lifetime was set to 30 days" in words(html)
    assert desk.post(NEW, answers(egress="open", lifetime="30")).status_code == 302


def test_choosing_open_sets_its_end_at_once_and_says_so(desk: Client) -> None:
    html = previewed(desk, egress="open", lifetime="none")
    assert "Complete. You can submit." in html
    assert re.search(r'<option value="30" selected', html)
    assert "Open needs an end: its lifetime was set to 30 days." in words(html)
    assert 'id="lifetime-field" hx-swap-oob="true"' in html
    assert 'id="lifetime-field"' not in previewed(desk, egress="open", lifetime="7")


def test_the_preview_takes_back_the_errors_of_the_last_try(desk: Client) -> None:
    html = said(desk, ports="http")
    assert 'name="tried"' in html
    mended = previewed(desk, tried="1")
    assert re.search(r'id="tried-errors" hx-swap-oob="true">\s*</div>', mended)
    still = previewed(desk, tried="1", ports="http")
    assert "1 answer needs fixing" in still
    assert "autofocus" not in still
    assert "tried-errors" not in previewed(desk, ports="http")


def test_the_preview_says_field_by_field_what_is_wrong_now(desk: Client) -> None:
    assert 'data-field="id_ports"' in previewed(desk, ports="http")
    assert "data-field=" not in previewed(desk)


def test_a_refused_form_says_so_in_its_title(desk: Client) -> None:
    assert "<title>Error: Request a namespace" in said(desk, name="")
    assert "<title>Request a namespace" in desk.get(NEW).content.decode()


def check(desk: Client, name: str, **query: str) -> str:
    sent = {"name": name, "cluster": "dev-eu", "team": "payments", **query}
    return desk.get(reverse("name-check"), sent).content.decode()


@pytest.mark.parametrize(
    ("name", "environment", "remark"),
    [
        ("shop-prod", "development", "The name says prod, the environment says Development."),
        ("shop-prd-eu", "test", "The name says prd, the environment says Test."),
        ("live-shop", "development", "The name says live, the environment says Development."),
        ("shop-dev", "production", "The name says dev, the environment says Production."),
    ],
)
def test_a_name_that_says_another_environment_is_remarked(
    desk: Client, name: str, environment: str, remark: str
) -> None:
    html = check(desk, name, environment=environment)
    assert html.count(remark) == 2  # seen, and announced
    assert f"{name} is free" in html
    without_script = desk.post(NEW, answers(action="preview", name=name, environment=environment))
    assert remark in without_script.content.decode()


@pytest.mark.parametrize(
    ("name", "environment"),
    [("shop-prod", "production"), ("shop-dev", "test"), ("alive", "development"), ("x", "")],
)
def test_a_name_that_says_nothing_else_is_not_remarked(
    desk: Client, name: str, environment: str
) -> None:
    assert "The name says" not in check(desk, name, environment=environment)


def test_the_name_check_speaks_in_its_own_region_of_the_free_variant_too(
    desk: Client, now: datetime
) -> None:
    ask(demo_spec("payments-prod", cluster="dev-eu"), now=now)
    html = check(desk, "payments-prod")
    announced = re.search(r'data-announce-in="name-status" data-announce="([^"]*)"', html)
    assert announced
    assert "payments-prod-2 is free." in announced[1]
    assert "data-announce-in" not in previewed(desk, name="payments-live")


def test_a_look_alike_is_announced(desk: Client) -> None:
    ready(onboarded(demo_spec("payments-prod", cluster="dev-eu")))
    html = check(desk, "paymentsprod")
    announced = re.search(r'data-announce="([^"]*)"', html)
    assert announced
    assert "looks much like payments-prod" in announced[1]


def test_people_are_asked_in_their_words_and_the_exact_ones_are_folded(desk: Client) -> None:
    text = words(previewed(desk))
    assert "The cluster’s web entry (ingress-nginx) can call web on TCP 8080." in text
    assert text.index("It calls nothing outside") < text.index("Who can talk to whom")
    assert text.index("Who can talk to whom") < text.index("Exactly, as the policies say it")
    assert "It has no end." in text


def test_who_has_to_agree_stands_beside_submit(desk: Client) -> None:
    html = desk.get(NEW).content.decode()
    place = html.index('id="approvals"')
    assert html.index('id="request-form"') < place < html.index("Submit for approval")
    assert "Platform approval : " in words(html[place:])
    assert "Pat can decide" in words(html[place:])


def test_how_long_an_approval_usually_takes_is_said(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "usually within" not in previewed(desk)
    known = {lane: timedelta(hours=3) for lane in Lane}
    monkeypatch.setattr("onboarding.pages.request_preview.usual_waits", lambda: known)
    assert "Dana can decide, usually within 3 h" in words(previewed(desk))


def test_what_is_so_of_everything_new_is_not_remarked(desk: Client) -> None:
    html = previewed(desk)
    assert "BH009" not in html
    assert "BH010" not in html


def test_a_newcomer_is_asked_three_questions(desk: Client, now: datetime) -> None:
    html = desk.get(NEW).content.decode()
    assert '<details class="bh-rest" id="more">' in html
    for number in range(3):
        ask(demo_spec(f"payments-{number}", cluster="dev-eu"), now=now)
    assert '<details class="bh-rest" id="more" open>' in desk.get(NEW).content.decode()


def test_more_opens_by_itself_when_something_in_it_is_wrong(desk: Client) -> None:
    assert '<details class="bh-rest" id="more" open>' in said(desk, size="huge")
    assert '<details class="bh-rest" id="more">' in said(desk, name="")


def test_a_choice_is_named_by_its_content_and_its_cost_comes_after(desk: Client) -> None:
    html = desk.get(NEW).content.decode()
    radio = next(tag for tag in html.split("<") if 'name="egress" value="internet"' in tag)
    assert 'aria-labelledby="id_egress_1_name"' in radio
    assert 'aria-describedby="id_egress_1_note id_egress_1_cost"' in radio
    assert html.index('id="id_egress_1_note"') < html.index('id="id_egress_1_cost"')


@pytest.mark.parametrize("page", [NEW, "preview"])
def test_the_form_speaks_of_approvals_and_never_of_lanes(desk: Client, page: str) -> None:
    html = desk.get(page).content.decode() if page == NEW else previewed(desk, egress="internet")
    assert not re.search(r"\blanes?\b", words(html), re.IGNORECASE)


def test_a_name_that_is_taken_is_not_called_missing(desk: Client, cluster: Cluster) -> None:
    ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))
    said = words(previewed(desk, name="payments-prod"))
    assert "Namespace name (what was typed cannot be used)" in said


def test_no_pod_of_what_every_namespace_reaches_is_missed(desk: Client) -> None:
    said = words(previewed(desk))
    assert "ingress-nginx no such pod seen yet Allowed" in said
    assert "k8s-app=kube-dns Blocked Allowed" in said


def test_nor_is_it_on_the_page_of_the_decision(
    desk: Client, client_for: ClientFor, dana: User, now: datetime
) -> None:
    row = ask(demo_spec("payments-prod", cluster="dev-eu"), now=now)
    html = client_for(dana).get(reverse("decision", args=[row.public_id])).content.decode()
    table = words(html[html.index("Baseline paths, table") :].partition("</table>")[0])
    assert "k8s-app=kube-dns" in table
    assert "no such pod seen yet" not in table


def test_the_lifetime_says_who_is_told(desk: Client) -> None:
    assert "Before it ends, whoever leads the team is told." in words(desk.get(NEW))
