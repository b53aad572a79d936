"""People: invite somebody, change who they are and what they may do. By platform admins.

The rules of people stand here, below every door: one active account for an address, names that can
be told apart, and never no platform admin at all. Each change is an event, as in the admin site.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from onboarding.domain.actions import Action
from onboarding.domain.notices import NoticeKind
from onboarding.domain.objects import Json
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound, Violation
from onboarding.domain.versions import version_of_tree
from onboarding.models import Membership, Notice, RoleAssignment, Team, User
from onboarding.queries.identity import active_person_with
from onboarding.queries.leaving import Missing, missing_without
from onboarding.queries.role_holders import able_holders, is_invited
from onboarding.services import history
from onboarding.services.history import Actor, By
from onboarding.services.recorded_rows import differences_of, record_row

ADMIN = RoleAssignment.Role.PLATFORM_ADMIN


class LastAdmin(Conflict):
    """Without an active platform admin nobody could appoint anybody but on the server."""

    title = "Somebody has to be platform admin"


@dataclass(frozen=True)
class PersonDetails:
    """Who somebody is and what they may do. `teams` maps a team's id to lead or member."""

    name: str
    username: str
    email: str
    teams: Mapping[int, str]
    roles: frozenset[str]


def details_of(person: User) -> PersonDetails:
    """Return the person as they are now. Two queries."""
    return PersonDetails(
        name=person.get_full_name(),
        username=person.username,
        email=person.email,
        teams=dict(person.memberships.values_list("team", "role")),
        roles=frozenset(person.role_assignments.values_list("role", flat=True)),
    )


def version_of(details: PersonDetails) -> str:
    """Return what a form carries, so that it changes only what its reader saw."""
    said: dict[str, Json] = {
        "name": details.name,
        "username": details.username,
        "email": details.email,
        "teams": [*sorted(f"{team}:{role}" for team, role in details.teams.items())],
        "roles": [*sorted(details.roles)],
    }
    return version_of_tree(said)


def invite_person(details: PersonDetails, *, by: By, now: datetime) -> User:
    """Make an account without a password and invite its person; return it.

    Raises Forbidden, Invalid (a name or address that cannot be used, an unknown team or role).
    """
    check_may_edit(by)
    person = User()
    person.set_unusable_password()
    _name(person, details)
    with transaction.atomic():
        lock_administration()
        _check(person, details)
        person.save()
        _set_teams(person, details.teams, by.actor, now)
        _set_roles(person, details.roles, by.actor, now)
        record_invitation(person, by.actor, now)
    return person


def change_person(
    person_id: int, details: PersonDetails, *, version: str, by: By, now: datetime
) -> User:
    """Change what differs, each with its event; return the person. `version` is what was read.

    An invited person with a new address is invited anew. Raises Forbidden, NotFound, Invalid,
    Conflict (changed meanwhile), LastAdmin.
    """
    check_may_edit(by)
    with transaction.atomic():
        person = lock_person(person_id)
        before = details_of(person)
        if version_of(before) != version:
            raise Conflict(f"{person.label} was changed meanwhile. Look again, then change it.")
        _name(person, details)
        _check(person, details)
        _save_name(person, before, by.actor, now)
        _set_teams(person, details.teams, by.actor, now)
        _set_roles(person, details.roles, by.actor, now)
        check_some_admin()
    return person


def invite_again(person_id: int, *, by: By, now: datetime) -> User:
    """Invite somebody anew who has set no password yet; links sent before end.

    Raises Forbidden, NotFound, Conflict (they have a password, or are switched off).
    """
    check_may_edit(by)
    with transaction.atomic():
        person = lock_person(person_id)
        if not is_invited(person):
            raise Conflict(f"{person.label} is not waiting for an invitation.")
        person.set_unusable_password()
        person.save(update_fields=["password"])
        record_invitation(person, by.actor, now)
    return person


def missing_after(person: User, details: PersonDetails) -> Missing:
    """Return what nobody else would do any more if the person were changed so."""
    lead = Membership.Role.LEAD.value
    leads = [team for team, role in details.teams.items() if role == lead]
    return missing_without(person, leads=leads, roles=details.roles)


def check_may_edit(by: By) -> None:
    """Raise Forbidden unless a platform admin acts."""
    if not by.permissions.is_platform_admin:
        raise Forbidden("Platform admins say who people are and what they may do.")


def lock_administration() -> None:
    """Let platform admins change people one after the other, until the transaction ends.

    Otherwise two could take each other's role, or give two people one address, at once.
    """
    list(RoleAssignment.objects.select_for_update().filter(role=ADMIN).order_by("pk"))


def lock_person(person_id: int) -> User:
    """Return the person as nobody else changes them meanwhile. Raises NotFound."""
    lock_administration()
    person = User.objects.select_for_update().filter(pk=person_id).first()
    if person is None:
        raise NotFound("No such person.")
    return person


def check_some_admin() -> None:
    """Raise LastAdmin if no platform admin is left who can sign in. After the change, in it."""
    if not able_holders([ADMIN]).exists():
        raise LastAdmin(
            "This would leave no active platform admin; one who has only been invited does not "
            "count. Appoint another one first."
        )


