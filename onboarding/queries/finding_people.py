"""Find the person that a platform admin names: by user name or address, in any spelling."""

from django.db.models import Q

from onboarding.domain.refusals import Invalid
from onboarding.models import User

SUGGESTED = 200


def find_person(text: str, *, field: str = "person") -> User:
    """Return whom the text names. Raises Invalid where that is nobody, or more than one."""
    wanted = text.strip()
    named = Q(username__iexact=wanted) | Q(email__iexact=wanted, is_active=True)
    found = list(User.objects.filter(named)[:2]) if wanted else []
    if not found:
        words = "Nobody has this user name or address. Invite the person first."
        raise Invalid(words if wanted else "Name a person.", field=field)
    if found[1:]:
        raise Invalid("Two people fit. Give the user name.", field=field)
    return found[0]


def suggested_people() -> list[User]:
    """Return the active people whose user names a field offers, the first ones by name."""
    rows = User.objects.filter(is_active=True).order_by("first_name", "username")
    return list(rows[:SUGGESTED])
