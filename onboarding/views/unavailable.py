"""503: the database cannot be used now. Says what became of what was sent, and keeps it.

Whatever a view, a middleware or a page of another library raised, the handlers of errors end here.
The page is drawn without a query, and holds the fields of the form that could not be stored: behind
the Back button nothing is kept (`NoStore`), and while the database is out it answers 503 as well.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onboarding.queries.database_trouble import Trouble, was_refused

Next = Callable[[HttpRequest], HttpResponse]
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# What is written for the portal's own sake is not what somebody wanted stored.
_WRITES = re.compile(
    r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"(?!cache"|django_session")', re.IGNORECASE
)
_SECRET = re.compile("password", re.IGNORECASE)


class Sent(StrEnum):
    """What became of what a request sent."""

    NOTHING = "nothing"
    NOT_STORED = "not stored"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outlook:
    """Why the database cannot be used, for people, and when it is worth another try (seconds)."""

    why: Promise
    when: Promise
    retry_after: int


_SOON = _("Try again in a few seconds.")
_OTHERS = _("This does not end by itself: whoever runs the portal has to make it work again.")
OUTLOOKS: dict[Trouble, Outlook] = {
    Trouble.LOCKED: Outlook(
        _("Something else is being stored in the same place, and did not finish in time."), _SOON, 5
    ),
    Trouble.SLOW: Outlook(_("The portal's database took too long to answer."), _SOON, 15),
    Trouble.READ_ONLY: Outlook(
        _("The portal's database can be read, but refuses to store anything."), _OTHERS, 60
    ),
    Trouble.FULL: Outlook(_("The portal's database has no space left."), _OTHERS, 60),
    Trouble.CROWDED: Outlook(
        _("The portal's database takes no more connections at the moment."), _SOON, 15
    ),
    Trouble.DISK: Outlook(_("The portal's database cannot use its disk."), _OTHERS, 60),
    Trouble.GONE: Outlook(
        _("The portal's database does not answer."), _("Try again in half a minute."), 30
    ),
}


class NotesWrites:
    """Notes on each request whether something was to be stored, and whether anything was."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and listen to every statement meanwhile."""
        writes = Writes()
        request.writes = writes  # type: ignore[attr-defined]  # read below only
        with connection.execute_wrapper(writes.note):
            return self.get_response(request)


class Writes:
    """What one request has asked the database to store."""

    is_asked = False
    is_stored = False

    def note(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,  # noqa: FBT001  # Django's signature
        context: dict[str, Any],
    ) -> Any:
        """Run one statement."""
        if not _WRITES.match(sql):
            return execute(sql, params, many, context)
        self.is_asked = True
        answer = execute(sql, params, many, context)
        transaction.on_commit(self._store)
        return answer

    def _store(self) -> None:
        self.is_stored = True


def unavailable(request: HttpRequest, trouble: Trouble, error: BaseException) -> HttpResponse:
    """Return 503 as a page, or as a part of one for a background request."""
    is_part = request.headers.get("HX-Request") == "true"
    outlook = OUTLOOKS[trouble]
    sent = what_became(request, error)
    context = {
        "outlook": outlook,
        "sent": sent,
        "fields": [] if is_part or sent is Sent.NOTHING else fields_of(request),
        "path": request.get_full_path(),
        "request_id": getattr(request, "request_id", ""),
    }
    template = "components/_unavailable.html" if is_part else "503.html"
    # No request context: what builds it reads the database.
    response = HttpResponse(render_to_string(template, context), status=503)
    response["Retry-After"] = str(outlook.retry_after)
    return response


def what_became(request: HttpRequest, error: BaseException) -> Sent:
    """Return what is sure of what was sent: not stored only where nothing can have been."""
    if request.method in SAFE:
        return Sent.NOTHING
    writes = getattr(request, "writes", Writes())
    if not writes.is_asked or (not writes.is_stored and was_refused(error)):
        return Sent.NOT_STORED
    return Sent.UNKNOWN


def fields_of(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the form's fields, to be sent again as they came; none of a form with a secret."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    is_secret = request.path.startswith("/accounts/") or any(
        _SECRET.search(name) for name, _value in fields
    )
    return [] if is_secret else fields