def record_invitation(person: User, actor: Actor, now: datetime) -> None:
    """Write the event by which the invitation is sent. What it says is no secret.

    Invitations that have not gone out yet, maybe to another address, are sent no more.
    """
    before = Notice.objects.filter(person=person, kind=NoticeKind.INVITED.value)
    before.filter(mail_at__isnull=False).update(mail_at=None, settled_at=now)
    history.record(
        Action.PERSON_INVITED,
        actor=actor,
        at=now,
        about=history.about_user(person),
        body={"sent_to": person.email, "username": person.username},
    )


def _name(person: User, details: PersonDetails) -> None:
    if details.name != person.get_full_name():
        person.first_name, person.last_name = details.name.strip(), ""
    person.username, person.email = details.username.strip(), details.email.strip()


def _check(person: User, details: PersonDetails) -> None:
    """Raise Invalid with everything that is wrong, each with its field."""
    found = [*_wrong_fields(person), *_wrong_names(person), *_unknown(details)]
    if found:
        raise Invalid.of(found)


def _wrong_fields(person: User) -> Iterable[Violation]:
    try:
        person.clean_fields(exclude={"password", "last_name"})
    except ValidationError as wrong:
        for field, messages in wrong.message_dict.items():
            shown = "name" if field == "first_name" else field
            yield from (Violation(shown, words) for words in messages)
    if not person.first_name:
        yield Violation("name", "Give a name: history and pages tell people by it.")
    if not person.email:
        yield Violation("email", "Give an address: the invitation and notices go there.")


def _wrong_names(person: User) -> Iterable[Violation]:
    same = User.objects.filter(username__iexact=person.username).exclude(pk=person.pk)
    if same.exists():
        yield Violation("username", f"Somebody is called {person.username} already.")
    other = active_person_with(person.email, besides=person.pk) if person.email else None
    if other and person.is_active:
        words = f"{other.label}, who is active, has this address. One person is one account."
        yield Violation("email", words)


def _unknown(details: PersonDetails) -> Iterable[Violation]:
    known = set(Team.objects.filter(pk__in=details.teams).values_list("pk", flat=True))
    if details.teams.keys() - known or set(details.teams.values()) - {*Membership.Role.values}:
        yield Violation("teams", "Choose teams that exist, and lead or member in each.")
    if details.roles - {*RoleAssignment.Role.values}:
        yield Violation("roles", "Choose roles that exist.")


def _save_name(person: User, before: PersonDetails, actor: Actor, now: datetime) -> None:
    was: dict[str, Json] = {
        "name": before.name, "username": before.username, "email": before.email
    }  # fmt: skip
    becomes: dict[str, Json] = {
        "name": person.get_full_name(), "username": person.username, "email": person.email
    }  # fmt: skip
    changed = differences_of(was, becomes)
    if not changed:
        return
    person.save(update_fields=["first_name", "last_name", "username", "email"])
    record_row(Action.ROW_CHANGED, person, changed, actor=actor, now=now)
    if "email" in changed:
        follow_address(person, before.email, actor=actor, now=now)


def follow_address(person: User, before: str, *, actor: Actor, now: datetime) -> None:
    """Make the new address the account's; the one before is theirs no longer, nor invited.

    Whoever reads the new one is invited anew, or asked to confirm that it is theirs.
    """
    own = EmailAddress.objects.filter(user=person)
    own.filter(Q(email__iexact=before) & ~Q(email__iexact=person.email)).delete()
    own.filter(primary=True).exclude(email__iexact=person.email).update(primary=False)
    row = own.filter(email__iexact=person.email).first()
    row = row or EmailAddress(user=person, email=person.email)
    row.primary = True
    row.save()
    if is_invited(person):
        record_invitation(person, actor, now)
    elif person.email and not row.verified:
        history.record(
            Action.ADDRESS_LINK_ASKED,
            actor=actor,
            at=now,
            about=history.about_user(person),
            body={"sent_to": person.email},
        )


def _set_teams(person: User, wanted: Mapping[int, str], actor: Actor, now: datetime) -> None:
    held = {row.team_id: row for row in person.memberships.select_related("team", "user")}
    for team, row in held.items():
        if team not in wanted:
            record_row(Action.ROW_REMOVED, row, {}, actor=actor, now=now)
            row.delete()
    for team, role in wanted.items():
        if found := held.get(team):
            change_membership(found, role, actor=actor, now=now)
        else:
            added = Membership.objects.create(user=person, team_id=team, role=role)
            record_row(Action.ROW_ADDED, added, {}, actor=actor, now=now)


def change_membership(row: Membership, role: str, *, actor: Actor, now: datetime) -> None:
    """Make somebody lead or member, with the event; nothing where they are it."""
    changed = differences_of({"role": row.role}, {"role": role})
    if changed:
        row.role = role
        row.save(update_fields=["role"])
        record_row(Action.ROW_CHANGED, row, changed, actor=actor, now=now)


def _set_roles(person: User, wanted: Iterable[str], actor: Actor, now: datetime) -> None:
    held = {row.role: row for row in person.role_assignments.select_related("user")}
    for role in sorted(held.keys() - set(wanted)):
        record_row(Action.ROW_REMOVED, held[role], {}, actor=actor, now=now)
        held[role].delete()
    for role in sorted(set(wanted) - held.keys()):
        added = RoleAssignment.objects.create(user=person, role=role)
        record_row(Action.ROW_ADDED, added, {}, actor=actor, now=now)
