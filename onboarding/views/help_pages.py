"""Help: the words, how a request goes, and whom to ask; platform admins set the last."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.forms.help_contacts import HelpContactsForm
from onboarding.queries.deciders import names_of, platform_admins
from onboarding.queries.help_contacts import contacts_for
from onboarding.queries.leads import leads_to_ask
from onboarding.queries.permissions import permissions_of
from onboarding.services.clock import database_now
from onboarding.services.help_contacts import set_help_contacts
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.posted import asked, only
from onboarding.views.versioned import save_if_current


@login_not_required
@allow(Who.ANYBODY)
def help_page(request: SignedIn) -> HttpResponse:
    """Show how things go here. Strangers read it too, and learn who helps to sign in."""
    asked(request)
    is_signed_in = bool(request.user.is_authenticated)
    contacts = list(contacts_for(is_signed_in=is_signed_in))
    asks_admins = is_signed_in and not contacts
    if is_signed_in:  # the page's frame reads them too
        request.permissions = permissions_of(request.user)
    context = {
        "contacts": contacts,
        "admins": names_of(platform_admins(), last="or") if asks_admins else "",
        "leads": leads_to_ask(request.permissions) if is_signed_in else "",
        "permissions": request.permissions if is_signed_in else None,
    }
    return render(request, "help/help.html", context)


@allow(Who.PLATFORM_ADMINS)
def help_contacts(request: SignedIn) -> HttpResponse:
    """Set whom people can ask."""
    asked(request)
    form = HelpContactsForm(request.POST or None)
    if request.method == "POST":
        only(request, *form.fields)
    outcome = save_if_current(form, lambda: _store(request, form))
    if outcome.is_saved:
        return redirect("help")
    return render(request, "help/help_contacts.html", {"form": form}, status=outcome.status)


def _store(request: SignedIn, form: HelpContactsForm) -> None:
    version, now = form.cleaned_data["version"], database_now()
    if set_help_contacts(form.contacts, version=version, by=by(request), now=now):
        messages.success(request, _("Saved. People read it on Help from now on."))
