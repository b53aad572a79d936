"""What may differ between a database and a cluster of which one was restored, and what then."""

from collections.abc import Mapping
from enum import StrEnum


class Differing(StrEnum):
    """Completes the sentence "The namespace is …"."""

    NEWER = "newer"  # the cluster holds a generation that is unknown here
    OLDER = "older"  # the cluster holds a generation that another one followed here
    GONE = "gone"  # it is in force here, and not on the cluster
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
    Differing.ALIVE: (RestoreChoice.REMOVE_AGAIN, RestoreChoice.LEAVE),
    Differing.UNKNOWN: (RestoreChoice.LEAVE,),
}
