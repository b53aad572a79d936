"""One page of history: its events day by day, how many there are, and where it goes on."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import QuerySet

from onboarding.forms.event_filter import EventFilter
from onboarding.models import Event
from onboarding.pages.event_lines import Day, by_day, event_lines
from onboarding.queries.events import SEARCHED, end_of_search, visible_to, with_words
from onboarding.queries.keyset import Count, bounded_count
from onboarding.queries.permissions import Permissions

PAGE_SIZE = 50


@dataclass(frozen=True)
class EventPage:
    """Some events of a filter. `older` is the query of the next page, "" at the end.

    `searched` is how many events words were looked for in, and `back_to` the time of the oldest
    of them; both are None where every event was looked at.
    """

    days: list[Day]
    shown: int
    total: Count
    older: str
    searched: int | None = None
    back_to: datetime | None = None


NO_EVENTS = EventPage([], 0, Count(0), "")


def build_event_page(form: EventFilter, permissions: Permissions) -> EventPage:
    """Return the page that a valid form asks for. Eleven queries at most, however many events."""
    every = form.narrow(visible_to(permissions))
    rows = every.filter(pk__lt=form.before) if form.before else every
    end = end_of_search(rows) if form.search else 0
    found = list(_searched(rows, form, end)[: PAGE_SIZE + 1])
    events = found[:PAGE_SIZE]
    following = events[-1].pk if len(found) > PAGE_SIZE else end
    last = rows.filter(pk=end).first() if end else None
    return EventPage(
        days=by_day(event_lines(events, permissions)),
        shown=len(events),
        total=_total(every, form),
        older=urlencode({**form.given, "before": following}) if following else "",
        searched=SEARCHED if last else None,
        back_to=last.at if last else None,
    )


def _searched(rows: QuerySet[Event], form: EventFilter, end: int) -> QuerySet[Event]:
    return with_words(rows.filter(pk__gte=end) if end else rows, form.search)


def _total(every: QuerySet[Event], form: EventFilter) -> Count:
    """Return how many events match; of words, how many of the newest that are looked through."""
    end = end_of_search(every) if form.search else 0
    counted = bounded_count(_searched(every, form, end))
    return Count(counted.number, counted.is_more or bool(end))
