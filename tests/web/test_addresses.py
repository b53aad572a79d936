"""What stands in an address and no page knows is refused on that page, in words that help."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from onboarding.demo.scenario import demo_spec
from onboarding.models import Cluster, ManagedNamespace, User
from tests.web.sights import words
from tests.web.stories import onboarded, ready

SignIn = Callable[[User], Client]
TITLE = re.compile("<title>(.*?)</title>", re.DOTALL)
READ_BY_A_PERSON = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def prod(cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


@pytest.mark.parametrize("path", ["/namespaces/", "/requests/", "/people/", "/teams/"])
def test_a_place_that_cannot_be_read_is_said_above_the_list(
    client_for: SignIn, pat: User, prod: ManagedNamespace, path: str
) -> None:
    answer = client_for(pat).get(f"{path}?after=zzz")
    assert answer.status_code == 422
    assert "The place in the list cannot be read. Begin with its first page." in words(answer)
    assert 'id="error-summary"' in answer.content.decode()
    assert 'role="search"' in answer.content.decode()


def test_a_place_among_revisions_that_cannot_be_read_shows_the_first_ones(
    client_for: SignIn, alice: User, prod: ManagedNamespace
) -> None:
    answer = client_for(alice).get(f"/namespaces/{prod.public_id}/revisions/?after=zzz")
    assert answer.status_code == 422
    assert "The place in the list cannot be read." in words(answer)
    assert [line.revision.number for line in answer.context["revisions"].lines] == [1]


@pytest.mark.parametrize(
    ("person", "path"),
    [
        ("pat", "/roles/?foo=1"),
        ("pat", "/clusters/{cluster}/?foo=live"),
        ("alice", "/namespaces/{namespace}/revisions/?foo=9&left=1"),
        ("alice", "/requests/new/?foo=XXL"),
        ("alice", "/namespaces/{namespace}/change/?foo=1"),
        ("alice", "/namespaces/{namespace}/connectivity/?foo=1&to=1.1.1.1"),
        ("dana", "/approvals/several/?chosen=abc&foo=1"),
        ("pat", "/?foo=1"),
    ],
)
def test_what_a_page_does_not_know_is_refused_by_name(
    client_for: SignIn, cast: dict[str, User], prod: ManagedNamespace, person: str, path: str
) -> None:
    ids = {"cluster": prod.cluster.public_id, "namespace": prod.public_id}
    answer = client_for(cast[person]).get(path.format(**ids))
    assert answer.status_code == 422
    assert "This page knows no “foo” in its address." in words(answer)
    assert "This page cannot be shown as it was asked for" in words(answer)
    assert "send it again" not in words(answer)


def test_a_stranger_reads_on_help_what_it_does_not_know(client: Client, db: None) -> None:
    answer = client.get("/help/?foo=1")
    assert answer.status_code == 422
    assert "This page knows no “foo” in its address." in words(answer)


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/namespaces/{namespace}/suggest/", "/namespaces/{namespace}/"),
        ("/namespaces/{namespace}/try-again/", "/namespaces/{namespace}/"),
        ("/history/export/csv/", "/history/"),
        ("/try-again/", "/"),
    ],
)
def test_an_address_that_takes_forms_only_says_so_and_leads_back(
    client_for: SignIn, pat: User, prod: ManagedNamespace, path: str, above: str
) -> None:
    path, above = (one.format(namespace=prod.public_id) for one in (path, above))
    answer = client_for(pat).get(path, headers=READ_BY_A_PERSON)
    page = answer.content.decode()
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "This address is not a page" in words(answer)
    assert f'class="btn btn-primary" href="{above}"' in page
    assert 'href="/help/"' in page
    assert answer.headers["X-Request-Id"] in page


@pytest.mark.parametrize("headers", [{"Accept": "*/*"}, {**READ_BY_A_PERSON, "HX-Request": "true"}])
def test_programs_get_the_refusal_without_a_page(
    client_for: SignIn, pat: User, headers: dict[str, str]
) -> None:
    answer = client_for(pat).get("/history/export/csv/", headers=headers)
    assert (answer.status_code, answer.content) == (405, b"")


@pytest.mark.parametrize(
    "path", ["/history/", "/approvals/", "/namespaces/", "/requests/", "/clusters/", "/people/"]
)
def test_a_refused_list_says_error_once(client_for: SignIn, pat: User, path: str) -> None:
    found = TITLE.search(client_for(pat).get(f"{path}?foo=1").content.decode())
    assert found
    assert found[1].count("Error:") == 1


def test_a_refused_form_says_error_once(client_for: SignIn, pat: User) -> None:
    browser = client_for(pat)
    version = browser.get("/help/contacts/").context["form"]["version"].value()
    answer = browser.post("/help/contacts/", {"who_account": "x" * 900, "version": version})
    found = TITLE.search(answer.content.decode())
    assert found
    assert found[1].count("Error:") == 1
