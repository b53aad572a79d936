"""One form for a person: who they are, their teams, their roles.

It asks; what is allowed is a rule of services/people.py, whose refusals it shows at their fields.
"""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from onboarding.domain.lanes import SeparationRule
from onboarding.domain.refusals import Invalid
from onboarding.models import Membership, RoleAssignment, Team
from onboarding.queries.deciders import environments_with
from onboarding.services.people import PersonDetails, version_of

NOT_IN = "out"
PREFIX = "team_"
ROLE_NOTES = {
    RoleAssignment.Role.PLATFORM: _("Sizes, new namespaces, retirements"),
    RoleAssignment.Role.NETWORK: _("Whatever opens a path"),
    RoleAssignment.Role.SECURITY: _("Restricted data, risky paths"),
    RoleAssignment.Role.AUDITOR: _("Namespaces, requests, history; read only"),
    RoleAssignment.Role.PLATFORM_ADMIN: _("People, teams, clusters"),
}
IN_A_TEAM = [(Membership.Role.MEMBER.value, _("Member")), (Membership.Role.LEAD.value, _("Lead"))]
UNTOUCHED = {"autocomplete": "off", "spellcheck": "false"}


class RolesField(forms.MultipleChoiceField):
    """Check boxes, each with what the role is for."""

    notes = {role.value: ("", words) for role, words in ROLE_NOTES.items()}


class PersonDetailsForm(forms.Form):
    """name, username, email; team_ID for each team there is; add_team, add_as; roles; anyway."""

    name = forms.CharField(
        label=_("Name"),
        max_length=150,
        help_text=_("As pages and the history show it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        help_text=_("Signs in with it. Letters, digits and @ . + - _"),
        widget=forms.TextInput(attrs=UNTOUCHED),
    )
    email = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        help_text=_("The invitation and notices go there."),
        widget=forms.EmailInput(attrs=UNTOUCHED),
    )
    add_team = forms.ChoiceField(label=_("Add to a team"), required=False)
    add_as = forms.ChoiceField(label=_("As"), choices=IN_A_TEAM)
    roles = RolesField(
        label=_("Roles"),
        required=False,
        choices=RoleAssignment.Role.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    version = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    anyway = forms.BooleanField(label=_("Save it all the same"), required=False)

    def __init__(
        self, data: Any = None, *, teams: Iterable[Team], person: PersonDetails | None = None
    ) -> None:
        """Start from the person as they are; from nobody to invite somebody."""
        super().__init__(data, initial=_initial(person) if person else None)
        self.is_asking = False
        self.fields["roles"].help_text = who_decides_not()
        held, known = dict(person.teams) if person else {}, list(teams)
        self.held = [team for team in known if team.pk in held]
        for team in self.held:
            self.fields[f"{PREFIX}{team.pk}"] = forms.ChoiceField(
                label=team.slug,
                choices=[*IN_A_TEAM, (NOT_IN, _("Not in it any more"))],
                initial=held[team.pk],
            )
        others = [(str(team.pk), team.slug) for team in known if team.pk not in held]
        add_team = self.fields["add_team"]
        if isinstance(add_team, forms.ChoiceField):
            add_team.choices = [("", _("None")), *others]

    @property
    def team_fields(self) -> list[forms.BoundField]:
        """Return the question for each team the person is in."""
        return [self[f"{PREFIX}{team.pk}"] for team in self.held]

    def details(self) -> PersonDetails:
        """Return what was answered. The form is valid."""
        asked = self.cleaned_data
        teams = {team.pk: asked[f"{PREFIX}{team.pk}"] for team in self.held}
        if asked["add_team"]:
            teams[int(asked["add_team"])] = asked["add_as"]
        return PersonDetails(
            name=asked["name"],
            username=asked["username"],
            email=asked["email"],
            teams={team: role for team, role in teams.items() if role != NOT_IN},
            roles=frozenset(asked["roles"]),
        )

    def refuse(self, wrong: Invalid) -> None:
        """Show what the service refuses at its fields, or above the form."""
        for violation in wrong.violations:
            field = violation.field if violation.field in self.fields else None
            self.add_error(field, violation.words)

    def ask_anyway(self, words: str) -> None:
        """Show what would be missing then, and let it be confirmed."""
        self.is_asking = True
        self.add_error("anyway", words)


def who_decides_not() -> str:
    """Return what roles are, and of what even their holders do not decide."""
    outside = environments_with(SeparationRule.OUTSIDE_THE_TEAM)
    if not outside:
        return gettext("Roles hold over all teams. Nobody decides what they asked for themselves.")
    words = gettext(
        "Roles hold over all teams. Nobody decides what they asked for themselves, nor, in "
        "%(environments)s, what their own team asks for."
    )
    return words % {"environments": ", ".join(outside)}


def _initial(person: PersonDetails) -> dict[str, Any]:
    return {
        "name": person.name,
        "username": person.username,
        "email": person.email,
        "roles": sorted(person.roles),
        "version": version_of(person),
    }
