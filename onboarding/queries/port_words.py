"""Ports of an opening in words, the same on every page and in what is recorded."""

from django.utils.translation import gettext as _

from onboarding.reachability.model import LAST_PORT, Protocol
from onboarding.reachability.neighbourhood import OpenPorts, Ports

SPANS_SHOWN = 6


def ports_text(opening: OpenPorts) -> str:
    """Return e.g. `TCP 53, UDP 53`, `every port`, `every port except TCP 25`."""
    closed = _left_closed(opening.ports)
    if not closed:
        return _("every port")
    if len(closed) < len(opening.ports):
        return _("every port except %(ports)s") % {"ports": _listed(closed)}
    return _listed(opening.ports)


def _listed(ports: tuple[Ports, ...]) -> str:
    shown = ", ".join(_span_words(*one) for one in ports[:SPANS_SHOWN])
    more = len(ports) - SPANS_SHOWN
    return (
        _("%(ports)s and %(count)d more") % {"ports": shown, "count": more} if more > 0 else shown
    )


def _span_words(protocol: Protocol, first: int, last: int) -> str:
    if (first, last) == (1, LAST_PORT):
        return _("every %(protocol)s port") % {"protocol": protocol}
    return f"{protocol} {first}" if first == last else f"{protocol} {first}–{last}"


def _left_closed(ports: tuple[Ports, ...]) -> tuple[Ports, ...]:
    """Return every port that is not among `ports`."""
    closed = []
    for protocol in Protocol:
        free = 1
        for _protocol, first, last in sorted(one for one in ports if one[0] is protocol):
            if first > free:
                closed.append((protocol, free, first - 1))
            free = max(free, last + 1)
        if free <= LAST_PORT:
            closed.append((protocol, free, LAST_PORT))
    return tuple(closed)
