"""The tester for who hears the page: answer or error takes the focus, nothing sends it away."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from onboarding.demo.scenario import demo_spec
from onboarding.models import Cluster, ManagedNamespace, User
from tests.web.seen_cluster import MEMBER, seen, url, words
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return seen(ready(onboarded(demo_spec("payments-prod", cluster=cluster.name))))


def page_of(client: Client, row: ManagedNamespace, **asked: object) -> str:
    answer = client.get(url(row, **{"protocol": "TCP", "from": MEMBER, "port": 443, **asked}))
    return answer.content.decode()


def test_the_answer_takes_the_focus_and_is_announced(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    page = page_of(client_for(bob), prod, to="203.0.113.7")
    assert 'action="#tester"' not in page
    assert re.search(r'id="answer" tabindex="-1" autofocus data-announce="No. A may not', page)


def test_an_error_takes_it_and_stands_in_the_title(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    page = page_of(client_for(bob), prod, to="api.stripe.com")
    assert "<title>Error: Connectivity, payments-prod · Bulkhead</title>" in page
    assert re.search(r'id="error-summary"[^>]*autofocus', page)
    assert 'id="answer"' not in page


def test_the_tester_is_the_first_thing_on_the_page(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    said = words(client_for(bob).get(url(prod)).content)
    assert said.index("Can A reach B") < said.index("Who can talk to whom")
