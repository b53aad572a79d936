"""One person is one person: accounts that share an e-mail address ask and decide as one."""

from datetime import datetime
from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.management import CommandError
from django.db import DatabaseError, IntegrityError, connection, transaction

from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Invalid
from onboarding.models import Decision, Request, User
from onboarding.queries.deciders import barred_from_request, load_deciders
from onboarding.queries.requests import waiting_for
from onboarding.queries.staffing import undecidable
from onboarding.services.separation import OwnRequest
from tests.services.test_separation import insert
from tests.support.database_roles import as_owner
from tests.support.requests import reject, spec_of

pytestmark = pytest.mark.usefixtures("cast", "cluster")
SECRET = "correct-horse-battery"  # who cannot sign in decides nothing in any case
migration = import_module("onboarding.migrations.0008_people")


@pytest.fixture
def request_row(now: datetime) -> Request:
    """Where no rule of the environment bars anybody besides."""
    return ask(spec_of(environment="test"), now=now)


@pytest.fixture
def other_alice(request_row: Request, alice: User) -> User:
    """Alice's other account, for the platform lane; her first one is switched off meanwhile."""
    User.objects.filter(pk=alice.pk).update(is_active=False)
    other = User.objects.create_user("alice.w", "Alice@Example.COM", SECRET, first_name="Alice W")
    other.role_assignments.create(role="platform")
    return other


def verify(person: User, address: str) -> None:
    EmailAddress.objects.create(user=person, email=address, verified=True)


def test_g15_another_account_with_the_same_address_decides_nothing(
    request_row: Request, other_alice: User, now: datetime
) -> None:
    with pytest.raises(OwnRequest, match="One person cannot ask and decide"):
        approve(request_row, "alice.w", Lane.PLATFORM, now=now)
    with pytest.raises(OwnRequest, match="One person cannot ask and decide"):
        reject(request_row, "alice.w", Lane.PLATFORM, now=now)
    assert not Decision.objects.exists()


@pytest.mark.parametrize(("whose", "address"), [("pat", "ALICE@example.com"), ("alice", "pat@x")])
def test_g15_a_verified_address_makes_two_accounts_one_person(
    whose: str, address: str, request_row: Request, cast: dict[str, User], now: datetime
) -> None:
    User.objects.filter(username="pat").update(email="Pat@X")
    verify(cast[whose], address)
    with pytest.raises(OwnRequest, match="shares an e-mail address"):
        approve(request_row, "pat", Lane.PLATFORM, now=now)


def test_an_address_that_nobody_verified_proves_nothing(
    request_row: Request, pat: User, now: datetime
) -> None:
    EmailAddress.objects.create(user=pat, email="alice@example.com", verified=False)
    approve(request_row, "pat", Lane.PLATFORM, now=now)
    assert Decision.objects.get().person == pat


def test_people_without_an_address_are_not_one_person(
    request_row: Request, alice: User, pat: User, now: datetime
) -> None:
    User.objects.filter(pk__in=[alice.pk, pat.pk]).update(email="")
    approve(request_row, "pat", Lane.PLATFORM, now=now)
    assert Decision.objects.get().person == pat


def test_the_request_waits_for_neither_account(request_row: Request, other_alice: User) -> None:
    assert not waiting_for(acting("alice.w").permissions).exists()
    assert [*waiting_for(acting("pat").permissions)] == [request_row]


def test_the_other_account_is_not_named_among_those_who_can_decide(
    request_row: Request, other_alice: User, pat: User
) -> None:
    barred = barred_from_request(request_row)
    known = load_deciders(barred.people)
    assert known.of(Lane.PLATFORM, barred) == (pat,)
    assert other_alice in known.holders[Lane.PLATFORM]


@pytest.fixture
def other_dana(pat: User, dana: User) -> User:
    """Dana's other account, which alone holds the platform lane, by a third of hers."""
    pat.role_assignments.filter(role="platform").delete()
    other = User.objects.create_user("dana.b", "dana.b@example.com", SECRET, first_name="Dana B")
    other.role_assignments.create(role="platform")
    third = User.objects.create_user("dana.c", "dana.c@example.com", SECRET, first_name="Dana C")
    verify(third, "dana.b@example.com")
    verify(third, dana.email.upper())
    third.role_assignments.create(role="network")
    return other


