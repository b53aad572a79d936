"""Approval responsibilities, and which of them a request needs.

A lane is needed for a reason, and the reason is shown to the requester before submitting and to
the approver when deciding.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Lane(StrEnum):
    """Who decides about what."""

    PLATFORM = "platform"
    NETWORK = "network"
    SECURITY = "security"


class SeparationRule(StrEnum):
    """Who, besides those a request comes from, must not decide a lane of it."""

    ONE_LANE_EACH = "one-lane-each"  # who decided one lane decides no other of the same request
    OUTSIDE_THE_TEAM = "outside-the-team"  # nobody of the team it is for


@dataclass(frozen=True)
class NeededLane:
    """One lane a request must pass, with the reasons in words."""

    lane: Lane
    reasons: tuple[str, ...]


def needed_lanes(reasons: Iterable[tuple[Lane, str]]) -> tuple[NeededLane, ...]:
    """Return each needed lane once, in the order of `Lane`, with its distinct reasons."""
    gathered: dict[Lane, list[str]] = {}
    for lane, reason in reasons:
        known = gathered.setdefault(lane, [])
        if reason not in known:
            known.append(reason)
    return tuple(NeededLane(lane, tuple(gathered[lane])) for lane in Lane if lane in gathered)
