"""Which kept forms a session will be shown: set at sign-in, by nothing that a link could say.

The session names them, so they are shown to nobody else and to no other browser.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from onboarding.models import KeptForm, User
from onboarding.services.clock import database_now
from onboarding.services.kept_forms import kept_in, move_kept

_PENDING = "kept_forms"  # in the session: [[id, path of the page], …], the next to be shown first


def pending_of(request: HttpRequest) -> list[tuple[int, str]]:
    """Return (id, page) of each kept form that this session will be shown."""
    return [(int(kept_id), str(page)) for kept_id, page in request.session.get(_PENDING, [])]


def kept_for(request: HttpRequest) -> dict[str, str] | None:
    """Return what a form held that is about to be shown again on this page; None where none is."""
    shown = [kept_id for kept_id, page in pending_of(request) if page == request.get_full_path()]
    row = KeptForm.objects.filter(pk=shown[0]).first() if shown else None
    return {str(name): str(value) for name, value in row.fields} if row else None


def set_pending(request: HttpRequest, pending: list[tuple[int, str]]) -> None:
    """Say which are left."""
    if pending:
        request.session[_PENDING] = [[kept_id, page] for kept_id, page in pending]
    else:
        request.session.pop(_PENDING, None)


def add_pending(request: HttpRequest, row: KeptForm) -> None:
    """Let the session be shown one more."""
    set_pending(request, [(row.pk, row.page), *pending_of(request)])


def lead_to_kept(
    request: HttpRequest, response: HttpResponse, person: User, *, before: str, after: str
) -> HttpResponse:
    """Lead who has just signed in to the form that was kept for them in this browser.

    What is another person's stays kept for them, and is only mentioned.
    """
    kept = kept_in(before, now=database_now()) if before else []
    if not kept:
        return response
    move_kept(before, after)
    own = [row for row in kept if row.person_id == person.pk]
    if len(own) < len(kept):
        messages.warning(
            request,
            _(
                "Somebody else was signed out in this browser while sending a form. It is kept for "
                "them for a day and not shown to you."
            ),
        )
    if not own:
        return response
    set_pending(request, [(row.pk, row.page) for row in own])
    lead = HttpResponseRedirect(own[0].page)
    lead.cookies = response.cookies
    return lead
