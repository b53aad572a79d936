"""Separation: nobody decides what they asked for, with this account or another of theirs.

Nor what the rules of its environment bar them from: a lane besides one they decided, or what their
own team asks for. Asked by `decide` under the lock of the request; what comes from oneself the
database refuses once more.
"""

from django.db.models import QuerySet

from onboarding.domain.lanes import Lane, SeparationRule
from onboarding.domain.refusals import Forbidden
from onboarding.models import Membership, Request, User
from onboarding.queries.deciders import authors_of, rules_for
from onboarding.queries.identity import accounts_of_one_person


class OwnRequest(Forbidden):
    """Nobody decides a request they asked for, edited or took over."""


class OwnTeam(Forbidden):
    """In this environment nobody decides what their own team asks for."""


class SecondLane(Forbidden):
    """In this environment nobody decides two lanes of one request."""


def check_own(request: Request, person: User) -> None:
    """Raise OwnRequest if the request comes from the person. Two queries."""
    if request.requester_id == person.pk:
        raise OwnRequest("You cannot decide your own request.")
    authors = authors_of(request)
    if person.pk in authors:
        raise OwnRequest("You cannot decide a request that you asked for or edited.")
    if accounts_of_one_person(person.pk).filter(pk__in=authors).exists():
        raise OwnRequest(
            "Your account shares an e-mail address with somebody the request comes from. "
            "One person cannot ask and decide."
        )


def check_rules(request: Request, person: User, lane: Lane) -> None:
    """Raise OwnTeam or SecondLane if the environment bars the person. Two queries at most."""
    accounts = accounts_of_one_person(person.pk)
    rules = rules_for(request.wanted.environment)
    if SeparationRule.OUTSIDE_THE_TEAM in rules:
        _check_team(request, accounts)
    if SeparationRule.ONE_LANE_EACH in rules:
        _check_lanes(request, accounts, lane)


def _check_team(request: Request, accounts: QuerySet[User]) -> None:
    if Membership.objects.filter(team=request.team_id, user__in=accounts.values("pk")).exists():
        raise OwnTeam(
            f"You are of team {request.team.slug}. About its {request.wanted.environment} "
            "namespaces only others decide."
        )


def _check_lanes(request: Request, accounts: QuerySet[User], lane: Lane) -> None:
    said = request.decisions.filter(person__in=accounts.values("pk"), voided_at__isnull=True)
    if before := said.exclude(lane=lane.value).first():
        raise SecondLane(
            f"You gave the {before.lane} approval of {request.label}, or refused it. About a "
            f"{request.wanted.environment} namespace one person decides one approval."
        )
