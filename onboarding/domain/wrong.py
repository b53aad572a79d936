"""What can be wrong with the portal as a whole, and how bad each is: the names of the System page,
of /metrics, of the alert rules and of the runbook.
"""

from enum import StrEnum


class Wrong(StrEnum):
    """One thing that is wrong. Each has its words in pages/system.py and its alert."""

    UNSTORED = "cannot-store"
    NO_SWEEPER = "no-sweeper"
    NO_WORKER = "no-worker"
    BEAT_SILENT = "beat-silent"
    LOOP_HANGS = "loop-hangs"
    PROCESS_LOST = "process-lost"
    RELEASES_DIFFER = "releases-differ"
    UNDONE = "approved-not-done"
    OVERDUE = "work-overdue"
    LOOKS_LATE = "looks-late"
    CLUSTER = "cluster-unusable"
    LOOK_FAILED = "look-failed"
    PATIENCE = "cluster-asks-for-patience"
    ONLY_LOOKED_AT = "only-looked-at"
    OBSERVATION_OLD = "observation-old"
    CREDENTIAL_ENDS = "credential-ends"
    UNGUARDED = "unguarded"
    GUARDS_UNKNOWN = "guards-unknown"
    BLOCKED = "blocked"
    STUCK = "stuck"
    DRIFTED = "drifted"
    UNREAD = "unread"
    TRIGGERS = "lacks-triggers"
    CLOCK = "clock-differs"
    MAIL = "mail-not-delivered"


# Not red but amber: it is worth a look, and nothing that was promised is broken by it yet.
ONLY_WARNED_OF = frozenset(
    {
        Wrong.PROCESS_LOST,
        Wrong.RELEASES_DIFFER,
        Wrong.LOOK_FAILED,
        Wrong.PATIENCE,
        Wrong.GUARDS_UNKNOWN,
        Wrong.DRIFTED,
        Wrong.UNREAD,
        Wrong.CLOCK,
        Wrong.MAIL,
    }
)
