"""In which namespaces a template is in force: exactly, and only those that the reader may see."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.demo.openings import INTERNET, WEB
from onboarding.demo.scenario import approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ManagedNamespace, Revision, Team, User
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries import keyset
from tests.support.behind_the_portal import without_guards
from tests.support.live_portal import retire
from tests.web.catalogue_reader import LIST, address, onboard, planned_with, template, users, uses
from tests.web.sights import main_of, words
from tests.web.stories import approved, change_wanted, changed, onboarded, ready

SignIn = Callable[[User], Client]
TEMPLATES = tuple(load_catalogue().templates.values())


@pytest.fixture
def three(cast: dict[str, User], cluster: Cluster, search: Team) -> None:
    """Two namespaces of payments, one open to the internet, and one of search."""
    onboard("payments-a", cluster)
    onboard("payments-b", cluster, openings=(WEB, INTERNET))
    other = onboard("search-a", cluster)
    with without_guards():
        ManagedNamespace.objects.filter(pk=other.pk).update(team=search)


@pytest.fixture
def reader(client_for: SignIn, frank: User) -> Client:
    return client_for(frank)


@pytest.mark.parametrize(
    ("person", "seen"),
    [
        *((name, ["payments-a", "payments-b"]) for name in ("alice", "bob")),
        ("charlie", ["search-a"]),
        *((name, ["payments-a", "payments-b", "search-a"])
          for name in ("dana", "erin", "frank", "pat")),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("three")
def test_everybody_reads_all_templates_and_the_users_they_may_see(
    client_for: SignIn, cast: dict[str, User], person: str, seen: list[str]
) -> None:
    browser = client_for(cast[person])
    counted = uses(browser)
    assert {*counted} == {one.slug for one in TEMPLATES}
    for slug in ("namespace", "deny-all", "allow-dns", "quota", "allow-ingress"):
        assert counted[slug] == len(seen)
        assert users(browser, slug) == seen
    assert counted["egress-internet"] == int("payments-b" in seen)
    assert counted["egress-open"] == counted["team-shell"] == 0
    page = main_of(browser.get(address(template("allow-dns"))))
    for name in ("payments-a", "payments-b", "search-a"):
        assert (name in page) == (name in seen)
        row = ManagedNamespace.objects.get(name=name)
        assert (reverse("namespace-detail", args=[row.public_id]) in page) == (name in seen)


@pytest.mark.usefixtures("three")
def test_who_is_of_no_team_reads_templates_and_no_namespace(client_for: SignIn) -> None:
    browser = client_for(User.objects.create(username="nina"))
    assert not any(uses(browser).values())
    assert users(browser, "allow-dns") == []
    page = words(browser.get(address(template("allow-dns"))))
    assert "No namespace of your teams has it in force." in page


@pytest.mark.usefixtures("three")
def test_it_says_of_what_the_numbers_are(client_for: SignIn, bob: User, frank: User) -> None:
    mine = "You do not see those of other teams."
    for path in (LIST, address(template("quota"))):
        assert mine in words(client_for(bob).get(path))
        assert mine not in words(client_for(frank).get(path))


def test_what_was_closed_by_a_change_is_no_longer_in_force(
    reader: Client, cluster: Cluster
) -> None:
    spec = demo_spec("payments-a", cluster=cluster.name, openings=(WEB, INTERNET))
    row = ready(onboarded(spec))
    wanted = change_wanted(row, spec.changed(openings=(WEB,)))
    assert uses(reader)["egress-internet"] == 1  # asked for, and not approved
    approved(wanted)
    assert uses(reader)["egress-internet"] == 0
    assert uses(reader)["allow-ingress"] == 1
    assert users(reader, "egress-internet") == []
    changed(ready(row), spec)
    assert users(reader, "egress-internet") == ["payments-a"]


def test_what_shall_be_gone_counts_until_it_is(reader: Client, cluster: Cluster) -> None:
    row = retire(onboard("payments-a", cluster))
    assert Revision.objects.filter(namespace=row).count() == 2
    assert users(reader, "deny-all") == ["payments-a"]
    assert uses(reader)["deny-all"] == 1
    with without_guards():
        ManagedNamespace.objects.filter(pk=row.pk).update(state=NamespaceState.GONE.value)
    assert users(reader, "deny-all") == []
    assert uses(reader)["deny-all"] == 0


def test_what_nobody_approved_is_in_force_nowhere(
    reader: Client, cluster: Cluster, cast: dict[str, User], now: datetime
) -> None:
    request = ask(demo_spec("payments-a", cluster=cluster.name), now=now)
    approve(request, "dana", Lane.NETWORK, now=now)
    assert not any(uses(reader).values())


def test_another_version_is_another_template(
    reader: Client, cluster: Cluster, cast: dict[str, User]
) -> None:
    onboard("payments-a", cluster)
    for name, version in (("payments-b", "quota@1"), ("payments-c", "quota@20")):
        planned_with(onboard(name, cluster), "quota@2", version)
    assert uses(reader)["quota"] == 1
    assert users(reader, "quota") == ["payments-a"]
    page = words(reader.get(address(template("quota"))))
    assert "2 namespaces have another version of it in force." in page
    assert "another version" not in words(reader.get(address(template("limits"))))


def test_a_slug_that_goes_on_is_another_template(
    reader: Client, cluster: Cluster, cast: dict[str, User]
) -> None:
    planned_with(onboard("payments-a", cluster), "quota@2", "quota-of-storage@2")
    assert uses(reader)["quota"] == 0
    assert "another version" not in words(reader.get(address(template("quota"))))


@pytest.mark.usefixtures("three")
def test_a_long_list_comes_in_pages(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(keyset.page_of.__kwdefaults__, "size", 2)
    first = reader.get(f"{LIST}quota/2/")
    assert "1 to 2 of 3 namespaces" in words(first)
    following = re.search(r'href="(\?after=[^"]*)"', main_of(first))
    assert following
    last = reader.get(f"{LIST}quota/2/{following[1]}")
    assert [row.name for row in last.context["users"].rows] == ["search-a"]
    assert "3 to 3 of 3 namespaces" in words(last)
    with without_guards():
        ManagedNamespace.objects.filter(name="search-a").update(state="gone")
    gone = reader.get(f"{LIST}quota/2/{following[1]}")
    assert "Nothing follows this place in the list" in words(gone)
