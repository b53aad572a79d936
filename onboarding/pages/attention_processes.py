"""Processes that have to run and do not, or a database that stores nothing. A source for
attention.py.
"""

from django.urls import reverse

from onboarding.domain.wrong import Wrong
from onboarding.pages.attention_item import Item, Reader
from onboarding.pages.system import WORDS
from onboarding.queries.processes import missing_kinds, processes
from onboarding.queries.wrongs import MISSING
from onboarding.services.write_probe import PROBE


def missing_processes(reader: Reader) -> list[Item]:
    """Return one line for each kind of which none lives. One statement.

    Where no process was ever heard of, as in a first try without any, none is missing. Where
    nothing can be stored, nothing can be known of them.
    """
    known = processes(now=reader.now)
    if not known:
        return []
    missing = {MISSING[kind]: seen_at for kind, seen_at in missing_kinds(known)}
    storing = PROBE.find_storing()
    if storing.why:
        missing = {Wrong.UNSTORED: None}
    elif not storing.is_heard:
        missing = {}
    url = reverse("system")
    return [
        Item("danger", "run", str(WORDS[what].title), url, at=seen_at)
        for what, seen_at in missing.items()
    ]
