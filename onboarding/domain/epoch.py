"""How far a portal's history had come when it last wrote that on a cluster.

Kept as an annotation of the portal's own namespace there, one for each portal. Neither side can be
taken back in time without disagreeing with the other: a database restored from a backup does not
hold the event that is named, an etcd restored from one names an event that is too old.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from onboarding.domain.ownership import ANNOTATION_PREFIX

LARGEST_EPOCH = 400  # characters; what is longer nobody of us wrote


class BreakKind(StrEnum):
    """Which side does not go on where the other left it."""

    DATABASE_OLDER = "database-older"
    DATABASE_OTHER = "database-other"
    CLUSTER_OLDER = "cluster-older"
    CLUSTER_NEW = "cluster-new"  # built anew, as a platform admin said


# The database's own: what one cluster tells of it concerns every cluster.
OF_THE_DATABASE = frozenset({BreakKind.DATABASE_OLDER, BreakKind.DATABASE_OTHER})


@dataclass(frozen=True)
class Epoch:
    """The newest event at a time, by its number and leaf hash, and which database it was in.

    `database` is "" where that cannot be told.
    """

    event: int
    leaf: str
    database: str

    def dump(self) -> str:
        """Return it as the annotation's value."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))


def annotation_of(portal: str) -> str:
    """Return the name of the annotation in which the portal of this identity keeps its epoch."""
    return f"{ANNOTATION_PREFIX}epoch.{portal}"


def read_epoch(written: str) -> Epoch | None:
    """Return what an annotation says; None for "" and for what no portal writes."""
    if not written or len(written) > LARGEST_EPOCH:
        return None
    try:
        tree = json.loads(written)
        epoch = Epoch(**tree)
    except (ValueError, TypeError):
        return None
    is_right = type(epoch.event) is int and all(
        isinstance(words, str) for words in (epoch.leaf, epoch.database)
    )
    return epoch if is_right else None


def broken_by(
    said: Epoch | None, *, known_database: str, is_known: bool, written: int | None
) -> BreakKind | None:
    """Return what is wrong between what a cluster says and what the database knows; None if well.

    `is_known` tells whether the database holds the event that is named, with that leaf. `written`
    is the number this database last wrote there, None before the first time.
    """
    if said is None:
        return None if written is None else BreakKind.CLUSTER_OLDER
    if not is_known:
        return BreakKind.DATABASE_OLDER
    if said.database and known_database and said.database != known_database:
        return BreakKind.DATABASE_OTHER
    if written is not None and said.event < written:
        return BreakKind.CLUSTER_OLDER
    return None
