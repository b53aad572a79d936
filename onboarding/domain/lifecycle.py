"""The two state machines, as data. A decision is not an effect, so they are never one.

A transition that is not in these tables does not exist: services change a state only through a
conditional UPDATE from one of the states named here, and the tests walk every pair.
"""

from collections.abc import Mapping
from enum import StrEnum


class RequestState(StrEnum):
    """Where a wish stands between its author and the approvers."""

    DRAFT = "draft"
    PENDING = "pending"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class NamespaceState(StrEnum):
    """Where the cluster stands between what is wanted and what was read back."""

    WANTED = "wanted"
    CREATED = "created"
    FENCED = "fenced"
    BASELINED = "baselined"
    BOUNDED = "bounded"
    GRANTED = "granted"
    READY = "ready"
    DRIFTED = "drifted"
    RETRYING = "retrying"
    BLOCKED = "blocked"
    REVOKING = "revoking"
    DRAINING = "draining"
    DELETING = "deleting"
    GONE = "gone"
    UNCREATED = "uncreated"
    LOST = "lost"


class Phase(StrEnum):
    """A step of a run. Provisioning reads downwards, retirement follows it."""

    CREATE = "create"
    FENCE = "fence"
    BASELINE = "baseline"
    BOUND = "bound"
    GRANT = "grant"
    VERIFY = "verify"
    REVOKE = "revoke"
    DRAIN = "drain"
    DELETE = "delete"


class BlockedReason(StrEnum):
    """Why a namespace waits for a person."""

    TAKEN = "taken"
    UID_CHANGED = "uid-changed"
    REFUSED = "refused"
    NOT_AS_PLANNED = "not-as-planned"
    TEAM_MAY_WRITE_POLICY = "team-may-write-policy"
    RESTORED = "restored"
    FORGOTTEN = "forgotten"
    NEWER_ON_CLUSTER = "newer-on-cluster"
    REAPPEARED = "reappeared"
    NOT_APPROVED = "not-what-was-approved"


# Blocked for these, what was approved is in force as far as the portal has a say: it goes on being
# compared and repaired like any other.
REPAIRED_WHILE_BLOCKED = frozenset({BlockedReason.TEAM_MAY_WRITE_POLICY})


class RetryReason(StrEnum):
    """Why a namespace is tried again and again, where more can be said than the message."""

    TERMINATING = "terminating"
    WEBHOOK_DOWN = "webhook-down"


class ClusterCondition(StrEnum):
    """What is wrong with a cluster as a whole; its namespaces' work waits meanwhile."""

    OK = "ok"
    UNREACHABLE = "unreachable"
    UNAUTHORIZED = "unauthorized"
    GRANT_MISSING = "grant-missing"
    UNTRUSTED = "untrusted"
    THROTTLED = "throttled"
    CREDENTIAL_MISFIT = "credential-misfit"
    OTHER_CLUSTER = "other-cluster"
    SLOW = "slow"


# In these nobody can look at what is on the cluster: what was read before may not hold any more.
OUT_OF_SIGHT = frozenset(
    {
        ClusterCondition.UNREACHABLE,
        ClusterCondition.UNAUTHORIZED,
        ClusterCondition.UNTRUSTED,
        ClusterCondition.CREDENTIAL_MISFIT,
        ClusterCondition.OTHER_CLUSTER,
    }
)


PROVISIONING = (
    Phase.CREATE,
    Phase.FENCE,
    Phase.BASELINE,
    Phase.BOUND,
    Phase.GRANT,
    Phase.VERIFY,
)
RETIREMENT = (Phase.REVOKE, Phase.DRAIN, Phase.DELETE)

# The state a namespace is in once a phase has succeeded.
REACHED: Mapping[Phase, NamespaceState] = {
    Phase.CREATE: NamespaceState.CREATED,
    Phase.FENCE: NamespaceState.FENCED,
    Phase.BASELINE: NamespaceState.BASELINED,
    Phase.BOUND: NamespaceState.BOUNDED,
    Phase.GRANT: NamespaceState.GRANTED,
    Phase.VERIFY: NamespaceState.READY,
    Phase.REVOKE: NamespaceState.DRAINING,
    Phase.DRAIN: NamespaceState.DELETING,
    Phase.DELETE: NamespaceState.GONE,
}

# A namespace in one of these is over: removed, never made, or lost with its cluster.
ENDED = frozenset({NamespaceState.GONE, NamespaceState.UNCREATED, NamespaceState.LOST})

