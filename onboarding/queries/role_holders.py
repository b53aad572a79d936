"""Who holds a role and can use it: whoever has only been invited cannot, and counts nowhere.

Nor as a team's lead; see leads.py.
"""

from collections.abc import Iterable

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Q, QuerySet

from onboarding.models import RoleAssignment, User


def _only_invited(of: str = "") -> Q:
    """Match who has no password. Who has signed in without one has another way."""
    no_password = {f"{of}password__startswith": UNUSABLE_PASSWORD_PREFIX}
    return Q(**no_password, **{f"{of}last_login__isnull": True})


IS_INVITED = Q(is_active=True) & _only_invited()
# Of rows that belong to a `user`.
IS_ABLE = Q(user__is_active=True) & ~_only_invited("user__")


def able_holders(roles: Iterable[str]) -> QuerySet[RoleAssignment]:
    """Return the rows of these roles whose person is active and can sign in."""
    return RoleAssignment.objects.filter(IS_ABLE, role__in=[*roles])


def can_sign_in(person: User) -> bool:
    """Tell the same of one person."""
    return person.is_active and not _is_only_invited(person)


def is_invited(person: User) -> bool:
    """Tell whether somebody active has still to set a password, and can do nothing before."""
    return person.is_active and _is_only_invited(person)


def _is_only_invited(person: User) -> bool:
    return not person.has_usable_password() and person.last_login is None
