"""For platform admins: how the portal as a whole does, what is wrong with it, and what to do."""

from django.http import HttpResponse
from django.shortcuts import render

from onboarding.pages.system import build_system_page
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.posted import asked


@allow(Who.PLATFORM_ADMINS)
def system(request: SignedIn) -> HttpResponse:
    """Show everything that is wrong, red first, then processes and clusters in numbers."""
    asked(request)
    now = database_now()
    return render(request, "system/system.html", {"page": build_system_page(now=now), "now": now})


@allow(Who.PLATFORM_ADMINS)
def system_state(request: SignedIn) -> HttpResponse:
    """Return the same without the frame, for the poll."""
    now = database_now()
    return render(request, "system/_state.html", {"page": build_system_page(now=now), "now": now})
