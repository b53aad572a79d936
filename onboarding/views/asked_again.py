"""Changing what people may do asks again who acts: a session left open gives nobody rights."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.http import HttpResponse

from onboarding.views.access import SignedIn

_P = ParamSpec("_P")
_View = Callable[Concatenate[SignedIn, _P], HttpResponse]


def check_confirmed(request: SignedIn) -> None:
    """Raise allauth's ReauthenticationRequired for a form of whom has not just confirmed."""
    if request.method == "POST":
        raise_if_reauthentication_required(request, app="allauth.account")


def asked_again(view: _View[_P]) -> _View[_P]:
    """Let a form be sent only within five minutes of confirming who one is.

    A password, code or passkey confirms where it is asked for; having signed in does not.
    What was sent meanwhile waits in the session and is done once its person has confirmed. Stands
    below `allow`, so that strangers are refused first.
    """

    @wraps(view)
    def confirmed(request: SignedIn, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponse:
        check_confirmed(request)
        return view(request, *args, **kwargs)

    return confirmed
