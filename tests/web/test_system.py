"""The System page: what is wrong with the whole, for platform admins."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.domain.processes import ProcessKind
from onboarding.domain.wrong import Wrong
from onboarding.models import Cluster, Heartbeat, User
from onboarding.pages.system import WORDS, build_trouble
from onboarding.queries.wrongs import FoundWrong
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


def test_a_sweeper_that_was_there_and_is_not_any_more_is_on_pats_home(
    client_for: SignIn, pat: User, alice: User
) -> None:
    lives(ago=20)
    assert "No sweeper" not in words(client_for(pat).get("/"))
    lives(ago=40)
    Heartbeat.objects.filter(instance="host:20").delete()
    assert "No sweeper is running" in words(client_for(pat).get("/"))
    assert "No sweeper" not in words(client_for(alice).get("/"))
