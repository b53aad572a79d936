"""The filter of the requests list, and of what Home links to."""

from datetime import datetime
from typing import ClassVar

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from onboarding.forms.counted_filter import CountedFilter, Words, matching, searched
from onboarding.forms.list_filter import choice_field, search_field
from onboarding.models import Request
from onboarding.queries.request_list import request_conditions


class RequestFilter(CountedFilter[Request]):
    """Which requests a person wants to see, of those they may see. One statement."""

    columns: ClassVar = {"team": "team__slug"}
    shortcut = "state"
    state = choice_field(_("State"))
    kind = choice_field(_("Asks for"))
    waiting = choice_field(_("Waits for"))
    age = choice_field(_("Open for"))
    team = choice_field(_("Team"))
    q = search_field(_("Search"), _("Request, namespace or person"))

    def __init__(
        self, data: QueryDict, *, seen: QuerySet[Request], now: datetime, words: Words
    ) -> None:
        """Count what the person may see by every choice, and offer the choices."""
        text = searched(data).removeprefix("REQ-")
        columns = (
            "public_id",
            "name",
            "team__slug",
            "requester__first_name",
            "requester__username",
        )
        super().__init__(
            data,
            rows=seen.filter(matching(text, columns)),
            known=request_conditions(now=now),
            words=words,
        )
