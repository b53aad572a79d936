"""What was typed about one thing never comes back in a form about another."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from onboarding.demo.scenario import ask, demo_spec
from onboarding.domain.deviations import DeviationKind
from onboarding.models import (
    Cluster,
    Deviation,
    KeptForm,
    ManagedNamespace,
    RoleAssignment,
    Suggestion,
    User,
)
from onboarding.services.tell import tell_due
from tests.web.seen_cluster import words
from tests.web.stories import onboarded, ready
from tests.web.test_kept_forms import HOST, Browser
from tests.web.test_suggestions import suggested, url

pytestmark = pytest.mark.usefixtures("fresh_limits")
REASON = "This one is too wide."
OPENED = '<details class="mt-2" open>'


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


@pytest.fixture
def desk(prod: ManagedNamespace) -> Browser:
    """Alice's, who leads the team."""
    desk = Browser()
    desk.sign_in("alice")
    return desk


@pytest.fixture
def two(prod: ManagedNamespace) -> tuple[Suggestion, Suggestion]:
    return suggested(prod, key="k1", note="First."), suggested(prod, key="k2", note="Second.")


def signed_out(desk: Browser, page: str, action: str, **form: str) -> str:
    """Send a form of a page after the session has ended; return where signing in leads."""
    proof = desk.proof_on(page)
    desk.lose_session()
    answer = desk.send(action, form | {"csrfmiddlewaretoken": proof}, Referer=HOST + page)
    return str(answer.headers["Location"])


def shown(desk: Browser, where: str, name: str = "alice") -> str:
    """What is shown after signing in."""
    return desk.client.get(desk.sign_in(name, where).headers["Location"]).content.decode()


def around(html: str, text: str = f"\n{REASON}</textarea>") -> str:
    """The form that holds the text, and what is right before it."""
    [at] = [found.start() for found in re.finditer(re.escape(text), html)]
    return html[html.rindex("<details", 0, at) : at]


def test_the_reason_for_the_second_of_two_comes_back_in_the_second_and_open(
    desk: Browser, prod: ManagedNamespace, two: tuple[Suggestion, Suggestion]
) -> None:
    for one in reversed(two):
        desk.sign_in("alice")
        action, about = url(prod, "dismiss-suggestion/"), str(one.public_id)
        where = signed_out(desk, url(prod), action, suggestion=about, reason=REASON)
        assert KeptForm.objects.get().fields == [["reason", REASON]]
        own = around(shown(desk, where))
        assert own.startswith(OPENED)
        assert re.findall(r'name="suggestion" value="(\w+)"', own) == [about]
        assert "This form was not sent" in own


def test_one_that_was_settled_meanwhile_leaves_the_words_to_copy(
    desk: Browser, prod: ManagedNamespace, two: tuple[Suggestion, Suggestion]
) -> None:
    action, about = url(prod, "dismiss-suggestion/"), str(two[0].public_id)
    where = signed_out(desk, url(prod), action, suggestion=about, reason=REASON)
    Suggestion.objects.filter(pk=two[0].pk).update(taken_at=timezone.now())
    html = shown(desk, where)
    assert "Copy what you need: it is shown once." in html
    assert "data-shown-once" in html  # no key leaves it
    assert REASON in html
    assert about not in html


def test_two_forms_that_go_to_one_address_are_both_kept(
    desk: Browser, prod: ManagedNamespace, two: tuple[Suggestion, Suggestion]
) -> None:
    action, proof = url(prod, "dismiss-suggestion/"), desk.proof_on(url(prod))
    desk.lose_session()
    for one in two:
        form = {"suggestion": one.public_id, "reason": f"Not {one.note}"}
        desk.send(action, form | {"csrfmiddlewaretoken": proof}, Referer=HOST + url(prod))
    assert KeptForm.objects.count() == len(two)
    address = desk.sign_in("alice").headers["Location"]
    for one in reversed(two):
        own = around(desk.client.get(address).content.decode(), f"\nNot {one.note}</textarea>")
        assert str(one.public_id) in own


def test_of_two_deviations_the_one_that_was_meant_is_acknowledged(
    desk: Browser, prod: ManagedNamespace
) -> None:
    now = timezone.now()
    rows = [
        Deviation.objects.create(
            namespace=prod, kind=kind, object_kind="Namespace", object_name=prod.name,
            first_seen_at=now, seen_at=now,
        )
        for kind in (DeviationKind.DELETED, DeviationKind.MISSING)
    ]  # fmt: skip
    about = str(rows[0].public_id)
    action = url(prod, "acknowledge/")
    where = signed_out(desk, url(prod), action, deviation=about, reason=REASON)
    own = around(shown(desk, where))
    assert own.startswith('<details class="bh-noprint" open>')
    assert re.findall(r'name="deviation" value="(\w+)"', own) == [about]


