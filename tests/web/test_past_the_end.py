"""A place in a list that no row follows any more says so, and leads to the first page."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.openings import INTERNET, WEB
from onboarding.demo.scenario import demo_spec
from onboarding.models import Cluster, ManagedNamespace, User
from onboarding.services.tell import tell_due
from tests.web.seen_cluster import seen, words
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
SAID = "Nothing follows this place in the list"
LATE = "9999-01-01T00:00:00+00:00"


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    spec = demo_spec("payments-prod", cluster=cluster.name, openings=(WEB, INTERNET))
    row = seen(ready(onboarded(spec)))
    tell_due(now=timezone.now())
    return row


def place(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([50, *values]).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("person", "path", "last"),
    [
        ("pat", "/namespaces/?", ("zzz", 2**40)),
        ("pat", "/requests/?", (1,)),
        ("dana", "/approvals/?", (LATE, 2**40)),
        ("pat", "/people/?", ("zzz", "zzz", "zzz", 2**40)),
        ("pat", "/teams/?", ("zzz", 2**40)),
        ("dana", "/inbox/?", (1,)),
        ("frank", "/namespaces/{}/revisions/?", (0, 1)),
        ("frank", "/reachability/?to=internet&answer=all&", ("zzz", "zzz")),
    ],
)
def test_it_is_said_and_leads_to_the_first_page(
    client_for: SignIn, prod: ManagedNamespace, person: str, path: str, last: tuple[Any, ...]
) -> None:
    path = path.format(prod.public_id)
    answer = client_for(User.objects.get(username=person)).get(f"{path}after={place(*last)}")
    assert answer.status_code == 200
    query = path.partition("?")[2].rstrip("&").replace("&", "&amp;")
    assert f'href="?{query}">First page</a>' in answer.content.decode()
    said = words(answer.content)
    assert SAID in said
    for untrue in ("matches", "among these answers", "Nothing waits", "Nothing yet", "No revision"):
        assert untrue not in said


def test_an_empty_answer_is_no_place_that_nothing_follows(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    address = f"/reachability/?to=internet&answer=cannot&data=restricted&after={place('a', 'b')}"
    said = words(client_for(frank).get(address).content)
    assert "No namespace is among these answers" in said
    assert SAID not in said


@pytest.mark.parametrize("last", [(), ("a",), ("a", "b", "c")])
def test_a_place_with_more_or_less_than_a_place_has_is_refused(
    client_for: SignIn, frank: User, prod: ManagedNamespace, last: tuple[str, ...]
) -> None:
    answer = client_for(frank).get(f"/reachability/?to=internet&answer=all&after={place(*last)}")
    assert answer.status_code == 422
    assert "The place in the list cannot be read." in words(answer.content)


def test_the_numbers_of_rows_are_counted_whatever_the_place_says(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    answer = client_for(frank).get(f"/reachability/?to=internet&answer=all&after={place('', '')}")
    shown = answer.context["page"].place
    assert (shown.start, shown.end) == (1, answer.context["page"].shown.number)