OPEN_REQUEST = frozenset({RequestState.PENDING, RequestState.RETURNED})
REQUEST_TRANSITIONS: Mapping[RequestState, frozenset[RequestState]] = {
    RequestState.DRAFT: frozenset({RequestState.PENDING, RequestState.CANCELLED}),
    RequestState.PENDING: frozenset(
        {
            RequestState.APPROVED,
            RequestState.REJECTED,
            RequestState.RETURNED,
            RequestState.CANCELLED,
            RequestState.EXPIRED,
        }
    ),
    RequestState.RETURNED: frozenset(
        {RequestState.PENDING, RequestState.CANCELLED, RequestState.EXPIRED}
    ),
    RequestState.APPROVED: frozenset(),
    RequestState.REJECTED: frozenset(),
    RequestState.CANCELLED: frozenset(),
    RequestState.EXPIRED: frozenset(),
}

_S = NamespaceState
# From every live state a run may start again at its first phase, wait, find a change, or end.
# A cluster that is closed takes every namespace with it.
_ALWAYS = frozenset({_S.CREATED, _S.DRIFTED, _S.RETRYING, _S.BLOCKED, _S.REVOKING, _S.LOST})
_RETIRING_ALWAYS = frozenset({_S.REVOKING, _S.RETRYING, _S.BLOCKED, _S.LOST})

NAMESPACE_TRANSITIONS: Mapping[NamespaceState, frozenset[NamespaceState]] = {
    # After a restore a person may record of each that it was removed meanwhile.
    _S.WANTED: _ALWAYS | {_S.GONE},
    _S.CREATED: _ALWAYS | {_S.FENCED, _S.WANTED, _S.GONE},
    _S.FENCED: _ALWAYS | {_S.BASELINED, _S.WANTED, _S.GONE},
    _S.BASELINED: _ALWAYS | {_S.BOUNDED, _S.WANTED, _S.GONE},
    _S.BOUNDED: _ALWAYS | {_S.GRANTED, _S.WANTED, _S.GONE},
    _S.GRANTED: _ALWAYS | {_S.READY, _S.WANTED, _S.GONE},
    _S.READY: frozenset(
        {_S.DRIFTED, _S.WANTED, _S.RETRYING, _S.BLOCKED, _S.REVOKING, _S.LOST, _S.GONE}
    ),
    _S.DRIFTED: _ALWAYS | {_S.READY, _S.WANTED, _S.GONE},
    # A retirement that had to wait may find nothing left to remove.
    _S.RETRYING: _ALWAYS | {_S.READY, _S.WANTED, _S.DRAINING, _S.GONE, _S.UNCREATED},
    _S.BLOCKED: _ALWAYS | {_S.READY, _S.WANTED, _S.DRAINING, _S.GONE, _S.UNCREATED},
    _S.REVOKING: _RETIRING_ALWAYS | {_S.DRAINING, _S.GONE, _S.UNCREATED},
    _S.DRAINING: _RETIRING_ALWAYS | {_S.DELETING},
    _S.DELETING: _RETIRING_ALWAYS | {_S.GONE},
    # What is gone may be seen alive again, after a restore; a person has to say what then.
    _S.GONE: frozenset({_S.BLOCKED}),
    _S.UNCREATED: frozenset(),
    _S.LOST: frozenset(),
}


class IllegalTransition(Exception):
    """Somebody tried a move that no table names: a mistake in the program, never a person's."""


def check_move(current: NamespaceState, following: NamespaceState) -> None:
    """Raise IllegalTransition unless the namespace stays or the table names the move."""
    if following != current and not may_become(current, following):
        raise IllegalTransition(
            f"The portal wanted to call a {current} namespace {following}. That is a fault of the "
            "portal itself: tell who runs it."
        )


def may_become(current: NamespaceState, following: NamespaceState) -> bool:
    """Return whether a namespace in `current` may be moved to `following`."""
    return following in NAMESPACE_TRANSITIONS[current]


def sources_of(following: NamespaceState) -> frozenset[NamespaceState]:
    """Return every state from which `following` may be reached in one step."""
    return frozenset(
        state for state, targets in NAMESPACE_TRANSITIONS.items() if following in targets
    )


def request_sources_of(following: RequestState) -> frozenset[RequestState]:
    """Return every state from which a request may become `following`."""
    return frozenset(
        state for state, targets in REQUEST_TRANSITIONS.items() if following in targets
    )
