"""For platform admins: who there is, one form for a person, inviting somebody."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.refusals import Invalid
from onboarding.forms.people_filter import PeopleFilter
from onboarding.forms.person_details import PersonDetailsForm
from onboarding.models import Team, User
from onboarding.pages.people import missing_words, person_line, person_page
from onboarding.queries.keyset import bounded_count
from onboarding.queries.leaving import left_behind
from onboarding.queries.people import ORDER, load_person, with_everything
from onboarding.services.clock import database_now
from onboarding.services.people import (
    LastAdmin,
    change_person,
    details_of,
    invite_person,
    missing_after,
)
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.asked_again import asked_again
from onboarding.views.posted import asked, only


@allow(Who.PLATFORM_ADMINS)
def people_list(request: SignedIn) -> HttpResponse:
    """List people, narrowed by the URL; an unknown filter is refused, and shows nobody."""
    form = PeopleFilter(request.GET)
    context = {"form": form, "now": database_now(), "teams": Team.objects.count()}
    if form.is_valid():
        rows = with_everything().filter(form.narrowing())
        page = form.page(rows, order=ORDER)
        lines = [person_line(person) for person in page.rows]
        context |= {"page": page, "lines": lines, "total": bounded_count(rows)}
    status = 200 if form.is_valid() else 422
    return render(request, "people/people_list.html", context, status=status)


@allow(Who.PLATFORM_ADMINS)
@asked_again
def person_new(request: SignedIn) -> HttpResponse:
    """Show the empty form; POST makes the account and invites its person."""
    asked(request)
    data = request.POST if request.method == "POST" else None
    form = PersonDetailsForm(data, teams=Team.objects.all())
    if data is not None:
        only(request, *form.fields)
    if form.is_valid():
        try:
            person = invite_person(form.details(), by=by(request), now=database_now())
        except Invalid as wrong:
            form.refuse(wrong)
        else:
            words = _("%(person)s is invited: a link goes to %(email)s.")
            what = {"person": person.label, "email": person.email}
            messages.success(request, words % what)
            return redirect("person-detail", person_id=person.pk)
    status = 422 if form.errors else 200
    return render(request, "people/person_new.html", {"form": form}, status=status)


@allow(Who.PLATFORM_ADMINS)
@asked_again
def person_detail(request: SignedIn, person_id: int) -> HttpResponse:
    """Show one person in one form; POST changes what differs."""
    asked(request)
    person = load_person(person_id)
    data = request.POST if request.method == "POST" else None
    form = PersonDetailsForm(data, teams=Team.objects.all(), person=details_of(person))
    if data is not None:
        only(request, *form.fields)
    if form.is_valid() and _change(request, person, form):
        return redirect("person-detail", person_id=person.pk)
    context = {
        "page": person_page(load_person(person_id), request.user, left_behind(person)),
        "form": form,
        "now": database_now(),
    }
    status = 422 if form.errors else 200
    return render(request, "people/person_detail.html", context, status=status)


def _change(request: SignedIn, person: User, form: PersonDetailsForm) -> bool:
    """Change the person as the form says; False where the form now says why not."""
    details = form.details()
    missing = missing_after(person, details)
    if missing and not form.cleaned_data["anyway"]:
        form.ask_anyway(" ".join(missing_words(missing)))
        return False
    version, now = form.cleaned_data["version"], database_now()
    try:
        changed = change_person(person.pk, details, version=version, by=by(request), now=now)
    except Invalid as wrong:
        form.refuse(wrong)
    except LastAdmin as wrong:
        form.add_error("roles", str(wrong))
    else:
        messages.success(request, _("%(person)s is saved.") % {"person": changed.label})
        return True
    return False
