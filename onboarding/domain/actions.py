"""What can happen, as `source:subject:verb`, and how it reads to a person."""

from enum import StrEnum


class Action(StrEnum):
    """Every kind of event. Values never change their meaning; new ones are added."""

    REQUEST_DRAFTED = "portal:request:drafted"
    REQUEST_SUBMITTED = "portal:request:submitted"
    REQUEST_EDITED = "portal:request:edited"
    REQUEST_CANCELLED = "portal:request:cancelled"
    REQUEST_EXPIRED = "portal:request:expired"
    REQUEST_TAKEN_OVER = "portal:request:taken-over"
    REQUEST_CLOSED = "portal:request:closed"
    REQUEST_COMMENTED = "portal:request:commented"
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
    NAMESPACE_UNCREATED = "cluster:namespace:uncreated"
    NAMESPACE_LOST = "portal:namespace:lost"
    NAMESPACE_SUPERSEDED = "cluster:namespace:superseded"
    NAMESPACE_REAPPEARED = "cluster:namespace:reappeared"
    NAMESPACE_STUCK = "cluster:namespace:stuck"
    NAMESPACE_ENDS_SOON = "portal:namespace:ends-soon"
    NAMESPACE_PAST_END = "portal:namespace:past-end"
    DEVIATION_SEEN = "cluster:deviation:seen"
    DEVIATION_ENDED = "cluster:deviation:ended"
    DEVIATION_FOUGHT = "cluster:deviation:fought"
    DEVIATION_ACKNOWLEDGED = "portal:deviation:acknowledged"
    CLUSTER_REGISTERED = "portal:cluster:registered"
    CLUSTER_CONDITION = "cluster:cluster:condition"
    CLUSTER_CLOSING = "portal:cluster:closing"
    CLUSTER_CLOSED = "portal:cluster:closed"
    CREDENTIAL_RENEWED = "cluster:credential:renewed"
    RENEWAL_REFUSED = "cluster:credential:refused"
    REFRESH_ASKED = "portal:refresh:asked"
    SUGGESTION_MADE = "portal:suggestion:made"
    SUGGESTION_TAKEN = "portal:suggestion:taken"
    SUGGESTION_DISMISSED = "portal:suggestion:dismissed"
    SECOND_FACTOR_REMOVED = "portal:person:second-factor-removed"
    PERSON_INVITED = "portal:person:invited"
    PERSON_SWITCHED_OFF = "portal:person:switched-off"
    PERSON_SWITCHED_ON = "portal:person:switched-on"
    INVITATION_ACCEPTED = "account:invitation:accepted"
    CLUSTER_UNGUARDED = "cluster:cluster:unguarded"
    CLUSTER_GUARDED = "cluster:cluster:guarded"
    CLUSTER_GUARDS_UNREAD = "cluster:cluster:guards-unread"
    APPROVAL_KEY_ASKED = "portal:approval-key:asked"
    APPROVAL_KEY_CONFIRMED = "portal:approval-key:confirmed"
    APPROVAL_KEY_REVOKED = "portal:approval-key:revoked"
    SIGNED_IN = "account:session:signed-in"
    SIGN_IN_FAILED = "account:session:failed"
    SIGNED_OUT = "account:session:signed-out"
    PASSWORD_CHANGED = "account:password:changed"  # noqa: S105 (the name of an event)
    PASSWORD_RESET_ASKED = "account:password:reset-asked"  # noqa: S105 (the name of an event)
    PASSWORD_RESET = "account:password:reset"  # noqa: S105 (the name of an event)
    ADDRESS_CHANGED = "account:address:changed"
    ADDRESS_LINK_ASKED = "account:address:link-asked"
    SECOND_FACTOR_ADDED = "account:second-factor:added"
    SECOND_FACTOR_DROPPED = "account:second-factor:removed"
    RECOVERY_CODES_MADE = "account:recovery-codes:made"
    ROW_ADDED = "admin:row:added"
    ROW_CHANGED = "admin:row:changed"
    ROW_REMOVED = "admin:row:removed"
    EXPORTED = "portal:history:exported"
    HISTORY_BROKEN = "cluster:history:broken"
    HISTORY_SETTLED = "portal:history:settled"
    NAMESPACE_SETTLED = "portal:namespace:settled"
    TRIGGERS_RESTORED = "portal:database:triggers-restored"

    @property
    def words(self) -> str:
        """Return what happened without its subject, e.g. `Request fully approved`."""
        return _WORDS[self]


