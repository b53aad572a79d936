"""Two questions about this process alone: would a restart help it, and can it serve people.

Whether the portal as a whole does its work is told elsewhere, by `queries/health.py`: a load
balancer that takes a process out because other processes are late makes nothing better.
"""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from onboarding.domain.processes import ARE_STUCK
from onboarding.services.write_probe import PROBE, NotStored
from onboarding.views.access import Who, allow
from onboarding.views.unavailable import OUTLOOKS

PLAIN = "text/plain; charset=utf-8"


@login_not_required
@allow(Who.ANYBODY)
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 "ok": its loop turns and its threads finish requests. 503: restart it.

    Touches nothing else. `portal/pools.py` answers it in a thread that nothing else can use.
    """
    are_stuck = request.META.get(ARE_STUCK)
    if are_stuck and are_stuck():
        return HttpResponse(_("no thread finishes any more"), content_type=PLAIN, status=503)
    return HttpResponse("ok", content_type=PLAIN)


@login_not_required
@allow(Who.ANYBODY)
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer {"ready": bool, "reason": str}: 200, or 503 with the reason in words, in 3 s."""
    reason = _why_not_ready()
    return JsonResponse({"ready": not reason, "reason": reason}, status=503 if reason else 200)


def _why_not_ready() -> str:
    try:
        PROBE.check()
    except NotStored as no:
        if no.trouble:
            return str(OUTLOOKS[no.trouble].why)
        return _("A row could not be stored. The log of this process says why.")
    return ""
