"""The address an account was made with stays the primary one until its person changes that.

Platform admins make accounts with an address that allauth has no row for, and allauth makes the
first address that is verified the primary one without a word. So the first one added by whoever
holds a session would become the account's, and the old one would never be told.
"""

from allauth.account.models import EmailAddress
from django.db import transaction

from onboarding.models import User


def keep_own_address(person: User) -> None:
    """Give the person's own address its row, as the primary one, where none is primary yet."""
    with transaction.atomic():
        rows = EmailAddress.objects.filter(user=person)
        if not person.email or rows.filter(primary=True).exists():
            return
        own = rows.filter(email__iexact=person.email).first()
        own = own or EmailAddress(user=person, email=person.email)
        own.primary = True
        own.save()
