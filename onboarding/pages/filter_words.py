"""What the choices of the lists' filters are called: those that need somebody come first."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import (
    ENDED,
    BlockedReason,
    ClusterCondition,
    NamespaceState,
    RetryReason,
)
from onboarding.queries.namespace_list import EVERY, LIVE, TROUBLE
from onboarding.queries.request_list import OPEN
from onboarding.templatetags.states import (
    HELD_UP_REASONS,
    REQUEST_KINDS,
    REQUEST_STATES,
    face_of,
)
from onboarding.templatetags.wording import approval_name

_FIRST = ("differs", "blocked", "drifted", "retrying", "stuck", "out-of-sight", "ready")
_ORDER = dict.fromkeys([*_FIRST, *(state.value for state in NamespaceState)])
OPENS = {
    "internet": _("Internet: reaches public addresses"),
    "exposed": _("Exposed: the cluster’s web entry reaches it"),
    "open": _("Open: reaches every address, on every port"),
    "nothing": _("Neither"),
}
ENDS = {
    "past": _("Has ended, and is still there"),
    "soon": _("Within two weeks"),
    "later": _("Later"),
    "never": _("No end"),
}
CLUSTER_STATES = (
    *(condition.value for condition in ClusterCondition if condition is not ClusterCondition.OK),
    "look-failed", "not-looked-at", "unseen", "ok", "closed",
)  # fmt: skip
AGES = {
    "day": _("More than a day"),
    "week": _("More than a week"),
    "month": _("More than 30 days"),
}


def namespace_words() -> dict[str, tuple[Mapping[str, Any], Any]]:
    return {
        "state": (_state_words(), _("Not ended")),
        "reason": (_reason_words(), _("Any reason")),
        "team": ({}, _("Every team")),
        "cluster": ({}, _("Every cluster")),
        "opens": (OPENS, _("Anything or nothing")),
        "ends": (ENDS, _("Any time")),
        "outdated": ({"1": _("Outdated: approved with other settings")}, _("Any")),
    }


def _state_words() -> dict[str, Any]:
    """Return every state with its words, those that need somebody first, ended ones last."""
    words = {state: face_of(state).words for state in _ORDER if state not in ENDED}
    ended = {state: face_of(state).words for state in _ORDER if state in ENDED}
    words["out-of-sight"] = _("Out of sight: nobody can see how it is now")
    words["stuck"] = _("Stuck: Kubernetes does not finish")
    first = {LIVE: _("All that have not ended"), TROUBLE: _("With problems")}
    return {**first, **words, **ended, EVERY: _("All, ended ones too")}


def _reason_words() -> dict[str, Any]:
    return {one.value: HELD_UP_REASONS[one.value] for one in (*BlockedReason, *RetryReason)}


def request_words() -> dict[str, tuple[Mapping[str, Any], Any]]:
    states = {state: face.words for state, face in REQUEST_STATES.items()}
    lanes = {lane.value: approval_name(lane).capitalize() for lane in Lane}
    return {
        "state": ({OPEN: _("Open"), **states}, _("Every state")),
        "kind": (REQUEST_KINDS, _("Anything")),
        "waiting": (lanes, _("Any approval or none")),
        "age": (AGES, _("Any time")),
        "team": ({}, _("Every team")),
    }


def cluster_words() -> dict[str, Any]:
    """Return every way a cluster can be, the bad ones first."""
    return {state: face_of(state).words for state in CLUSTER_STATES}
