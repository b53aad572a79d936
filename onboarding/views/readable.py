"""What comes in can be stored, what goes out can be read: control characters at the edge.

PostgreSQL refuses NUL, and no database can hold half a surrogate pair; both are answered 400 here,
before anything is asked of the database. What turns or hides text is shown by its number in every
page, wherever it came from: people, clusters, other systems. What a form would send stays as it is
stored, or whoever sends it again would store the numbers.
"""

import re
from collections.abc import Callable, Iterator

from django.contrib.sessions.backends.db import SessionStore
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from onboarding.domain.invisible import shown, unstorable_in
from onboarding.views.errors import UnreadableForm, refusal_page

# Templates escape what they write: no value of a person ends its own attribute or element.
_SENT_BY_FORMS = re.compile(r'(<textarea\b[^>]*>.*?</textarea>|\svalue="[^"]*")', re.DOTALL)
Next = Callable[[HttpRequest], HttpResponse]


class ReadableInput:
    """Answers 400 to a path, parameter, field or cookie with a character nobody can mean."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuse, or go on."""
        if any(unstorable_in(name + value) for name, value in request.COOKIES.items()):
            # The page that says so would ask the database for the session of this very key.
            request.COOKIES, request.session = {}, SessionStore()
            return refusal_page(request, 400, _("A cookie holds a character nobody can mean."))
        for where, text in _texts(request):
            if number := unstorable_in(text):
                words = _("%(where)s holds the character %(number)s, which cannot be stored.")
                return refusal_page(request, 400, words % {"where": where, "number": number})
        return self.get_response(request)


class ShownAsWritten:
    """Shows, in every page, the characters that would turn or hide the text around them."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; files and streams stay as they are."""
        response = self.get_response(request)
        if response.streaming or not response.headers["Content-Type"].startswith("text/html"):
            return response
        page = response.content.decode(response.charset)
        if shown(page) != page:
            response.content = _readable(page).encode(response.charset)
        return response


def _readable(page: str) -> str:
    """Return the page with such characters shown, but for what its forms would send."""
    parts = _SENT_BY_FORMS.split(page)
    return "".join(part if number % 2 else shown(part) for number, part in enumerate(parts))


class NoFiles(FileUploadHandler):
    """No form of ours has a file: one that comes is refused before it is read."""

    def new_file(self, *_args: object, **_kwargs: object) -> None:
        """Refuse. Raises UnreadableForm."""
        raise UnreadableForm(_("The form carries a file. No form of this portal takes one."))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep nothing."""

    def file_complete(self, file_size: int) -> None:
        """Return nothing."""


def _texts(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Yield everything a person or program has written into the request, and where."""
    yield _("The address"), request.path_info
    for name, values in request.GET.lists():
        yield _("The address"), name + "".join(values)
    for name, values in request.POST.lists():
        yield _("A field of the form"), name + "".join(values)
