"""Pages by what the last row was: every row once, whatever comes and goes meanwhile."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from onboarding.domain.refusals import Invalid
from onboarding.models import Event, Membership, Team, User
from onboarding.queries.facets import facets_of
from onboarding.queries.keyset import Count, bounded_count, page_of

pytestmark = pytest.mark.django_db
ORDERS = [("access_group", "-slug", "id"), ("slug", "id"), ("-slug", "id"), ("-id",)]


@pytest.fixture
def teams() -> list[Team]:
    return [
        Team.objects.create(slug=f"team-{number:02}", access_group=f"{number % 3}-{number:02}")
        for number in range(11)
    ]


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def walk(order: tuple[str, ...], size: int = 4) -> list[Team]:
    found: list[Team] = []
    after = ""
    for _page in range(50):  # more than any of these lists has
        page = page_of(Team.objects.all(), order=order, cursor=after, size=size)
        assert page.start == len(found) + 1
        found += page.rows
        assert page.end == len(found)
        if not (after := page.next):
            return found
    raise AssertionError("The list has no end.")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 3, 11, 50])
def test_every_row_comes_once_and_in_order(
    teams: list[Team], order: tuple[str, ...], size: int
) -> None:
    assert walk(order, size) == list(Team.objects.order_by(*order))


def test_a_row_that_goes_meanwhile_hides_no_other(teams: list[Team]) -> None:
    first = page_of(Team.objects.all(), order=("slug", "id"), size=4)
    teams[0].delete()
    second = page_of(Team.objects.all(), order=("slug", "id"), cursor=first.next, size=4)
    assert first.is_first
    assert not second.is_first
    assert [team.slug for team in second.rows] == ["team-04", "team-05", "team-06", "team-07"]


def test_moments_and_columns_of_others_are_kept_to_the_microsecond(
    teams: list[Team], now: datetime
) -> None:
    person = User.objects.create(username="p", date_joined=now + timedelta(microseconds=123))
    for team in teams:
        Membership.objects.create(team=team, user=person)
    order = ("user__date_joined", "-team__slug", "id")
    first = page_of(Membership.objects.all(), order=order, size=10)
    assert (
        page_of(Membership.objects.all(), order=order, cursor=first.next).rows[0].team == teams[0]
    )


@pytest.mark.parametrize(
    "written",
    [
        "x",
        "%%%",
        "é",
        "W10",
        cursor(),
        cursor(1),
        cursor(1, "a"),
        cursor(1, "a", 2, 3),
        cursor("1", "a", 2),
        cursor(-1, "a", 2),
        cursor(0, "a", 2),
        cursor(True, "a", 2),
        cursor(1, "a", True),
        cursor(1, "a", None),
        cursor(1, "a\x00", 2),
        cursor(1, "a", 2**63),
        cursor(2**63, "a", 2),
        cursor(1, ["a"], 2),
        cursor(1, "a" * 1000, 2),
        base64.urlsafe_b64encode(b"[" * 700).decode(),
        base64.urlsafe_b64encode(b"{}").decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b'[1,"\\ud800",2]').decode(),
    ],
)
def test_a_cursor_that_cannot_be_read_is_refused(teams: list[Team], written: str) -> None:
    with pytest.raises(Invalid) as refusal:
        page_of(Team.objects.all(), order=("slug", "id"), cursor=written)
    assert refusal.value.field == "after"


@pytest.mark.parametrize("written", [cursor(1, 5, 2), cursor(1, "a", "2")])
def test_a_cursor_with_values_of_another_kind_is_refused(teams: list[Team], written: str) -> None:
    with pytest.raises(Invalid):
        page_of(Team.objects.all(), order=("slug", "id"), cursor=written)


@pytest.mark.parametrize("moment", ["2026-11-24T09:00:00", "2026-11-24", "yesterday", ""])
def test_a_moment_without_its_place_in_the_world_is_refused(moment: str) -> None:
    with pytest.raises(Invalid):
        page_of(Event.objects.all(), order=("at", "id"), cursor=cursor(1, moment, 2))


def test_a_page_is_one_statement_and_so_is_a_count(teams: list[Team]) -> None:
    with CaptureQueriesContext(connection) as made:
        page_of(Team.objects.all(), order=("slug", "id"), size=4)
        bounded_count(Team.objects.all())
    assert len(made) == 2


def test_nothing_is_counted_beyond_the_bound(teams: list[Team]) -> None:
    many = len(teams)
    assert bounded_count(Team.objects.all()) == Count(many)
    assert bounded_count(Team.objects.order_by("slug"), limit=many) == Count(many)
    assert bounded_count(Team.objects.all(), limit=many - 1) == Count(many - 1, is_more=True)


def test_choices_are_counted_under_what_is_chosen_elsewhere(teams: list[Team]) -> None:
    person = User.objects.create(username="p")
    for number, team in enumerate(teams[:4]):
        Membership.objects.create(team=team, user=person, role="member" if number else "lead")
    roles = {role: Q(role=role) for role in ("lead", "member")}
    with CaptureQueriesContext(connection) as made:
        facets = facets_of(Membership.objects.all(), {"team": "team__slug"}, {"role": roles})
    assert len(made) == 1
    assert facets.of("role") == {"lead": 1, "member": 3}
    chosen = {"team": "team-00", "role": "lead"}
    assert facets.of("role", chosen) == {"lead": 1, "member": 0}
    assert facets.of("team", chosen) == {"team-00": 1, "team-01": 0, "team-02": 0, "team-03": 0}
    assert facets.total(chosen) == 1
    assert facets.total({"role": "member"}) == 3
