"""For whoever was invited: open the link of the mail, set a password, once.

The link leaves the address bar at once: what is left of it there opens nothing by itself. Its code
waits in a cookie of the browser, for the form's address alone; the server keeps nothing of it.
"""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from onboarding.domain.refusals import Invalid
from onboarding.forms.new_password import FirstPasswordForm
from onboarding.services.client_address import client_address
from onboarding.services.clock import database_now
from onboarding.services.invitations import (
    EndedInvitation,
    accept_invitation,
    invited_by_link,
)
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.posted import only

COOKIE = "__Secure-invitation" if settings.HTTPS else "invitation"
SALT = "bulkhead opened invitation"
AGE_SECONDS = 3600
SHOWN = "set-password"


@sensitive_post_parameters()
@login_not_required
@allow(Who.ANYBODY)
def invitation(request: SignedIn, number: str, token: str) -> HttpResponse:
    """Show the form for the first password; POST sets it. An ended link says what to do."""
    if token != SHOWN:
        return _opened(number, token)
    kept = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=AGE_SECONDS) or ""
    try:
        person = invited_by_link(number, kept, now=database_now())
        form = FirstPasswordForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            only(request, *form.fields)
        if form.is_valid() and _accept(request, number, kept, form):
            return _welcome(request, number, person.username)
    except EndedInvitation:
        return render(request, "account/invitation_ended.html", status=410)
    context = {"form": form, "person": person}
    status = 422 if form.errors else 200
    return render(request, "account/invitation.html", context, status=status)


def _accept(request: HttpRequest, number: str, token: str, form: FirstPasswordForm) -> bool:
    password, ip = form.cleaned_data["password"], client_address(request.META)
    try:
        accept_invitation(number, token, password=password, ip=ip, now=database_now())
    except Invalid as weak:
        form.refuse(weak)
        return False
    return True


def _opened(number: str, token: str) -> HttpResponse:
    """Lead to the form. Only what invites somebody is kept, by the browser that opened it."""
    form = reverse("invitation", args=[number, SHOWN])
    answer = redirect(form)
    try:
        invited_by_link(number, token, now=database_now())
    except EndedInvitation:
        answer.delete_cookie(COOKIE, path=form, samesite="Lax")
    else:
        answer.set_signed_cookie(
            COOKIE,
            token,
            salt=SALT,
            path=form,
            max_age=AGE_SECONDS,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
    return answer


def _welcome(request: HttpRequest, number: str, username: str) -> HttpResponse:
    words = _("Your password is set. Sign in as %(username)s.") % {"username": username}
    messages.success(request, words)
    answer = redirect("account_login")
    form = reverse("invitation", args=[number, SHOWN])
    answer.delete_cookie(COOKIE, path=form, samesite="Lax")
    return answer
