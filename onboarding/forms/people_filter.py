"""What narrows the list of people."""

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from onboarding.forms.list_filter import ListFilter, choice_field, search_field
from onboarding.models import RoleAssignment
from onboarding.queries.people import (
    FACTOR_STATES,
    NO_TEAM,
    STATES,
    AccountState,
    FactorState,
    count_people,
    count_roles,
    count_teams,
    matching,
    of_team,
    with_role,
)

STATE_WORDS = {
    AccountState.ACTIVE.value: _("Active"),
    AccountState.INVITED.value: _("Invited, no password yet"),
    AccountState.OFF.value: _("Switched off"),
}
FACTOR_WORDS = {
    FactorState.SET.value: _("Has one"),
    FactorState.MISSING.value: _("Has none"),
    FactorState.MISSING_WITH_ROLE.value: _("Has none, and a role"),
}
ROLE_WORDS = {
    "lead": _("Team lead"),
    "approver": _("Approver of any kind"),
    **{role.value: role.label for role in RoleAssignment.Role},
}


class PeopleFilter(ListFilter):
    """q, role, team, state, factor; each choice with its number. Six queries."""

    q = search_field(_("Search"), _("Name or team"))
    role = choice_field(_("Role"))
    team = choice_field(_("Team"))
    state = choice_field(_("Account"))
    factor = choice_field(_("Second factor"))

    def __init__(self, data: QueryDict) -> None:
        """Offer what there is."""
        super().__init__(data)
        self.people, teams = count_people(), count_teams()
        factors = {state.value: self.people[f"factor_{state.value}"] for state in FactorState}
        team_words = {NO_TEAM: _("In no team"), **{slug: slug for slug in teams if slug != NO_TEAM}}
        self.offer("role", ROLE_WORDS, counts=count_roles(), whatever=_("Every role"))
        self.offer("team", team_words, counts=teams, whatever=_("Every team"))
        self.offer("state", STATE_WORDS, counts=self.people, whatever=_("Every account"))
        self.offer("factor", FACTOR_WORDS, counts=factors, whatever=_("With or without"))

    def narrowing(self) -> Q:
        """Return what the rows have to match. The form is valid."""
        asked = self.cleaned_data
        found = Q()
        if asked["q"]:
            found &= matching(asked["q"])
        if asked["role"]:
            found &= with_role(asked["role"])
        if asked["team"]:
            found &= of_team(asked["team"])
        if asked["state"]:
            found &= STATES[AccountState(asked["state"])]
        if asked["factor"]:
            found &= FACTOR_STATES[FactorState(asked["factor"])]
        return found
