"""People: invited, changed, with an event for each change; rules that hold below every door."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction

from onboarding.demo.scenario import acting
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import Event, Membership, RoleAssignment, Team, User
from onboarding.queries.deciders import load_deciders, unheld_lanes
from onboarding.queries.people import STATES, AccountState, state_of
from onboarding.queries.role_holders import can_sign_in, is_invited
from onboarding.services.history import By
from onboarding.services.people import (
    LastAdmin,
    PersonDetails,
    change_person,
    details_of,
    follow_address,
    invite_again,
    invite_person,
    missing_after,
    version_of,
)

pytestmark = pytest.mark.django_db
ADMIN = frozenset({"platform-admin"})


@pytest.fixture
def nora(payments: Team) -> PersonDetails:
    """Somebody new: a member of payments who audits."""
    teams = {payments.pk: "member"}
    return PersonDetails("Nora", "nora", "nora@example.com", teams, frozenset({"auditor"}))


@pytest.fixture
def by_pat(pat: User) -> By:
    return acting("pat")


def change(person: User, by: By, now: datetime, **differing: Any) -> User:
    """Change somebody as who read them just now."""
    before = details_of(person)
    details, version = replace(before, **differing), version_of(before)
    return change_person(person.pk, details, version=version, by=by, now=now)


def since(start: int) -> list[str]:
    return [*Event.objects.filter(pk__gt=start).order_by("pk").values_list("action", flat=True)]


def last() -> int:
    return Event.objects.latest("pk").pk


def body(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(event.canonical))["body"]
    return found


def fields(refused: pytest.ExceptionInfo[Invalid]) -> set[str]:
    return {violation.field for violation in refused.value.violations}


def test_somebody_is_invited_without_a_password_and_history_tells_it(
    nora: PersonDetails, by_pat: By, now: datetime
) -> None:
    start = last()
    person = invite_person(nora, by=by_pat, now=now)
    assert is_invited(person)
    assert details_of(person) == nora
    assert since(start) == ["admin:row:added", "admin:row:added", "portal:person:invited"]
    assert body(Event.objects.latest("pk")) == {"sent_to": "nora@example.com", "username": "nora"}


@pytest.mark.parametrize(
    ("differing", "field"),
    [
        ({"name": " "}, "name"),
        ({"email": ""}, "email"),
        ({"email": "no address"}, "email"),
        ({"email": "ALICE@example.com"}, "email"),
        ({"username": "Alice"}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": ""}, "username"),
        ({"roles": frozenset({"emperor"})}, "roles"),
        ({"teams": {0: "lead"}}, "teams"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    nora: PersonDetails, by_pat: By, now: datetime, differing: dict[str, Any], field: str
) -> None:
    people = User.objects.count()
    with pytest.raises(Invalid) as refused:
        invite_person(replace(nora, **differing), by=by_pat, now=now)
    assert fields(refused) == {field}
    assert User.objects.count() == people


def test_a_team_has_leads_and_members_and_nobody_else(
    nora: PersonDetails, payments: Team, by_pat: By, now: datetime
) -> None:
    with pytest.raises(Invalid, match="lead or member"):
        invite_person(replace(nora, teams={payments.pk: "owner"}), by=by_pat, now=now)


def test_an_address_that_somebody_has_verified_is_theirs(
    nora: PersonDetails, bob: User, by_pat: By, now: datetime
) -> None:
    EmailAddress.objects.create(user=bob, email="Nora@Example.com", verified=True)
    with pytest.raises(Invalid, match="Bob, who is active"):
        invite_person(nora, by=by_pat, now=now)


@pytest.mark.parametrize("username", ["alice", "dana", "frank"])
def test_only_platform_admins_invite_and_change(
    cast: dict[str, User], nora: PersonDetails, now: datetime, username: str
) -> None:
    by = acting(username)
    with pytest.raises(Forbidden):
        invite_person(nora, by=by, now=now)
    with pytest.raises(Forbidden):
        change(cast["bob"], by, now, roles=frozenset({"platform-admin"}))
    with pytest.raises(Forbidden):
        invite_again(cast["bob"].pk, by=by, now=now)


def test_each_change_is_an_event_and_nothing_else_is(
    bob: User, payments: Team, search: Team, by_pat: By, now: datetime
) -> None:
    start = last()
    change(bob, by_pat, now)
    assert since(start) == []
    teams, roles = {payments.pk: "lead", search.pk: "member"}, frozenset({"security"})
    change(bob, by_pat, now, name="Robert", teams=teams, roles=roles)
    assert since(start) == ["admin:row:changed", "admin:row:changed", *["admin:row:added"] * 2]
    assert details_of(User.objects.get(pk=bob.pk)).teams == teams
    named = Event.objects.filter(pk__gt=start).order_by("pk")[0]
    assert body(named)["changed"] == {"name": {"before": "Bob", "after": "Robert"}}


def test_what_is_taken_away_is_told_while_it_still_has_its_name(
    bob: User, by_pat: By, now: datetime
) -> None:
    change(bob, by_pat, now, teams={})
    event = Event.objects.latest("pk")
    assert (event.action, event.team) == ("admin:row:removed", "payments")
    assert body(event)["row"] == "membership: Bob, member of payments"


def test_a_role_that_is_taken_is_told(frank: User, by_pat: By, now: datetime) -> None:
    change(frank, by_pat, now, roles=frozenset())
    event = Event.objects.latest("pk")
    assert (event.action, body(event)["row"]) == (
        "admin:row:removed", "roleassignment: Frank, Auditor"
    )  # fmt: skip


def test_a_form_changes_only_what_its_reader_saw(bob: User, by_pat: By, now: datetime) -> None:
    read = version_of(details_of(bob))
    change(bob, by_pat, now, roles=frozenset({"security"}))
    with pytest.raises(Conflict, match="changed meanwhile"):
        change_person(bob.pk, details_of(bob), version=read, by=by_pat, now=now)
    assert RoleAssignment.objects.filter(user=bob, role="security").exists()


def test_somebody_stays_platform_admin(pat: User, bob: User, by_pat: By, now: datetime) -> None:
    with pytest.raises(LastAdmin):
        change(pat, by_pat, now, roles=frozenset())
    assert RoleAssignment.objects.filter(user=pat).count() == 2
    change(bob, by_pat, now, roles=frozenset({"platform-admin"}))
    change(pat, by_pat, now, roles=frozenset())
    assert not RoleAssignment.objects.filter(user=pat).exists()


def test_somebody_inactive_is_no_platform_admin_who_is_left(
    pat: User, bob: User, by_pat: By, now: datetime
) -> None:
    RoleAssignment.objects.create(user=bob, role="platform-admin")
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(LastAdmin):
        change(pat, by_pat, now, roles=frozenset({"platform"}))


def test_somebody_invited_is_no_platform_admin_who_is_left(
    pat: User, nora: PersonDetails, by_pat: By, now: datetime
) -> None:
    invited = invite_person(replace(nora, roles=ADMIN), by=by_pat, now=now)
    assert missing_after(pat, replace(details_of(pat), roles=frozenset())).is_last_admin
    with pytest.raises(LastAdmin):
        change(pat, by_pat, now, roles=frozenset())
    invited.set_password("correct-horse-battery")
    invited.save()
    change(pat, by_pat, now, roles=frozenset())


def test_who_signs_in_without_a_password_is_a_platform_admin_who_is_left(
    pat: User, bob: User, by_pat: By, now: datetime
) -> None:
    RoleAssignment.objects.create(user=bob, role="platform-admin")
    bob.set_unusable_password()
    bob.last_login = now
    bob.save()
    change(pat, by_pat, now, roles=frozenset())
    assert can_sign_in(bob)


def test_who_signs_in_without_a_password_is_invited_nowhere(
    bob: User, by_pat: By, now: datetime
) -> None:
    bob.set_unusable_password()
    bob.last_login = now
    bob.save()
    assert not is_invited(bob)
    assert state_of(bob) == AccountState.ACTIVE
    assert not User.objects.filter(STATES[AccountState.INVITED]).exists()
    with pytest.raises(Conflict, match="not waiting for an invitation"):
        invite_again(bob.pk, by=by_pat, now=now)


def test_somebody_invited_gives_no_approval_yet(
    dana: User, nora: PersonDetails, by_pat: By, now: datetime
) -> None:
    invite_person(replace(nora, roles=frozenset({"network"})), by=by_pat, now=now)
    missing = missing_after(dana, replace(details_of(dana), roles=frozenset()))
    assert missing.approvals == ("network",)
    change(dana, by_pat, now, roles=frozenset())
    assert unheld_lanes() == [Lane.NETWORK]
    assert load_deciders(()).holders[Lane.NETWORK] == ()


def test_what_would_be_missing_is_known_beforehand(
    alice: User, dana: User, bob: User, by_pat: By, now: datetime
) -> None:
    missing = missing_after(alice, replace(details_of(alice), teams={}))
    assert [team.slug for team in missing.teams] == ["payments"]
    missing = missing_after(dana, replace(details_of(dana), roles=frozenset()))
    assert missing.approvals == ("network",)
    RoleAssignment.objects.create(user=bob, role="network")
    Membership.objects.filter(user=bob).update(role="lead")
    assert not missing_after(dana, replace(details_of(dana), roles=frozenset()))
    assert not missing_after(alice, replace(details_of(alice), teams={}))


def test_a_new_address_is_the_accounts_and_the_old_one_opens_nothing_more(
    bob: User, by_pat: By, now: datetime
) -> None:
    EmailAddress.objects.create(user=bob, email="bob@example.com", verified=True, primary=True)
    change(bob, by_pat, now, email="robert@example.com")
    row = EmailAddress.objects.get(user=bob)
    assert (row.email, row.verified, row.primary) == ("robert@example.com", False, True)
    changed, asked = Event.objects.order_by("-pk")[:2][::-1]
    assert body(changed)["changed"]["email"]["before"] == "bob@example.com"
    assert (asked.action, body(asked)) == (
        "account:address:link-asked", {"sent_to": "robert@example.com"}
    )  # fmt: skip


def test_who_has_no_address_any_more_confirms_none(bob: User, pat: User, now: datetime) -> None:
    bob.email = ""
    with transaction.atomic():
        follow_address(bob, "bob@example.com", actor=acting("pat").actor, now=now)
    assert "account:address:link-asked" not in since(0)


def test_an_invited_person_with_a_new_address_is_invited_anew(
    nora: PersonDetails, by_pat: By, now: datetime
) -> None:
    person = invite_person(nora, by=by_pat, now=now)
    change(person, by_pat, now, email="n@example.com")
    event = Event.objects.latest("pk")
    assert (event.action, body(event)["sent_to"]) == ("portal:person:invited", "n@example.com")


def test_who_has_a_password_is_not_invited_again(bob: User, by_pat: By, now: datetime) -> None:
    with pytest.raises(Conflict, match="not waiting"):
        invite_again(bob.pk, by=by_pat, now=now)
    with pytest.raises(NotFound):
        invite_again(0, by=by_pat, now=now)
