"""Which accounts are one person: those that share an e-mail address, in any spelling.

An account's own address counts, and every other that its owner has verified. Separation of duties
is between people, so `deciders` and `services.separation` ask here before they compare accounts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from allauth.account.models import EmailAddress
from django.db.models import Q, QuerySet
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


def one_for_each_person(addresses: Mapping[int, frozenset[str]]) -> Mapping[int, int]:
    """Return of each account the lowest id of those that are the same person, at any remove."""
    lowest, before = {account: account for account in addresses}, dict[int, int]()
    while before != lowest:
        before, by_address = dict(lowest), dict[str, int]()
        for account, own in addresses.items():
            for one in own:
                by_address[one] = min(lowest[account], by_address.get(one, lowest[account]))
        for account, own in addresses.items():
            lowest[account] = min([lowest[account], *(by_address[one] for one in own)])
    return lowest


def accounts_of_one_person(person: int) -> QuerySet[User]:
    """Return the account and every other that shares an address with it, as one lazy query."""
    own = User.objects.filter(pk=person).exclude(email="").values(low=Lower("email"))
    verified = EmailAddress.objects.filter(verified=True).annotate(low=Lower("email"))
    also_own = verified.filter(user=person).values("low")
    by_address = Q(low__in=own) | Q(low__in=also_own)
    return User.objects.annotate(low=Lower("email")).filter(
        Q(pk=person) | by_address | Q(pk__in=verified.filter(by_address).values("user"))
    )


def active_person_with(address: str, *, besides: int | None = None) -> User | None:
    """Return another active person with the address, their own or verified, in any spelling."""
    verified = Q(emailaddress__email__iexact=address, emailaddress__verified=True)
    active = User.objects.filter(Q(email__iexact=address) | verified, is_active=True)
    return (active.exclude(pk=besides) if besides else active).order_by("pk").first()
