"""Until when somebody is signed in: asked and prolonged by the page's script, without leaving it.

The answer carries a fresh proof of origin, so that a form which was open while somebody signed in
again can be sent. Only a page of this origin can read it.
"""

from datetime import datetime

from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_http_methods

from onboarding.services.clock import database_now
from onboarding.services.sessions import SessionStore
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.posted import only


@require_http_methods(["GET", "HEAD", "POST"])
@allow(Who.SIGNED_IN)
def session_state(request: SignedIn) -> HttpResponse:
    """Say who is signed in and for how many seconds more; POST counts them anew from now."""
    only(request)
    session = request.session
    left = most = None
    if isinstance(session, SessionStore):
        if request.method == "POST":
            session.slide(at_once=True)
        left, most = session.ends_at, session.at_most_until
    now = database_now()
    return JsonResponse(
        {
            "person": request.user.pk,
            "left": _seconds(left, now),
            "most": _seconds(most, now),
            "token": get_token(request),
        }
    )


def _seconds(until: datetime | None, now: datetime) -> int | None:
    return max(0, int((until - now).total_seconds())) if until else None
