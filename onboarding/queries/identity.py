"""Which accounts are one person: those that share an e-mail address, in any spelling.

An account's own address counts, and every other that its owner has verified. Separation of duties
is between people, so `deciders` and `services.separation` ask here before they compare accounts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from allauth.account.models import EmailAddress
from django.db.models.functions import Lower

from onboarding.models import User


def addresses_of(people: Iterable[int]) -> Mapping[int, frozenset[str]]:
    """Return the lower-case addresses of each account by id; none for one without. Two queries."""
    ids = set(people)
    found: dict[int, set[str]] = defaultdict(set)
    own = User.objects.filter(pk__in=ids).exclude(email="").values_list("pk", "email")
    verified = EmailAddress.objects.filter(user__in=ids, verified=True)
    for person, address in [*own, *verified.values_list("user", "email")]:
        found[person].add(address.lower())
    return {person: frozenset(found[person]) for person in ids}


def accounts_of_one_person(person: int) -> frozenset[int]:
    """Return the account and every other that shares an address with it. Three queries at most."""
    mine = addresses_of([person])[person]
    if not mine:
        return frozenset({person})
    own = User.objects.annotate(low=Lower("email")).filter(low__in=mine)
    verified = EmailAddress.objects.annotate(low=Lower("email")).filter(low__in=mine, verified=True)
    return frozenset(
        {person, *own.values_list("pk", flat=True), *verified.values_list("user", flat=True)}
    )
