"""Enrolling a passkey for approvals takes two people; losing it takes one."""

from datetime import datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from onboarding.demo.scenario import acting
from onboarding.domain.approval import Enrolment, fingerprint
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import ApprovalKey, ApprovalKeyWord, Event, RoleAssignment, User
from onboarding.queries.approval_keys import usable, waiting
from onboarding.services.approval_keys import (
    ask_approval_key,
    confirm_at_console,
    confirmation_for,
    enrolment_for,
    revoke_approval_key,
)
from onboarding.services.approval_root import NoRoot
from onboarding.services.history import CONSOLE
from onboarding.services.installation import portal_identity
from onboarding.services.key_ring import NotEnrolled, check_key
from tests.support.approval_keys import asked, confirmed_by, enrolled, key_of
from tests.support.database_roles import as_owner
from tests.support.forgeries import add_key, enemy
from tests.support.requests import actions
from tests.support.soft_passkey import PRESENT, SoftPasskey

pytestmark = pytest.mark.usefixtures("cast")


def counts(key: ApprovalKey, at: datetime) -> Enrolment:
    return check_key(ApprovalKey.objects.get(pk=key.pk), at=at, portal=portal_identity())


def test_a_key_counts_from_its_confirmation_for_the_lanes_its_person_held(now: datetime) -> None:
    key = asked("dana", SoftPasskey(), now=now)
    with pytest.raises(NotEnrolled, match="nobody entitled had confirmed"):
        counts(key, now)
    confirm_at_console("dana", now=now + timedelta(minutes=1))
    with pytest.raises(NotEnrolled, match="nobody entitled had confirmed"):
        counts(key, now)
    found = counts(key, now + timedelta(minutes=1))
    assert (found.lanes, found.confirms) == (("network",), False)
    assert actions(object_kind="person", action__startswith="portal:approval-key") == [
        "portal:approval-key:asked",
        "portal:approval-key:confirmed",
    ]


def test_a_platform_admin_with_a_key_confirms_another_persons(now: datetime) -> None:
    pats, key = enrolled("pat", now=now), asked("dana", SoftPasskey(), now=now)
    confirmed_by("pat", pats, key, now=now)
    assert counts(key, now).lanes == ("network",)
    assert [one.label for one in usable()] == [key_of(pats).label, key.label]


def test_nobody_confirms_their_own_key(now: datetime) -> None:
    enrolled("pat", now=now)
    second = asked("pat", SoftPasskey(), now=now)
    with pytest.raises(Forbidden, match="Another person"):
        confirmation_for(second, by=acting("pat"), now=now)


def test_one_person_with_two_accounts_does_not_either(pat: User, now: datetime) -> None:
    twin = User.objects.create_user("patricia", email="p@example.com")
    twin.role_assignments.create(role=RoleAssignment.Role.NETWORK)
    EmailAddress.objects.create(user=twin, email="PAT@example.com", verified=True)
    key = asked("patricia", SoftPasskey(), now=now)
    with pytest.raises(Forbidden, match="Another person"):
        confirmation_for(key, by=acting("pat"), now=now)


def test_who_is_no_platform_admin_confirms_nobody(now: datetime) -> None:
    key = asked("dana", SoftPasskey(), now=now)
    with pytest.raises(Forbidden, match="Platform admins confirm"):
        confirmation_for(key, by=acting("erin"), now=now)


def test_a_platform_admin_without_a_confirmed_key_confirms_nobody(now: datetime) -> None:
    own, key = SoftPasskey(), asked("dana", SoftPasskey(), now=now)
    asked("pat", own, now=now)
    with pytest.raises(Forbidden, match="confirmed approval key of your own"):
        confirmed_by("pat", own, key, now=now)


def test_who_decides_nothing_has_no_approval_key(now: datetime) -> None:
    with pytest.raises(Forbidden, match="for approvers and platform admins"):
        asked("alice", SoftPasskey(), now=now)


def test_a_passkey_is_enrolled_once_at_a_time(now: datetime) -> None:
    passkey = SoftPasskey()
    key = asked("dana", passkey, now=now)
    with pytest.raises(Conflict, match="enrolled already"):
        asked("dana", passkey, now=now)
    revoke_approval_key(key, actor=CONSOLE, by=None, now=now)
    assert asked("dana", passkey, now=now).pk != key.pk


def test_the_passkey_itself_has_to_sign_the_lanes_it_is_asked_for(now: datetime) -> None:
    passkey, by = SoftPasskey(), acting("dana")
    own = {"credential": passkey.credential, "public_key": passkey.public_key}
    more = {**enrolment_for(by, now=now, **own).statement(), "lanes": ["network", "security"]}
    with pytest.raises(Invalid, match="lanes differ"):
        ask_approval_key(by, name="", signed=passkey.sign(more), now=now, **own)
    right = enrolment_for(by, now=now, **own).statement()
    with pytest.raises(Invalid, match="not by the key it names"):
        ask_approval_key(by, name="", signed=SoftPasskey().sign(right), now=now, **own)
    with pytest.raises(Invalid, match="without asking its person"):
        ask_approval_key(by, name="", signed=passkey.sign(right, flags=PRESENT), now=now, **own)
    late = now + timedelta(minutes=11)
    with pytest.raises(Conflict, match="too long ago"):
        ask_approval_key(by, name="", signed=passkey.sign(right), now=late, **own)


