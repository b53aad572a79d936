"""An end as a person writes it: what a namespace, its labels, and a name of a host look like.

Shared by the tester of one namespace and the Reachability page, so that both say the same of it.
"""

import re

from django import forms
from django.utils.translation import gettext as _

from onboarding.domain.names import check_dns_label, check_label_value

LONGEST_END = 300
PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
# e.g. `api.stripe.com`, `https://api.stripe.com:443/v1`; its last part holds a letter.
_HOST = re.compile(
    r"(?:[a-z]+://)?(?P<name>(?:[a-z0-9_-]+\.)+[a-z0-9-]*[a-z][a-z0-9-]*)\.?(?::\d+)?(?:/.*)?",
    re.ASCII | re.IGNORECASE,
)


def check_no_host(written: str) -> None:
    """Raise ValidationError for the name of a host, and say what can be asked instead."""
    if found := _HOST.fullmatch(written):
        words = _(
            "“%(name)s” is a name. Policies know addresses, not names. "
            "Look the name up (`dig +short %(name)s`) and ask about its address."
        )
        raise forms.ValidationError(words % {"name": found["name"][:80]})


def is_namespace_name(written: str) -> bool:
    """Tell whether a namespace could be called this."""
    return not check_dns_label(written)


def read_labels(written: str) -> tuple[tuple[str, str], ...]:
    """Return e.g. `app=web,tier=front` as sorted labels. Raise ValidationError."""
    found = {}
    for piece in written.split(","):
        key, equals, value = (part.strip() for part in piece.partition("="))
        if not key or not equals or (value and check_label_value(value)):
            words = _("“%(piece)s” is not a label. Write labels such as app=web,tier=front.")
            raise forms.ValidationError(words % {"piece": piece.strip()[:80]})
        found[key] = value
    return tuple(sorted(found.items()))
