"""A closed request shows what its approvers saw; one that moved meanwhile is shown again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db.models import F
from django.http import HttpResponse
from django.test import Client

from onboarding.demo.openings import ANYTHING, WEB
from onboarding.demo.scenario import acting, approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.models import (
    Cluster,
    ClusterObservation,
    Decision,
    DecisionPicture,
    Request,
    User,
)
from onboarding.services.submit import cancel
from tests.support.behind_the_portal import without_guards
from tests.support.requests import approve_all
from tests.web.sights import looked_at, picture_shown, see, words

SignIn = Callable[..., Client]
REASON = "The card scheme asks for it; see the ticket."


@pytest.fixture
def asked(cast: dict[str, User], cluster: Cluster, now: datetime) -> Request:
    """Exposed, with open egress: every namespace there gains a path."""
    looked_at(cluster)
    spec = demo_spec(
        "payments-open", cluster=cluster.name, openings=(WEB, ANYTHING), lifetime_days=30
    )
    return ask(spec, now=now)


def url(row: Request) -> str:
    return f"/approvals/{row.public_id}/"


def newcomers(cluster: Cluster) -> None:
    """A look meets a namespace that nobody has seen before."""
    see(cluster, "newcomers", {"app": "x"})
    ClusterObservation.objects.update(version=F("version") + 1)


def say(browser: Client, row: Request, lane: str = "network", **differing: Any) -> HttpResponse:
    fields = {"lane": lane, "vote": "approve", "digest": row.digest, "reason": REASON}
    said = {**fields, "picture": picture_shown(row), **differing}
    answer: HttpResponse = browser.post(url(row), said)
    return answer


def decided(client_for: SignIn, cast: dict[str, User], row: Request) -> Request:
    """Approve every lane on its page."""
    for lane, person in (("network", "dana"), ("security", "erin"), ("platform", "pat")):
        assert say(client_for(cast[person]), row, lane).status_code == 302
    row.refresh_from_db()
    assert row.state == "approved"
    return row


def test_a_closed_request_shows_what_was_seen_then(
    client_for: SignIn, cast: dict[str, User], asked: Request, cluster: Cluster
) -> None:
    row = decided(client_for, cast, asked)
    newcomers(cluster)
    page = words(client_for(cast["frank"]).get(url(row)))
    assert "As Pat saw it when deciding, observed 2" in page
    assert "4 other namespaces gain a path" in page
    assert "newcomers" not in page


def test_it_says_who_saw_something_else(
    client_for: SignIn, cast: dict[str, User], asked: Request, cluster: Cluster
) -> None:
    say(client_for(cast["dana"]), asked)
    say(client_for(cast["erin"]), asked, "security")
    newcomers(cluster)
    say(client_for(cast["pat"]), asked, "platform")
    frank = client_for(cast["frank"])
    page = words(frank.get(url(asked)))
    assert "As Pat saw it" in page
    assert "What Dana saw differs" in page
    assert "newcomers" in page
    danas = words(frank.get(url(asked) + "?seen=network"))
    assert "As Dana saw it" in danas
    assert "Erin saw the same." in danas
    assert "newcomers" not in danas


def test_one_decided_without_a_picture_says_that_it_is_judged_as_of_today(
    client_for: SignIn, frank: User, asked: Request, now: datetime
) -> None:
    approve_all(asked, now=now)
    page = words(client_for(frank).get(url(asked)))
    assert "As it would be judged today: no picture was kept when it was decided." in page


@pytest.mark.parametrize(
    ("decided_by", "told"),
    [
        (None, "nobody decided it as it stands."),
        ("dana", "it was not decided to the end, and no picture was kept."),
    ],
)
def test_one_that_ended_undecided_is_not_said_to_have_been_decided(
    client_for: SignIn, frank: User, asked: Request, decided_by: str, told: str
) -> None:
    if decided_by:
        approve(asked, decided_by, Lane.NETWORK, now=asked.created_at)
    cancel(asked.pk, by=acting("alice"), now=asked.created_at)
    page = words(client_for(frank).get(url(asked)))
    assert f"As it would be judged today: {told}" in page
    assert "when it was decided" not in page


@pytest.mark.parametrize(
    ("lanes", "told"),
    [
        (("network", "platform", "security"), "As it would be judged today: what was shown when"),
        (("network",), "What Dana was shown is kept"),
    ],
)
def test_a_picture_that_this_release_cannot_read_is_said_to_be_kept(
    client_for: SignIn, cast: dict[str, User], asked: Request, lanes: tuple[str, ...], told: str
) -> None:
    row = decided(client_for, cast, asked)
    with without_guards():
        DecisionPicture.objects.filter(decision__lane__in=lanes).update(shown={"v": 99})
    page = words(client_for(cast["frank"]).get(url(row)))
    assert told in page
    assert "is kept in a form that this release cannot read." in page
    assert "no picture was kept" not in page
    assert "not kept" not in page


def test_who_decided_from_a_list_is_not_said_to_have_seen_a_picture(
    client_for: SignIn, cast: dict[str, User], cluster: Cluster, now: datetime
) -> None:
    looked_at(cluster)
    row = ask(demo_spec("shop", cluster=cluster.name), now=now)
    several = {"pick": f"{row.public_id} network {row.digest}", "reason": ""}
    client_for(cast["dana"]).post("/approvals/several/", several)
    assert say(client_for(cast["pat"]), row, "platform").status_code == 302
    page = words(client_for(cast["frank"]).get(url(row) + "?seen=network"))
    assert "As Pat saw it when deciding" in page
    assert "What Dana was shown is not kept." in page
    assert "Dana saw" not in page


def test_an_open_request_shows_today_whatever_was_decided(
    client_for: SignIn, dana: User, asked: Request, cluster: Cluster
) -> None:
    browser = client_for(dana)
    say(browser, asked)
    newcomers(cluster)
    page = words(browser.get(url(asked)))
    assert "newcomers" in page
    assert "saw it" not in page
    assert "judged today" not in page


def test_what_moved_meanwhile_is_not_decided_and_is_shown_with_the_text_kept(
    client_for: SignIn, dana: User, asked: Request, cluster: Cluster
) -> None:
    token, browser = picture_shown(asked), client_for(dana)
    newcomers(cluster)
    answer = say(browser, asked, picture=token)
    page = words(answer)
    assert answer.status_code == 409
    assert "It opens something else by now." in page
    assert "This is not what you were shown." in page
    assert "New since you looked" in page
    assert f">\n{REASON}</textarea>" in answer.content.decode()
    assert not Decision.objects.exists()


def test_the_page_that_came_back_can_be_decided(
    client_for: SignIn, dana: User, asked: Request, cluster: Cluster
) -> None:
    token, browser = picture_shown(asked), client_for(dana)
    newcomers(cluster)
    form = say(browser, asked, picture=token).context["form"]
    fields = {name: form[name].value() for name in ("lane", "digest", "picture", "reason")}
    assert browser.post(url(asked), {**fields, "vote": "approve"}).status_code == 302
    assert Decision.objects.get().reason == REASON


def test_a_form_without_a_picture_is_shown_one(
    client_for: SignIn, dana: User, asked: Request
) -> None:
    assert say(client_for(dana), asked, picture="").status_code == 409
    assert not Decision.objects.exists()


def test_somebody_was_faster_and_the_text_is_not_lost(
    client_for: SignIn, dana: User, asked: Request, now: datetime
) -> None:
    User.objects.create_user("omar", first_name="Omar").role_assignments.create(role="network")
    approve(asked, "omar", Lane.NETWORK, now=now)
    answer = say(client_for(dana), asked)
    assert answer.status_code == 409
    assert "Omar approved this for network" in words(answer)
    assert f"You had written: {REASON}" in words(answer)


def test_edited_meanwhile_shows_the_new_version_and_keeps_the_text(
    client_for: SignIn, dana: User, asked: Request
) -> None:
    answer = say(client_for(dana), asked, digest="sha256:" + "0" * 64)
    assert answer.status_code == 409
    assert "was edited after you opened it" in words(answer)
    assert answer.context["form"]["digest"].value() == asked.digest
    assert answer.context["form"]["reason"].value() == REASON


def test_a_new_namespace_that_opens_nothing_has_no_amber(
    client_for: SignIn, pat: User, cluster: Cluster, now: datetime
) -> None:
    looked_at(cluster)
    spec = demo_spec("payments-closed", cluster=cluster.name, openings=(), environment="test")
    page = client_for(pat).get(url(ask(spec, now=now))).content.decode()
    main = page[page.index("<h1") : page.index("</main>")]
    assert "Nothing opens beyond the baseline." in main
    assert "8 objects" in main
    assert "BH009" not in main
    assert 'class="changed' not in main
    assert "is-warn" not in main
    assert "tone-warn" not in main


def test_the_head_says_what_is_asked_before_anything_else(
    client_for: SignIn, dana: User, asked: Request
) -> None:
    page = client_for(dana).get(url(asked)).content.decode()
    order = ["<h1>New namespace payments-open", 'id="request-facts"', asked.wanted.purpose,
             "Wanted for 30 days", 'id="opens"', 'id="others"', 'id="findings"', "Approvals",
             'id="objects"', 'id="decision"']  # fmt: skip
    places = [page.index(one, page.index("<h1>")) for one in order]
    assert places == sorted(places)
    assert f"<title>New namespace payments-open, {asked.label} · Bulkhead</title>" in page


def test_the_end_promises_nobody_who_may_not_be_there(
    client_for: SignIn, dana: User, asked: Request
) -> None:
    User.objects.filter(pk=asked.requester_id).update(is_active=False)
    page = words(client_for(dana).get(url(asked)))
    assert "whoever leads the team by then is told, and has to ask. Where nobody does, it" in page
    assert "its leads are told" not in page


def test_no_page_of_a_decision_speaks_of_lanes(
    client_for: SignIn, dana: User, alice: User, asked: Request
) -> None:
    for person, address in ((dana, url(asked)), (alice, f"/requests/{asked.public_id}/")):
        assert "lane" not in words(client_for(person).get(address)).lower().replace("plane", "")
