"""After a decision the next request comes, in the order of the queue as it was narrowed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.demo.openings import ANYTHING, WEB
from onboarding.demo.scenario import ask, demo_spec
from onboarding.domain.spec import NamespaceSpec
from onboarding.models import Cluster, Decision, Request, User
from tests.support.requests import ask_removal
from tests.web.sights import looked_at, picture_shown, words
from tests.web.stories import approved, changed, onboarded, ready

SignIn = Callable[..., Client]
NAMES = ("payments-one", "payments-two", "payments-three")


@pytest.fixture
def queue(cast: dict[str, User], cluster: Cluster, now: datetime) -> list[Request]:
    """Three requests that wait for network, oldest first."""
    looked_at(cluster)
    specs = [demo_spec(name, cluster=cluster.name) for name in NAMES]
    return [ask(spec, now=now + timedelta(hours=hour)) for hour, spec in enumerate(specs)]


def url(row: Request, query: str = "queue=") -> str:
    return f"/approvals/{row.public_id}/?{query}"


def word(row: Request, vote: str = "approve", **more: str) -> dict[str, str]:
    return {
        "lane": "network",
        "vote": vote,
        "digest": row.digest,
        "picture": picture_shown(row),
        "reason": "" if vote == "approve" else "Say which port.",
        **more,
    }


def test_approving_goes_on_to_what_waits_next(
    client_for: SignIn, dana: User, queue: list[Request]
) -> None:
    browser, (first, second, _third) = client_for(dana), queue
    answer = browser.post(url(first), word(first))
    assert answer.status_code == 302
    assert urlsplit(answer["Location"]).path == f"/approvals/{second.public_id}/"
    page = words(browser.get(answer["Location"]))
    assert f"You approved {first.label} for network." in page
    assert f"See {first.label}" in page
    assert "1 left" in page


@pytest.mark.parametrize(("vote", "said"), [("return", "You returned"), ("reject", "You rejected")])
def test_so_does_every_other_word(
    client_for: SignIn, dana: User, queue: list[Request], vote: str, said: str
) -> None:
    page = client_for(dana).post(url(queue[0]), word(queue[0], vote), follow=True)
    assert page.context["request_row"] == queue[1]
    assert f"{said} {queue[0].label}" in words(page)


def test_what_was_passed_over_comes_after_the_last(
    client_for: SignIn, dana: User, queue: list[Request]
) -> None:
    answer = client_for(dana).post(url(queue[2]), word(queue[2]), follow=True)
    assert answer.context["request_row"] == queue[0]


def test_the_last_one_leads_back_to_the_queue_which_is_empty(
    client_for: SignIn, dana: User, queue: list[Request]
) -> None:
    browser = client_for(dana)
    answers = [browser.post(url(row), word(row), follow=True) for row in queue]
    page = words(answers[-1])
    assert f"You approved {queue[2].label} for network. It was the last one." in page
    assert "Nothing waits for you" in page


def test_the_way_on_keeps_to_the_filter_of_the_queue(
    client_for: SignIn, dana: User, queue: list[Request]
) -> None:
    answer = client_for(dana).post(url(queue[0], "queue=q%3Dthree"), word(queue[0]))
    onward = urlsplit(answer["Location"])
    assert onward.path == f"/approvals/{queue[2].public_id}/"
    assert parse_qs(onward.query)["queue"] == ["q=three"]


def of_kind(kind: str, spec: NamespaceSpec) -> Request:
    """A request of the kind that has its last approval, and no worker yet."""
    if kind == "onboard":
        return approved(ask(spec, now=timezone.now()))
    row = ready(onboarded(spec))
    if kind == "change":
        return changed(row, spec.changed(size="medium"))
    return approved(ask_removal(row, now=timezone.now()))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("onboard", "payments-shop is to be made. They cannot be taken back; removing it again is"),
        ("change", "payments-shop is to be changed. They cannot be taken back; a change back is"),
        ("retire", "is to be removed with all that is in it, and nothing brings that back. A"),
    ],
)
def test_after_the_last_approval_it_is_said_what_cannot_be_undone(
    client_for: SignIn, pat: User, queue: list[Request], kind: str, told: str
) -> None:
    done = of_kind(kind, demo_spec("payments-shop", cluster=queue[0].cluster.name))
    page = words(client_for(pat).get(url(queue[0], f"queue=&decided={done.public_id}")))
    assert f"You approved {done.label} for platform. All approvals are given: " in page
    assert told in page
    assert "A worker brings it about. See" in page
    assert ("a change back is a new request" in page) is (kind == "change")
    assert "now." not in page[page.index("You approved") : page.index("See REQ-")]


def test_neighbours_stand_in_the_bar(client_for: SignIn, dana: User, queue: list[Request]) -> None:
    page = client_for(dana).get(url(queue[1])).content.decode()
    assert f'data-key="k" rel="prev" href="/approvals/{queue[0].public_id}/' in page
    assert f'data-key="j" rel="next" href="/approvals/{queue[2].public_id}/' in page
    assert "2 left" in page


def test_somebody_elses_decision_is_not_told_as_ones_own(
    client_for: SignIn, dana: User, pat: User, queue: list[Request]
) -> None:
    client_for(dana).post(url(queue[0]), word(queue[0]))
    page = client_for(pat).get(url(queue[1], f"queue=&decided={queue[0].public_id}"))
    assert "You approved" not in words(page)


def test_the_next_key_approves_on_the_way_through_the_queue_only(
    client_for: SignIn, dana: User, queue: list[Request]
) -> None:
    browser = client_for(dana)
    assert "data-focus-after" in browser.get(url(queue[0])).content.decode()
    assert "data-focus-after" not in browser.get(url(queue[0], "")).content.decode()


def test_no_key_leads_to_approve_at_high_risk(
    client_for: SignIn, dana: User, cluster: Cluster, now: datetime
) -> None:
    looked_at(cluster)
    spec = demo_spec(
        "payments-open", cluster=cluster.name, openings=(WEB, ANYTHING), lifetime_days=30
    )
    page = client_for(dana).get(url(ask(spec, now=now))).content.decode()
    assert "High risk" in page
    assert 'value="approve"' in page
    assert "data-focus-after" not in page


def test_a_page_in_error_moves_the_focus_to_its_error(
    client_for: SignIn, dana: User, queue: list[Request]
) -> None:
    answer = client_for(dana).post(url(queue[0]), word(queue[0], "reject", reason=""))
    assert answer.status_code == 422
    assert "data-focus-after" not in answer.content.decode()


def test_no_key_decides(client_for: SignIn, dana: User, queue: list[Request]) -> None:
    """What a key clicks is a link or an opener; buttons of the form only get the focus."""
    page = client_for(dana).get(url(queue[0])).content.decode()
    assert "accesskey" not in page
    assert 'id="keys"' in page
    assert "Use these keys" in page


@pytest.mark.parametrize("waiting", [1, 12])
def test_the_page_takes_as_many_statements_however_many_wait(
    client_for: SignIn, dana: User, queue: list[Request], cluster: Cluster, waiting: int
) -> None:
    for number in range(waiting):
        ask(demo_spec(f"more-{number}", cluster=cluster.name), now=timezone.now())
    browser = client_for(dana)
    browser.get(url(queue[0]))
    with CaptureQueriesContext(connection) as made:
        browser.get(url(queue[0]))
    assert len(made) <= 44
    assert not Decision.objects.exists()
