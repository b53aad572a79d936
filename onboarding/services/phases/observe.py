"""Observe: read what the cluster holds of a namespace. Writes nothing."""

from dataclasses import dataclass

from onboarding.domain.holds import holds_of, remaining
from onboarding.domain.objects import Manifest, text
from onboarding.services.phases.identity import (
    UidChanged,
    Whose,
    check_is_ours,
    look_twice,
    restored,
    whose,
)
from onboarding.services.phases.work import ChangedMeanwhile, Work


class Terminating(Exception):
    """The namespace is being deleted; Kubernetes has to finish before anything can be done."""

    def __init__(self, namespace: Manifest) -> None:
        """Say what holds it, in the server's own words and by name."""
        self.holds = holds_of(namespace)
        super().__init__(remaining(namespace))


def observe(work: Work) -> bool:
    """Read the namespace and everything managed in it; return whether it exists.

    Raises Restored, UidChanged, Superseded (a newer generation is live) and Terminating.
    """
    work.live.clear()
    found = work.cluster.get(work.namespace_key)
    if found is None:
        return False
    check_is_ours(found, work)
    if text(found, "metadata", "deletionTimestamp") and work.plan.wants_namespace:
        raise Terminating(found)
    work.live[work.namespace_key] = found
    work.refresh_managed()
    work.check_generation()
    return True


@dataclass(frozen=True)
class Sight:
    """What was seen of one's own namespace: is it there, and who else has its name ("": nobody)."""

    exists: bool
    holder: str = ""


def find_own(work: Work) -> Sight:
    """Look for the namespace that shall go, and read what is in it; remember its uid in `work`.

    One whose uid nobody remembers is found by its marks. Raises Restored for marks with another
    uid than the remembered one, and UidChanged where nobody can tell whose it is.
    """
    work.live.clear()
    found = work.cluster.get(work.namespace_key)
    if found is None:
        return Sight(exists=False)
    owner, uid = whose(found, work), text(found, "metadata", "uid")
    if work.uid and owner is not Whose.OURS:
        look_twice(found, work)
    if owner is Whose.MARKED and work.uid:
        work.live[work.namespace_key] = found
        raise restored(work)
    if owner is Whose.UNCERTAIN and work.uid:
        raise UidChanged(
            f"{work.plan.namespace} has another uid than the one the portal created, and carries "
            "Bulkhead's label without the mark of a request."
        )
    if owner in {Whose.OTHERS, Whose.UNCERTAIN}:
        return Sight(exists=False, holder=uid)
    work.uid = uid
    return Sight(exists=observe(work))


def confirm_absence(work: Work) -> str:
    """Look once more for what was found absent; return the uid of who has the name by now, or "".

    Raises ChangedMeanwhile if it is there after all, and what `find_own` raises.
    """
    sight = find_own(work)
    if sight.exists:
        raise ChangedMeanwhile(f"{work.plan.namespace} was answered as gone, and is there.")
    return sight.holder