@pytest.fixture
def decision(desk: Browser, cast: dict[str, User]) -> str:
    row = ask(demo_spec("payments-dev", cluster="dev-eu"), now=timezone.now())
    desk.sign_in("dana")
    return reverse("decision", args=[row.public_id])


def hidden(desk: Browser, page: str) -> dict[str, str]:
    html = desk.client.get(page).content.decode()
    return {
        name: re.findall(rf'name="{name}" value="([^"]+)"', html)[0] for name in ("digest", "lane")
    }


@pytest.mark.parametrize("differing", [{"digest": "sha256:0"}, {"lane": "security"}])
def test_a_reason_against_another_version_or_approval_is_not_filled_in(
    desk: Browser, decision: str, differing: dict[str, str]
) -> None:
    form = {"vote": "reject", "reason": REASON} | hidden(desk, decision)
    html = shown(desk, signed_out(desk, decision, decision, **form), "dana")
    assert f"\n{REASON}</textarea>" in html
    assert "This form was not sent" in html
    html = shown(desk, signed_out(desk, decision, decision, **form | differing), "dana")
    assert "Copy what you need: it is shown once." in html
    assert form["digest"] not in html


def test_of_several_approvals_that_may_be_given_none_is_chosen(
    desk: Browser, decision: str, dana: User
) -> None:
    form = {"vote": "reject", "reason": REASON} | hidden(desk, decision)
    where = signed_out(desk, decision, decision, **form)
    RoleAssignment.objects.create(user=dana, role=RoleAssignment.Role.SECURITY)
    RoleAssignment.objects.create(user=dana, role=RoleAssignment.Role.PLATFORM)
    html = shown(desk, where, "dana")
    assert f"\n{REASON}</textarea>" in html
    assert not re.findall(r'<input[^>]*name="lane"[^>]*checked', html)


def test_the_same_page_asked_otherwise_is_another_page(
    desk: Browser, prod: ManagedNamespace
) -> None:
    action, why = url(prod, "change/"), "The bank has moved."
    page = f"{action}?suggestion={suggested(prod).public_id}"
    where = signed_out(desk, page, page, why=why)
    assert desk.sign_in("alice", where).headers["Location"] == page
    assert why not in desk.client.get(action).content.decode()
    assert why in desk.client.get(page).content.decode()


@pytest.mark.parametrize("form", [{"up_to": "99"}, {"namespace": "x", "cluster": "y"}])
def test_a_button_with_something_hidden_in_it_is_no_form_that_was_filled_in(
    desk: Browser, prod: ManagedNamespace, form: dict[str, str]
) -> None:
    tell_due(now=timezone.now())
    where = signed_out(desk, "/inbox/", "/inbox/read/", **form)
    assert not KeptForm.objects.exists()
    assert "what you pressed was not done" in words(desk.client.get(where).content)
    assert "Copy what you need" not in shown(desk, where)


def test_what_a_page_hid_is_not_shown_as_typed(desk: Browser, decision: str) -> None:
    page, text = decision, "Which bank is it?"
    action = reverse("request-conversation", args=[decision.split("/")[-2]])
    where = signed_out(desk, page, action, at="somewhere-else", text=text)
    html = shown(desk, where, "dana")
    assert "Copy what you need" in html
    assert text in html
    assert "somewhere-else" not in html


@pytest.mark.parametrize("rest", ["try-again/", "dismiss-suggestion/"])
def test_without_a_referer_signing_in_leads_to_a_page(
    desk: Browser, prod: ManagedNamespace, rest: str
) -> None:
    proof = desk.proof_on(url(prod))
    desk.lose_session()
    form = {"csrfmiddlewaretoken": proof, "reason": "" if "try" in rest else REASON}
    answer = desk.send(url(prod, rest), form, Referer="")
    where = str(answer.headers["Location"])
    assert parse_qs(urlsplit(where).query)["next"] == [url(prod)]
    assert desk.sign_in("alice", where).headers["Location"] == url(prod)


def test_a_page_that_takes_forms_too_is_the_page_itself(
    desk: Browser, prod: ManagedNamespace
) -> None:
    page = url(prod, "change/?suggestion=x")
    proof = desk.proof_on(url(prod, "change/"))
    desk.lose_session()
    answer = desk.send(page, {"csrfmiddlewaretoken": proof, "why": REASON}, Referer="")
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["next"] == [page]
