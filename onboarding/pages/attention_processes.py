"""Processes that have to run and do not. A source for attention.py."""

from django.urls import reverse
from django.utils.translation import gettext as _

from onboarding.domain.processes import ProcessKind
from onboarding.pages.attention_item import Item, Reader
from onboarding.queries.processes import missing_kinds, processes


def missing_processes(reader: Reader) -> list[Item]:
    """Return one line for each kind of which none lives any more. One statement."""
    words = {
        ProcessKind.SWEEPER: _("No sweeper is running"),
        ProcessKind.WORKER: _("No worker is running"),
        ProcessKind.BEAT: _("No message of beat reaches a worker"),
    }
    return [
        Item("danger", "run", words[kind], reverse("system"), at=seen_at)
        for kind, seen_at in missing_kinds(processes(now=reader.now))
        if seen_at
    ]
