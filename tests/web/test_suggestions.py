"""A member suggests what the tester worked out; the leads take it up, or dismiss it and say why."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import acting, demo_spec
from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import (
    Cluster,
    Event,
    ManagedNamespace,
    Membership,
    Request,
    Suggestion,
    User,
)
from onboarding.queries.permissions import permissions_of
from onboarding.queries.suggestions import open_suggestions
from onboarding.services import suggest as service
from onboarding.services.submit import submit
from onboarding.services.suggest import NotStanding, dismiss, take_up
from tests.web.seen_cluster import MEMBER, seen, words
from tests.web.stories import as_worker, onboarded, ready
from tests.web.suggested import (
    INTERNET,
    KEY,
    answers_of,
    change_form,
    send_change,
    suggested,
    url,
    wish_of,
)

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
PATH = {"from": MEMBER, "to": "203.0.113.7", "port": "443", "protocol": "TCP"}


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return seen(ready(onboarded(demo_spec("payments-prod", cluster=cluster.name))))


def send(client: Client, row: ManagedNamespace, **more: str) -> int:
    return client.post(url(row, "suggest/"), {**PATH, "form_key": "f1", **more}).status_code


def settled_by_another(*_suggestion: object, **_fields: object) -> None:
    raise NotStanding("Another lead took it up or dismissed it. Nothing was changed.")


class TestSuggesting:
    def test_bob_suggests_and_alice_finds_it_on_the_namespace(
        self, client_for: SignIn, alice: User, bob: User, prod: ManagedNamespace
    ) -> None:
        assert send(client_for(bob), prod, note="The bank moved.") == 302
        found = Suggestion.objects.get()
        assert (found.person, found.answers) == (bob, INTERNET)
        said = words(client_for(alice).get(url(prod)).content)
        assert "Bob: Ask for egress “Internet HTTPS”" in said
        assert f"To allow {MEMBER} to 203.0.113.7 on TCP 443 . The bank moved." in said
        assert "Open it" in said

    def test_bob_sees_that_it_waits_and_can_settle_nothing(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        suggested(prod)
        said = words(client_for(bob).get(url(prod)).content)
        assert "Waits for a lead of the team." in said
        assert "Dismiss" not in said

    def test_others_see_nothing_of_it(
        self, client_for: SignIn, frank: User, charlie: User, prod: ManagedNamespace
    ) -> None:
        suggested(prod)
        assert "Suggested changes" not in words(client_for(frank).get(url(prod)).content)
        assert send(client_for(charlie), prod) == 404

    def test_it_stands_in_the_history(self, prod: ManagedNamespace) -> None:
        suggested(prod, note="The bank moved.")
        event = Event.objects.get(action=Action.SUGGESTION_MADE.value)
        assert (event.actor, event.namespace, event.note) == (
            "Bob",
            "payments-prod",
            "The bank moved.",
        )

    def test_a_form_that_is_sent_twice_is_one_suggestion(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        assert [send(client_for(bob), prod) for _ in range(2)] == [302, 302]
        assert Suggestion.objects.count() == 1
        assert Event.objects.filter(action=Action.SUGGESTION_MADE.value).count() == 1

    def test_what_is_suggested_is_worked_out_by_the_portal(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        assert send(client_for(bob), prod, egress="open") == 400
        assert send(client_for(bob), prod, to="10.0.0.0/8") == 422
        assert not Suggestion.objects.exists()

    def test_what_nothing_allows_is_not_suggested(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        assert send(client_for(bob), prod, **{"from": "search-prod", "to": MEMBER}) == 422

    @pytest.mark.parametrize(
        ("who", "refusal"), [("alice", Forbidden), ("charlie", NotFound), ("pat", Forbidden)]
    )
    def test_only_members_who_do_not_lead_suggest(
        self, prod: ManagedNamespace, who: str, refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            suggested(prod, who)

    def test_readers_from_elsewhere_suggest_nothing(self, prod: ManagedNamespace) -> None:
        with pytest.raises(Forbidden, match="Only people of the team"):
            suggested(prod, "frank")

    def test_one_person_floods_nobody(
        self, prod: ManagedNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "MOST_OPEN", 1)
        suggested(prod)
        with pytest.raises(Conflict, match="wait already"):
            suggested(prod, key="k2")

    def test_a_note_is_bounded_and_can_be_stored(self, prod: ManagedNamespace) -> None:
        for note in ("x" * 1001, "null \0"):
            with pytest.raises(Invalid):
                suggested(prod, note=note)

    def test_what_has_ended_takes_none(self, prod: ManagedNamespace) -> None:
        prod.state = NamespaceState.GONE.value
        with pytest.raises(Conflict, match="is over"):
            suggested(prod)


class TestTakingUp:
    def test_the_form_is_filled_and_names_who_suggested_it(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        found = suggested(prod, note="The bank moved.")
        page = change_form(client_for(alice), prod, found)
        said = words(page.encode())
        assert "Bob suggests this change." in said
        assert "The bank moved." in said
        assert "Nothing has been sent" in said
        assert 'value="internet" class="form-check-input"' in page or "egress-internet@1" in page

    def test_the_request_that_comes_of_it_says_from_whom(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        found = suggested(prod, note="The bank moved.")
        assert send_change(client_for(alice), prod, found, KEY) == 302
        request = Request.objects.get(form_key=KEY)
        found.refresh_from_db()
        assert found.taken_as == request
        event = Event.objects.get(action=Action.SUGGESTION_TAKEN.value)
        assert (event.request, event.actor) == (request.label, "Alice")
        assert event.note == "Suggested by Bob: The bank moved."
        assert "Suggested changes" not in words(client_for(alice).get(url(prod)).content)

    def test_without_the_request_nothing_is_taken_up_and_the_other_way_round(
        self, prod: ManagedNamespace
    ) -> None:
        found = suggested(prod)
        dismiss(found, by=acting("alice"), reason="Use the proxy.", now=timezone.now())
        with pytest.raises(NotStanding):
            submit(wish_of(prod, found), by=acting("alice"), form_key=KEY, now=timezone.now())
        assert not Request.objects.filter(form_key=KEY).exists()
        assert not Event.objects.filter(action=Action.SUGGESTION_TAKEN.value).exists()

    def test_the_lead_who_was_slower_is_told_and_sends_it_as_their_own(
        self,
        client_for: SignIn,
        alice: User,
        prod: ManagedNamespace,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        found, browser = suggested(prod), client_for(alice)
        change_form(browser, prod, found)
        with monkeypatch.context() as patched:
            patched.setattr(service, "_settle", settled_by_another)
            assert send_change(browser, prod, found, KEY) == 409
        assert not Request.objects.filter(form_key=KEY).exists()
        answers = answers_of(browser, prod, found, KEY)
        dismiss(found, by=acting("alice"), reason="Use the proxy.", now=timezone.now())
        address = url(prod, f"change/?suggestion={found.public_id}")
        assert browser.post(address, answers).status_code == 302
        assert Request.objects.filter(form_key=KEY).exists()

    def test_a_settled_one_is_not_opened_again(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        found = suggested(prod)
        dismiss(found, by=acting("alice"), reason="Use the proxy.", now=timezone.now())
        answer = client_for(alice).get(url(prod, f"change/?suggestion={found.public_id}"))
        assert answer.status_code == 409
        assert "It was dismissed: Use the proxy." in words(answer.content)

    def test_a_suggestion_for_another_namespace_fills_nothing(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace, cluster: Cluster
    ) -> None:
        found = suggested(prod)
        other = as_worker(
            onboarded(demo_spec("payments-test", cluster=cluster.name)), NamespaceState.READY
        )
        answer = client_for(alice).get(url(other, f"change/?suggestion={found.public_id}"))
        assert answer.status_code == 404

    def test_only_ones_own_request_comes_of_it(self, prod: ManagedNamespace) -> None:
        found = suggested(prod)
        theirs = Request(requester_id=0, namespace=prod)
        with pytest.raises(Forbidden, match="of one's own"):
            take_up(found, theirs, by=acting("alice"), now=timezone.now())

    def test_only_a_request_for_the_same_namespace_comes_of_it(
        self, prod: ManagedNamespace, alice: User
    ) -> None:
        elsewhere = Request(requester=alice)
        with pytest.raises(Forbidden, match="for the same namespace"):
            take_up(suggested(prod), elsewhere, by=acting("alice"), now=timezone.now())

    def test_members_take_nothing_up(self, prod: ManagedNamespace, bob: User) -> None:
        request = Request(requester=bob, namespace=prod)
        with pytest.raises(Forbidden, match="Only a lead"):
            take_up(suggested(prod), request, by=acting("bob"), now=timezone.now())


class TestDismissing:
    def test_alice_dismisses_with_a_reason_that_stays(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        found = suggested(prod)
        posted = {"suggestion": found.public_id, "reason": "Use the proxy."}
        answer = client_for(alice).post(url(prod, "dismiss-suggestion/"), posted)
        assert answer.status_code == 302
        found.refresh_from_db()
        assert (found.dismissed_by, found.dismissal) == (alice, "Use the proxy.")
        event = Event.objects.get(action=Action.SUGGESTION_DISMISSED.value)
        assert event.note == "Use the proxy."

    def test_a_reason_is_needed(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        posted = {"suggestion": suggested(prod).public_id, "reason": " "}
        answer = client_for(alice).post(url(prod, "dismiss-suggestion/"), posted)
        assert answer.status_code == 422
        assert "Say why" in words(answer.content)

    def test_bob_dismisses_nothing(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        found = suggested(prod)
        posted = {"suggestion": found.public_id, "reason": "no"}
        assert client_for(bob).post(url(prod, "dismiss-suggestion/"), posted).status_code == 403
        with pytest.raises(Forbidden):
            dismiss(found, by=acting("bob"), reason="no", now=timezone.now())

    def test_of_two_leads_the_first_one_settles_it(self, prod: ManagedNamespace) -> None:
        found = suggested(prod)
        dismiss(found, by=acting("alice"), reason="Use the proxy.", now=timezone.now())
        with pytest.raises(NotStanding):
            dismiss(found, by=acting("alice"), reason="Again.", now=timezone.now())
        assert Event.objects.filter(action=Action.SUGGESTION_DISMISSED.value).count() == 1


def test_leads_are_told_what_waits_and_nobody_else(
    prod: ManagedNamespace, cast: dict[str, User]
) -> None:
    found = suggested(prod)
    waiting = {who: open_suggestions(permissions_of(person)) for who, person in cast.items()}
    assert waiting.pop("alice") == [found]
    assert not any(waiting.values())


def test_a_lead_finds_it_on_home_and_a_member_does_not(
    client_for: SignIn, alice: User, bob: User, prod: ManagedNamespace
) -> None:
    found = suggested(prod, note="The bank moved.")
    home = client_for(alice).get("/").content.decode()
    assert "Bob suggests a change of payments-prod" in home
    assert f"change/?suggestion={found.public_id}" in home
    assert "suggests a change" not in client_for(bob).get("/").content.decode()


def test_a_member_who_becomes_a_lead_is_told_as_well(prod: ManagedNamespace, bob: User) -> None:
    found = suggested(prod)
    Membership.objects.filter(user=bob).update(role=Membership.Role.LEAD)
    assert open_suggestions(permissions_of(bob)) == [found]
