"""The tester's answer where nobody has looked at the cluster lately: as last seen, never as now."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.models import Cluster, ClusterObservation, ManagedNamespace, User
from onboarding.templatetags.wording import exact
from tests.web.seen_cluster import seen, url
from tests.web.stories import onboarded, ready
from tests.web.test_path_tester import WEB, ask

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return seen(ready(onboarded(demo_spec("payments-prod", cluster=cluster.name))))


@pytest.mark.parametrize(
    ("look", "said_of_it"),
    [
        ({"trouble": "no answer"}, "the last look at the cluster failed."),
        ({}, "nobody has looked at the cluster since."),
    ],
    ids=["look-failed", "not-looked-at"],
)
def test_an_answer_from_an_old_look_says_so(
    client_for: SignIn, bob: User, prod: ManagedNamespace, look: dict[str, str], said_of_it: str
) -> None:
    at = timezone.now() - timedelta(hours=3)
    ClusterObservation.objects.update(seen_at=at, **look)
    said = ask(client_for(bob), prod, WEB, "8.8.8.8")
    assert f"Unknown now: as last seen at {exact(at)}; {said_of_it}" in said
    page = client_for(bob).get(url(prod, **{"from": WEB, "to": "8.8.8.8", "port": 443}))
    assert re.search(r'data-announce="[^"]*Unknown now: as last seen at', page.content.decode())


def test_an_answer_from_a_look_of_now_is_no_question(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    assert "Unknown now" not in ask(client_for(bob), prod, WEB, "8.8.8.8")
