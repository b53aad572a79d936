"""Two people at once: the last platform admin stays, and an invitation is accepted by one."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from onboarding import admin
from onboarding.demo.scenario import acting
from onboarding.models import Event, RoleAssignment, User
from onboarding.queries.role_holders import able_holders
from onboarding.services import invitations, people
from onboarding.services.clock import database_now
from onboarding.services.invitations import EndedInvitation, accept_invitation, invitation_link
from onboarding.services.people import LastAdmin, change_person, details_of, version_of
from onboarding.services.roles import take_role
from onboarding.services.switch_people import switch_off
from tests.support.real_database import at_once, committed

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[User], Client]
Door = Callable[[User, str], Callable[[], object]]
ADMIN = RoleAssignment.Role.PLATFORM_ADMIN.value
PATIENCE = 0.5  # seconds in which two who do not wait for each other meet


@pytest.fixture(autouse=True)
def real_database(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    with committed(tmp_path):
        yield


@pytest.fixture
def admins(cast: dict[str, User]) -> tuple[User, User]:
    cast["erin"].role_assignments.create(role=ADMIN)
    return cast["pat"], cast["erin"]


def taking(person: User, by: str) -> Callable[[], object]:
    return partial(take_role, person.pk, ADMIN, by=acting(by), now=database_now())


def switching_off(person: User, by: str) -> Callable[[], object]:
    return partial(switch_off, person.pk, reason="Left.", by=acting(by), now=database_now())


def changing(person: User, by: str) -> Callable[[], object]:
    seen = details_of(person)
    without = replace(seen, roles=frozenset(seen.roles - {ADMIN}))
    given: dict[str, Any] = {"version": version_of(seen), "by": acting(by), "now": database_now()}
    return partial(change_person, person.pk, without, **given)


def on_the_admin_site(person: User, by: str) -> Callable[[], object]:
    browser = Client()
    browser.force_login(User.objects.get(username=by))
    rows = [*person.role_assignments.order_by("pk")]
    form = {"username": person.username, "first_name": person.first_name, "email": person.email}
    start = "role_assignments-"
    form |= {f"{start}TOTAL_FORMS": str(len(rows)), f"{start}INITIAL_FORMS": str(len(rows))}
    for number, row in enumerate(rows):
        said = {"id": row.pk, "user": person.pk, "role": row.role, "DELETE": "on"}
        form |= {f"{start}{number}-{name}": str(value) for name, value in said.items()}
    return partial(_posted, browser, f"/admin/onboarding/user/{person.pk}/change/", form)


def _posted(browser: Client, url: str, form: dict[str, str]) -> int:
    answer = browser.post(url, form)
    if answer.status_code in {403, 409}:  # no admin any more, or the last one
        raise LastAdmin
    return answer.status_code


DOORS: tuple[Door, ...] = (taking, switching_off, changing, on_the_admin_site)


@pytest.mark.parametrize("door", DOORS)
def test_of_two_who_take_each_others_role_at_once_one_stays(
    door: Door, admins: tuple[User, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is about to look whether an admin is left waits a moment for the other."""
    both, (pat, erin) = Barrier(2), admins

    def when_both_are_there(roles: list[str]) -> object:
        with suppress(BrokenBarrierError):
            both.wait(PATIENCE)
        return able_holders(roles)

    monkeypatch.setattr(people, "able_holders", when_both_are_there)
    answers = at_once([door(erin, "pat"), door(pat, "erin")])
    assert sum(isinstance(answer, LastAdmin) for answer in answers) == 1, answers
    assert able_holders([ADMIN]).count() == 1


class Waits(Exception):
    """Somebody asks for their turn."""


@pytest.mark.parametrize("door", DOORS)
def test_nobody_changes_an_admin_before_their_turn(
    door: Door, admins: tuple[User, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy() -> None:
        raise Waits

    monkeypatch.setattr(people, "lock_administration", busy)
    monkeypatch.setattr(admin, "lock_administration", busy)
    with pytest.raises(Waits):
        door(admins[1], "pat")()
    assert able_holders([ADMIN]).count() == 2


def test_of_two_who_accept_one_invitation_at_once_one_does(
    cast: dict[str, User], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = people.PersonDetails("Nora", "nora", "nora@example.com", {}, frozenset())
    nora = people.invite_person(wanted, by=acting("pat"), now=now)
    number, token = invitation_link(nora, now=now).strip("/").split("/")[-2:]
    both, secrets = Barrier(2), ("correct-horse-battery", "another-horse-battery")

    def hashed_when_both_are_there(password: str) -> str:
        both.wait(60)
        return make_password(password)

    monkeypatch.setattr(invitations, "make_password", hashed_when_both_are_there)
    accept = partial(accept_invitation, number, token, ip=None, now=now)
    answers = at_once([partial(accept, password=secret) for secret in secrets])
    lost = [isinstance(answer, EndedInvitation) for answer in answers]
    assert sorted(lost) == [False, True], answers
    nora.refresh_from_db()
    assert nora.check_password(secrets[lost.index(False)])
    assert nora.emailaddress_set.count() == 1
    assert Event.objects.filter(action="account:invitation:accepted").count() == 1
