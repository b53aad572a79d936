"""A list of TCP ports as people write it: "8080, 8443". Text in, tuple of numbers out.

Which ports there may be, and how many, is for the rules to say (domain/rules.py).
"""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from onboarding.domain.rules import check_port, check_ports
from onboarding.domain.spec import MAX_PORTS

_DIGITS = re.compile(r"\A[0-9]{1,9}\Z")


class PortsField(forms.CharField):
    """Ports separated by commas or blanks. Cleans to a tuple of int in the order written."""

    def to_python(self, value: Any) -> Any:
        """Return the ports; ValidationError names every piece that is none."""
        pieces = [piece for piece in re.split(r"[,\s]+", super().to_python(value) or "") if piece]
        problems = [_problem(piece) for piece in pieces]
        found = [problem for problem in problems if problem]
        if found:
            raise ValidationError(found[:MAX_PORTS])
        ports = tuple(int(piece) for piece in pieces)
        if ports and (problems := check_ports(ports)):
            raise ValidationError(problems)
        return ports

    def prepare_value(self, value: Any) -> Any:
        """Return what stands in the box: the text as typed, or the numbers joined."""
        return value if isinstance(value, str) else ", ".join(str(port) for port in value or ())

    def validate(self, value: Any) -> None:
        """Do nothing more: whether there must be a port, the rules say."""

    def run_validators(self, value: Any) -> None:
        """Do nothing more: `to_python` has judged every piece, and the text is gone."""


def _problem(piece: str) -> str:
    if not _DIGITS.match(piece):
        return _("“%(piece)s” is not a number. Write ports such as 8080, 8443.") % {
            "piece": piece[:20]
        }
    return check_port(int(piece))
