"""Every advice can be followed: what a page offers is accepted, what it names is offered.

Tried for each state and reason a namespace can be in, and for each person who may read its page.
"""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import acting, demo_spec
from onboarding.domain.lifecycle import BlockedReason, NamespaceState
from onboarding.domain.objects import Manifest
from onboarding.models import Cluster, Deviation, ManagedNamespace, NamespaceObservation, User
from onboarding.queries.namespaces import ADOPTABLE
from onboarding.services.installation import portal_identity
from onboarding.services.preview import retire_wish
from onboarding.services.submit import submit
from tests.web.sights import words
from tests.web.stories import as_worker, onboarded, ready

pytestmark = pytest.mark.django_db
READERS = ["alice", "bob", "dana", "frank", "pat"]
REFUSED = {400, 403, 404, 405, 409, 422, 500}
# A page that says this must offer that to the one who reads it.
NAMED = {
    "press Try again": "try-again/",
    "You can request a change": "change/",
    "You can ask to take it over again": "adopt/",
    "You can retire it": "retire/",
    "Ask to remove it": "ask-removal/",
}
# What a worker keeps of a namespace of ours with another uid.
FOUND: Manifest = {"uid": "another", "generation": 1, "objects": [], "foreign": []}
WAYS = [
    *[(state, "") for state in NamespaceState if state is not NamespaceState.BLOCKED],
    *[(NamespaceState.BLOCKED, reason.value) for reason in BlockedReason],
]


class Offers(HTMLParser):
    """Reads off a page the links and forms that lead to actions on its namespace."""

    def __init__(self, page: str, base: str) -> None:
        super().__init__()
        self.base, self.links = base, set[str]()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.ticked = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href", "").startswith(self.base):
            self.links.add(given["href"])
        elif tag == "form" and given.get("action", "").startswith(self.base):
            self.forms.append((given["action"], {}))
        elif given.get("form") == "ask-removal":
            self.ticked = given["value"]
        elif tag in {"input", "textarea"} and self.forms and "name" in given:
            self.forms[-1][1][given["name"]] = given.get("value", "We know of it.")

    def posts(self) -> Iterator[tuple[str, dict[str, str]]]:
        for action, fields in self.forms:
            fields.pop("csrfmiddlewaretoken", None)
            chosen = {"finding": self.ticked} if action.endswith("ask-removal/") else {}
            yield action, {**fields, **chosen}

    @property
    def places(self) -> set[str]:
        return {*self.links, *(action for action, _fields in self.forms)}


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


def deviating(row: ManagedNamespace) -> None:
    """Somebody else's policy stands in it, and somebody deleted it once."""
    now = timezone.now()
    for kind, of, name, ended in (
        ("foreign", "NetworkPolicy", "let-me-out", None),
        ("deleted", "Namespace", row.name, now),
    ):
        Deviation.objects.create(
            namespace=row,
            kind=kind,
            object_kind=of,
            object_name=name,
            uid=f"uid-{kind}",
            by="kubectl-create" if kind == "foreign" else "",
            first_seen_at=now,
            seen_at=now,
            ended_at=ended,
        )


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way[0]}-{way[1]}")
def test_what_a_page_offers_is_accepted_and_what_it_names_is_offered(
    way: tuple[NamespaceState, str],
    prod: ManagedNamespace,
    cast: dict[str, User],
    client_for: Callable[..., Client],
) -> None:
    deviating(prod)
    found = FOUND if way[1] in ADOPTABLE else None
    as_worker(prod, way[0], reason=way[1], message="In the server's words.", found=found)
    base = f"/namespaces/{prod.public_id}/"
    for person in READERS:
        browser = client_for(cast[person])
        page = browser.get(base).content.decode()
        offers = Offers(page, base)
        for said, place in NAMED.items():
            assert said not in words(page) or f"{base}{place}" in offers.places, (person, said)
        check_accepted(browser, offers)


def check_accepted(browser: Client, offers: Offers) -> None:
    """Follow every link, and send every form as the page would; undo what it did."""
    for link in offers.links:
        assert browser.get(link).status_code not in REFUSED, link
    for action, fields in offers.posts():
        with transaction.atomic():
            assert browser.post(action, fields).status_code not in REFUSED, (action, fields)
            transaction.set_rollback(True)


