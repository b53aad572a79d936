"""The System page: what is wrong with the whole, for platform admins."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.processes import ProcessKind
from onboarding.domain.wrong import Wrong
from onboarding.models import Cluster, Heartbeat, User
from onboarding.pages.system import WORDS, build_trouble
from onboarding.queries.health import Storing
from onboarding.queries.wrongs import FoundWrong
from tests.support.left_by_worker import set_state
from tests.web.sights import words
from tests.web.stories import onboarded

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def lives(kind: ProcessKind = ProcessKind.SWEEPER, *, ago: float = 0, **fields: object) -> None:
    at = timezone.now() - timedelta(seconds=ago)
    Heartbeat.objects.create(
        kind=kind.value, instance=f"host:{ago}", started_at=at, seen_at=at, **fields
    )


def test_where_all_is_well_it_says_so(client_for: SignIn, pat: User, cluster: Cluster) -> None:
    lives()
    page = words(client_for(pat).get("/system/"))
    assert "Nothing is known to be wrong." in page
    assert "sweeper host:0 Lives" in page


def test_what_is_wrong_is_said_with_what_to_do(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    Cluster.objects.update(condition="unauthorized", condition_message="401 <b>Unauthorized")
    answer = client_for(pat).get("/system/")
    page = words(answer)
    assert "No sweeper is running" in page
    assert "dev-eu cannot be used" in page
    assert "401 <b>Unauthorized" in page
    assert f"/clusters/{cluster.public_id}/" in answer.content.decode()
    assert "Red: 2. Worth a look: 0." in answer.content.decode()


def test_where_much_is_wrong_each_title_stands_and_what_helps_is_folded(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    Cluster.objects.update(condition="unauthorized")
    lives(ProcessKind.WORKER, ago=3600)
    set_state(onboarded(demo_spec("payments-prod", cluster=cluster.name)), NamespaceState.BLOCKED)
    answer = client_for(pat).get("/system/")
    many = len(answer.context["page"].troubles)
    assert many > 3
    assert answer.content.decode().count('<details id="helps-') == many


def test_work_that_nobody_does_is_red(client_for: SignIn, pat: User, cluster: Cluster) -> None:
    onboarded(demo_spec("payments-prod", cluster=cluster.name))
    lives(ago=60)
    page = words(client_for(pat).get("/system/"))
    assert "sweeper None lives" in page
    assert "sweeper host:60 Silent" in page


def test_the_poll_gets_the_same_without_the_frame(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    browser = client_for(pat)
    state = browser.get("/system/state/").content.decode()
    assert "<html" not in state
    assert "No sweeper is running" in state
    assert 'hx-get="/system/state/"' in browser.get("/system/").content.decode()


def test_as_many_queries_for_many_as_for_one(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    def queries() -> int:
        browser = client_for(pat)
        with CaptureQueriesContext(connection) as made:
            assert browser.get("/system/").status_code == 200
        return len(made)

    few = queries()
    onboarded(demo_spec("payments-prod", cluster=cluster.name))
    lives()
    for number in range(4):
        Cluster.objects.create(name=f"dev-{number}", condition="unreachable", credential=b"x")
    assert queries() == few


@pytest.mark.parametrize("what", Wrong)
def test_everything_that_can_be_wrong_has_its_words(what: Wrong, cluster: Cluster) -> None:
    assert what in WORDS
    trouble = build_trouble(FoundWrong(what, cluster, many=3, detail="d"))
    assert trouble.title
    assert trouble.advice
    assert "%(" not in trouble.title + trouble.advice


@pytest.mark.parametrize("was_there", [True, False])
def test_a_sweeper_that_is_missing_is_on_pats_home_for_as_long_as_it_is(
    client_for: SignIn, pat: User, alice: User, was_there: bool
) -> None:
    """Also when nobody remembers it any more."""
    lives(ago=20)
    assert "No sweeper" not in words(client_for(pat).get("/"))
    lives(ProcessKind.WEB)
    Heartbeat.objects.filter(instance="host:20").delete()
    if was_there:
        lives(ago=40)
    assert "No sweeper is running" in words(client_for(pat).get("/"))
    assert "No sweeper" not in words(client_for(alice).get("/"))


def test_where_no_process_was_ever_heard_of_none_is_missing_on_pats_home(
    client_for: SignIn, pat: User
) -> None:
    assert "No sweeper" not in words(client_for(pat).get("/"))


def test_who_ended_in_order_is_not_on_the_page(client_for: SignIn, pat: User) -> None:
    lives()
    lives(ProcessKind.WEB, ago=1, ended_at=timezone.now())
    page = words(client_for(pat).get("/system/"))
    assert "sweeper host:0 Lives" in page
    assert "host:1" not in page


@pytest.mark.parametrize(
    ("now_it_is", "is_said"),
    [(Storing("read-only", is_heard=False), True), (Storing(is_heard=False), False)],
)
def test_a_database_that_stores_nothing_hides_who_lives(
    client_for: SignIn,
    pat: User,
    storing: dict[str, Storing],
    now_it_is: Storing,
    is_said: bool,
) -> None:
    lives(ago=60)
    storing["it"] = now_it_is
    for path in ("/", "/system/"):
        page = words(client_for(pat).get(path))
        assert ("The database stores nothing" in page) == is_said
        assert "No sweeper" not in page
        assert "None lives" not in page
