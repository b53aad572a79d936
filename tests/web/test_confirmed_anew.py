"""A form that is sent while its person has to confirm who they are, and comes back to be mended.

It comes back where something else was asked for, so it has to say itself where it goes.
"""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from devtools.compose.browser import Form, Page
from onboarding.demo.people import DEMO_PASSWORD
from onboarding.models import Cluster, Team, User

pytestmark = pytest.mark.usefixtures("fresh_limits")
SignIn = Callable[..., Client]


@pytest.fixture
def browser(client_for: SignIn, pat: User) -> Client:
    """Pat has signed in, and confirmed nothing since."""
    return client_for(pat)


def form_on(body: bytes, field: str) -> Form:
    """The form with this field, as a browser would send it if nothing was changed."""
    return Page("", 0, body.decode()).form(field)


def path_of(route: str, cluster: Cluster) -> str:
    """The page of Bob, of payments, of the cluster, or one of nobody's."""
    named = {
        "person": {"person_id": User.objects.get(username="bob").pk},
        "team": {"public_id": Team.objects.get(slug="payments").public_id},
        "cluster": {"public_id": cluster.public_id},
    }
    is_new = route.endswith(("-new", "-list"))
    return reverse(route, kwargs=None if is_new else named[route.partition("-")[0]])


@pytest.mark.parametrize(
    ("route", "wrong", "mended"),
    [
        (
            "person-new",
            {"name": "Nora", "username": "nora", "email": "nora@"},
            {"email": "nora@example.com"},
        ),
        ("person-detail", {"email": "bob@"}, {"email": "robert@example.com"}),
        ("person-switch-off", {"reason": ""}, {"reason": "Has left the company."}),
        ("team-new", {"slug": "No Slug", "access_group": "team-fresh"}, {"slug": "fresh"}),
        ("team-detail", {"person": "nobody-at-all"}, {"person": "dana"}),
        ("team-group", {"access_group": ""}, {"access_group": "team-anew"}),
        ("role-list", {"person": "nobody-at-all", "role": "auditor"}, {"person": "bob"}),
        ("cluster-settings", {"ranges": "0.0.0.0/0"}, {"ranges": "10.96.0.0/16"}),
    ],
)
def test_the_form_that_comes_back_after_confirming_can_be_sent(
    browser: Client, cluster: Cluster, route: str, wrong: dict[str, str], mended: dict[str, str]
) -> None:
    path, field = path_of(route, cluster), next(iter(mended))
    opened = form_on(browser.get(path).content, field)
    asked = browser.post(path, opened.fields | wrong)
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    back = browser.post(asked.headers["Location"], {"password": DEMO_PASSWORD, "next": path})
    again = form_on(back.content, field)
    assert (back.status_code, again.action) == (422, path)
    assert again.fields.items() >= (wrong | {field: again.fields[field]}).items()
    assert browser.post(again.action, again.fields | mended).status_code == 302


@pytest.mark.parametrize(("route", "role"), [("team-member", "member"), ("role-take", "network")])
def test_what_is_asked_once_more_after_confirming_can_be_said(
    browser: Client, cast: dict[str, User], route: str, role: str
) -> None:
    person = cast["alice" if route == "team-member" else "dana"]
    team = Team.objects.get(slug="payments").public_id
    of = {"person_id": person.pk} | ({"public_id": team} if route == "team-member" else {})
    path = reverse(route, kwargs=of)
    asked = browser.post(path, {"role": role})
    back = browser.post(asked.headers["Location"], {"password": DEMO_PASSWORD, "next": path})
    again = form_on(back.content, "anyway")
    assert (back.status_code, again.action) == (422, path)
    assert browser.post(again.action, again.fields).status_code == 302
    assert not person.memberships.filter(role="lead").exists()
    assert not person.role_assignments.exists()
