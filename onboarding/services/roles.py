"""Give a role and take it away. By platform admins; the command line appoints the first one."""

from datetime import datetime

from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.refusals import Conflict, Invalid
from onboarding.models import RoleAssignment, User
from onboarding.queries.leaving import Missing, missing_without
from onboarding.services.history import By
from onboarding.services.people import (
    check_may_edit,
    check_some_admin,
    details_of,
    lock_person,
)
from onboarding.services.recorded_rows import record_row


def give_role(person_id: int, role: str, *, by: By, now: datetime) -> User:
    """Give an active person a role, with its event.

    Raises Forbidden, NotFound, Invalid (no such role), Conflict (switched off, or has it).
    """
    check_may_edit(by)
    if role not in RoleAssignment.Role.values:
        raise Invalid("Choose a role that exists.", field="role")
    with transaction.atomic():
        person = lock_person(person_id)
        if not person.is_active:
            raise Conflict(f"{person.label} is switched off and could do nothing with it.")
        row, is_new = RoleAssignment.objects.get_or_create(user=person, role=role)
        if not is_new:
            raise Conflict(f"{person.label} has this role already.")
        record_row(Action.ROW_ADDED, row, {}, actor=by.actor, now=now)
    return person


def take_role(person_id: int, role: str, *, by: By, now: datetime) -> User:
    """Take a role away, with its event.

    Raises Forbidden, NotFound, Conflict (does not hold it), LastAdmin.
    """
    check_may_edit(by)
    with transaction.atomic():
        person = lock_person(person_id)
        row = RoleAssignment.objects.select_related("user").filter(user=person, role=role).first()
        if row is None:
            raise Conflict(f"{person.label} does not hold this role.")
        record_row(Action.ROW_REMOVED, row, {}, actor=by.actor, now=now)
        row.delete()
        check_some_admin()
    return person


def missing_without_role(person: User, role: str) -> Missing:
    """Return what nobody else would do any more if the person lost the role."""
    details = details_of(person)
    leads = [team for team, part in details.teams.items() if part == "lead"]
    return missing_without(person, leads=leads, roles=details.roles - {role})
