"""Who may open a route, said where the route is written. The one door every page goes through.

`@allow(…)` is compulsory: a test walks the URLconf and fails on a route without it. Rights on one
object live in the loaders (404 for strangers); rights on a kind of page are checked here (403).
"""

from collections.abc import Callable
from enum import Enum
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_POST

from onboarding.domain.refusals import Forbidden
from onboarding.models import User
from onboarding.queries.leads import leads_to_ask
from onboarding.queries.permissions import Permissions, permissions_of

_P = ParamSpec("_P")
_R = TypeVar("_R", bound=HttpResponseBase)
_View = TypeVar("_View", bound=Callable[..., HttpResponseBase])


class Who(Enum):
    """Audiences of a route. READERS and below are narrowed further by the object's loader."""

    ANYBODY = "anybody, signed in or not"
    SIGNED_IN = "every person who is signed in"
    READERS = "people of the object's team, approvers, auditors and platform admins"
    LEADS = "leads of the object's team"
    TEAM_LEADS = "leads of any team"
    LEADS_AND_ADMINS = "leads of any team and platform admins"
    APPROVERS = "people with an approval lane"
    SIGNERS = "approvers and platform admins"
    AUDITORS = "auditors and platform admins"
    PLATFORM_ADMINS = "platform admins"


class SignedIn(HttpRequest):
    """A request after `allow`: a person, and what they may do."""

    user: User
    permissions: Permissions
    request_id: str


_CHECKS: dict[Who, Callable[[Permissions], bool]] = {
    Who.SIGNED_IN: lambda _permissions: True,
    Who.READERS: lambda _permissions: True,
    Who.LEADS: lambda _permissions: True,
    Who.TEAM_LEADS: lambda permissions: bool(permissions.leads),
    Who.LEADS_AND_ADMINS: lambda permissions: (
        bool(permissions.leads) or permissions.is_platform_admin
    ),
    Who.APPROVERS: lambda permissions: permissions.is_approver,
    Who.SIGNERS: lambda permissions: permissions.is_approver or permissions.is_platform_admin,
    Who.AUDITORS: lambda permissions: permissions.reads_history,
    Who.PLATFORM_ADMINS: lambda permissions: permissions.is_platform_admin,
}


_ONLY: dict[Who, str] = {
    Who.TEAM_LEADS: "Only team leads can request and change namespaces.",
    Who.LEADS_AND_ADMINS: "Only team leads and platform admins can do this.",
    Who.APPROVERS: "Only approvers can open this page. A platform admin gives that role.",
    Who.SIGNERS: "Only approvers and platform admins can open this page.",
    Who.AUDITORS: "Only auditors and platform admins can open this page.",
    Who.PLATFORM_ADMINS: "Only platform admins can open this page.",
}
_NO_LEAD = "None of your teams has a lead now. A platform admin can make somebody the lead."


def allow(
    who: Who,
) -> Callable[
    [Callable[Concatenate[SignedIn, _P], _R]], Callable[Concatenate[HttpRequest, _P], _R]
]:
    """Declare who may open the view, and refuse the others with 403 before it runs."""

    def wrap(
        view: Callable[Concatenate[SignedIn, _P], _R],
    ) -> Callable[Concatenate[HttpRequest, _P], _R]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
            signed_in = cast("SignedIn", request)
            if who is not Who.ANYBODY:
                signed_in.permissions = permissions_of(signed_in.user)
                if not _CHECKS[who](signed_in.permissions):
                    raise Forbidden(_why_not(who, signed_in.permissions))
            return view(signed_in, *args, **kwargs)

        guarded.access = who  # type: ignore[attr-defined]  # read by the route matrix test
        return guarded

    return wrap


def forms_only(view: _View) -> _View:
    """Refuse everything but a form that is sent, and say so to whoever leads people to a page."""
    taking = require_POST(view)
    taking.takes_forms_only = True  # type: ignore[attr-defined]  # read by `page_at`
    return taking


def _why_not(who: Who, permissions: Permissions) -> str:
    """Return whose page it is, and whom this person can ask instead."""
    words = _ONLY.get(who, f"This page is for {who.value}.")
    if who not in {Who.TEAM_LEADS, Who.LEADS_AND_ADMINS}:
        return words
    leads = leads_to_ask(permissions)
    return f"{words} {leads}" if leads else f"{words} {_NO_LEAD}"
