"""How each state looks: tone, icon and words, as tables.

Read by the `state_badge` tag. The states themselves live in domain/lifecycle.py; a state that has
no row here is still shown, in its own word and without a tone, rather than hidden.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TONES = frozenset({"ok", "warn", "danger", "run", "plain"})


@dataclass(frozen=True)
class Face:
    """What a badge shows: a tone of TONES, the name of an icon in icons.svg, words."""

    tone: str
    icon: str
    words: str | Promise


REQUEST_STATES = {
    "draft": Face("plain", "pencil", _("Draft")),
    "pending": Face("run", "clock", _("Waiting for decisions")),
    "returned": Face("warn", "undo", _("Returned for changes")),
    "approved": Face("ok", "check", _("Approved")),
    "rejected": Face("danger", "x", _("Rejected")),
    "cancelled": Face("plain", "dash", _("Cancelled")),
    "expired": Face("plain", "clock", _("Expired")),
}

REQUEST_KINDS = {
    "onboard": _("New namespace"),
    "change": _("Change"),
    "retire": _("Retirement"),
    "adopt": _("Taking over again"),
}

NAMESPACE_STATES = {
    "wanted": Face("run", "clock", _("Waiting to start")),
    "created": Face("run", "run", _("Created, not fenced yet")),
    "fenced": Face("run", "run", _("Fenced, policies next")),
    "baselined": Face("run", "run", _("Policies accepted, bounds next")),
    "bounded": Face("run", "run", _("Bounded, access next")),
    "granted": Face("run", "run", _("Access granted, being verified")),
    "ready": Face("ok", "check", _("Ready")),
    "drifted": Face("warn", "warn", _("Drifted")),
    "retrying": Face("warn", "run", _("Retrying")),
    "blocked": Face("danger", "x", _("Blocked")),
    "revoking": Face("run", "run", _("Removing access")),
    "draining": Face("run", "run", _("Stopping workloads")),
    "deleting": Face("run", "run", _("Deleting")),
    "gone": Face("plain", "dash", _("Gone")),
    "uncreated": Face("plain", "dash", _("Never created")),
    "lost": Face("plain", "dash", _("Lost with its cluster")),
}

# Why a namespace is blocked or tried again and again, as the rest of "…: why".
HELD_UP_REASONS = {
    "taken": _("the name is already on the cluster"),
    "uid-changed": _("somebody deleted it and made another of its name"),
    "refused": _("the cluster refuses an object"),
    "not-as-planned": _("the cluster stored something else than was approved"),
    "team-may-write-policy": _("the team may write network policies itself"),
    "restored": _("restored from a backup, to be compared"),
    "forgotten": _("made by this portal, and forgotten since"),
    "newer-on-cluster": _("the cluster holds something newer"),
    "reappeared": _("removed, and there again"),
    "not-what-was-approved": _("its records are not what was approved"),
    "terminating": _("an older one of its name is still being deleted"),
    "webhook-down": _("a webhook of the cluster does not answer"),
}

# One attempt and its steps (models/namespaces), one person's word on a lane (models/requests).
WORK_STATES = {
    "waiting": Face("plain", "clock", _("Waiting")),
    "running": Face("run", "run", _("Running")),
    "done": Face("ok", "check", _("Done")),
    "failed": Face("danger", "x", _("Failed")),
    "approve": Face("ok", "check", _("Approved")),
    "reject": Face("danger", "x", _("Rejected")),
    "return": Face("warn", "undo", _("Returned for changes")),
}

# What is known of a cluster itself; its namespaces wait while it is not well.
CLUSTER_CONDITIONS = {
    "ok": Face("ok", "check", _("Reachable")),
    "unreachable": Face("danger", "warn", _("Does not answer")),
    "unauthorized": Face("danger", "lock", _("No working credential")),
    "grant-missing": Face("danger", "lock", _("A permission is missing")),
    "untrusted": Face("danger", "lock", _("Certificate not trusted")),
    "credential-misfit": Face("danger", "lock", _("Credential does not fit")),
    "other-cluster": Face("danger", "warn", _("Another cluster answers")),
    "closed": Face("plain", "x", _("Closed")),
    "throttled": Face("warn", "clock", _("Asks for patience")),
    "slow": Face("danger", "clock", _("Too slow to work with")),
    "unguarded": Face("danger", "shield", _("Not guarded")),
    "not-renewed": Face("danger", "key", _("Credential cannot be renewed")),
}

# What the newest look says, where it says something else than the last run or answer.
NEWER_KNOWLEDGE = {
    "differs": Face("warn", "warn", _("Differs from what was approved")),
    "look-failed": Face("warn", "warn", _("Last look failed")),
    "not-looked-at": Face("warn", "clock", _("Not looked at lately")),
    "unseen": Face("plain", "clock", _("Not seen yet")),
    "out-of-sight": Face("warn", "clock", _("Nobody can look")),
}

FACES = REQUEST_STATES | NAMESPACE_STATES | WORK_STATES | CLUSTER_CONDITIONS | NEWER_KNOWLEDGE


def face_of(state: object) -> Face:
    """Return the face of an enum member or its value; letter case does not matter."""
    word = str(getattr(state, "value", state))
    fallback = Face("plain", "info", word.replace("_", " ").capitalize() or _("Unknown"))
    return FACES.get(word.lower(), fallback)
