"""For platform admins: who gives which approval and holds which role; give one, take one away."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.refusals import Invalid
from onboarding.forms.person_details import who_decides_not
from onboarding.forms.roles import GiveRoleForm
from onboarding.models import RoleAssignment
from onboarding.pages.people import missing_words
from onboarding.pages.roles import role_lines
from onboarding.queries.finding_people import find_person, suggested_people
from onboarding.queries.people import load_person
from onboarding.services.clock import database_now
from onboarding.services.roles import give_role, missing_without_role, take_role
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.actors import by
from onboarding.views.asked_again import asked_again
from onboarding.views.posted import asked, only


@allow(Who.PLATFORM_ADMINS)
@asked_again
def role_list(request: SignedIn) -> HttpResponse:
    """Show who holds each role, and how many can do what it is for. POST gives one."""
    asked(request)
    form = GiveRoleForm(request.POST or None)
    if request.method == "POST":
        only(request, *form.fields)
    if form.is_valid():
        try:
            person = find_person(form.cleaned_data["person"])
            role = RoleAssignment.Role(form.cleaned_data["role"])
            give_role(person.pk, role.value, by=by(request), now=database_now())
        except Invalid as wrong:
            form.refuse(wrong)
        else:
            words = _("%(person)s is %(role)s now.")
            what = {"person": person.label, "role": role.label.lower()}
            messages.success(request, words % what)
            return redirect("role-list")
    return _page(request, form)


@forms_only
@allow(Who.PLATFORM_ADMINS)
@asked_again
def role_take(request: SignedIn, person_id: int) -> HttpResponse:
    """Take a role away; where nobody else could do what it is for, ask first."""
    only(request, "role", "anyway")
    person, role = load_person(person_id), request.POST.get("role", "")
    if role not in RoleAssignment.Role.values:
        raise Invalid("Choose a role that exists.", field="role")
    missing = missing_without_role(person, role)
    if missing and not request.POST.get("anyway"):
        asks = {"person": person, "role": role, "words": missing_words(missing)}
        return _page(request, GiveRoleForm(), asks)
    take_role(person.pk, role, by=by(request), now=database_now())
    words = _("%(person)s is no longer %(role)s.")
    what = {"person": person.label, "role": RoleAssignment.Role(role).label.lower()}
    messages.success(request, words % what)
    return redirect("role-list")


def _page(
    request: SignedIn, form: GiveRoleForm, asks: dict[str, object] | None = None
) -> HttpResponse:
    context = {
        "lines": role_lines(),
        "form": form,
        "asks": asks,
        "suggested": suggested_people(),
        "who_decides_not": who_decides_not(),
    }
    status = 422 if form.errors or asks else 200
    return render(request, "people/role_list.html", context, status=status)
