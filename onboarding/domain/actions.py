"""What can happen, as `source:subject:verb`, and how it reads to a person."""

from enum import StrEnum


class Action(StrEnum):
    """Every kind of event. Values never change their meaning; new ones are added."""

    REQUEST_DRAFTED = "portal:request:drafted"
    REQUEST_SUBMITTED = "portal:request:submitted"
    REQUEST_EDITED = "portal:request:edited"
    REQUEST_CANCELLED = "portal:request:cancelled"
    REQUEST_EXPIRED = "portal:request:expired"
    LANE_APPROVED = "portal:lane:approved"
    REQUEST_APPROVED = "portal:request:approved"
    REQUEST_RETURNED = "portal:request:returned"
    REQUEST_REJECTED = "portal:request:rejected"
    NAMESPACE_WANTED = "portal:namespace:wanted"
    NAMESPACE_RETIRING = "portal:namespace:retiring"
    NAMESPACE_LOOK_AGAIN = "portal:namespace:look-again"
    PHASE_DONE = "cluster:phase:done"
    NAMESPACE_READY = "cluster:namespace:ready"
    NAMESPACE_DRIFTED = "cluster:namespace:drifted"
    NAMESPACE_MISSING = "cluster:namespace:missing"
    NAMESPACE_RETRYING = "cluster:namespace:retrying"
    NAMESPACE_BLOCKED = "cluster:namespace:blocked"
    NAMESPACE_GONE = "cluster:namespace:gone"
    CLUSTER_REGISTERED = "portal:cluster:registered"
    CLUSTER_CONDITION = "cluster:cluster:condition"
    CREDENTIAL_RENEWED = "cluster:credential:renewed"
    ROW_ADDED = "admin:row:added"
    ROW_CHANGED = "admin:row:changed"
    ROW_REMOVED = "admin:row:removed"
    EXPORTED = "portal:history:exported"

    @property
    def words(self) -> str:
        """Return the sentence without its subject, e.g. `Approved a lane`."""
        return _WORDS[self]


_WORDS = {
    Action.REQUEST_DRAFTED: "Saved a draft",
    Action.REQUEST_SUBMITTED: "Submitted a request",
    Action.REQUEST_EDITED: "Edited a request; earlier decisions no longer count",
    Action.REQUEST_CANCELLED: "Cancelled a request",
    Action.REQUEST_EXPIRED: "Let a request expire",
    Action.LANE_APPROVED: "Approved a lane",
    Action.REQUEST_APPROVED: "Approved the last lane of a request",
    Action.REQUEST_RETURNED: "Returned a request for changes",
    Action.REQUEST_REJECTED: "Rejected a request",
    Action.NAMESPACE_WANTED: "Set what the namespace shall be",
    Action.NAMESPACE_RETIRING: "Set that the namespace shall be gone",
    Action.NAMESPACE_LOOK_AGAIN: "Asked to try again",
    Action.PHASE_DONE: "Finished a phase on the cluster",
    Action.NAMESPACE_READY: "Read everything back; it equals what was approved",
    Action.NAMESPACE_DRIFTED: "Found a change made outside the portal",
    Action.NAMESPACE_MISSING: "Found the namespace deleted outside the portal",
    Action.NAMESPACE_RETRYING: "Will try again",
    Action.NAMESPACE_BLOCKED: "Stopped and waits for a person",
    Action.NAMESPACE_GONE: "Confirmed that the namespace is gone",
    Action.CLUSTER_REGISTERED: "Registered or changed a cluster",
    Action.CLUSTER_CONDITION: "Saw the condition of a cluster change",
    Action.CREDENTIAL_RENEWED: "Renewed the credential of a cluster",
    Action.ROW_ADDED: "Added",
    Action.ROW_CHANGED: "Changed",
    Action.ROW_REMOVED: "Removed",
    Action.EXPORTED: "Exported history",
}
