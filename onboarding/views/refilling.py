"""Shows a kept form again: on its own page, once, filled in and not sent."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse

from onboarding.models import KeptForm, User
from onboarding.pages.refill import refill
from onboarding.services.kept_forms import take_kept
from onboarding.views.pending import pending_of, set_pending
from onboarding.views.typed import readable_words

Next = Callable[[HttpRequest], HttpResponse]


class ShowsKeptForms:
    """Fills the form of a page with what its person typed before they were signed out."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as usual; where a form is to be shown again, with it."""
        response = self.get_response(request)
        if request.method != "GET" or not _is_page(request, response):
            return response
        person = getattr(request, "_cached_user", None)  # a page for anybody asks no session
        if not isinstance(person, User):
            return response
        for kept_id, page in pending_of(request):
            if page == request.get_full_path():
                return _shown(request, response, kept_id, person)
        return response


def _is_page(request: HttpRequest, response: HttpResponse) -> bool:
    if response.streaming or request.headers.get("HX-Request") == "true":
        return False
    return response.headers.get("Content-Type", "").startswith("text/html")


def _shown(
    request: HttpRequest, response: HttpResponse, kept_id: int, person: User
) -> HttpResponse:
    rest = [one for one in pending_of(request) if one[0] != kept_id]
    set_pending(request, rest)
    row = take_kept(kept_id, person=person.pk)
    if row is None:
        return response
    fields = [(str(name), str(value)) for name, value in row.fields]
    context = {"row": row, "others": [page for _kept, page in rest]}
    notice = render_to_string("kept/_shown_again.html", context)
    html = response.content.decode(response.charset)
    filled = refill(
        html, page=request.get_full_path(), action=row.action, fields=fields, notice=notice
    )
    if filled is None or response.status_code != 200:
        return _words_alone(request, row, fields, [page for _kept, page in rest])
    response.content = filled.encode(response.charset)
    return response


def _words_alone(
    request: HttpRequest, row: KeptForm, fields: list[tuple[str, str]], others: list[str]
) -> HttpResponse:
    """Answer with the words, because the page has no form for them any more."""
    context = {
        "words": readable_words(fields),
        "back_url": row.page,
        "home": reverse("home"),
        "others": others,
        "kept_at": row.kept_at,
    }
    return render(request, "kept/words_alone.html", context)
