"""Several at once: chosen in the queue, looked at once more, then approved one by one."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.demo.openings import ANYTHING, WEB
from onboarding.demo.scenario import acting, approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.models import (
    Cluster,
    ClusterObservation,
    Decision,
    NamespaceObservation,
    Request,
    RoleAssignment,
    Team,
    User,
)
from onboarding.services import decide_several
from onboarding.services.clock import database_now
from onboarding.services.comment import comment
from onboarding.services.preview import change_wish
from onboarding.services.submit import submit
from tests.support.requests import ask_removal
from tests.web.sights import looked_at, see
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
URL = "/approvals/several/"


@pytest.fixture
def rows(cast: dict[str, User], cluster: Cluster, now: datetime) -> list[Request]:
    looked_at(cluster)
    return [ask(demo_spec(f"shop-{number}", cluster=cluster.name), now=now) for number in range(3)]


def choose(browser: Client, *rows: Request) -> str:
    answer = browser.get(URL, {"chosen": [row.public_id for row in rows]})
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def picks(page: str) -> list[str]:
    return re.findall(r'name="pick" value="([^"]+)"', page)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(page)))


def test_what_is_ticked_is_approved_by_one_click_after_the_list(
    client_for: SignIn, dana: User, rows: list[Request]
) -> None:
    browser = client_for(dana)
    sent = {"pick": picks(choose(browser, *rows)), "reason": "As agreed."}
    page = words(browser.post(URL, sent).content.decode())
    assert "3 of 3 approved" in page
    assert [*Decision.objects.values_list("reason", flat=True)] == ["As agreed."] * 3


def test_all_of_low_risk_on_a_page_are_chosen_by_one_link(
    client_for: SignIn, dana: User, rows: list[Request], cluster: Cluster, now: datetime
) -> None:
    ask(
        demo_spec("risky", cluster=cluster.name, openings=(WEB, ANYTHING), lifetime_days=7), now=now
    )
    browser = client_for(dana)
    page = browser.get("/approvals/")
    assert "Review all 3 of low risk on this page" in page.content.decode()
    confirm = unescape(browser.get(page.context["all_url"]).content.decode())
    assert {one.partition(" ")[0] for one in picks(confirm)} == {row.public_id for row in rows}


def test_each_is_shown_with_what_it_opens_and_its_version(
    client_for: SignIn, dana: User, rows: list[Request]
) -> None:
    page = choose(client_for(dana), *rows)
    for row in rows:
        assert f"{row.public_id} network {row.digest}" in page
        assert f'title="{row.digest}"' in page
    assert words(page).count("Opens TCP 8080 from ingress-nginx to app=web.") == 3
    assert not Decision.objects.exists()


def test_who_unticks_one_leaves_it(client_for: SignIn, dana: User, rows: list[Request]) -> None:
    browser = client_for(dana)
    browser.post(URL, {"pick": picks(choose(browser, *rows))[:2], "reason": ""})
    assert {*Decision.objects.values_list("request", flat=True)} == {rows[0].pk, rows[1].pk}


def test_nothing_ticked_says_so(client_for: SignIn, dana: User, rows: list[Request]) -> None:
    browser = client_for(dana)
    assert browser.get(URL).headers["Location"] == "/approvals/"
    answer = browser.post(URL, {"reason": "x"})
    assert answer.status_code == 422
    assert "Choose at least one request." in unescape(answer.content.decode())


def test_what_became_of_each_is_told_in_words(
    client_for: SignIn, cast: dict[str, User], rows: list[Request], now: datetime
) -> None:
    browser = client_for(cast["dana"])
    sent = {"pick": picks(choose(browser, *rows)), "reason": ""}
    RoleAssignment.objects.create(user=cast["erin"], role="network")
    approve(rows[0], "erin", Lane.NETWORK, now=now)
    page = words(browser.post(URL, sent).content.decode())
    assert "2 of 3 approved" in page
    assert "somebody was faster" in page


def test_what_is_not_of_low_risk_is_named_and_linked(
    client_for: SignIn, dana: User, rows: list[Request], cluster: Cluster, now: datetime
) -> None:
    spec = demo_spec("risky", cluster=cluster.name, openings=(WEB, ANYTHING), lifetime_days=7)
    risky = ask(spec, now=now)
    page = choose(client_for(dana), rows[0], risky)
    assert "High risk: it is decided on its own page." in page
    assert len(picks(page)) == 1
    assert f'href="/approvals/{risky.public_id}/"' in page


def test_a_removal_is_named_and_linked_and_never_chosen(
    client_for: SignIn, cast: dict[str, User], cluster: Cluster, now: datetime
) -> None:
    namespace = ready(onboarded(demo_spec("shop-9", cluster=cluster.name)))
    row = ask_removal(namespace, now=now)
    browser = client_for(cast["pat"])
    page = choose(browser, row)
    assert "Decided on its own page: all that is in the namespace would go." in page
    assert picks(page) == []
    forged = {"pick": f"{row.public_id} platform {row.digest}", "reason": ""}
    assert "0 of 1 approved" in words(browser.post(URL, forged).content.decode())


def test_a_forged_pick_of_high_risk_is_refused(
    client_for: SignIn, dana: User, cast: dict[str, User], cluster: Cluster, now: datetime
) -> None:
    spec = demo_spec("risky", cluster=cluster.name, openings=(WEB, ANYTHING), lifetime_days=7)
    risky = ask(spec, now=now)
    sent = {"pick": f"{risky.public_id} network {risky.digest}", "reason": ""}
    page = words(client_for(dana).post(URL, sent).content.decode())
    assert "0 of 1 approved" in page
    assert not Decision.objects.exists()


def test_what_does_not_wait_for_her_any_more_is_counted(
    client_for: SignIn, dana: User, rows: list[Request], now: datetime
) -> None:
    approve(rows[0], "dana", Lane.NETWORK, now=now)
    page = words(choose(client_for(dana), *rows))
    assert "1 of them does not wait for you any more." in page


def test_her_own_requests_are_not_offered(
    client_for: SignIn, alice: User, rows: list[Request]
) -> None:
    RoleAssignment.objects.create(user=alice, role="network")
    assert picks(choose(client_for(alice), *rows)) == []


def test_fifty_are_the_most(client_for: SignIn, dana: User, rows: list[Request]) -> None:
    many = {"chosen": [*(f"NONE{number}" for number in range(49)), *(r.public_id for r in rows)]}
    page = words(client_for(dana).get(URL, many).content.decode())
    assert "2 more were chosen than the 50" in page


@pytest.mark.parametrize("field", [{"vote": "reject"}, {"lane": "network"}])
def test_nothing_else_can_be_said_of_many(
    client_for: SignIn, dana: User, rows: list[Request], field: dict[str, str]
) -> None:
    browser = client_for(dana)
    sent = {"pick": picks(choose(browser, *rows)), "reason": "", **field}
    assert browser.post(URL, sent).status_code == 400


def test_a_pick_that_is_none_is_refused_and_the_reason_kept(
    client_for: SignIn, dana: User, rows: list[Request]
) -> None:
    answer = client_for(dana).post(URL, {"pick": "x", "reason": "My reason"})
    assert answer.status_code == 422
    assert not Decision.objects.exists()


SHELL = "The team may open a shell in pods, attach to them and forward ports to them"


def test_a_shell_stands_on_the_list_and_on_what_is_confirmed(
    client_for: SignIn, dana: User, rows: list[Request], cluster: Cluster, now: datetime
) -> None:
    row = ask(demo_spec("tools", cluster=cluster.name, environment="development"), now=now)
    browser = client_for(dana)
    for page in (browser.get("/approvals/").content.decode(), choose(browser, row, rows[0])):
        assert words(page).count(f"to app=web. {SHELL}, around every NetworkPolicy.") == 1


def written(row: Request) -> None:
    comment(row.pk, by=acting("dana"), text="Why 8080?", now=row.submitted_at or row.created_at)


def unread(row: Request) -> None:
    NamespaceObservation.objects.filter(name="orders-prod").update(unread=["NetworkPolicy"])
    ClusterObservation.objects.update(version=2)


def other_group(row: Request) -> None:
    Team.objects.filter(pk=row.team_id).update(access_group="others")


BY_THE_LIST: dict[str, Callable[[Request], object]] = {
    "people wrote about it.": written,
    "a namespace named shop-0 was seen on dev-eu.": lambda row: see(row.cluster, "shop-0"),
    "the last look at cluster dev-eu failed.": lambda _row: ClusterObservation.objects.update(
        trouble="no answer"
    ),
    "nobody has looked at cluster dev-eu lately.": lambda _row: ClusterObservation.objects.update(
        seen_at=timezone.now() - timedelta(hours=2)
    ),
    "nobody has looked at cluster dev-eu yet.": lambda _row: ClusterObservation.objects.update(
        seen_at=None
    ),
}
BY_ITS_PAGE: dict[str, Callable[[Request], object]] = {
    "not all that opens paths there is known.": unread,
    "today's facts would render it differently.": other_group,
}


@pytest.mark.parametrize("reason", [*BY_THE_LIST, *BY_ITS_PAGE])
def test_what_would_be_refused_is_not_offered(
    client_for: SignIn, dana: User, rows: list[Request], reason: str
) -> None:
    {**BY_THE_LIST, **BY_ITS_PAGE}[reason](rows[0])
    browser = client_for(dana)
    if reason in BY_THE_LIST:
        listed = words(browser.get("/approvals/").content.decode())
        assert f"to app=web. Decided on its own page: {reason}" in listed
    page = choose(browser, rows[0])
    assert f"Decided on its own page: {reason}" in words(page)
    assert picks(page) == []


def test_what_cannot_be_worked_out_in_time_is_not_offered(
    client_for: SignIn, dana: User, rows: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide_several, "LONGEST_LOOKING", -1.0)
    page = choose(client_for(dana), *rows)
    assert len(picks(page)) == 1
    assert words(page).count("It takes long to work out: choose fewer at once.") == 2


def test_changes_are_confirmed_with_as_many_statements_as_one(
    client_for: SignIn, cast: dict[str, User], cluster: Cluster
) -> None:
    looked_at(cluster)
    browser, counted, chosen = client_for(cast["pat"]), [], list[Request]()
    for many in (1, 4):
        while len(chosen) < many:
            spec = demo_spec(f"shop-{len(chosen)}", cluster=cluster.name)
            wish = change_wish(ready(onboarded(spec)), spec.changed(size="medium"), why="More.")
            chosen.append(submit(wish, by=acting("alice"), form_key=spec.name, now=database_now()))
        with CaptureQueriesContext(connection) as made:
            page = choose(browser, *chosen)
        assert len(picks(page)) == many
        counted.append(len(made))
    assert counted[0] == counted[1]
    assert counted[0] <= 19


def test_many_are_confirmed_with_as_many_statements_as_few(
    client_for: SignIn, dana: User, rows: list[Request], now: datetime
) -> None:
    browser, counted = client_for(dana), []
    more = [
        ask(demo_spec(f"more-{number}", cluster="dev-eu"), now=now + timedelta(hours=1))
        for number in range(5)
    ]
    for chosen in (rows[:1], [*rows, *more]):
        with CaptureQueriesContext(connection) as made:
            choose(browser, *chosen)
        counted.append(len(made))
    assert counted[0] == counted[1]
