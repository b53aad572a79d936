"""Account area, approval keys: ask to enrol a passkey, confirm another person's, revoke."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.approval import Signed
from onboarding.domain.refusals import Invalid, NotFound
from onboarding.models import ApprovalKey
from onboarding.pages.approval_keys import build_approval_keys_page
from onboarding.queries.passkeys import passkeys_of
from onboarding.services.approval_keys import (
    ask_approval_key,
    confirm_approval_key,
    revoke_approval_key,
)
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.actors import by
from onboarding.views.posted import asked, only, signature_in


@allow(Who.SIGNERS)
def approval_key_list(request: SignedIn) -> HttpResponse:
    """List one's own passkeys and keys; for platform admins everybody's keys."""
    asked(request)
    context = {
        "page": build_approval_keys_page(request.user, request.permissions),
        "demanded": _(" and ").join(sorted(settings.SIGNED_LANES)),
        "now": database_now(),
    }
    return render(request, "account/approval_keys.html", context)


@forms_only
@allow(Who.SIGNERS)
def approval_key_ask(request: SignedIn) -> HttpResponse:
    """Ask to enrol a passkey, signed by it."""
    only(request, "passkey", "signed")
    signed, wanted = _signed(request), request.POST.get("passkey", "")
    found = [one for one in passkeys_of(request.user) if str(one.id) == wanted]
    if not found:
        raise Invalid("Choose one of your passkeys.")
    key = ask_approval_key(
        by(request),
        credential=found[0].credential,
        public_key=found[0].public_key,
        name=found[0].name,
        signed=signed,
        now=database_now(),
    )
    messages.success(
        request, _("%(key)s is asked for. Another person has to confirm it.") % {"key": key.label}
    )
    return redirect("approval-key-list")


@forms_only
@allow(Who.PLATFORM_ADMINS)
def approval_key_confirm(request: SignedIn, public_id: str) -> HttpResponse:
    """Confirm another person's key, signed with one's own."""
    only(request, "signed")
    key = _load(request, public_id)
    confirm_approval_key(key, by=by(request), signed=_signed(request), now=database_now())
    messages.success(request, _("%(key)s is confirmed.") % {"key": key.label})
    return redirect("approval-key-list")


@forms_only
@allow(Who.SIGNERS)
def approval_key_revoke(request: SignedIn, public_id: str) -> HttpResponse:
    """Revoke one's own key, or as a platform admin anybody's."""
    only(request)
    key, acting = _load(request, public_id), by(request)
    revoke_approval_key(key, actor=acting.actor, by=acting, now=database_now())
    messages.success(
        request,
        _(
            "%(key)s is revoked. What was signed with it and is not applied yet will not be. "
            "Keys that it confirmed wait to be confirmed again."
        )
        % {"key": key.label},
    )
    return redirect("approval-key-list")


def _load(request: SignedIn, public_id: str) -> ApprovalKey:
    """Return a key the person may know of: their own, and for platform admins any."""
    rows = ApprovalKey.objects.select_related("person")
    if not request.permissions.is_platform_admin:
        rows = rows.filter(person=request.user)
    key = rows.filter(public_id=public_id).first()
    if key is None:
        raise NotFound("No such approval key.")
    return key


def _signed(request: SignedIn) -> Signed:
    signed = signature_in(request)
    if signed is None:
        raise Invalid("This has to be signed with a passkey, in a browser with JavaScript.")
    return signed