@pytest.mark.parametrize("who", ["dana", "pat"])
def test_its_owner_and_a_platform_admin_revoke_a_key_alone(who: str, now: datetime) -> None:
    key = key_of(enrolled("dana", now=now))
    by = acting(who)
    revoke_approval_key(key, actor=by.actor, by=by, now=now + timedelta(hours=1))
    with pytest.raises(NotEnrolled, match="was revoked"):
        counts(key, now)
    assert Event.objects.latest("id").action == "portal:approval-key:revoked"
    with pytest.raises(Conflict, match="revoked already"):
        revoke_approval_key(key, actor=by.actor, by=by, now=now)


def test_what_a_revoked_key_confirmed_waits_to_be_confirmed_again(now: datetime) -> None:
    pats, erins, key = (
        enrolled("pat", now=now),
        SoftPasskey(),
        asked("dana", SoftPasskey(), now=now),
    )
    User.objects.get(username="erin").role_assignments.create(role="platform-admin")
    confirmed_by("pat", pats, asked("erin", erins, now=now), now=now)
    confirmed_by("erin", erins, key, now=now)
    revoke_approval_key(key_of(pats), actor=CONSOLE, by=None, now=now)
    assert [*usable()] == []
    assert [*waiting()] == [key, key_of(erins)]
    later = now + timedelta(minutes=1)
    confirm_at_console("erin", now=later)
    assert [*usable()] == [key_of(erins)]
    confirmed_by("erin", erins, key, now=later)
    assert [*usable()] == [key, key_of(erins)]
    assert counts(key, later).lanes == ("network",)


def test_nobody_else_revokes_it(now: datetime) -> None:
    key, by = key_of(enrolled("dana", now=now)), acting("erin")
    with pytest.raises(Forbidden):
        revoke_approval_key(key, actor=by.actor, by=by, now=now)


def test_a_revoked_key_is_not_confirmed_and_a_confirmed_one_not_twice(now: datetime) -> None:
    key = key_of(enrolled("dana", now=now))
    with pytest.raises(Conflict, match="is confirmed already"):
        confirmation_for(key, by=acting("pat"), now=now)
    revoke_approval_key(key, actor=CONSOLE, by=None, now=now)
    with pytest.raises(Conflict, match="is revoked"):
        confirmation_for(key, by=acting("pat"), now=now)


def test_the_console_names_what_it_confirms(now: datetime) -> None:
    with pytest.raises(NotFound, match="No key of dana waits"):
        confirm_at_console("dana", now=now)
    first = asked("dana", SoftPasskey(), now=now)
    second = asked("dana", SoftPasskey(), now=now)
    with pytest.raises(Conflict, match=f"{first.label}, {second.label}"):
        confirm_at_console("dana", now=now)
    with pytest.raises(Invalid, match="another fingerprint"):
        confirm_at_console("dana", label=second.label, only="0000", now=now)
    shown = fingerprint(second.statement.encode())
    assert confirm_at_console("dana", label=second.label, only=shown, now=now) == second


def test_without_the_workers_keys_there_is_nothing_to_seal_with(
    settings: object, now: datetime
) -> None:
    asked("dana", SoftPasskey(), now=now)
    settings.BULKHEAD_CREDENTIAL_KEYS = []
    with pytest.raises(NoRoot):
        confirm_at_console("dana", now=now)


def test_the_commands_confirm_revoke_and_print_the_root(
    now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    key = asked("dana", SoftPasskey(), now=now)
    with pytest.raises(CommandError, match="--fingerprint"):
        call_command("confirm_approval_key", "dana")
    with pytest.raises(CommandError, match="Ask the person"):
        call_command("confirm_approval_key", "dana", fingerprint="")
    shown = fingerprint(key.statement.encode())
    call_command("confirm_approval_key", "dana", fingerprint=shown)
    call_command("revoke_approval_key", key.label)
    call_command("approval_root")
    said = capsys.readouterr().out
    assert f"{key.label} of dana (Dana) is confirmed. Lanes: network. It may not confirm" in said
    assert f"{key.label} is revoked" in said
    assert len(said.splitlines()[-1]) == 43
    with pytest.raises(CommandError, match="revoked already"):
        call_command("revoke_approval_key", key.label)


def test_the_console_confirms_only_what_the_key_has_signed_for_its_person(now: datetime) -> None:
    passkey = enemy("dana", "network", now=now)
    own, erin = key_of(passkey), User.objects.get(username="erin")
    key = add_key(erin, own.statement.encode(), own.proof, passkey, now=now)
    with pytest.raises(CommandError, match="was enrolled by somebody else"):
        call_command("confirm_approval_key", "erin", fingerprint=fingerprint(b"?"))
    with pytest.raises(Invalid, match="was enrolled by somebody else"):
        confirmed_by("pat", enrolled("pat", now=now), key, now=now)
    add_key(User.objects.get(username="frank"), b"{}", {}, SoftPasskey(), now=now)
    with pytest.raises(CommandError, match="has not signed its own enrolment"):
        call_command("confirm_approval_key", "frank", fingerprint=fingerprint(b"?"))


@pytest.mark.parametrize("table", ["onboarding_approvalkey", "onboarding_approvalkeyword"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id + 1000", "DELETE FROM {}"])
def test_keys_and_words_on_them_are_only_added(table: str, statement: str, now: datetime) -> None:
    enrolled("dana", now=now)
    with (
        as_owner(),
        pytest.raises(DatabaseError, match=f"{table} is append-only"),
        transaction.atomic(),
    ):
        with connection.cursor() as cursor:
            cursor.execute(statement.format(table))
    assert ApprovalKeyWord.objects.count() == ApprovalKey.objects.count() == 1
