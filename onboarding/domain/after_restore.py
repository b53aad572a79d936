"""What may differ between a database and a cluster of which one was restored, and what then."""

from collections.abc import Mapping
from enum import StrEnum


class Differing(StrEnum):
    """Completes the sentence "The namespace is …"."""

    NEWER = "newer"  # the cluster holds a generation that is unknown here
    OLDER = "older"  # the cluster holds a generation that another one followed here
    GONE = "gone"  # it was approved here, and is not on the cluster
    CHANGED = "changed"  # objects in it are not as approved, and would be put back
    ANOTHER = "another"  # another one with this portal's marks has its name
    ALIVE = "alive"  # it was removed, and lives on the cluster
    UNKNOWN = "unknown"  # it carries this portal's marks, and nothing here knows of it


class RestoreChoice(StrEnum):
    """What a platform admin decides for one namespace."""

    APPLY_RECORDED = "apply-recorded"
    MAKE_AGAIN = "make-again"
    RECORD_GONE = "record-gone"
    REMOVE_AGAIN = "remove-again"
    LEAVE = "leave"


CHOICES: Mapping[Differing, tuple[RestoreChoice, ...]] = {
    Differing.NEWER: (RestoreChoice.LEAVE, RestoreChoice.APPLY_RECORDED),
    Differing.OLDER: (RestoreChoice.APPLY_RECORDED,),
    Differing.GONE: (RestoreChoice.RECORD_GONE, RestoreChoice.MAKE_AGAIN),
    Differing.CHANGED: (RestoreChoice.APPLY_RECORDED,),
    Differing.ANOTHER: (RestoreChoice.LEAVE,),
    Differing.ALIVE: (RestoreChoice.REMOVE_AGAIN, RestoreChoice.LEAVE),
    Differing.UNKNOWN: (RestoreChoice.LEAVE,),
}
