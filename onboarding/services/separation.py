"""Separation: nobody decides what they asked for, with this account or another of theirs.

Asked by `decide` under the lock of the request. The database refuses the same once more.
"""

from onboarding.domain.refusals import Forbidden
from onboarding.models import Request, User
from onboarding.queries.deciders import authors_of
from onboarding.queries.identity import accounts_of_one_person


class OwnRequest(Forbidden):
    """Nobody decides a request they asked for, edited or took over."""


def check_separation(request: Request, person: User) -> None:
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
