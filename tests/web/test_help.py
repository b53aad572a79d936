"""Help: on every page, for everybody; whom to ask is set by platform admins."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.demo.scenario import acting
from onboarding.domain.actions import Action
from onboarding.domain.refusals import Forbidden
from onboarding.domain.versions import SavedMeanwhile
from onboarding.models import Event, HelpContact, ManagedNamespace, User
from onboarding.services.help_contacts import set_help_contacts, version_of_contacts
from tests.web.sights import words

HELP = 'href="/help/"'
SET = {"who_network": "Network desk", "address_network": "network@example.com"}


@pytest.fixture
def pats(pat: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(pat)


def send(client: Client, **fields: str) -> Any:
    named = {
        f"{part}_{topic.value}": "" for topic in HelpContact.Topic for part in ("who", "address")
    }
    seen = {"version": version_of_contacts()}
    return client.post(reverse("help-contacts"), {**named, **seen, **fields})


def test_everybody_reads_help_signed_in_or_not(
    client: Client, bob: User, client_for: Callable[[User], Client]
) -> None:
    for reader in (client, client_for(bob)):
        page = reader.get(reverse("help")).content.decode()
        assert "Project label" in page
        assert "How a request goes" in page


def test_it_says_no_more_than_workers_do_and_roles_may(client: Client, db: None) -> None:
    page = words(client.get(reverse("help")))
    assert "put right" not in page
    assert "What was approved is put back; what was added, a policy for example, is left" in page
    assert "Reads everything" not in page
    assert "Reads the namespaces and requests of every team and the whole history" in page


@pytest.mark.parametrize(
    ("person", "read", "closed"),
    [
        (
            "dana",
            ("/namespaces/", "/requests/"),
            ("/history/", "/people/", "/teams/", "/clusters/"),
        ),
        (
            "frank",
            ("/namespaces/", "/requests/", "/history/"),
            ("/people/", "/teams/", "/clusters/"),
        ),
    ],
)
def test_who_reads_what_is_as_help_says(
    client_for: Callable[[User], Client],
    cast: dict[str, User],
    person: str,
    read: tuple[str, ...],
    closed: tuple[str, ...],
) -> None:
    browser = client_for(cast[person])
    assert {browser.get(path).status_code for path in read} == {200}
    assert {browser.get(path).status_code for path in closed} == {403}


def test_members_read_who_leads_their_team_whatever_it_has(
    client_for: Callable[[User], Client], cast: dict[str, User]
) -> None:
    assert not ManagedNamespace.objects.exists()
    browser = client_for(cast["bob"])
    assert "Lead of payments: Alice. Who can decide" in words(browser.get(reverse("help")))
    User.objects.filter(pk=cast["alice"].pk).update(is_active=False)
    page = words(browser.get(reverse("help")))
    assert "None of your teams has a lead now. A platform admin can make somebody the" in page


def test_who_is_of_no_team_is_told_of_no_lead(
    client_for: Callable[[User], Client], frank: User
) -> None:
    page = words(client_for(frank).get(reverse("help")))
    assert "has a lead" not in page
    assert "Lead of" not in page


@pytest.mark.parametrize("address", ["/accounts/login/", "/accounts/password/reset/", "/nowhere/"])
def test_who_is_not_signed_in_finds_help_too(client: Client, db: None, address: str) -> None:
    assert HELP in client.get(address, follow=True).content.decode()


def test_until_somebody_is_named_platform_admins_are(
    bob: User, pat: User, client_for: Callable[[User], Client]
) -> None:
    assert "Ask Pat." in " ".join(client_for(bob).get(reverse("help")).content.decode().split())


def test_pat_says_whom_to_ask_and_people_read_it(
    pats: Client, bob: User, client_for: Callable[[User], Client]
) -> None:
    assert send(pats, **SET).status_code == 302
    page = client_for(bob).get(reverse("help")).content.decode()
    assert "Network desk" in page
    assert 'href="mailto:network@example.com"' in page
    event = Event.objects.get(action=Action.ROW_CHANGED.value, object_kind="help")
    assert event.actor == "Pat"


def test_strangers_learn_only_who_helps_to_sign_in(pats: Client, client: Client) -> None:
    send(pats, **SET, who_account="Front desk", address_account="https://desk.example.com/")
    page = client.get(reverse("help")).content.decode()
    assert "Front desk" in page
    assert "Network desk" not in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"who_network": "Network desk"}, "Give both a name and an address, or neither."),
        ({**SET, "address_network": "javascript:alert(1)"}, "begins with https://"),
        ({**SET, "address_network": "not an@address"}, "begins with https://"),
    ],
)
def test_a_contact_nobody_could_reach_is_refused(
    pats: Client, fields: dict[str, str], words: str
) -> None:
    answer = send(pats, **fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not HelpContact.objects.exists()


def test_saving_what_stands_is_no_event_and_two_empty_fields_remove_it(pats: Client) -> None:
    send(pats, **SET)
    send(pats, **SET)
    assert Event.objects.filter(object_kind="help").count() == 1
    send(pats)
    assert not HelpContact.objects.exists()
    assert Event.objects.filter(object_kind="help").count() == 2


def test_what_another_admin_saved_meanwhile_is_shown_and_not_undone(pats: Client) -> None:
    opened = version_of_contacts()
    send(pats, **SET)
    answer = send(pats, version=opened, who_account="Desk", address_account="desk@example.com")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert 'value="desk@example.com"' in page
    assert "Saved now: Network desk" in page
    assert HelpContact.objects.get().topic == "network"


def test_the_service_undoes_nothing_that_was_saved_meanwhile(
    cast: dict[str, User], now: datetime
) -> None:
    seen, by = version_of_contacts(), acting("pat")
    mine = {"network": ("Desk", "desk@example.com")}
    set_help_contacts(mine, version=seen, by=by, now=now)
    with pytest.raises(SavedMeanwhile):
        set_help_contacts({"network": ("", "")}, version=seen, by=by, now=now)
    assert HelpContact.objects.get().who == "Desk"


def test_the_service_refuses_everybody_else(cast: dict[str, User], now: datetime) -> None:
    with pytest.raises(Forbidden, match="Only platform admins"):
        set_help_contacts(
            {"network": ("Me", "bob@example.com")}, version="", by=acting("bob"), now=now
        )
    assert not HelpContact.objects.exists()
