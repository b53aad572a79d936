"""Identity: whose is the namespace that has the name. Reads only.

The uid says which namespace it is; a name may have been given anew. The guarded label together with
the label of one of this row's own requests says who made one whose uid nobody remembers: after a
worker was killed, or a backup was restored.
"""

from enum import StrEnum

from onboarding.domain.lifecycle import BlockedReason, Phase
from onboarding.domain.objects import Manifest, text
from onboarding.domain.ownership import TEAM_LABEL, is_managed, marks_of, portal_of
from onboarding.services.phases.work import Blocked, ChangedMeanwhile, Work, found_on_cluster


class Whose(StrEnum):
    """Completes the sentence "The namespace of this name is …"."""

    OURS = "the one that is remembered"
    MARKED = "made for a request of this row, and not the one that is remembered"
    UNCERTAIN = "labelled as the portal's, for nobody knows which request"
    OTHERS = "somebody else's"


class UidChanged(Blocked):
    """The namespace that exists is not the one the portal created."""

    reason = BlockedReason.UID_CHANGED


class Forgotten(Blocked):
    """This portal made the namespace that exists, and its database does not know for whom."""

    reason = BlockedReason.FORGOTTEN


class Restored(Blocked):
    """The namespace that exists carries our own marks and has another uid: a backup came back."""

    reason = BlockedReason.RESTORED


def whose(found: Manifest, work: Work) -> Whose:
    """Return whose the namespace is that was found under the name."""
    if work.uid and text(found, "metadata", "uid") == work.uid:
        return Whose.OURS
    request = marks_of(found).get("request", "")
    if request in work.own_requests:
        return Whose.MARKED
    return Whose.UNCERTAIN if is_managed(found) and not request else Whose.OTHERS


def check_is_ours(found: Manifest, work: Work) -> None:
    """Raise Restored or UidChanged unless the namespace found is the one that is remembered."""
    owner = whose(found, work)
    if owner is Whose.OURS:
        return
    look_twice(found, work)
    work.live[work.namespace_key] = found
    if owner is Whose.MARKED:
        raise restored(work)
    if is_forgotten(found, work):
        raise forgotten(work)
    raise UidChanged(
        f"{work.plan.namespace} was deleted and created again by somebody else: its uid is not "
        "the one the portal created."
    )


def is_forgotten(found: Manifest, work: Work) -> bool:
    """Tell whether this portal made what was found, for this team and a request that it forgot.

    As far as the marks say. Nobody but the portal can write them: admission guards label and
    annotations.
    """
    team = text(found, "metadata", "labels", TEAM_LABEL)
    wanted = [one.manifest for one in work.plan.of(Phase.CREATE)]
    is_for_team = [text(one, "metadata", "labels", TEAM_LABEL) for one in wanted] == [team]
    is_known = work.knows_request(marks_of(found).get("request", ""))
    return portal_of(found) == work.portal and is_for_team and not is_known


def forgotten(work: Work) -> Forgotten:
    """Return why a namespace that the database lost waits, with all of it that was found."""
    work.refresh_managed()
    marks = marks_of(work.live[work.namespace_key])
    made_for = marks.get("request") or "a request that is not named on it"
    return Forgotten(
        f"{work.plan.namespace} stands on {work.plan.cluster} already. This portal made it for "
        f"{made_for}, which its database does not know: it was restored to before. Nothing was "
        "written to it.",
        found={**found_on_cluster(work), "forgotten": True},
    )


def look_twice(found: Manifest, work: Work) -> None:
    """Raise ChangedMeanwhile unless the same is found again: one answer is no other namespace."""
    again = work.cluster.get(work.namespace_key) or {}
    if text(again, "metadata", "uid") != text(found, "metadata", "uid"):
        raise ChangedMeanwhile(f"{work.plan.namespace} was answered in two ways.")


def restored(work: Work) -> Restored:
    """Return why a namespace that came back waits, with all of it that was found."""
    work.refresh_managed()
    uid = text(work.live[work.namespace_key], "metadata", "uid")
    return Restored(
        f"{work.plan.namespace} was restored from a backup: it carries the marks of its own "
        f"requests, and its uid {uid} is not the one the portal created.",
        found=found_on_cluster(work),
    )
