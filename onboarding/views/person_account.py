"""For platform admins: a person's account: invite again, lost second factor, off and on."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.refusals import Conflict
from onboarding.forms.person_account import ResetFactorForm, SwitchOffForm
from onboarding.pages.people import left_words, missing_words, person_page
from onboarding.queries.leaving import left_behind
from onboarding.queries.people import load_person
from onboarding.services.clock import database_now
from onboarding.services.people import invite_again
from onboarding.services.second_factor import remove_second_factor
from onboarding.services.switch_people import switch_off, switch_on
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.actors import by
from onboarding.views.asked_again import asked_again
from onboarding.views.posted import asked, only


@forms_only
@allow(Who.PLATFORM_ADMINS)
@asked_again
def person_invite(request: SignedIn, person_id: int) -> HttpResponse:
    """Invite somebody again who has set no password yet."""
    only(request)
    person = invite_again(person_id, by=by(request), now=database_now())
    words = _("%(person)s is invited again: a new link goes to %(email)s, earlier ones ended.")
    messages.success(request, words % {"person": person.label, "email": person.email})
    return redirect("person-detail", person_id=person_id)


@allow(Who.PLATFORM_ADMINS)
@asked_again
def person_factor(request: SignedIn, person_id: int) -> HttpResponse:
    """Say what removing somebody's second factor ends; POST does it."""
    asked(request)
    person = load_person(person_id)
    left = left_behind(person)
    form = ResetFactorForm(request.POST or None, has_keys=bool(left.keys))
    if request.method == "POST":
        only(request, *form.fields)
    if form.is_valid():
        acting = by(request)
        remove_second_factor(
            person,
            checked=form.cleaned_data["checked"],
            actor=acting.actor,
            by=acting,
            revoke_keys=form.cleaned_data.get("revoke_keys", False),
            now=database_now(),
        )
        words = _("%(person)s is signed out and signs in with the password alone now.")
        messages.success(request, words % {"person": person.label})
        return redirect("person-detail", person_id=person.pk)
    context = {"page": person_page(person, request.user, left), "form": form}
    status = 422 if form.errors else 200
    return render(request, "people/person_factor.html", context, status=status)


@allow(Who.PLATFORM_ADMINS)
@asked_again
def person_switch_off(request: SignedIn, person_id: int) -> HttpResponse:
    """Say what somebody would leave behind; POST switches the account off."""
    asked(request)
    person = load_person(person_id)
    if not person.is_active:
        raise Conflict(_("%(person)s is switched off already.") % {"person": person.label})
    form = SwitchOffForm(request.POST or None)
    if request.method == "POST":
        only(request, *form.fields)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        switch_off(person.pk, reason=reason, by=by(request), now=database_now())
        words = _("%(person)s is switched off and signed out everywhere.")
        messages.success(request, words % {"person": person.label})
        return redirect("person-detail", person_id=person.pk)
    left = left_behind(person)
    context = {
        "page": person_page(person, request.user, left),
        "missing": left.missing,
        "missing_words": missing_words(left.missing),
        "left_words": left_words(left),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "people/person_switch_off.html", context, status=status)


@forms_only
@allow(Who.PLATFORM_ADMINS)
@asked_again
def person_switch_on(request: SignedIn, person_id: int) -> HttpResponse:
    """Switch an account on again, with the teams and roles it has."""
    only(request)
    person = switch_on(person_id, by=by(request), now=database_now())
    messages.success(request, _("%(person)s is active again.") % {"person": person.label})
    return redirect("person-detail", person_id=person_id)
