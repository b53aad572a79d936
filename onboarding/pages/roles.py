"""Who gives which approval and holds which role, and how many of each there are."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from onboarding.domain.lanes import Lane
from onboarding.forms.person_details import ROLE_NOTES
from onboarding.models import RoleAssignment, User
from onboarding.queries.approval_keys import signers
from onboarding.queries.deciders import LANE_ROLES, Deciders, load_deciders
from onboarding.queries.role_holders import can_sign_in
from onboarding.templatetags.wording import approval_name


@dataclass(frozen=True)
class Holder:
    """Somebody who holds a role. `lacks_key` where approvals count only signed.

    `is_invited` who has still to set a password, and can do nothing before.
    """

    person: User
    lacks_key: bool
    is_invited: bool = False


@dataclass(frozen=True)
class RoleLine:
    """One role: what it is for, who holds it, what is wrong with its staffing ("" for nothing)."""

    role: str
    label: str
    note: str
    holders: tuple[Holder, ...]
    off: int
    trouble: str


def role_lines() -> list[RoleLine]:
    """Return every role with its holders. Six queries."""
    rows = list(
        RoleAssignment.objects.select_related("user").order_by("user__first_name", "user__username")
    )
    known, keyed = load_deciders(()), signers(LANE_ROLES)
    return [
        _line(role, [row.user for row in rows if row.role == role], known, _signing(role, keyed))
        for role in RoleAssignment.Role
    ]


def _signing(
    role: RoleAssignment.Role, keyed: Mapping[Lane, frozenset[int]]
) -> frozenset[int] | None:
    """Return who has a key for the approval, None where none is demanded."""
    return keyed.get(Lane(role.value)) if role.value in LANE_ROLES else None


def _line(
    role: RoleAssignment.Role,
    everybody: list[User],
    known: Deciders,
    signing: frozenset[int] | None,
) -> RoleLine:
    active = [person for person in everybody if person.is_active]
    able = [person for person in active if can_sign_in(person)]
    deciding = [person for person in able if signing is None or person.pk in signing]
    persons = len(known.persons(deciding)) if role.value in LANE_ROLES else len(able)
    return RoleLine(
        role=role.value,
        label=str(role.label),
        note=str(ROLE_NOTES[role]),
        holders=tuple(
            Holder(
                person,
                lacks_key=signing is not None and person.pk not in signing,
                is_invited=person not in able,
            )
            for person in active
        ),
        off=len(everybody) - len(active),
        trouble=_trouble(role, able, persons),
    )


def _trouble(role: RoleAssignment.Role, holders: list[User], able: int) -> str:
    """Return what is wrong with how many there are."""
    if role is RoleAssignment.Role.PLATFORM_ADMIN and able == 1:
        return _("One person only: nobody else could remove their lost second factor.")
    if role.value not in LANE_ROLES:
        return ""
    approval = approval_name(role.value)
    if not holders:
        words = _("Nobody gives the %(approval)s: requests that need it cannot be sent.")
        return words % {"approval": approval}
    if not able:
        words = _("No holder has a confirmed approval key: nobody can give the %(approval)s.")
        return words % {"approval": approval}
    if able == 1:
        return _("One person only: their own requests, and absences, wait for somebody else.")
    return ""
