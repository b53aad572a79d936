"""Outdated: pages never let Ready stand alone where today's facts would render something else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.demo.scenario import acting, ask, demo_spec
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, IngressSource, ManagedNamespace, Request, Team, User
from onboarding.services.outdated import note_outdated
from onboarding.services.preview import change_wish
from onboarding.services.submit import submit
from tests.web.sights import picture_shown, row_of, words
from tests.web.stories import as_worker, onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
READERS = ["alice", "bob", "dana", "erin", "frank", "pat"]
NEW = "/refreshes/new/"


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


@pytest.fixture
def outdated(prod: ManagedNamespace) -> ManagedNamespace:
    """Its team has another access group by now."""
    move_group()
    return prod


def move_group(group: str = "team-pay") -> None:
    Team.objects.filter(slug="payments").update(access_group=group)
    note_outdated(now=timezone.now())


def url(row: ManagedNamespace, tab: str = "") -> str:
    return f"/namespaces/{row.public_id}/{tab}"


def read(browser: Client, address: str) -> str:
    return words(browser.get(address))


@pytest.mark.parametrize("person", READERS)
def test_the_list_says_so_beside_ready(
    client_for: SignIn, cast: dict[str, User], outdated: ManagedNamespace, person: str
) -> None:
    page = client_for(cast[person]).get("/namespaces/").content.decode()
    assert "Ready Outdated" in row_of(page, "payments-prod")


def test_the_list_says_nothing_of_what_is_up_to_date(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    note_outdated(now=timezone.now())
    assert "Outdated" not in row_of(client_for(bob).get("/namespaces/"), "payments-prod")


def test_the_list_shows_outdated_ones_alone_when_asked(
    client_for: SignIn, bob: User, outdated: ManagedNamespace, cluster: Cluster
) -> None:
    ready(onboarded(demo_spec("payments-new", cluster=cluster.name)))
    page = read(client_for(bob), "/namespaces/?outdated=1")
    assert "payments-prod" in page
    assert "payments-new" not in page


def test_lists_take_as_many_statements_however_many_are_outdated(
    client_for: SignIn, alice: User, pat: User, outdated: ManagedNamespace, cluster: Cluster
) -> None:
    team = Team.objects.get(slug="payments")
    pages = {
        "/namespaces/": alice,
        "/": alice,
        NEW: alice,
        f"/teams/{team.public_id}/": pat,
        f"/clusters/{cluster.public_id}/": pat,
    }
    few = {page: statements(client_for(person), page) for page, person in pages.items()}
    for name in ("payments-a", "payments-b"):
        ready(onboarded(demo_spec(name, cluster=cluster.name)))
    move_group("team-paying")
    many = {page: statements(client_for(person), page) for page, person in pages.items()}
    assert few == many


def statements(browser: Client, address: str) -> int:
    browser.get(address)
    with CaptureQueriesContext(connection) as made:
        assert browser.get(address).status_code == 200
    return len(made)


@pytest.mark.parametrize("person", READERS)
def test_the_page_says_who_still_gets_in_and_what_differs(
    client_for: SignIn, cast: dict[str, User], outdated: ManagedNamespace, person: str
) -> None:
    page = read(client_for(cast[person]), url(outdated))
    for expected in ("Ready Outdated", "It still gives group team-payments access",
                     "Group team-pay : no access", "RoleBinding team-developer",
                     "name: team-pay"):  # fmt: skip
        assert expected in page


def test_the_access_tab_says_who_still_gets_in(
    client_for: SignIn, bob: User, outdated: ManagedNamespace
) -> None:
    page = read(client_for(bob), url(outdated, "access/"))
    assert "still gives group team-payments access" in page


@pytest.mark.parametrize("person", ["alice", "pat"])
def test_who_may_ask_is_shown_the_way(
    client_for: SignIn, cast: dict[str, User], outdated: ManagedNamespace, person: str
) -> None:
    browser = client_for(cast[person])
    way = f"{NEW}?namespace={outdated.public_id}"
    assert way in browser.get(url(outdated)).content.decode()
    assert "payments-prod" in read(browser, way)


@pytest.mark.parametrize("person", ["bob", "dana", "erin", "frank"])
def test_who_may_not_is_told_who_may(
    client_for: SignIn, cast: dict[str, User], outdated: ManagedNamespace, person: str
) -> None:
    page = client_for(cast[person]).get(url(outdated)).content.decode()
    assert NEW not in page
    assert "A lead of team payments or a platform admin can ask to render it anew" in words(page)


def test_until_it_is_ready_no_way_is_offered(
    client_for: SignIn, alice: User, outdated: ManagedNamespace
) -> None:
    as_worker(outdated, NamespaceState.BLOCKED)
    page = client_for(alice).get(url(outdated)).content.decode()
    assert NEW not in page
    assert "It can be rendered anew once it is ready" in words(page)


@pytest.mark.parametrize("person", ["alice", "bob"])
def test_what_was_never_created_lets_nobody_in_and_cannot_be_rendered_anew(
    client_for: SignIn, cast: dict[str, User], outdated: ManagedNamespace, person: str
) -> None:
    as_worker(outdated, NamespaceState.BLOCKED, uid="", known_uid=None)
    page = read(client_for(cast[person]), url(outdated))
    assert "It still gives" not in page
    assert "It can be rendered anew once it is ready" in page
    assert "still gives" not in read(client_for(cast[person]), url(outdated, "access/"))


def test_the_open_request_that_stands_in_the_way_is_linked(
    client_for: SignIn, alice: User, outdated: ManagedNamespace
) -> None:
    wanted = outdated.revisions.get().wanted.changed(size="medium")
    row = ManagedNamespace.objects.get(pk=outdated.pk)
    sent = submit(
        change_wish(row, wanted, why="It is time."),
        by=acting("alice"),
        form_key="c1",
        now=timezone.now(),
    )
    page = client_for(alice).get(url(outdated)).content.decode()
    assert NEW not in page
    assert f"once that is closed it can be rendered anew. {sent.label}" in words(page)
    assert "is outdated" not in read(client_for(alice), "/")


def test_the_team_page_counts_what_still_binds_the_old_group(
    client_for: SignIn, pat: User, outdated: ManagedNamespace, payments: Team
) -> None:
    page = client_for(pat).get(f"/teams/{payments.public_id}/").content.decode()
    assert "1 namespace still binds the old group: team-payments" in words(page)
    assert f"{NEW}?team={payments.public_id}" in page


def test_the_cluster_page_counts_what_was_approved_with_other_facts(
    client_for: SignIn, pat: User, prod: ManagedNamespace, cluster: Cluster
) -> None:
    address = f"/clusters/{cluster.public_id}/"
    assert "outdated" not in read(client_for(pat), address)
    IngressSource.objects.update(pod_labels={"app": "traefik"})
    note_outdated(now=timezone.now())
    page = client_for(pat).get(address).content.decode()
    assert "1 namespace is outdated" in words(page)
    assert "still binds" not in words(page)
    assert f"{NEW}?cluster={cluster.public_id}" in page


@pytest.mark.parametrize("person", ["alice", "pat"])
def test_home_of_who_may_ask_counts_them(
    client_for: SignIn, cast: dict[str, User], outdated: ManagedNamespace, person: str
) -> None:
    page = client_for(cast[person]).get("/").content.decode()
    assert "1 outdated namespace" in words(page)
    assert NEW in page


@pytest.mark.parametrize("person", ["bob", "charlie", "dana", "frank"])
def test_home_of_others_does_not(
    client_for: SignIn, cast: dict[str, User], outdated: ManagedNamespace, person: str
) -> None:
    assert "is outdated" not in read(client_for(cast[person]), "/")


def test_the_page_of_the_request_that_made_it_ready_says_so_too(
    client_for: SignIn, alice: User, outdated: ManagedNamespace
) -> None:
    request = outdated.revisions.get().request
    page = read(client_for(alice), f"/requests/{request.public_id}/")
    assert "payments-prod is ready" in page
    assert "Since then: Ready Outdated" in page


# An ingress source that is gone breaks no page.


@pytest.fixture
def unrenderable(prod: ManagedNamespace) -> ManagedNamespace:
    IngressSource.objects.all().delete()
    note_outdated(now=timezone.now())
    return prod


@pytest.mark.parametrize("tab", ["", "policies/", "access/", "connectivity/", "revisions/",
                                 "change/", "retire/"])  # fmt: skip
def test_no_page_breaks_where_the_answers_cannot_be_rendered_any_more(
    client_for: SignIn, alice: User, unrenderable: ManagedNamespace, tab: str
) -> None:
    assert client_for(alice).get(url(unrenderable, tab)).status_code == 200


def test_the_reason_is_said_in_words_with_what_has_to_be_done(
    client_for: SignIn, alice: User, unrenderable: ManagedNamespace
) -> None:
    for address in (url(unrenderable), NEW):
        page = client_for(alice).get(address).content.decode()
        assert "“ingress-nginx” is not an ingress source of dev-eu" in words(page)
        assert "A lead of team payments has to request a change" in words(page)


def test_lists_stand_too(
    client_for: SignIn, pat: User, unrenderable: ManagedNamespace, payments: Team, cluster: Cluster
) -> None:
    for address in ("/namespaces/", "/", f"/teams/{payments.public_id}/",
                    f"/clusters/{cluster.public_id}/"):  # fmt: skip
        assert "utdated" in read(client_for(pat), address)


# Approving and changing.


@pytest.fixture
def waiting(cast: dict[str, User], cluster: Cluster) -> Request:
    return ask(demo_spec("payments-next", cluster=cluster.name), now=timezone.now())


def decision(row: Request) -> str:
    return f"/approvals/{row.public_id}/"


def word(row: Request, **differing: Any) -> dict[str, Any]:
    fields = {
        "lane": "network",
        "vote": "approve",
        "digest": row.digest,
        "picture": picture_shown(row),
        "reason": "",
    }
    return fields | differing


def test_the_decision_page_shows_the_difference_and_offers_no_approval(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    browser = client_for(dana)
    assert 'value="approve"' in browser.get(decision(waiting)).content.decode()
    move_group()
    page = browser.get(decision(waiting)).content.decode()
    assert 'value="approve"' not in page
    assert 'value="return"' in page
    for expected in ("would be rendered differently today", "name: team-pay",
                     "when its author sends it again, it is rendered anew"):  # fmt: skip
        assert expected in words(page)


def test_an_approval_posted_all_the_same_is_a_409_that_names_the_way_on(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    move_group()
    answer = client_for(dana).post(decision(waiting), word(waiting))
    assert answer.status_code == 409
    assert "Rendered differently today" in words(answer)
    assert "Return it; sending it again renders it anew" in words(answer)
    assert not waiting.decisions.exists()


def test_returning_it_is_possible(client_for: SignIn, dana: User, waiting: Request) -> None:
    move_group()
    said = word(waiting, vote="return", reason="The group is another by now.")
    assert client_for(dana).post(decision(waiting), said).status_code == 302
    waiting.refresh_from_db()
    assert waiting.state == "returned"


def test_its_author_is_told_on_the_request_page(
    client_for: SignIn, alice: User, waiting: Request
) -> None:
    address = f"/requests/{waiting.public_id}/"
    assert "rendered differently" not in read(client_for(alice), address)
    move_group()
    assert "would be rendered differently today" in read(client_for(alice), address)


def test_a_request_that_cannot_be_rendered_any_more_says_why(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    IngressSource.objects.all().delete()
    page = client_for(dana).get(decision(waiting)).content.decode()
    assert "This request cannot be rendered any more" in words(page)
    assert 'value="approve"' not in page


def test_what_was_decided_long_ago_is_not_held_against_todays_facts(
    client_for: SignIn, dana: User, outdated: ManagedNamespace
) -> None:
    request = outdated.revisions.get().request
    assert "rendered differently" not in read(client_for(dana), decision(request))


def test_the_change_form_says_that_the_same_answers_are_rendered_anew(
    client_for: SignIn, alice: User, prod: ManagedNamespace
) -> None:
    browser, address = client_for(alice), url(prod, "change/")
    assert "Nothing would change yet" in read(browser, address)
    move_group()
    page = read(browser, address)
    assert "the objects are rendered anew with today's facts" in page
    assert "Changes RoleBinding team-developer" in page


def test_the_same_answers_can_be_sent_when_they_render_anew(
    client_for: SignIn, alice: User, outdated: ManagedNamespace
) -> None:
    browser, address = client_for(alice), url(outdated, "change/")
    form = browser.get(address).context["form"]
    shown = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    sent = browser.post(address, {**shown, "why": "New group.", "action": "submit"})
    assert sent.status_code == 302
    assert Request.objects.get(kind="change").team.access_group == "team-pay"
