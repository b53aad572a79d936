"""What a stored spec opens, as conditions in SQL on its text: portable, and of every version.

Texts inside JSON have their quotes escaped, so nothing that people write looks like a key and its
value. The first version says by `exposure` and `egress` what the second says by openings.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import F, Q, TextField
from django.db.models.functions import Cast

from onboarding.domain.openings import EXPOSURE

_WAY_OUT = "egress-"


def text_of_spec() -> Cast:
    """Return a row's `spec` as text, for the conditions below."""
    return Cast(F("spec"), TextField())


def opens_nothing(text: str) -> Q:
    """Match where the column `text` holds a spec without any opening."""
    closed = _holds(text, '"exposure": null') & _holds(text, '"egress": "none"')
    return _holds(text, '"openings": []') | closed


def opens_any(text: str, templates: Iterable[str]) -> Q:
    """Match where the spec in `text` has an opening of one of the templates, whatever version."""
    return reduce(or_, (_opens(text, template) for template in sorted(templates)), Q(pk__in=[]))


def _opens(text: str, template: str) -> Q:
    found = _holds(text, f'"template": "{template}"')
    if template == EXPOSURE:
        return found | _holds(text, '"exposure": {')
    if template.startswith(_WAY_OUT):
        return found | _holds(text, f'"egress": "{template.removeprefix(_WAY_OUT)}"')
    return found


def _holds(text: str, words: str) -> Q:
    return Q(**{f"{text}__contains": words})
