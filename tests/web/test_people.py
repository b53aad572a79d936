"""People: the list and its filter, one form for a person, with every refusal at its field."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from onboarding.demo.people import DEMO_PASSWORD
from onboarding.domain.actions import Action
from onboarding.models import Event, Membership, Notice, RoleAssignment, Team, User
from onboarding.services.account_events import record_account
from onboarding.services.people import details_of, version_of
from onboarding.services.tell import tell_due
from tests.support.asked_again import confirmed

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
LIST, NEW = "/people/", "/people/new/"


@pytest.fixture
def admin(client_for: SignIn, pat: User) -> Client:
    """Pat, who has just confirmed the password."""
    return confirmed(client_for(pat))


def shown(admin: Client, query: str = "") -> list[str]:
    answer = admin.get(LIST + query)
    assert answer.status_code == 200, answer.context["form"].errors
    return [line.person.username for line in answer.context.get("lines", [])]


def form_of(person: User, **differing: object) -> dict[str, object]:
    """What the page of a person would send."""
    details = details_of(person)
    known: dict[str, object] = {
        "name": details.name,
        "username": details.username,
        "email": details.email,
        "roles": sorted(details.roles),
        "version": version_of(details),
        "add_team": "",
        "add_as": "member",
        **{f"team_{team}": role for team, role in details.teams.items()},
    }
    return known | differing


NORA = {
    "name": "Nora New",
    "username": "nora",
    "email": "nora@example.com",
    "add_as": "member",
}


@pytest.mark.parametrize("person", ["alice", "bob", "charlie", "dana", "erin", "frank"])
def test_nobody_else_opens_them(client_for: SignIn, cast: dict[str, User], person: str) -> None:
    browser, bob = client_for(cast[person]), cast["bob"].pk
    for url in (LIST, NEW, f"{LIST}{bob}/", f"{LIST}{bob}/switch-off/"):
        assert browser.get(url).status_code == 403
    assert browser.post(NEW, NORA).status_code == 403
    assert not User.objects.filter(username="nora").exists()


def test_everybody_is_listed_by_name(admin: Client) -> None:
    assert shown(admin) == ["alice", "bob", "charlie", "dana", "erin", "frank", "pat"]


@pytest.mark.parametrize(
    ("query", "people"),
    [
        ("?q=ALI", ["alice"]),
        ("?q=search", ["charlie"]),
        ("?q=bob@example", ["bob"]),
        ("?role=lead", ["alice", "charlie"]),
        ("?role=approver", ["dana", "erin", "pat"]),
        ("?role=auditor", ["frank"]),
        ("?role=platform-admin", ["pat"]),
        ("?team=payments", ["alice", "bob"]),
        ("?team=none", ["dana", "erin", "frank", "pat"]),
        ("?team=payments&role=lead", ["alice"]),
        ("?state=off", ["charlie"]),
        ("?state=invited", ["erin"]),
        ("?state=active&role=approver", ["dana", "pat"]),
        ("?factor=set", ["dana"]),
        ("?factor=role", ["frank", "pat"]),
        ("?factor=missing", ["alice", "bob", "frank", "pat"]),
        ("?q=nobody", []),
    ],
)
def test_a_filter_shows_who_fits_and_nobody_else(
    admin: Client, cast: dict[str, User], query: str, people: list[str]
) -> None:
    User.objects.filter(username="charlie").update(is_active=False)
    cast["erin"].set_unusable_password()
    cast["erin"].save()
    Authenticator.objects.create(user=cast["dana"], type="totp", data={})
    Authenticator.objects.create(user=cast["bob"], type="recovery_codes", data={})
    assert shown(admin, query) == people


def test_each_choice_says_how_many_it_shows(admin: Client, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    page = admin.get(LIST).content.decode()
    for words in ("Team lead (2)", "payments (2)", "In no team (4)", "Switched off (1)",
                  "Approver of any kind (3)", "Has none, and a role (4)"):  # fmt: skip
        assert words in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?state=gone", "is not one of: Active, Invited"),
        ("?role=king", "is not one of: Team lead, "),
        ("?colour=red", "This list has no filter “colour”"),
        ("?team=payments&team=search", "is given more than once"),
    ],
)
def test_what_it_does_not_know_it_refuses_aloud(admin: Client, query: str, words: str) -> None:
    answer = admin.get(LIST + query)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "alice@example.com" not in page


def test_a_cursor_that_is_none_is_refused(admin: Client) -> None:
    answer = admin.get(f"{LIST}?after=rubbish")
    assert answer.status_code == 422
    assert "The place in the list cannot be read." in answer.content.decode()
    assert answer.context["form"].errors


def test_pages_follow_each_other_and_take_as_many_statements_for_many(
    admin: Client, payments: Team
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as made:
            admin.get(LIST)
        return len(made)

    few = statements()
    made = User.objects.bulk_create(
        User(username=f"u{number:03}", first_name=f"U{number:03}", email=f"u{number}@example.com")
        for number in range(120)
    )
    Membership.objects.bulk_create(Membership(user=one, team=payments) for one in made)
    assert statements() == few <= 24
    page = admin.get(LIST).context["page"]
    following = shown(admin, f"?after={page.next}")
    assert len(following) == 50
    assert not {*following} & {row.username for row in page.rows}


def test_pat_invites_somebody_into_a_team_with_a_role_in_one_form(
    admin: Client, payments: Team
) -> None:
    form = {**NORA, "add_team": payments.pk, "add_as": "lead", "roles": ["auditor", "security"]}
    answer = admin.post(NEW, form, follow=True)
    nora = User.objects.get(username="nora")
    assert "Nora New is invited: a link goes to nora@example.com." in answer.content.decode()
    assert nora.memberships.get().role == "lead"
    assert {row.role for row in nora.role_assignments.all()} == {"auditor", "security"}
    assert not nora.has_usable_password()
    assert Event.objects.latest("pk").action == "portal:person:invited"


def test_no_page_asks_for_a_password_of_somebody_else(admin: Client, bob: User) -> None:
    for url in (NEW, f"{LIST}{bob.pk}/"):
        assert 'type="password"' not in admin.get(url).content.decode()


@pytest.mark.parametrize(
    ("differing", "words"),
    [
        ({"email": "BOB@example.com"}, "Bob, who is active, has this address"),
        ({"username": "Bob"}, "Somebody is called Bob already"),
        ({"email": "rubbish"}, "valid email address"),
        ({"name": ""}, "required"),
        ({"roles": ["king"]}, "king is not one of"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(
    admin: Client, differing: dict[str, object], words: str
) -> None:
    answer = admin.post(NEW, {**NORA, **differing})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "<title>Error: Invite a person" in page
    assert "nora" in page
    assert not User.objects.filter(username="nora").exists()


def test_a_session_left_open_changes_nobody(client_for: SignIn, pat: User, bob: User) -> None:
    browser = client_for(pat)
    assert browser.get(f"{LIST}{bob.pk}/").status_code == 200
    answer = browser.post(f"{LIST}{bob.pk}/", form_of(bob, roles=["platform-admin"]))
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not RoleAssignment.objects.filter(user=bob).exists()


def test_what_was_sent_is_done_once_pat_has_confirmed(
    client_for: SignIn, pat: User, bob: User
) -> None:
    browser = client_for(pat)
    asked = browser.post(f"{LIST}{bob.pk}/", form_of(bob, roles=["auditor"]))
    browser.post(asked.headers["Location"], {"password": "isolated-by-default",
                                             "next": f"{LIST}{bob.pk}/"})  # fmt: skip
    assert RoleAssignment.objects.filter(user=bob, role="auditor").exists()


def test_what_is_mended_after_confirming_goes_where_the_form_belongs(
    client_for: SignIn, pat: User
) -> None:
    browser = client_for(pat)
    asked = browser.post(NEW, {**NORA, "email": "nora@"})
    sent = {"password": "isolated-by-default", "next": NEW}
    again = browser.post(asked.headers["Location"], sent)
    assert again.status_code == 422
    action = re.search(r'method="post" action="([^"]*)" novalidate', again.content.decode())
    assert action
    assert action[1] == NEW
    browser.post(action[1], NORA)
    assert User.objects.filter(username="nora").exists()


def test_one_form_changes_name_team_and_roles(
    admin: Client, bob: User, payments: Team, search: Team
) -> None:
    form = form_of(bob, name="Robert", roles=["network"], add_team=search.pk, add_as="member")
    form[f"team_{payments.pk}"] = "lead"
    answer = admin.post(f"{LIST}{bob.pk}/", form, follow=True)
    assert "Robert is saved." in answer.content.decode()
    assert details_of(User.objects.get(pk=bob.pk)).teams == {
        payments.pk: "lead",
        search.pk: "member",
    }
    admin.post(
        f"{LIST}{bob.pk}/", form_of(User.objects.get(pk=bob.pk), **{f"team_{search.pk}": "out"})
    )
    assert not bob.memberships.filter(team=search).exists()


def test_taking_the_last_lead_asks_first(admin: Client, alice: User, payments: Team) -> None:
    form, url = form_of(alice, **{f"team_{payments.pk}": "member"}), f"{LIST}{alice.pk}/"
    answer = admin.post(url, form)
    assert answer.status_code == 422
    assert "payments would have no active lead" in answer.content.decode()
    assert alice.memberships.get().role == "lead"
    assert admin.post(url, {**form, "anyway": "on"}).status_code == 302
    assert alice.memberships.get().role == "member"


def test_taking_the_last_approver_asks_first(admin: Client, dana: User) -> None:
    answer = admin.post(f"{LIST}{dana.pk}/", form_of(dana, roles=[]))
    assert "Nobody could give the network approval any more" in answer.content.decode()
    assert dana.role_assignments.exists()


def test_the_last_platform_admin_stays_one_whatever_is_confirmed(admin: Client, pat: User) -> None:
    form = form_of(pat, roles=["platform"], anyway="on")
    answer = admin.post(f"{LIST}{pat.pk}/", form)
    assert answer.status_code == 422
    assert "no active platform admin" in answer.content.decode()
    assert pat.role_assignments.count() == 2


def test_two_forms_of_one_person_do_not_undo_each_other(admin: Client, bob: User) -> None:
    first, second = form_of(bob, roles=["security"]), form_of(bob, roles=["auditor"])
    assert admin.post(f"{LIST}{bob.pk}/", first).status_code == 302
    assert admin.post(f"{LIST}{bob.pk}/", second).status_code == 409
    assert [row.role for row in bob.role_assignments.all()] == ["security"]


def test_unknown_fields_are_refused(admin: Client, bob: User) -> None:
    answer = admin.post(f"{LIST}{bob.pk}/", form_of(bob, is_superuser="on"))
    assert answer.status_code == 400


def test_the_page_of_a_person_says_how_the_account_stands(admin: Client, dana: User) -> None:
    Authenticator.objects.create(user=dana, type="webauthn", data={})
    page = admin.get(f"{LIST}{dana.pk}/").content.decode()
    for words in ("Active", "Passkey", "not confirmed", "Remove second factor", "Switch off",
                  "nor, in production, what their own team asks for"):  # fmt: skip
        assert words in page


def test_the_page_of_a_person_says_that_a_mail_did_not_come(
    admin: Client, dana: User, now: datetime
) -> None:
    page = f"{LIST}{dana.pk}/"
    assert "Mail not delivered" not in admin.get(page).content.decode()
    record_account(Action.PASSWORD_CHANGED, dana, ip=None, now=now)
    tell_due(now=now)
    Notice.objects.update(failed="550 No such mailbox", gave_up_at=now, mail_at=None)
    said = admin.get(page).content.decode()
    assert "550 No such mailbox" in said
    assert "It is not tried again, and none came since." in said


def test_nobody_is_nobody(admin: Client) -> None:
    assert admin.get(f"{LIST}0/").status_code == 404
    assert admin.get(f"{LIST}99999999999999999999/").status_code == 404


def test_the_admin_site_is_linked_as_support_only(admin: Client, alice: User) -> None:
    page = admin.get(LIST).content.decode()
    assert page.count('href="/admin/"') == 1
    assert "Support:" in page
    assert 'href="/admin/' not in admin.get("/").content.decode()


def test_a_correction_after_confirming_goes_where_the_form_went(
    client_for: SignIn, pat: User
) -> None:
    browser = client_for(pat)
    asks = browser.post(NEW, NORA | {"email": "nora"})
    confirmed_here = {"password": DEMO_PASSWORD, "next": NEW}
    answer = browser.post(asks.headers["Location"], confirmed_here)
    assert answer.status_code == 422
    assert f'method="post" action="{NEW}"' in answer.content.decode()
    assert browser.post(NEW, NORA).status_code == 302
    assert User.objects.filter(username="nora").exists()