def test_two_accounts_do_not_make_two_lanes_decidable(other_dana: User, now: datetime) -> None:
    with pytest.raises(Invalid, match=r"for platform and network together there is only Dana\."):
        ask(spec_of(), now=now)
    assert ask(spec_of(environment="test"), now=now).state == "pending"


def test_whoever_decided_is_known_by_their_other_account_when_the_role_is_gone(
    pat: User, dana: User, now: datetime
) -> None:
    request = approve(ask(spec_of(), now=now), "dana", Lane.NETWORK, now=now)
    dana.role_assignments.all().delete()
    other = User.objects.create_user("dana.b", "dana.b@example.com", SECRET, first_name="Dana B")
    verify(other, dana.email)
    other.role_assignments.create(role="platform")
    barred = barred_from_request(request)
    assert load_deciders(barred.everybody).of(Lane.PLATFORM, barred) == (pat,)
    pat.role_assignments.all().delete()
    assert undecidable() == [(request, [Lane.PLATFORM])]


def test_g15_the_database_refuses_the_other_account_to_sql(
    request_row: Request, other_alice: User, alice: User, now: datetime
) -> None:
    with pytest.raises(DatabaseError, match="two accounts cannot ask and decide"):
        insert(request_row, person=other_alice, requester=alice, now=now)


def test_g15_the_database_refuses_it_afterwards_too(
    request_row: Request, other_alice: User, alice: User, dana: User, now: datetime
) -> None:
    insert(request_row, person=dana, requester=alice, now=now)
    for forged in ({"person": other_alice}, {"person": other_alice, "voided_at": now}):
        with pytest.raises(DatabaseError, match=r"does not change|denied"), transaction.atomic():
            Decision.objects.update(**forged)


@pytest.mark.parametrize(("whose", "address"), [("pat", "ALICE@example.com"), ("alice", "pat@x")])
def test_g15_postgresql_refuses_a_verified_address_too_and_sqlite_cannot(
    whose: str, address: str, request_row: Request, cast: dict[str, User], now: datetime
) -> None:
    User.objects.filter(username="pat").update(email="Pat@X")
    verify(cast[whose], address)
    word = {"person": cast["pat"], "requester": cast["alice"], "now": now}
    if connection.vendor == "postgresql":
        with pytest.raises(DatabaseError, match="two accounts"), transaction.atomic():
            insert(request_row, **word)
    else:  # docs/security.md says so
        insert(request_row, **word)


def test_an_address_nobody_verified_stops_no_decision(
    request_row: Request, alice: User, pat: User, now: datetime
) -> None:
    EmailAddress.objects.create(user=pat, email="alice@example.com", verified=False)
    insert(request_row, person=pat, requester=alice, now=now)
    assert Decision.objects.get().person == pat


@pytest.mark.parametrize("address", ["alice@example.com", "ALICE@Example.com"])
def test_an_address_has_one_active_account(address: str, alice: User) -> None:
    with (
        pytest.raises(IntegrityError, match=r"one_active_person_per_address"),
        transaction.atomic(),
    ):
        User.objects.create_user("second", address)
    second = User.objects.create_user("second", address, is_active=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=second.pk).update(is_active=True)


def test_many_have_no_address() -> None:
    assert User.objects.create_user("one").pk != User.objects.create_user("two").pk


def test_the_upgrade_names_who_shares_an_address(alice: User) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_active_person_per_address")
    User.objects.create_user("alice.w", "ALICE@example.com")
    with pytest.raises(CommandError, match=r"alice@example.com: alice, alice.w$"):
        migration.refuse_shared_addresses(apps, None)


def test_the_upgrade_goes_on_where_nobody_does(cast: dict[str, User]) -> None:
    User.objects.create_user("former", "alice@example.com", is_active=False)
    migration.refuse_shared_addresses(apps, None)
