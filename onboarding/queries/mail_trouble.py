"""Whether what people have to know reaches them: mails that do not go out, events not passed on."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import CharField, Count, Max, Min, Q, Value

from onboarding.models import Notice, OutboxEntry

# A mail that failed once goes out with the next try: what lasts longer is no chance.
FAILING_FOR = timedelta(minutes=10)
REMEMBERED = timedelta(days=1)


@dataclass(frozen=True)
class Undelivered:
    """How many mails and events did not come through, since when, and the newest reason."""

    many: int = 0
    since: datetime | None = None
    words: str = ""


def undelivered(*, now: datetime) -> Undelivered:
    """Return what people were not told of. One statement."""
    tried = Q(attempts__gt=0, mail_at__isnull=False, due_at__lt=now - FAILING_FOR)
    failed = Notice.objects.filter(tried | Q(gave_up_at__gt=now - REMEMBERED))
    mails = failed.order_by().values("by_server")
    late = OutboxEntry.objects.filter(expanded_at__isnull=True, attempts__gt=0)
    events = late.order_by().values("expanded_at")
    nothing = Value("", output_field=CharField())
    found = [
        *mails.annotate(many=Count("pk"), since=Min("due_at"), words=Max("failed"))
        .values_list("many", "since", "words")
        .union(
            events.annotate(many=Count("pk"), since=Min("event__at"), words=nothing).values_list(
                "many", "since", "words"
            ),
            all=True,
        )
    ]
    since = min((at for _many, at, _words in found if at), default=None)
    words = max((words for _many, _at, words in found), default="")
    return Undelivered(sum(many for many, _at, _words in found), since, words)
