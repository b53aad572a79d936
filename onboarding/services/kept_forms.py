"""Keep what was typed: forms that met an ended session, and forms that are still being written.

Both are bounded, belong to one person and end by themselves. Neither is a wish yet: there is no
event about them, and nothing is decided or sent by keeping.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from onboarding.domain.refusals import Invalid
from onboarding.models import KeptForm, StartedForm

Fields = Sequence[tuple[str, str]]

KEPT_FOR = timedelta(days=1)
STARTED_FOR = timedelta(days=30)
MOST_CHARACTERS = 50_000  # of one form; a request's longest honest one has a few thousand
MOST_FORMS = 5  # of one browser
MOST_STARTED = 20  # of one person


def is_too_large(fields: Fields) -> bool:
    """Tell whether a form holds more than is kept."""
    return sum(len(name) + len(value) for name, value in fields) > MOST_CHARACTERS


def keep_form(
    *, browser: str, person: int, page: str, action: str, fields: Fields, now: datetime
) -> bool:
    """Keep a form for its person's next sign-in in this browser; False where it cannot be kept.

    Replaces an earlier try of the same form.
    """
    if is_too_large(fields):
        return False
    with transaction.atomic():
        mine = KeptForm.objects.filter(browser=browser)
        mine.filter(person=person, page=page, action=action).delete()
        mine.filter(kept_at__lt=now - KEPT_FOR).delete()
        if mine.count() >= MOST_FORMS:
            return False
        KeptForm.objects.create(
            browser=browser,
            person_id=person,
            page=page,
            action=action,
            fields=[[name, value] for name, value in fields],
            kept_at=now,
        )
    return True


def kept_in(browser: str, *, now: datetime) -> list[KeptForm]:
    """Return what is kept of a browser, newest first, whoever's it is. One query."""
    rows = KeptForm.objects.filter(browser=browser, kept_at__gte=now - KEPT_FOR)
    return list(rows.order_by("-kept_at", "-id"))


def move_kept(before: str, after: str) -> None:
    """Let what is kept of a browser be found by what it is known by from now on."""
    KeptForm.objects.filter(browser=before).update(browser=after)


def take_kept(kept_id: int, *, person: int) -> KeptForm | None:
    """Return a person's kept form and keep it no longer; None for another's, or a second time."""
    row = KeptForm.objects.filter(pk=kept_id, person=person).first()
    if row is None or not KeptForm.objects.filter(pk=kept_id).delete()[0]:
        return None
    return row


def drop_left(*, now: datetime) -> None:
    """Keep no longer what nobody came back for. Run hourly, with what else expires."""
    KeptForm.objects.filter(kept_at__lt=now - KEPT_FOR).delete()
    StartedForm.objects.filter(kept_at__lt=now - STARTED_FOR).delete()


def note_started(person: int, form: str, fields: Fields, *, now: datetime) -> StartedForm:
    """Note what stands in a form by now. Raise Invalid for more than is kept."""
    if is_too_large(fields):
        raise Invalid("This is too long to be kept while you write.")
    kept = {"fields": [[name, value] for name, value in fields], "kept_at": now}
    row, is_new = StartedForm.objects.update_or_create(
        person_id=person, form=form, defaults=kept, create_defaults={**kept, "began_at": now}
    )
    if is_new:
        mine = StartedForm.objects.filter(person=person).order_by("-kept_at", "-id")
        StartedForm.objects.filter(
            pk__in=[*mine.values_list("pk", flat=True)[MOST_STARTED:]]
        ).delete()
    return row


def keep_started(person: int, form: str, fields: Fields, *, now: datetime) -> None:
    """Bring what is kept of a form up to date, where any of it is kept."""
    if started(person, form, now=now) and not is_too_large(fields):
        note_started(person, form, fields, now=now)


def started(person: int, form: str, *, now: datetime) -> StartedForm | None:
    """Return what the person began in a form and did not send. One query."""
    rows = StartedForm.objects.filter(person=person, form=form)
    return rows.filter(kept_at__gte=now - STARTED_FOR).first()


def forget_started(person: int, form: str) -> None:
    """Keep what was begun no longer: it was sent, saved or discarded."""
    StartedForm.objects.filter(person=person, form=form).delete()
