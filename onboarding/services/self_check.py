"""Ask and try, as the portal, what must hold on a cluster: its rights, and what it is refused.

Every line at the end of `prepare_cluster`, where a person reads it; repeated daily by guards.py.
"""

from collections.abc import Callable, Sequence
from threading import Event
from time import monotonic

from onboarding.cluster.gateway import ClusterGateway
from onboarding.cluster.refusals import (
    PORTAL_MAY_NOT,
    Attempt,
    RefusalCheck,
    check_refusals,
    managed_namespaces,
)
from onboarding.cluster.selfcheck import RightCheck, check_rights

SETTLE_SECONDS = 5.0


def wrong_lines(portal: ClusterGateway, *, has_gate: bool) -> list[str]:
    """Return every line that is not as it must be. Raise any ClusterError."""
    rights = [str(line) for line in check_rights(portal, has_gate=has_gate) if line.is_wrong]
    return rights + [str(line) for line in _tried(portal) if line.is_wrong]


def say_lines(portal: ClusterGateway, *, has_gate: bool, say: Callable[[str], object]) -> list[str]:
    """Say every line, and return those that are wrong."""
    say("")
    say("Self-check, as the portal:")
    lines: list[RightCheck | RefusalCheck] = [
        *_settled(portal, has_gate=has_gate),
        *_tried(portal),
    ]
    for line in lines:
        say(str(line))
    wrong = [str(line) for line in lines if line.is_wrong]
    tried = sum(not line.untried for line in lines)
    say(f"{tried} lines, {len(wrong)} wrong")
    return wrong


def _tried(portal: ClusterGateway) -> list[RefusalCheck]:
    """Return what came of each attempt; what is wrong is believed when it is so once more.

    The only namespace to try it in may have gone meanwhile.
    """
    lines = _tried_once(portal, PORTAL_MAY_NOT)
    wrong = [line.attempt for line in lines if line.is_wrong]
    again = iter(_tried_once(portal, wrong) if wrong else ())
    return [next(again) if line.is_wrong else line for line in lines]


def _tried_once(portal: ClusterGateway, attempts: Sequence[Attempt]) -> list[RefusalCheck]:
    namespaces = managed_namespaces(portal)
    return list(check_refusals(portal, attempts, namespaces=namespaces))


def _settled(portal: ClusterGateway, *, has_gate: bool) -> list[RightCheck]:
    """Return the findings once all are right, or as they are after a while.

    The API server learns of new roles with a delay, so the first no is not final.
    """
    pause, end = Event(), monotonic() + SETTLE_SECONDS
    while True:
        findings = list(check_rights(portal, has_gate=has_gate))
        if monotonic() > end or not any(finding.wrong for finding in findings):
            return findings
        pause.wait(0.2)
