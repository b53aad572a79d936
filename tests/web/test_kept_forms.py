"""A form that meets an ended session: kept, shown again to its person alone, never sent."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from onboarding.demo.people import DEMO_PASSWORD
from onboarding.demo.scenario import ask, demo_spec
from onboarding.models import Cluster, Decision, KeptForm, Request, RoleAssignment, User
from onboarding.services.expire import expire_requests
from onboarding.services.kept_forms import KEPT_FOR, MOST_CHARACTERS, MOST_FORMS
from onboarding.views.known_browsers import COOKIE
from tests.web.account_pages import SEED, code_of
from tests.web.sights import looked_at
from tests.web.test_request_form import NEW, answers

HOST = "http://testserver"
OURS = {"Origin": HOST, "Referer": HOST + NEW}
PURPOSE = 'Takes card payments, "all" of them <b>\n\n& keeps them.'

pytestmark = pytest.mark.usefixtures("fresh_limits")


class Browser:
    """A browser with proofs of origin, in which people sign in by the form."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True)

    def proof_on(self, path: str) -> str:
        html = self.client.get(path).content.decode()
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)
        assert found, html
        return found[1]

    def sign_in(self, name: str, where: str = "/accounts/login/") -> HttpResponse:
        self.lose_session()
        wanted = parse_qs(urlsplit(where).query).get("next", [""])[0]
        form = {"login": name, "password": DEMO_PASSWORD, "next": wanted}
        form["csrfmiddlewaretoken"] = self.proof_on("/accounts/login/")
        return self.client.post("/accounts/login/", form)

    def lose_session(self) -> None:
        self.client.cookies.pop("sessionid", None)

    def send(self, path: str, form: dict[str, Any], **headers: str) -> HttpResponse:
        return self.client.post(path, form, headers={**OURS, **headers})


@pytest.fixture
def desk(alice: User, cluster: Cluster) -> Iterator[Browser]:
    """Alice has the form open."""
    desk = Browser()
    desk.sign_in("alice")
    return desk


def filled_in(desk: Browser, **differing: Any) -> dict[str, Any]:
    """Open the form and fill it in."""
    form = answers(purpose=PURPOSE, size="medium", **differing)
    return {**form, "csrfmiddlewaretoken": desk.proof_on(NEW)}


def typed_in(html: str) -> str:
    """Return what the page's purpose holds."""
    found = re.search(r'<textarea name="purpose"[^>]*>\n?(.*?)</textarea>', html, re.DOTALL)
    assert found
    return unescape(found[1])


def test_a_posted_form_is_shown_again_after_signing_in_and_is_not_sent(desk: Browser) -> None:
    form = filled_in(desk)
    desk.lose_session()
    refused = desk.send(NEW, form)
    assert parse_qs(urlsplit(refused.headers["Location"]).query) == {"next": [NEW]}
    assert "It is kept" in desk.client.get(refused.headers["Location"]).content.decode()
    assert desk.sign_in("alice", refused.headers["Location"]).headers["Location"] == NEW
    html = desk.client.get(NEW).content.decode()
    assert "This form was not sent" in html
    assert typed_in(html) == PURPOSE
    assert 'value="payments-prod"' in html
    assert re.search(r'value="medium"[^>]* checked', html)
    assert not re.search(r'value="small"[^>]* checked', html)
    assert not Request.objects.exists()


def test_it_is_shown_once(desk: Browser) -> None:
    form = filled_in(desk)
    desk.lose_session()
    desk.sign_in("alice", desk.send(NEW, form).headers["Location"])
    desk.client.get(NEW)
    assert "payments-prod" not in desk.client.get(NEW).content.decode()
    assert not KeptForm.objects.exists()


def test_a_second_factor_on_the_way_loses_nothing(desk: Browser, alice: User) -> None:
    form = filled_in(desk)
    desk.lose_session()
    TOTP.activate(alice, SEED)
    asked = desk.sign_in("alice", desk.send(NEW, form).headers["Location"])
    step = asked.headers["Location"]
    proof = desk.proof_on(step)
    done = desk.client.post(step, {"code": code_of(SEED), "csrfmiddlewaretoken": proof})
    assert done.headers["Location"] == NEW
    assert typed_in(desk.client.get(NEW).content.decode()) == PURPOSE


