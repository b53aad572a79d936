"""A list of TCP ports as people write it: "8080, 8443". Text in, tuple of numbers out.

Bounds: 1 to 65535 and at most MAX_PORTS of them, the same as the template's slot (domain/spec.py).
"""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from onboarding.domain.spec import MAX_PORTS

HIGHEST_PORT = 65535
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
        return _checked([int(piece) for piece in pieces])

    def prepare_value(self, value: Any) -> Any:
        """Return what stands in the box: the text as typed, or the numbers joined."""
        return value if isinstance(value, str) else ", ".join(str(port) for port in value or ())

    def run_validators(self, value: Any) -> None:
        """Do nothing more: `to_python` has judged every piece, and the text is gone."""


def _problem(piece: str) -> str:
    if not _DIGITS.match(piece):
        return _("“%(piece)s” is not a number. Write ports such as 8080, 8443.") % {
            "piece": piece[:20]
        }
    if not 1 <= int(piece) <= HIGHEST_PORT:
        return _("%(port)s is not a port. Ports run from 1 to 65535.") % {"port": piece}
    return ""


def _checked(ports: Sequence[int]) -> tuple[int, ...]:
    if len(ports) > MAX_PORTS:
        raise ValidationError(
            _("At most %(most)s ports; these are %(count)s.")
            % {"most": MAX_PORTS, "count": len(ports)}
        )
    twice = sorted({port for port in ports if ports.count(port) > 1})
    if twice:
        raise ValidationError(_("%(port)s is there twice.") % {"port": twice[0]})
    return tuple(ports)
