"""Appoint: give a person a role from the command line. How the first platform admin comes to be."""

from datetime import datetime

from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.refusals import NotFound
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
                actor=history.Actor(id="console", name="Console", via="console"),
                at=now,
                about=history.about_user(user),
                body={"roles": [role.value]},
            )
    return is_new
