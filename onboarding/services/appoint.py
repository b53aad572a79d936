"""Appoint: give a person a role from the command line. How the first platform admin comes to be."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.refusals import Conflict, Invalid, NotFound
from onboarding.models import RoleAssignment, User
from onboarding.services import history


def appoint(username: str, role: RoleAssignment.Role, *, now: datetime) -> bool:
    """Give the role, with its event; False if the person has it. Raises NotFound."""
    with transaction.atomic():
        user = User.objects.filter(username=username).first()
        if user is None:
            raise NotFound(f"Nobody is called {username}.")
        _, is_new = RoleAssignment.objects.get_or_create(user=user, role=role)
        if is_new:
            history.record(
                Action.ROW_ADDED,
                actor=history.CONSOLE,
                at=now,
                about=history.about_user(user),
                body={"roles": [role.value]},
            )
    return is_new


def create_person(username: str, *, email: str, now: datetime) -> User:
    """Make an account without a password and without any of Django's own flags, with its event.

    Raises Conflict (somebody is called so), Invalid (name or address cannot be used).
    """
    if User.objects.filter(username__iexact=username).exists():
        raise Conflict(f"Somebody is called {username} already.")
    user = User(username=username, email=email)
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError as wrong:
        raise Invalid(" ".join(wrong.messages)) from wrong
    with transaction.atomic():
        user.save()
        history.record(
            Action.ROW_ADDED,
            actor=history.CONSOLE,
            at=now,
            about=history.about_user(user),
            body={"roles": []},
        )
    return user
