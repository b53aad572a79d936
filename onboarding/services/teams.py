"""Teams: a name, an access group, people as leads and members. By platform admins.

Name and group end up in objects on clusters, so what they may be is checked here, for every door.
Another group makes what binds the old one outdated: how much is said before it is saved.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from onboarding.domain.actions import Action
from onboarding.domain.names import check_dns_label, check_group
from onboarding.domain.refusals import Conflict, Invalid, NotFound, Violation
from onboarding.domain.versions import SavedMeanwhile, check_version, version_of_tree
from onboarding.models import Cluster, ManagedNamespace, Membership, Team, User
from onboarding.plan.check_facts import check_bound_group
from onboarding.services.history import By
from onboarding.services.outdated import note_outdated
from onboarding.services.people import change_membership, check_may_edit, lock_administration
from onboarding.services.recorded_rows import differences_of, record_row


class WouldBeOutdated(Conflict):
    """What was approved would be rendered differently from now on; `names` says of whom."""

    title = "This makes namespaces outdated"

    def __init__(self, names: list[str]) -> None:
        """Keep the names."""
        super().__init__(f"Outdated by it: {', '.join(names)}.")
        self.names = names


def team_violations(slug: str, group: str, *, besides: Team | None = None) -> list[Violation]:
    """Return what is wrong with a team's name and access group. Three queries."""
    others = Team.objects.exclude(pk=besides.pk) if besides else Team.objects.all()
    found = [Violation("slug", words) for words in check_dns_label(slug)]
    if others.filter(slug=slug).exists():
        found.append(Violation("slug", f"There is a team {slug} already."))
    found += group_violations(group)
    if others.filter(access_group=group).exists():
        found.append(Violation("access_group", "Another team has this access group."))
    return found


def group_violations(group: str) -> list[Violation]:
    """Return why a group cannot be bound: Kubernetes' own, or made so by a cluster's prefix."""
    if problems := check_group(group):
        return [Violation("access_group", words) for words in problems]
    for cluster in Cluster.objects.all():
        for violation in check_bound_group(cluster.facts.get("group_prefix", ""), group):
            words = f"On cluster {cluster.name}: {violation.words}"
            return [Violation("access_group", words)]
    return []


def create_team(slug: str, access_group: str, *, by: By, now: datetime) -> Team:
    """Make a team, with its event. Raises Forbidden, Invalid."""
    check_may_edit(by)
    with transaction.atomic():
        lock_administration()
        if found := team_violations(slug, access_group):
            raise Invalid.of(found)
        team = Team.objects.create(slug=slug, access_group=access_group)
        record_row(Action.ROW_ADDED, team, {"access_group": access_group}, actor=by.actor, now=now)
    return team


def version_of_group(team: Team) -> str:
    """Return what a form carries, so that it changes only the group its reader saw."""
    return version_of_tree(team.access_group)


def change_group(
    team_id: int, access_group: str, *, version: str, confirmed: bool, by: By, now: datetime
) -> None:
    """Give a team another access group, with its event. `version` is what was read.

    Raises Forbidden, NotFound, SavedMeanwhile, Invalid, and WouldBeOutdated unless that was
    confirmed.
    """
    check_may_edit(by)
    with transaction.atomic():
        team = _lock(team_id)
        check_version(version, team.access_group, f"The access group of {team.slug} was")
        if found := team_violations(team.slug, access_group, besides=team):
            raise Invalid.of(found)
        changed = differences_of(
            {"access_group": team.access_group}, {"access_group": access_group}
        )
        if not changed:
            return
        Team.objects.filter(pk=team.pk).update(access_group=access_group)
        record_row(Action.ROW_CHANGED, team, changed, actor=by.actor, now=now)
        note_or_ask(ManagedNamespace.objects.filter(team=team), confirmed=confirmed, now=now)


def note_or_ask(rows: QuerySet[ManagedNamespace], *, confirmed: bool, now: datetime) -> None:
    """Note what a changed fact makes outdated. Raises WouldBeOutdated unless it was confirmed.

    Runs within the transaction of the change, which the refusal undoes: so it is exactly known.
    """
    before = _outdated_names(rows)
    note_outdated(rows, now=now)
    new = [name for name in _outdated_names(rows) if name not in before]
    if new and not confirmed:
        raise WouldBeOutdated(new)


def put_in_team(
    team_id: int, person_id: int, role: Membership.Role, *, was: str = "", by: By, now: datetime
) -> User:
    """Make a person lead or member of a team, with its event; return them.

    `was` is what a page showed them as. Raises Forbidden, NotFound, SavedMeanwhile, Conflict (is
    it already).
    """
    check_may_edit(by)
    with transaction.atomic():
        team, person = _lock(team_id), _person(person_id)
        row = Membership.objects.filter(team=team, user=person).first()
        _check_was(was, row, person)
        if row and row.role == role:
            raise Conflict(f"{person.label} is {role.label.lower()} of {team.slug} already.")
        if row:
            change_membership(row, role.value, actor=by.actor, now=now)
        else:
            added = Membership.objects.create(team=team, user=person, role=role)
            record_row(Action.ROW_ADDED, added, {}, actor=by.actor, now=now)
    return person


def take_out_of_team(team_id: int, person_id: int, *, was: str = "", by: By, now: datetime) -> User:
    """Take a person out of a team, with its event; return them.

    `was` is what a page showed them as. Raises Forbidden, NotFound, SavedMeanwhile, Conflict (is
    not in it).
    """
    check_may_edit(by)
    with transaction.atomic():
        team, person = _lock(team_id), _person(person_id)
        row = Membership.objects.filter(team=team, user=person).first()
        if row is None:
            raise Conflict(f"{person.label} is not in {team.slug}.")
        _check_was(was, row, person)
        record_row(Action.ROW_REMOVED, row, {}, actor=by.actor, now=now)
        row.delete()
    return person


def _outdated_names(rows: QuerySet[ManagedNamespace]) -> list[str]:
    return list(rows.filter(outdated__isnull=False).order_by("name").values_list("name", flat=True))


def _check_was(was: str, row: Membership | None, person: User) -> None:
    if was and row and row.role != was:
        raise SavedMeanwhile(
            f"{person.label} is {row.get_role_display().lower()} of {row.team.slug} by now. Look "
            "again, then change it."
        )


def _lock(team_id: int) -> Team:
    lock_administration()
    team = Team.objects.select_for_update().filter(pk=team_id).first()
    if team is None:
        raise NotFound("No such team.")
    return team


def _person(person_id: int) -> User:
    person = User.objects.filter(pk=person_id).first()
    if person is None:
        raise NotFound("No such person.")
    return person
