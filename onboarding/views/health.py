"""Two questions a load balancer asks: does the process live, and does the portal do its work.

`readyz` fails when due work lies about too long, because living processes prove nothing.
"""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

from onboarding.queries.health import overdue
from onboarding.services.clock import database_now
from onboarding.views.access import Who, allow


@login_not_required
@allow(Who.ANYBODY)
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 "ok": this process answers. Touches nothing else."""
    return HttpResponse("ok", content_type="text/plain; charset=utf-8")


@login_not_required
@allow(Who.ANYBODY)
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer {"ready": bool, "reason": str}: 200, or 503 with the reason in words."""
    reason = _why_not_ready()
    return JsonResponse({"ready": not reason, "reason": reason}, status=503 if reason else 200)


def _why_not_ready() -> str:
    try:
        late = overdue(database_now())
    except DatabaseError:
        return "The database does not answer."
    if late is not None and late.total_seconds() > settings.OVERDUE_SECONDS:
        return (
            f"The oldest due work waits for {int(late.total_seconds())} s; the bound is "
            f"{settings.OVERDUE_SECONDS} s. Are a worker or the sweeper running?"
        )
    return ""