@pytest.mark.parametrize("reason", [reason.value for reason in BlockedReason])
def test_who_is_named_can_do_it(
    reason: str, prod: ManagedNamespace, cast: dict[str, User], client_for: Callable[..., Client]
) -> None:
    found = FOUND if reason in ADOPTABLE else None
    as_worker(prod, NamespaceState.BLOCKED, reason=reason, found=found)
    base = f"/namespaces/{prod.public_id}/"
    read = {person: client_for(cast[person]).get(base).content.decode() for person in READERS}
    assert f"{base}try-again/" in read["pat"]
    said = words(read["bob"])
    assert "Pat (platform admin)" in said or "Alice can ask to" in said
    for way, place in (
        ("take it over", "adopt/"),
        ("change it", "change/"),
        ("retire it", "retire/"),
    ):
        assert (f"{base}{place}" in read["alice"]) is (way in said), way


@pytest.mark.parametrize(
    ("maker", "said"),
    [
        ("this portal", "Ask Pat (platform admin) to put a newer backup of the database in place"),
        ("another", "Ask Pat (platform admin) to have it retired there"),
        ("", "Ask Pat (platform admin) to find out whose it is"),
    ],
)
def test_who_can_free_a_name_that_is_taken_depends_on_who_made_what_has_it(
    maker: str, said: str, prod: ManagedNamespace, bob: User, client_for: Callable[..., Client]
) -> None:
    as_worker(prod, NamespaceState.BLOCKED, reason="taken")
    NamespaceObservation.objects.create(
        cluster=prod.cluster,
        name=prod.name,
        uid="another",
        digest="sha256:1",
        portal=portal_identity() if maker == "this portal" else maker,
    )
    page = words(client_for(bob).get(f"/namespaces/{prod.public_id}/"))
    assert said in page
    assert ("its database does not know it any more" in page) is (maker == "this portal")


@pytest.mark.parametrize("reason", ["refused", "not-as-planned"])
def test_what_the_api_server_did_not_take_can_be_changed(
    reason: str, prod: ManagedNamespace, alice: User, client_for: Callable[..., Client]
) -> None:
    as_worker(prod, NamespaceState.BLOCKED, reason=reason)
    browser, base = client_for(alice), f"/namespaces/{prod.public_id}/"
    assert "You can request a change" in browser.get(base).content.decode()
    assert browser.get(f"{base}change/").status_code == 200


def test_with_an_open_request_neither_is_advised(
    prod: ManagedNamespace, alice: User, client_for: Callable[..., Client]
) -> None:
    as_worker(prod, NamespaceState.BLOCKED, reason="refused")
    submit(
        retire_wish(prod, why="It is time."),
        by=acting("alice"),
        form_key="retire",
        now=timezone.now(),
    )
    page = words(client_for(alice).get(f"/namespaces/{prod.public_id}/"))
    assert "You can request a change" not in page
    assert "You can retire it" not in page
    assert "has an open request" in page


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (NamespaceState.BLOCKED, "blocked for a reason that no change mends"),
        (NamespaceState.BOUNDED, "is being worked on"),
        (NamespaceState.GONE, "is over"),
    ],
)
def test_what_cannot_be_asked_for_now_is_no_race_that_was_lost(
    state: NamespaceState,
    said: str,
    prod: ManagedNamespace,
    client_for: Callable[..., Client],
) -> None:
    alice = User.objects.get(username="alice")
    as_worker(prod, state, reason="taken")
    answer = client_for(alice).get(f"/namespaces/{prod.public_id}/change/")
    assert answer.status_code == 409
    assert said in words(answer)
    assert "This cannot be done now" in words(answer)
    assert "It changed before your answer arrived" not in words(answer)


@pytest.mark.parametrize("page", ["change", "retire", "adopt"])
def test_from_what_cannot_be_done_now_there_is_a_way_back_to_the_namespace(
    page: str, prod: ManagedNamespace, alice: User, client_for: Callable[..., Client]
) -> None:
    as_worker(prod, NamespaceState.GONE)
    own = f"/namespaces/{prod.public_id}/"
    answer = client_for(alice).get(f"{own}{page}/")
    assert answer.status_code == 409
    assert f'href="{own}"' in answer.content.decode()


def test_a_team_without_a_lead_is_told_so(
    prod: ManagedNamespace, alice: User, bob: User, client_for: Callable[..., Client]
) -> None:
    alice.is_active = False
    alice.save()
    as_worker(prod, NamespaceState.BLOCKED, reason="taken")
    assert "has no lead" in words(client_for(bob).get(f"/namespaces/{prod.public_id}/"))