def test_whoever_signs_in_by_the_plain_door_is_led_to_it(desk: Browser) -> None:
    form = filled_in(desk)
    desk.lose_session()
    desk.send(NEW, form)
    assert desk.sign_in("alice").headers["Location"] == NEW


def test_a_form_without_its_csrf_cookie_is_kept_too(desk: Browser) -> None:
    form = filled_in(desk)
    desk.lose_session()
    del desk.client.cookies["csrftoken"]
    desk.sign_in("alice", desk.send(NEW, form).headers["Location"])
    assert typed_in(desk.client.get(NEW).content.decode()) == PURPOSE


def test_who_signed_in_again_in_another_tab_gets_the_old_tabs_form_back(desk: Browser) -> None:
    form = filled_in(desk)
    desk.lose_session()
    desk.sign_in("alice")
    assert desk.send(NEW, form).headers["Location"] == NEW
    assert not Request.objects.exists()
    assert typed_in(desk.client.get(NEW).content.decode()) == PURPOSE


def test_somebody_else_who_signs_in_is_told_and_shown_nothing(desk: Browser, charlie: User) -> None:
    form = filled_in(desk)
    desk.lose_session()
    answer = desk.sign_in("charlie", desk.send(NEW, form).headers["Location"])
    html = desk.client.get(answer.headers["Location"]).content.decode()
    assert "Somebody else was signed out in this browser" in html
    assert "payments-prod" not in html
    assert "card payments" not in desk.client.get(NEW).content.decode()
    desk.lose_session()
    assert desk.sign_in("alice").headers["Location"] == NEW
    assert typed_in(desk.client.get(NEW).content.decode()) == PURPOSE


def test_another_browser_of_the_same_person_is_shown_nothing(desk: Browser) -> None:
    form, elsewhere = filled_in(desk), Browser()
    desk.lose_session()
    desk.send(NEW, form)
    assert elsewhere.sign_in("alice").headers["Location"] == "/"
    assert "card payments" not in elsewhere.client.get(NEW).content.decode()


