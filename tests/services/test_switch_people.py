"""Accounts are switched off with a reason, never one's own, and on again where nobody else is."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from onboarding.demo.scenario import acting, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import Cluster, Event, RoleAssignment, Team, User
from onboarding.queries.leaving import left_behind, only_done_by
from onboarding.services.second_factor import remove_second_factor
from onboarding.services.switch_people import OwnAccount, switch_off, switch_on
from tests.support.approval_keys import asked
from tests.support.soft_passkey import SoftPasskey

pytestmark = pytest.mark.django_db


def off(person: User, now: datetime, reason: str = "Left the company.") -> User:
    return switch_off(person.pk, reason=reason, by=acting("pat"), now=now)


def test_it_ends_their_sessions_and_says_why(
    pat: User, bob: User, client_for: Callable[[User], Client], now: datetime
) -> None:
    theirs, other = client_for(bob), client_for(pat)
    off(bob, now)
    assert (theirs.get("/").status_code, other.get("/").status_code) == (302, 200)
    event = Event.objects.latest("pk")
    assert (event.action, event.note) == ("portal:person:switched-off", "Left the company.")
    assert not User.objects.get(pk=bob.pk).is_active


def test_switched_on_again_nobody_is_signed_in_from_before(
    pat: User, bob: User, client_for: Callable[[User], Client], now: datetime
) -> None:
    theirs = client_for(bob)
    off(bob, now)
    switch_on(bob.pk, by=acting("pat"), now=now)
    assert theirs.get("/").status_code == 302


def test_what_is_left_behind_is_known_and_kept_with_the_event(
    alice: User, pat: User, cluster: Cluster, now: datetime
) -> None:
    ask(demo_spec("payments-prod", cluster=cluster.name), now=now)
    left = left_behind(alice)
    assert (left.requests, [team.slug for team in left.missing.teams]) == (1, ["payments"])
    off(alice, now)
    kept = json.loads(bytes(Event.objects.latest("pk").canonical))["body"]
    assert (kept["open_requests"], kept["teams_without_lead"]) == (1, ["payments"])


def test_approvals_that_nobody_else_could_give_are_known(dana: User, bob: User) -> None:
    assert only_done_by(dana).approvals == (Lane.NETWORK,)
    RoleAssignment.objects.create(user=bob, role="network")
    assert only_done_by(dana).approvals == ()


def test_nobody_switches_off_their_own_account(pat: User, now: datetime) -> None:
    with pytest.raises(OwnAccount):
        off(pat, now)


def test_a_reason_is_needed(pat: User, bob: User, now: datetime) -> None:
    with pytest.raises(Invalid, match="Say why"):
        off(bob, now, " ")
    assert User.objects.get(pk=bob.pk).is_active


def test_twice_is_said(pat: User, bob: User, now: datetime) -> None:
    off(bob, now)
    with pytest.raises(Conflict, match="already"):
        off(bob, now)
    switch_on(bob.pk, by=acting("pat"), now=now)
    with pytest.raises(Conflict, match="active already"):
        switch_on(bob.pk, by=acting("pat"), now=now)
    with pytest.raises(NotFound):
        switch_on(0, by=acting("pat"), now=now)


def test_two_admins_do_not_switch_off_each_other(pat: User, bob: User, now: datetime) -> None:
    RoleAssignment.objects.create(user=bob, role="platform-admin")
    by_bob = acting("bob")
    off(bob, now)
    with pytest.raises(Conflict, match="no active platform admin"):
        switch_off(pat.pk, reason="He did it first.", by=by_bob, now=now)
    assert User.objects.get(pk=pat.pk).is_active


@pytest.mark.parametrize("username", ["alice", "dana", "frank"])
def test_only_platform_admins_do_it(cast: dict[str, User], now: datetime, username: str) -> None:
    with pytest.raises(Forbidden):
        switch_off(cast["bob"].pk, reason="x", by=acting(username), now=now)
    with pytest.raises(Forbidden):
        switch_on(cast["bob"].pk, by=acting(username), now=now)
    by = acting(username)
    with pytest.raises(Forbidden):
        remove_second_factor(cast["bob"], checked="x", actor=by.actor, by=by, now=now)


def test_an_account_is_not_switched_on_beside_another_of_its_address(
    pat: User, bob: User, now: datetime
) -> None:
    off(bob, now)
    User.objects.create_user("robert", "BOB@example.com")
    with pytest.raises(Conflict, match="has the address"):
        switch_on(bob.pk, by=acting("pat"), now=now)
    assert not User.objects.get(pk=bob.pk).is_active


def test_on_again_the_person_has_what_they_had(pat: User, dana: User, now: datetime) -> None:
    off(dana, now)
    switch_on(dana.pk, by=acting("pat"), now=now)
    assert acting("dana").permissions.lanes == {Lane.NETWORK}
    assert Event.objects.latest("pk").action == "portal:person:switched-on"


def test_whoever_never_set_a_password_is_invited_anew(pat: User, now: datetime) -> None:
    ina = User(username="ina", email="ina@example.com", is_active=False)
    ina.set_unusable_password()
    ina.save()
    switch_on(ina.pk, by=acting("pat"), now=now)
    assert Event.objects.latest("pk").action == "portal:person:invited"


def test_beside_a_lead_who_is_only_invited_the_team_would_have_none(
    cast: dict[str, User], alice: User
) -> None:
    ina = User(username="ina", email="ina@example.com")
    ina.set_unusable_password()
    ina.save()
    ina.memberships.create(team=Team.objects.get(slug="payments"), role="lead")
    assert [team.slug for team in only_done_by(alice).teams] == ["payments"]
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert only_done_by(ina).teams == ()


def test_keys_that_stand_are_left_behind_and_are_revoked_with_a_lost_factor(
    pat: User, dana: User, now: datetime
) -> None:
    key = asked("dana", SoftPasskey(), now=now)
    Authenticator.objects.create(user=dana, type=Authenticator.Type.TOTP, data={})
    assert left_behind(dana).keys == (key,)
    by = acting("pat")
    remove_second_factor(
        dana, checked="Rang her.", actor=by.actor, by=by, revoke_keys=True, now=now
    )
    assert left_behind(dana).keys == ()