_WORDS = {
    Action.REQUEST_DRAFTED: "Saved a draft",
    Action.REQUEST_SUBMITTED: "Submitted a request",
    Action.REQUEST_EDITED: "Edited a request; earlier decisions no longer count",
    Action.REQUEST_CANCELLED: "Cancelled a request",
    Action.REQUEST_EXPIRED: "Request expired",
    Action.REQUEST_TAKEN_OVER: "Took over a request",
    Action.REQUEST_CLOSED: "Closed a request of somebody without the right to it",
    Action.REQUEST_COMMENTED: "Wrote about a request",
    Action.LANE_APPROVED: "Approval given",
    Action.REQUEST_APPROVED: "Request fully approved",
    Action.REQUEST_RETURNED: "Returned a request for changes",
    Action.REQUEST_REJECTED: "Rejected a request",
    Action.NAMESPACE_WANTED: "Revision approved",
    Action.NAMESPACE_RETIRING: "Removal approved",
    Action.NAMESPACE_LOOK_AGAIN: "Asked to try again",
    Action.PHASE_DONE: "Step done",
    Action.NAMESPACE_READY: "Verified: matches what was approved",
    Action.NAMESPACE_DRIFTED: "Found a change made outside the portal",
    Action.NAMESPACE_MISSING: "Found the namespace deleted outside the portal",
    Action.NAMESPACE_RETRYING: "Will try again",
    Action.NAMESPACE_BLOCKED: "Blocked: a person must act",
    Action.NAMESPACE_GONE: "Confirmed that the namespace is gone",
    Action.NAMESPACE_UNCREATED: "Ended: the namespace was never created",
    Action.NAMESPACE_LOST: "Lost with its cluster",
    Action.NAMESPACE_SUPERSEDED: "Found something newer on the cluster",
    Action.NAMESPACE_REAPPEARED: "Found a removed namespace alive again",
    Action.NAMESPACE_STUCK: "Stuck: Kubernetes does not finish",
    Action.NAMESPACE_ENDS_SOON: "Namespace ends soon",
    Action.NAMESPACE_PAST_END: "Namespace is past its end",
    Action.DEVIATION_SEEN: "Found a difference from what was approved",
    Action.DEVIATION_ENDED: "A difference from what was approved ended",
    Action.DEVIATION_FOUGHT: "Another manager keeps undoing repairs",
    Action.DEVIATION_ACKNOWLEDGED: "Acknowledged a difference",
    Action.CLUSTER_REGISTERED: "Registered or changed a cluster",
    Action.CLUSTER_CONDITION: "Cluster condition changed",
    Action.CLUSTER_CLOSING: "Asked to close a cluster",
    Action.CLUSTER_CLOSED: "Closed a cluster",
    Action.CREDENTIAL_RENEWED: "Renewed the credential of a cluster",
    Action.RENEWAL_REFUSED: "Could not renew the credential of a cluster",
    Action.REFRESH_ASKED: "Asked to render namespaces anew",
    Action.SUGGESTION_MADE: "Suggested a change to the leads",
    Action.SUGGESTION_TAKEN: "Took up what somebody had suggested",
    Action.SUGGESTION_DISMISSED: "Dismissed a suggested change",
    Action.SECOND_FACTOR_REMOVED: "Removed a person's second factor",
    Action.PERSON_INVITED: "Invited a person",
    Action.PERSON_SWITCHED_OFF: "Switched a person's account off",
    Action.PERSON_SWITCHED_ON: "Switched a person's account on again",
    Action.INVITATION_ACCEPTED: "Accepted an invitation",
    Action.CLUSTER_UNGUARDED: "Found the guards of a cluster missing or changed",
    Action.CLUSTER_GUARDED: "Found every guard of a cluster in place again",
    Action.CLUSTER_GUARDS_UNREAD: "Could not read the guards of a cluster",
    Action.APPROVAL_KEY_ASKED: "Asked to enrol a passkey for approvals",
    Action.APPROVAL_KEY_CONFIRMED: "Confirmed a passkey for approvals",
    Action.APPROVAL_KEY_REVOKED: "Revoked a passkey for approvals",
    Action.SIGNED_IN: "Signed in",
    Action.SIGN_IN_FAILED: "Failed to sign in",
    Action.SIGNED_OUT: "Signed out",
    Action.PASSWORD_CHANGED: "Changed the password",
    Action.PASSWORD_RESET_ASKED: "Asked for a link to reset a password",
    Action.PASSWORD_RESET: "Reset the password",
    Action.ADDRESS_CHANGED: "Changed e-mail addresses",
    Action.ADDRESS_LINK_ASKED: "Asked for a link to confirm an e-mail address",
    Action.SECOND_FACTOR_ADDED: "Added a second factor",
    Action.SECOND_FACTOR_DROPPED: "Removed an own second factor",
    Action.RECOVERY_CODES_MADE: "Made new recovery codes",
    Action.ROW_ADDED: "Person, team or settings added",
    Action.ROW_CHANGED: "Person, team or settings changed",
    Action.ROW_REMOVED: "Person, team or settings removed",
    Action.EXPORTED: "Exported history",
    Action.HISTORY_BROKEN: "Found that the database or the cluster was taken back in time",
    Action.HISTORY_SETTLED: "Settled what differed after a restore",
    Action.NAMESPACE_SETTLED: "Decided what holds after a restore",
    Action.TRIGGERS_RESTORED: "Made triggers again that the database lacked",
}
