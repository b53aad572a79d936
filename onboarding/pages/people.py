"""What the pages of people show: a row of the list, one person, what somebody leaves behind."""

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onboarding.models import ApprovalKey, Membership, User
from onboarding.queries.inbox import MailTrouble, mail_trouble
from onboarding.queries.leaving import LeftBehind, Missing
from onboarding.queries.people import AccountState, last_invited, state_of
from onboarding.services.invitations import GOOD_FOR
from onboarding.templatetags.wording import approval_name

FACTOR_NAMES = {
    Authenticator.Type.TOTP.value: gettext_lazy("App"),
    Authenticator.Type.WEBAUTHN.value: gettext_lazy("Passkey"),
}


@dataclass(frozen=True)
class TeamOfPerson:
    """One team somebody is in."""

    slug: str
    public_id: str
    is_lead: bool


@dataclass(frozen=True)
class PersonLine:
    """One person of the list. `factors` are in words; `lacks_factor` only where it matters."""

    person: User
    state: AccountState
    teams: tuple[TeamOfPerson, ...]
    roles: tuple[str, ...]
    factors: tuple[str, ...]

    @property
    def lacks_factor(self) -> bool:
        """Tell whether the password alone opens an account that holds a role."""
        return self.state is AccountState.ACTIVE and not self.factors and bool(self.roles)


@dataclass(frozen=True)
class PersonPage:
    """One person: the line, when they were invited, the mail that did not come, approval keys."""

    line: PersonLine
    invited_at: datetime | None
    invitation_days: int
    is_verified: bool
    trouble: MailTrouble | None
    keys: tuple[ApprovalKey, ...]
    is_oneself: bool


def person_line(person: User) -> PersonLine:
    """Return the row of a person loaded with `queries.people.with_everything`. No query."""
    kinds = {row.type for row in person.authenticator_set.all()}
    return PersonLine(
        person=person,
        state=state_of(person),
        teams=tuple(_team(row) for row in person.memberships.all()),
        roles=tuple(str(row.get_role_display()) for row in person.role_assignments.all()),
        factors=tuple(str(words) for kind, words in FACTOR_NAMES.items() if kind in kinds),
    )


def person_page(person: User, reader: User, left: LeftBehind) -> PersonPage:
    """Return everything the page of a person shows besides its form. Three queries at most."""
    line = person_line(person)
    verified = person.emailaddress_set.filter(email__iexact=person.email, verified=True)
    return PersonPage(
        line=line,
        invited_at=last_invited(person) if line.state is AccountState.INVITED else None,
        invitation_days=GOOD_FOR.days,
        is_verified=verified.exists(),
        trouble=mail_trouble(person),
        keys=left.keys,
        is_oneself=person.pk == reader.pk,
    )


def _team(row: Membership) -> TeamOfPerson:
    return TeamOfPerson(row.team.slug, row.team.public_id, row.role == Membership.Role.LEAD)


def missing_words(missing: Missing) -> list[str]:
    """Return what nobody could do any more, a sentence each."""
    found = [
        _("%(team)s would have no active lead: nobody could ask for anything or change anything.")
        % {"team": team.slug}
        for team in missing.teams
    ]
    found += [
        _("Nobody could give the %(approval)s any more: requests that need it would wait.")
        % {"approval": approval_name(lane)}
        for lane in missing.approvals
    ]
    if missing.is_last_admin:
        found.append(_("No active platform admin would be left. Appoint another one first."))
    return found


def left_words(left: LeftBehind) -> list[str]:
    """Return what stays of somebody who is switched off, a sentence each; [] for nothing."""
    found = []
    if left.requests:
        words = ngettext(
            "%(count)d open request: a lead of the team takes it over or closes it.",
            "%(count)d open requests: a lead of each team takes them over or closes them.",
            left.requests,
        )
        found.append(words % {"count": left.requests})
    if left.drafts:
        words = ngettext(
            "%(count)d draft that nobody else sees.",
            "%(count)d drafts that nobody else sees.",
            left.drafts,
        )
        found.append(words % {"count": left.drafts})
    return found
