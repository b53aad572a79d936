"""Times, spans, digests and lanes in words. Pure: the clock is an argument.

Used by the tags of bulkhead.py. Style: design rule "relative words, exact UTC in the title".
"""

from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.lanes import Lane

MINUTE, HOUR, DAY = 60, 3600, 86400
DATE_INSTEAD_AFTER_DAYS = 14
DIGEST_HEX = 64
DIGEST_ENDS = 8


def in_words(seconds: float) -> str:
    """Return seconds as the two largest units: "12 ms", "1.6 s", "3 min 48 s", "2 days 3 h"."""
    if seconds < 0.95:
        return _("%(count)d ms") % {"count": round(max(seconds, 0) * 1000)}
    if seconds < 10:
        return _("%(count)s s") % {"count": f"{max(seconds, 0):.1f}".removesuffix(".0")}
    whole = round(seconds)
    days, rest = divmod(whole, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, left = divmod(rest, MINUTE)
    parts = [
        (days, ngettext("%(count)d day", "%(count)d days", days)),
        (hours, _("%(count)d h")),
        (minutes, _("%(count)d min")),
        (left, _("%(count)d s")),
    ]
    first = next(index for index, (count, _form) in enumerate(parts) if count)
    return " ".join(form % {"count": count} for count, form in parts[first : first + 2] if count)


def _largest_unit(seconds: float) -> str:
    """Return whole seconds, minutes, hours or days, rounded down: "59 min", never "60 min"."""
    for size, form in ((DAY, None), (HOUR, _("%(count)d h")), (MINUTE, _("%(count)d min"))):
        count = int(seconds // size)
        if count:
            text = form or ngettext("%(count)d day", "%(count)d days", count)
            return text % {"count": count}
    return _("%(count)d s") % {"count": int(seconds)}


def roughly(length: timedelta) -> str:
    """Return how long something takes in its largest unit, rounded down: "3 h"."""
    return _largest_unit(max(0.0, length.total_seconds()))


def span(since: datetime, now: datetime) -> str:
    """Return how long something has lasted, in its largest unit: "18 min"."""
    return _largest_unit(max(0.0, (now - since).total_seconds()))


def relative(moment: datetime, now: datetime) -> str:
    """Return "18 min ago", "in 4 days", or the date when it is more than two weeks away."""
    away = (now - moment).total_seconds()
    if abs(away) >= DATE_INSTEAD_AFTER_DAYS * DAY:
        when = moment.astimezone(UTC)
        return f"{when.day} {when:%b %Y}"
    if abs(away) < 1:
        return _("just now")
    shown = {"span": _largest_unit(abs(away))}
    return _("%(span)s ago") % shown if away > 0 else _("in %(span)s") % shown


def ended_ago(end: datetime | None, now: datetime) -> str:
    """Return e.g. "ended 21 days ago" of an end that has passed, else ""."""
    if end is None or end > now:
        return ""
    return _("ended %(span)s ago") % {"span": span(end, now)}


def exact(moment: datetime) -> str:
    """Return "2026-11-24 14:02:00 UTC"."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def machine(moment: datetime) -> str:
    """Return the value of a `datetime` attribute: "2026-11-24T14:02:00Z"."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def shorten_digest(digest: str) -> str:
    """Return "sha256:9f2c07b4…a6e35b1d" for a SHA-256 in hex, with or without its prefix."""
    digits = digest.removeprefix("sha256:")
    if len(digits) != DIGEST_HEX:
        return digest
    return f"sha256:{digits[:DIGEST_ENDS]}…{digits[-DIGEST_ENDS:]}"


def approval_name(lane: Lane | str) -> str:
    """Return what people call the word that a lane's holders give: "network approval"."""
    return {
        Lane.PLATFORM: _("platform approval"),
        Lane.NETWORK: _("network approval"),
        Lane.SECURITY: _("security approval"),
    }[Lane(lane)]


def approver_name(lane: Lane | str) -> str:
    """Return what people call those who hold a lane: "network approvers"."""
    return {
        Lane.PLATFORM: _("platform approvers"),
        Lane.NETWORK: _("network approvers"),
        Lane.SECURITY: _("security approvers"),
    }[Lane(lane)]
