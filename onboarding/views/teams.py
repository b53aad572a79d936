"""For platform admins: teams, who is in them and as what, the access group, a new team."""

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.lifecycle import ENDED
from onboarding.domain.refusals import Invalid, NotFound
from onboarding.forms.roles import OUT, AccessGroupForm, AddMemberForm, NewTeamForm
from onboarding.forms.teams_filter import TeamsFilter
from onboarding.models import Membership, Team, User
from onboarding.pages.outdated import count_outdated
from onboarding.queries.finding_people import find_person, suggested_people
from onboarding.queries.keyset import bounded_count
from onboarding.queries.leads import leads_of, teams_without_lead
from onboarding.queries.role_holders import is_invited
from onboarding.queries.teams import ORDER, load_team, with_numbers
from onboarding.queries.truth import truths_of
from onboarding.services.clock import database_now
from onboarding.services.teams import (
    change_group,
    create_team,
    put_in_team,
    take_out_of_team,
    version_of_group,
)
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.actors import by
from onboarding.views.asked_again import asked_again
from onboarding.views.posted import asked, only
from onboarding.views.versioned import save_if_current

ALARMED = 20


@allow(Who.PLATFORM_ADMINS)
def team_list(request: SignedIn) -> HttpResponse:
    """List teams; those without an active lead stand above the list."""
    form = TeamsFilter(request.GET)
    context = {"form": form, "now": database_now(), "unled": teams_without_lead()[:ALARMED]}
    if form.is_valid():
        rows = with_numbers().filter(form.narrowing())
        page = form.page(rows, order=ORDER)
        total = bounded_count(Team.objects.filter(form.narrowing()))
        context |= {"page": page, "total": total}
    status = 200 if form.is_valid() else 422
    return render(request, "people/team_list.html", context, status=status)


@allow(Who.PLATFORM_ADMINS)
@asked_again
def team_new(request: SignedIn) -> HttpResponse:
    """Show the form for a new team; POST makes it, with its first lead."""
    asked(request)
    form = NewTeamForm(request.POST or None)
    if request.method == "POST":
        only(request, *form.fields)
    if form.is_valid():
        try:
            team = _make(request, form)
        except Invalid as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, _("Team %(team)s is there.") % {"team": team.slug})
            return redirect("team-detail", public_id=team.public_id)
    context = {"form": form, "suggested": suggested_people()}
    status = 422 if form.errors else 200
    return render(request, "people/team_new.html", context, status=status)


def _make(request: SignedIn, form: NewTeamForm) -> Team:
    asked, acting, now = form.cleaned_data, by(request), database_now()
    lead = find_person(asked["person"]) if asked["person"] else None
    with transaction.atomic():
        team = create_team(asked["slug"], asked["access_group"], by=acting, now=now)
        if lead:
            put_in_team(team.pk, lead.pk, Membership.Role.LEAD, by=acting, now=now)
    return team


@allow(Who.PLATFORM_ADMINS)
@asked_again
def team_detail(request: SignedIn, public_id: str) -> HttpResponse:
    """Show one team: people, group, namespaces. POST adds somebody."""
    asked(request)
    team = load_team(public_id)
    form = AddMemberForm(request.POST or None)
    if request.method == "POST":
        only(request, *form.fields)
    if form.is_valid():
        try:
            person = find_person(form.cleaned_data["person"])
            role = Membership.Role(form.cleaned_data["role"])
            put_in_team(team.pk, person.pk, role, by=by(request), now=database_now())
        except Invalid as wrong:
            form.refuse(wrong)
        else:
            words = _("%(person)s is in %(team)s now.")
            messages.success(request, words % {"person": person.label, "team": team.slug})
            return redirect("team-detail", public_id=team.public_id)
    return _page(request, team, form)


@forms_only
@allow(Who.PLATFORM_ADMINS)
@asked_again
def team_member(request: SignedIn, public_id: str, person_id: int) -> HttpResponse:
    """Make somebody of the team lead or member, or take them out of it."""
    only(request, "role", "was", "anyway")
    team, role = load_team(public_id), request.POST.get("role", "")
    was = request.POST.get("was", "")
    if role not in {*Membership.Role.values, OUT}:
        raise SuspiciousOperation(f"Unknown role: {role[:40]}")
    person: User | None = team.people.filter(pk=person_id).first()
    if person is None:
        raise NotFound("Nobody of the team.")
    is_last = role != Membership.Role.LEAD.value and leads_of(team) == [person]
    if is_last and not request.POST.get("anyway"):
        return _page(
            request, team, AddMemberForm(), asks={"person": person, "role": role, "was": was}
        )
    acting, now = by(request), database_now()
    if role == OUT:
        take_out_of_team(team.pk, person.pk, was=was, by=acting, now=now)
    else:
        put_in_team(team.pk, person.pk, Membership.Role(role), was=was, by=acting, now=now)
    messages.success(request, _("Team %(team)s is saved.") % {"team": team.slug})
    return redirect("team-detail", public_id=team.public_id)


@allow(Who.PLATFORM_ADMINS)
@asked_again
def team_group(request: SignedIn, public_id: str) -> HttpResponse:
    """Change the access group; what becomes outdated by it is said before it is saved."""
    asked(request)
    team = load_team(public_id)
    data = request.POST if request.method == "POST" else None
    saved = {"access_group": team.access_group, "version": version_of_group(team)}
    form = AccessGroupForm(data, initial=saved)
    if data is not None:
        only(request, *form.fields)
    outcome = save_if_current(form, lambda: _change_group(request, team, form))
    if outcome.is_saved:
        messages.success(request, _("Team %(team)s is saved.") % {"team": team.slug})
        return redirect("team-detail", public_id=team.public_id)
    context = {"team": team, "form": form, "outdated": outcome.outdated}
    return render(request, "people/team_group.html", context, status=outcome.status)


def _change_group(request: SignedIn, team: Team, form: AccessGroupForm) -> None:
    change_group(
        team.pk,
        form.cleaned_data["access_group"],
        version=form.cleaned_data["version"],
        confirmed=form.cleaned_data["anyway"],
        by=by(request),
        now=database_now(),
    )


def _page(
    request: SignedIn, team: Team, form: AddMemberForm, asks: dict[str, object] | None = None
) -> HttpResponse:
    rows = team.namespaces.exclude(state__in=sorted(ENDED))
    live = list(rows.select_related("cluster__observation"))
    members = team.memberships.select_related("user")
    people = list(members.order_by("role", "user__first_name", "user__username"))
    context = {
        "team": team,
        "leads": leads_of(team),
        "memberships": people,
        "invited": {row.user_id for row in people if is_invited(row.user)},
        "roles": Membership.Role.choices,
        "out": OUT,
        "asks": asks,
        "form": form,
        "suggested": suggested_people(),
        "namespaces": live,
        "truths": truths_of(live),
        "outdated": count_outdated(live),
        "now": database_now(),
    }
    status = 422 if form.errors or asks else 200
    return render(request, "people/team_detail.html", context, status=status)
