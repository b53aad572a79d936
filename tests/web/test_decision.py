"""The decision page: what it shows, to whom it offers a decision, and what is refused."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.openings import ANYTHING, INTERNET, WEB, exposed
from onboarding.demo.scenario import acting, approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import RequestState
from onboarding.models import (
    Cluster,
    ClusterObservation,
    Decision,
    ManagedNamespace,
    Request,
    RoleAssignment,
    User,
)
from onboarding.queries.connectivity import picture_of_plans
from onboarding.services.preview import change_wish, retire_wish
from onboarding.services.submit import submit
from tests.support.behind_the_portal import without_guards
from tests.web.sights import SECRET, looked_at, picture_shown, row_of, words
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
APPROVE = 'value="approve"'


@pytest.fixture
def waiting(cast: dict[str, User], cluster: Cluster) -> Request:
    return ask(demo_spec("payments-prod", cluster=cluster.name), now=timezone.now())


def url(row: Request) -> str:
    return f"/approvals/{row.public_id}/"


def word(row: Request, **differing: Any) -> dict[str, Any]:
    return {
        "lane": "network",
        "vote": "approve",
        "digest": row.digest,
        "picture": picture_shown(row),
        "reason": "",
        **differing,
    }


def test_dana_sees_exactly_what_she_approves(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    page = client_for(dana).get(url(waiting)).content.decode()
    for object_of_it in ("deny-all", "allow-dns", "ingress-nginx", "8080", "quota"):
        assert object_of_it in page
    assert waiting.wanted.purpose in page
    assert waiting.digest in page
    assert APPROVE in page


def test_dana_approves_her_lane(client_for: SignIn, dana: User, waiting: Request) -> None:
    answer = client_for(dana).post(url(waiting), word(waiting))
    assert (answer.status_code, answer["Location"]) == (302, "/approvals/")
    assert Decision.objects.get(request=waiting).person == dana


@pytest.mark.parametrize(("vote", "status"), [("approve", 302), ("reject", 422)])
def test_the_picture_is_worked_out_once_for_an_answer(
    client_for: SignIn, dana: User, waiting: Request, vote: str, status: int
) -> None:
    said, browser = word(waiting, vote=vote), client_for(dana)
    where = "onboarding.queries.request_picture.picture_of_plans"
    with mock.patch(where, side_effect=picture_of_plans) as made:
        assert browser.post(url(waiting), said).status_code == status
    assert made.call_count == 1


def test_the_last_lane_makes_the_request_approved(
    client_for: SignIn, dana: User, waiting: Request, now: datetime
) -> None:
    for lane, person in ((Lane.PLATFORM, "pat"), (Lane.SECURITY, "erin")):
        if waiting.lanes.filter(lane=lane.value).exists():
            approve(waiting, person, lane, now=timezone.now())
    page = client_for(dana).post(url(waiting), word(waiting), follow=True).content.decode()
    waiting.refresh_from_db()
    assert waiting.state == RequestState.APPROVED.value
    assert f"You approved {waiting.label} for network. It was the last one." in page
    assert APPROVE not in client_for(dana).get(url(waiting)).content.decode()


def test_pat_sees_that_development_lets_the_team_into_its_pods(
    client_for: SignIn, pat: User, cast: dict[str, User], cluster: Cluster
) -> None:
    spec = demo_spec("payments-dev", cluster=cluster.name, environment="development")
    page = words(client_for(pat).get(url(ask(spec, now=timezone.now()))).content.decode())
    assert "Group team-payments may open a shell in pods" in page
    assert "around every NetworkPolicy" in page
    assert "A shell in the team’s pods would be added" in page.replace("'", "’")


def test_alice_is_told_that_she_cannot_approve_her_own(
    client_for: SignIn, alice: User, waiting: Request
) -> None:
    page = client_for(alice).get(url(waiting)).content.decode()
    assert "You cannot approve your own request" in page
    assert APPROVE not in page


def test_alice_is_refused_even_with_a_lane(
    client_for: SignIn, alice: User, waiting: Request
) -> None:
    RoleAssignment.objects.create(user=alice, role="network")
    assert APPROVE not in client_for(alice).get(url(waiting)).content.decode()
    assert client_for(alice).post(url(waiting), word(waiting)).status_code == 403
    assert not Decision.objects.exists()


@pytest.mark.parametrize("person", ["bob", "frank", "erin"])
def test_who_holds_no_needed_lane_gets_no_controls_and_is_refused(
    client_for: SignIn, cast: dict[str, User], waiting: Request, person: str
) -> None:
    browser = client_for(cast[person])
    assert APPROVE not in browser.get(url(waiting)).content.decode()
    assert browser.post(url(waiting), word(waiting)).status_code == 403


def test_charlie_does_not_learn_that_it_exists(
    client_for: SignIn, charlie: User, waiting: Request
) -> None:
    browser = client_for(charlie)
    assert browser.get(url(waiting)).status_code == 404
    assert browser.post(url(waiting), word(waiting)).status_code == 404


@pytest.mark.parametrize("vote", ["return", "reject"])
def test_a_no_needs_a_reason(client_for: SignIn, dana: User, waiting: Request, vote: str) -> None:
    answer = client_for(dana).post(url(waiting), word(waiting, vote=vote, reason="  "))
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert not Decision.objects.exists()


def test_dana_returns_it_with_a_reason(client_for: SignIn, dana: User, waiting: Request) -> None:
    reason = "Name the component that calls outside."
    client_for(dana).post(url(waiting), word(waiting, vote="return", reason=reason))
    waiting.refresh_from_db()
    assert waiting.state == RequestState.RETURNED.value
    assert reason in client_for(dana).get(url(waiting)).content.decode()


def test_a_second_answer_is_met_with_courtesy(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    browser = client_for(dana)
    browser.post(url(waiting), word(waiting))
    answer = browser.post(url(waiting), word(waiting))
    assert answer.status_code == 409
    page = words(answer)
    assert f"Not decided: New namespace payments-prod, {waiting.label}" in page
    assert "You already approved this for network. Nothing of yours was counted." in page
    assert Decision.objects.count() == 1


def test_a_stale_digest_is_refused(client_for: SignIn, dana: User, waiting: Request) -> None:
    answer = client_for(dana).post(url(waiting), word(waiting, digest="sha256:" + "0" * 64))
    assert answer.status_code == 409
    assert not Decision.objects.exists()


def test_unknown_fields_are_refused(client_for: SignIn, dana: User, waiting: Request) -> None:
    answer = client_for(dana).post(url(waiting), word(waiting, state="approved"))
    assert answer.status_code == 400
    assert not Decision.objects.exists()


def test_a_form_from_elsewhere_is_refused(client_for: SignIn, dana: User, waiting: Request) -> None:
    answer = client_for(dana, enforce_csrf_checks=True).post(url(waiting), word(waiting))
    assert answer.status_code == 403
    assert not Decision.objects.exists()


def test_who_holds_several_lanes_chooses_one(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    RoleAssignment.objects.create(user=dana, role="platform")
    page = client_for(dana).get(url(waiting))
    assert page.context["page"].offered == (Lane.PLATFORM, Lane.NETWORK)
    assert '<select name="lane"' in page.content.decode()


def test_dana_is_warned_of_a_name_that_looks_like_another(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    approve(waiting, "dana", Lane.NETWORK, now=timezone.now())
    approve(waiting, "pat", Lane.PLATFORM, now=timezone.now())
    twin = ask(demo_spec("payrnents-prod", cluster="dev-eu"), now=timezone.now())
    page = client_for(dana).get(url(twin)).content.decode()
    assert "looks much like payments-prod" in page
    assert "looks much like" not in client_for(dana).get(url(waiting)).content.decode()


def test_dana_is_told_that_nobody_has_looked_lately(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    looked_at(waiting.cluster)
    browser, said = client_for(dana), "Nobody has looked at the cluster lately."
    assert said not in browser.get(url(waiting)).content.decode()
    ClusterObservation.objects.update(seen_at=timezone.now() - timedelta(hours=2))
    text = words(browser.get(url(waiting)))
    assert f"{said} What opens is judged by what was there 2 h ago ; it may" in text


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


def change_to(row: ManagedNamespace, **differing: Any) -> Request:
    """Ask as Alice for a change of a ready namespace."""
    spec = demo_spec(row.name, cluster=row.cluster.name, **differing)
    return submit(
        change_wish(row, spec, why="It is time."),
        by=acting("alice"),
        form_key="change",
        now=timezone.now(),
    )


def read(browser: Client, row: Request) -> str:
    return browser.get(url(row)).content.decode()


def test_dana_sees_before_and_after_with_the_rules_that_decide(
    client_for: SignIn, dana: User, prod: ManagedNamespace
) -> None:
    page = read(client_for(dana), change_to(prod, openings=(WEB, INTERNET)))
    row = row_of(page, "Public addresses")
    assert "Blocked deny-all@1 Allowed: TCP 443 egress-internet@1 Opens" in row


def test_what_closes_and_what_changes_is_said_in_words(
    client_for: SignIn, dana: User, prod: ManagedNamespace
) -> None:
    looked_at(prod.cluster)
    moved = change_to(prod, openings=(exposed("ingress-nginx", "web", (8443,)),))
    row = row_of(read(client_for(dana), moved), "ingress-nginx")
    assert "TCP 8080 allow-ingress@1 Allowed: TCP 8443 allow-ingress@1 Changes" in row


def test_a_path_that_is_given_up_closes(
    client_for: SignIn, dana: User, prod: ManagedNamespace
) -> None:
    row = row_of(read(client_for(dana), change_to(prod, openings=())), "ingress-nginx")
    assert "TCP 8080 allow-ingress@1 Blocked deny-all@1" in row
    assert row.endswith("Closes")


def test_lines_that_stay_are_folded_under_their_number(
    client_for: SignIn, dana: User, prod: ManagedNamespace
) -> None:
    page = read(client_for(dana), change_to(prod, openings=(WEB, INTERNET)))
    folded = page[page.index("directions stay as they are") :]
    assert "As before" in folded
    assert page.index("Opens</span>") < page.index("directions stay as they are")
    assert "TCP 53, UDP 53 allow-dns@1" in words(folded)


def test_a_change_of_size_moves_no_path_and_nobody_else(
    client_for: SignIn, pat: User, prod: ManagedNamespace
) -> None:
    page = read(client_for(pat), change_to(prod, size="medium"))
    assert "No path would open, close or change." in page
    assert "no other namespace gains or loses a path" in page


def test_dana_sees_who_else_gains_and_loses_a_path(
    client_for: SignIn, dana: User, waiting: Request, cluster: Cluster
) -> None:
    looked_at(cluster)
    page = words(read(client_for(dana), waiting))
    assert "1 other namespace gains a path ingress-nginx" in page
    assert "loses a path" not in page
    assert "directions stay blocked" in page


def test_open_egress_tells_every_namespace_it_opens_to(
    client_for: SignIn, dana: User, prod: ManagedNamespace
) -> None:
    looked_at(prod.cluster)
    page = words(
        read(client_for(dana), change_to(prod, openings=(WEB, ANYTHING), lifetime_days=30))
    )
    gaining = page[page.index("namespaces gain a path") :][:120]
    for name in ("ingress-nginx", "kube-system", "orders-prod", "orders-test"):
        assert name in gaining


def test_retiring_closes_every_path(client_for: SignIn, dana: User, prod: ManagedNamespace) -> None:
    row = submit(
        retire_wish(prod, why="It is time."), by=acting("alice"), form_key="end", now=timezone.now()
    )
    page = read(client_for(dana), row)
    assert "every path to and from it closes" in page
    assert row_of(page, "ingress-nginx").endswith("Not there Closes")
    assert "Opens" not in page
    assert "other namespaces lose a path" in page


def test_dana_sees_each_finding_its_place_and_the_risk(
    client_for: SignIn, dana: User, prod: ManagedNamespace
) -> None:
    looked_at(prod.cluster)
    page = read(client_for(dana), change_to(prod, openings=(WEB, ANYTHING), lifetime_days=30))
    assert "High risk" in page
    assert "payments-prod/egress-open egress[0]" in page
    assert "BH020" in row_of(page, "Every pod in orders-test")
    assert "BH020" not in row_of(page, "Every pod in orders-prod")


def test_a_finding_is_called_new_only_where_the_request_brings_it(
    client_for: SignIn, dana: User, prod: ManagedNamespace
) -> None:
    page = read(client_for(dana), change_to(prod, openings=(WEB, ANYTHING), lifetime_days=30))
    items = [words(item) for item in page.split("<li id=")[1:]]
    new = {item.split(":")[0].split()[-1]: "New" in item.split("</li>")[0] for item in items}
    assert new["BH001"]
    assert not new["BH009"]


CHOSEN_FOR = "Who has to approve was chosen for that"


@pytest.mark.parametrize(
    ("sent", "warning"),
    [
        ("low", f"High risk now; it was low when sent. {CHOSEN_FOR}: return it"),
        ("medium", f"High risk now; it was medium when sent. {CHOSEN_FOR}"),
        ("high", ""),
        (None, ""),
    ],
)
def test_dana_is_told_that_the_risk_rose_since_the_lanes_were_asked(
    client_for: SignIn, dana: User, prod: ManagedNamespace, sent: str | None, warning: str
) -> None:
    looked_at(prod.cluster)
    row = change_to(prod, openings=(WEB, ANYTHING), lifetime_days=30)
    with without_guards():
        Request.objects.filter(pk=row.pk).update(risk=sent)
    page = words(read(client_for(dana), row))
    assert warning in page
    assert ("when sent" in page) is bool(warning)


def test_a_risk_that_fell_needs_no_other_lane(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    with without_guards():
        Request.objects.filter(pk=waiting.pk).update(risk="high")
    page = words(read(client_for(dana), waiting))
    assert "Low risk now; it was high when sent." in page
    assert "return it if somebody else" not in page


def test_the_risk_of_what_is_decided_moves_nobody(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    with without_guards():
        Request.objects.filter(pk=waiting.pk).update(risk="high")
    reason = "Name the component that calls outside."
    client_for(dana).post(url(waiting), word(waiting, vote="return", reason=reason))
    assert "when sent" not in read(client_for(dana), waiting)


@pytest.mark.parametrize("is_known", [True, False])
def test_dana_is_told_what_the_answer_rests_on(
    client_for: SignIn, dana: User, waiting: Request, cluster: Cluster, *, is_known: bool
) -> None:
    if is_known:
        looked_at(cluster, foreign=("CiliumNetworkPolicy (cilium.io)",))
    page = words(read(client_for(dana), waiting))
    assert ("has not been observed yet" in page) is not is_known
    assert ("observed on the cluster 40 s ago" in page) is is_known
    assert ("This answer is incomplete" in page) is is_known


def test_labels_of_other_peoples_pods_stay_with_them(
    client_for: SignIn, alice: User, waiting: Request, cluster: Cluster
) -> None:
    looked_at(cluster)
    assert SECRET not in read(client_for(alice), waiting)
