"""A suggestion is taken up when a request is sent, for what is in force and on offer by then."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.openings import exposed
from onboarding.demo.scenario import acting, demo_spec
from onboarding.domain.actions import Action
from onboarding.domain.refusals import Forbidden
from onboarding.domain.spec import Opening
from onboarding.models import Cluster, Event, ManagedNamespace, Request, Suggestion, User
from onboarding.queries.namespaces import in_force
from onboarding.queries.permissions import permissions_of
from onboarding.queries.suggestions import open_suggestions
from onboarding.services.preview import change_wish
from onboarding.services.submit import cancel, save_draft, submit
from onboarding.services.suggest import dismiss, note_draft, suggest
from tests.support.behind_the_portal import without_guards
from tests.support.requests import approve_all
from tests.web.seen_cluster import seen, words
from tests.web.stories import onboarded, ready
from tests.web.suggested import KEY, answers_of, change_form, suggested, url, wish_of

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return seen(ready(onboarded(demo_spec("payments-prod", cluster=cluster.name))))


class TestDrafts:
    """A draft is its author's alone, and may be dropped: the suggestion waits until it is sent."""

    def draft(self, browser: Client, row: ManagedNamespace, found: Suggestion) -> Request:
        posted = {**answers_of(browser, row, found, KEY), "action": "draft"}
        answer = browser.post(url(row, f"change/?suggestion={found.public_id}"), posted)
        assert answer.status_code == 302
        said = words(browser.get(answer["Location"]).content)
        assert "What Bob suggests is taken up when you send it, and waits until then." in said
        return Request.objects.get(form_key=KEY)

    def test_a_draft_takes_nothing_up_and_tells_nobody(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        found, browser = suggested(prod), client_for(alice)
        assert "A draft leaves the suggestion waiting" in words(
            change_form(browser, prod, found).encode()
        )
        self.draft(browser, prod, found)
        assert not Event.objects.filter(action=Action.SUGGESTION_TAKEN.value).exists()
        assert open_suggestions(permissions_of(alice)) == [found]
        change_form(browser, prod, found)
        assert "Bob suggests this change." in words(change_form(browser, prod, found).encode())

    def test_a_draft_that_is_dropped_leaves_it_waiting(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        found = suggested(prod)
        row = self.draft(client_for(alice), prod, found)
        cancel(row.pk, by=acting("alice"), now=timezone.now())
        assert open_suggestions(permissions_of(alice)) == [found]

    def test_a_draft_that_is_sent_takes_it_up(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        found, browser = suggested(prod, note="The bank moved."), client_for(alice)
        row = self.draft(browser, prod, found)
        address = f"/requests/{row.public_id}/edit/"
        assert "Bob suggests this change." in words(browser.get(address).content)
        posted = answers_of(browser, prod, found, "f" * 32)
        assert browser.post(address, posted).status_code == 302
        found.refresh_from_db()
        assert (found.taken_as, found.taken_at is None) == (row, False)
        assert Event.objects.get(action=Action.SUGGESTION_TAKEN.value).request == row.label

    def test_a_draft_is_sent_as_ones_own_once_the_suggestion_is_dismissed(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        found, browser = suggested(prod), client_for(alice)
        row = self.draft(browser, prod, found)
        posted = answers_of(browser, prod, found, "f" * 32)
        dismiss(found, by=acting("alice"), reason="Use the proxy.", now=timezone.now())
        assert browser.post(f"/requests/{row.public_id}/edit/", posted).status_code == 302
        assert Request.objects.get(pk=row.pk).state == "pending"
        assert not Event.objects.filter(action=Action.SUGGESTION_TAKEN.value).exists()

    def test_a_draft_changes_nothing_of_what_is_settled(
        self, prod: ManagedNamespace, alice: User
    ) -> None:
        found = suggested(prod)
        dismiss(found, by=acting("alice"), reason="Use the proxy.", now=timezone.now())
        wish, now = wish_of(prod, found), timezone.now()
        draft = save_draft(wish, by=acting("alice"), form_key=KEY, now=now)
        assert draft.state == "draft"
        assert Suggestion.objects.get(pk=found.pk).taken_as is None

    def test_nobody_elses_draft_comes_of_it(self, prod: ManagedNamespace) -> None:
        theirs = Request(requester_id=0, namespace=prod)
        with pytest.raises(Forbidden):
            note_draft(suggested(prod), theirs, by=acting("alice"))


class TestWhatIsInForceByNow:
    """In force is TCP 8080 from ingress-nginx to app=web; Bob asks for one port more, early."""

    def ask(self, row: ManagedNamespace, **differing: str) -> Suggestion:
        answers = {"ingress": "ingress-nginx", "component": "web", "ports": "8080, 9191"}
        return suggest(
            row,
            by=acting("bob"),
            answers={**answers, **differing},
            about="ingress-nginx to payments-prod on TCP 9191",
            note="",
            form_key="k9",
            now=timezone.now(),
        )

    def approve(self, row: ManagedNamespace, opening: Opening) -> ManagedNamespace:
        spec = in_force(row).wanted.changed(openings=(opening,))  # type: ignore[union-attr]
        wish, now = change_wish(row, spec, why="Sooner."), timezone.now()
        approve_all(submit(wish, by=acting("alice"), form_key="sooner", now=now), now=now)
        return ready(row)

    def ports(self, page: str) -> str:
        [box] = re.findall(r'<input[^>]*name="ports"[^>]*>', page)
        return re.findall(r'value="([^"]*)"', box)[0]

    def test_what_was_opened_meanwhile_stays_open(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        found = self.ask(prod)
        row = self.approve(prod, exposed("ingress-nginx", "web", (8080, 9090)))
        page = change_form(client_for(alice), row, found)
        assert self.ports(page) == "8080, 9090, 9191"
        assert "It would close" not in page

    def test_what_was_closed_meanwhile_stays_closed(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        found = self.ask(prod)
        row = self.approve(prod, exposed("ingress-nginx", "web", (9090,)))
        assert self.ports(change_form(client_for(alice), row, found)) == "9090, 9191"

    def test_a_link_of_the_connectivity_test_keeps_what_is_open_too(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        query = urlencode({"ingress": "ingress-nginx", "component": "web", "ports": "9191"})
        page = client_for(alice).get(url(prod, f"change/?{query}")).content.decode()
        assert self.ports(page) == "8080, 9191"

    def test_another_component_is_one_opening_more(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        found = self.ask(prod, component="api", ports="9191")
        page = change_form(client_for(alice), prod, found)
        assert self.ports(page) == "8080"
        [box] = re.findall(r'<input[^>]*name="opening-0-ports"[^>]*>', page)
        assert 'value="9191"' in box
        [component] = re.findall(r'<input[^>]*name="opening-0-component"[^>]*>', page)
        assert 'value="api"' in component
        assert "It would close" not in page

    def test_which_egress_gives_way_is_said(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        said = words(change_form(client_for(alice), prod, suggested(prod)).encode())
        assert "It takes the place of egress “" in said

    @pytest.mark.parametrize(
        ("answers", "said"),
        [
            ({"egress": "fax"}, "Egress “fax” is not on offer."),
            ({"scope": "fax"}, "The reach “fax” inside the namespace is not on offer."),
            ({"ingress": "fax", "ports": "1"}, "Web entry “fax” is not on offer"),
            ({"component": "web", "ports": "1"}, "Web entry “web 1” is not on offer"),
        ],
    )
    def test_what_is_not_on_offer_is_said_and_taken_up_by_nothing(
        self,
        client_for: SignIn,
        alice: User,
        prod: ManagedNamespace,
        answers: dict[str, str],
        said: str,
    ) -> None:
        found, browser = suggested(prod), client_for(alice)
        posted = answers_of(browser, prod, found, KEY)
        with without_guards():  # as another release, or another catalogue, kept it
            Suggestion.objects.filter(pk=found.pk).update(answers=answers)
        page = words(change_form(browser, prod, found).encode())
        assert said in page
        assert "Bob suggests this change." not in page
        address = url(prod, f"change/?suggestion={found.public_id}")
        assert browser.post(address, posted).status_code == 302
        assert open_suggestions(permissions_of(alice)) == [found]