def test_a_page_of_somebody_elses_sign_in_is_offered_to_copy_and_kept_for_nobody(
    desk: Browser, charlie: User
) -> None:
    form = filled_in(desk)
    desk.lose_session()
    desk.sign_in("charlie")
    answer = desk.send(NEW, form)
    assert (answer.status_code, KeptForm.objects.count()) == (403, 0)
    assert "was opened before you signed in" in answer.content.decode()
    assert "all&quot; of them &lt;b&gt;" in answer.content.decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Referer": "https://evil.example/"},
        {"Origin": "null", "Referer": ""},
        {"Origin": "", "Referer": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_what_another_site_posts_is_never_kept(desk: Browser, headers: dict[str, str]) -> None:
    form = filled_in(desk)
    desk.lose_session()
    answer = desk.send(NEW, form, **headers)
    assert not KeptForm.objects.exists()
    assert "card payments" not in answer.content.decode()
    del form["csrfmiddlewaretoken"]
    assert desk.send(NEW, form, **headers).status_code == 403
    assert not KeptForm.objects.exists()


def test_a_browser_that_nobody_signed_in_with_fills_no_table(desk: Browser) -> None:
    form = filled_in(desk)
    desk.lose_session()
    del desk.client.cookies[COOKIE]
    answer = desk.send(NEW, form)
    assert (answer.status_code, KeptForm.objects.count()) == (403, 0)
    assert "copy what you need from here" in answer.content.decode()


def test_what_is_too_large_is_said_before_it_is_lost(desk: Browser) -> None:
    form = filled_in(desk) | {"purpose": "x" * (MOST_CHARACTERS + 1)}
    desk.lose_session()
    answer = desk.send(NEW, form)
    assert not KeptForm.objects.exists()
    assert "x" * (MOST_CHARACTERS + 1) in answer.content.decode()


def test_a_browser_keeps_a_few_forms_and_offers_the_next_to_copy(desk: Browser) -> None:
    form = filled_in(desk)
    desk.lose_session()
    for number in range(MOST_FORMS):
        desk.send(f"{NEW}?from={number}", form, Referer=f"{HOST}{NEW}?from={number}")
    assert KeptForm.objects.count() == MOST_FORMS
    assert desk.send(NEW, form).status_code == 403
    assert KeptForm.objects.count() == MOST_FORMS


def test_what_nobody_came_back_for_is_dropped(desk: Browser) -> None:
    form = filled_in(desk)
    desk.lose_session()
    desk.send(NEW, form)
    KeptForm.objects.update(kept_at=timezone.now() - KEPT_FOR * 2)
    assert desk.sign_in("alice").headers["Location"] == "/"
    expire_requests(now=timezone.now())
    assert not KeptForm.objects.exists()


@pytest.mark.parametrize("told", ["https://evil.example/x", f"{HOST}//evil.example/", HOST])
def test_the_way_back_never_leaves_the_portal(desk: Browser, told: str) -> None:
    form = filled_in(desk)
    desk.lose_session()
    answer = desk.send(NEW, form, Referer=told)
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["next"] in ([NEW], ["/x"])
    assert "evil" not in desk.sign_in("alice").headers["Location"]


@pytest.fixture
def decision(desk: Browser, dana: User) -> str:
    """Dana has a request of Alice before her."""
    row = ask(demo_spec("payments-prod", cluster="dev-eu"), now=timezone.now())
    desk.sign_in("dana")
    return reverse("decision", args=[row.public_id])


def test_of_a_decision_the_reason_is_kept_and_never_the_vote(desk: Browser, decision: str) -> None:
    html = desk.client.get(decision).content.decode()
    digest = re.search(r'name="digest" value="([^"]+)"', html)
    assert digest
    form = {"lane": "network", "vote": "return", "reason": "Which port?", "digest": digest[1]}
    form["csrfmiddlewaretoken"] = desk.proof_on(decision)
    desk.lose_session()
    answer = desk.send(decision, form, Referer=HOST + decision)
    assert {name for name, _value in KeptForm.objects.get().fields} == {"reason"}
    desk.sign_in("dana", answer.headers["Location"])
    html = desk.client.get(decision).content.decode()
    assert "Which port?" in html
    assert "This form was not sent" in html
    assert not Decision.objects.exists()


def test_of_several_approvals_none_is_kept_and_none_comes_back_ticked(
    desk: Browser, decision: str, cluster: Cluster
) -> None:
    looked_at(cluster)
    desk.sign_in("dana")
    where = f"{reverse('queue-several')}?chosen={decision.split('/')[-2]}"
    boxes = re.findall(r'name="pick" value="([^"]+)"', desk.client.get(where).content.decode())
    form = {"pick": boxes, "reason": "As agreed.", "csrfmiddlewaretoken": desk.proof_on(where)}
    desk.lose_session()
    answer = desk.send(reverse("queue-several"), form, Referer=HOST + where)
    assert {name for name, _value in KeptForm.objects.get().fields} == {"reason"}
    desk.sign_in("dana", answer.headers["Location"])
    html = desk.client.get(where).content.decode()
    assert "As agreed." in html
    [box] = re.findall(r'<input[^>]* name="pick"[^>]*>', html)
    assert "checked" not in box


def test_of_an_invitation_no_right_comes_back_ticked_and_no_confirmation_is_kept(
    desk: Browser, pat: User
) -> None:
    desk.sign_in("pat")
    where = reverse("person-new")
    form = {"name": "Nora New", "username": "nora", "email": "nora@example.com", "anyway": "on"}
    form |= {"roles": "security", "csrfmiddlewaretoken": desk.proof_on(where)}
    desk.lose_session()
    answer = desk.send(where, form, Referer=HOST + where)
    assert "anyway" not in {name for name, _value in KeptForm.objects.get().fields}
    desk.sign_in("pat", answer.headers["Location"])
    html = desk.client.get(where).content.decode()
    assert 'value="Nora New"' in html
    boxes = re.findall(r'<input[^>]* name="(?:roles|anyway)"[^>]*>', html)
    assert len(boxes) == len(RoleAssignment.Role)
    assert not [box for box in boxes if "checked" in box]


def test_a_page_that_has_the_form_no_more_offers_the_words(
    desk: Browser, decision: str, dana: User
) -> None:
    form = {"vote": "return", "reason": "Which port?"}
    form["csrfmiddlewaretoken"] = desk.proof_on(decision)
    desk.lose_session()
    answer = desk.send(decision, form, Referer=HOST + decision)
    RoleAssignment.objects.filter(user=dana).delete()
    desk.sign_in("dana", answer.headers["Location"])
    html = desk.client.get(decision).content.decode()
    assert "Copy what you need: it is shown once." in html
    assert "Which port?" in html


def test_a_button_without_words_says_that_it_was_not_done(desk: Browser) -> None:
    row = ask(demo_spec("payments-prod", cluster="dev-eu"), now=timezone.now())
    page = reverse("request-detail", args=[row.public_id])
    proof = desk.proof_on(page)
    desk.lose_session()
    url = reverse("request-cancel", args=[row.public_id])
    answer = desk.send(url, {"csrfmiddlewaretoken": proof}, Referer=HOST + page)
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["next"] == [page]
    said = desk.client.get(answer.headers["Location"]).content.decode()
    assert "what you pressed was not done" in said


@pytest.mark.parametrize("path", ["/accounts/password/change/", "/admin/login/"])
def test_secrets_are_never_kept(desk: Browser, path: str) -> None:
    form = {"oldpassword": "correct-horse", "words": "battery-staple"}
    desk.lose_session()
    answer = desk.send(path, form | {"csrfmiddlewaretoken": "x"})
    assert not KeptForm.objects.exists()
    assert "correct-horse" not in answer.content.decode()


@pytest.mark.parametrize(
    "headers", [{"HX-Request": "true"}, {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}]
)
def test_a_background_request_leaves_the_page_and_says_that_the_session_ended(
    desk: Browser, headers: dict[str, str]
) -> None:
    form = filled_in(desk, action=None)
    desk.lose_session()
    answer = desk.send(reverse("request-preview"), form, **headers)
    assert (answer.status_code, answer.headers["X-Bulkhead-Session"]) == (401, "ended")
    assert "HX-Redirect" not in answer.headers
    assert not KeptForm.objects.exists()


def test_a_background_request_of_an_earlier_sign_in_is_told_so(desk: Browser) -> None:
    form = filled_in(desk, action=None)
    desk.sign_in("alice")
    answer = desk.send(reverse("request-preview"), form, **{"HX-Request": "true"})
    assert (answer.status_code, answer.headers["X-Bulkhead-Session"]) == (403, "stale")


def test_the_page_gets_the_proof_that_began_with_the_new_sign_in(desk: Browser) -> None:
    form = filled_in(desk)
    desk.lose_session()
    desk.sign_in("alice")
    state = desk.client.get(reverse("session-state"), headers={"HX-Request": "true"}).json()
    form["csrfmiddlewaretoken"] = state["token"]
    assert desk.send(NEW, form).headers["Location"].startswith("/requests/")
    assert Request.objects.count() == 1


def test_a_form_from_nowhere_is_refused_in_plain_words(
    alice: User, client_for: Callable[..., Client]
) -> None:
    answer = client_for(alice, enforce_csrf_checks=True).post(NEW, {})
    assert "did not come from a page of this portal" in answer.content.decode()


def test_what_is_shown_again_is_not_called_missing(desk: Browser) -> None:
    form = filled_in(desk)
    desk.lose_session()
    refused = desk.send(NEW, form)
    desk.sign_in("alice", refused.headers["Location"])
    html = desk.client.get(NEW).content.decode()
    assert "Still needed" not in html
    assert "Press Preview to see what they come to." in html
    assert "Press Preview to see who has to agree." in html
