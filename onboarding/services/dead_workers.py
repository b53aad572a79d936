"""What processes of this host held that have ended: free again at once, not when its lease ends.

A claim of a killed worker counts among the few that its cluster may have, so all work there would
wait for that lease. To take a living worker for a dead one is harmless: the fencing token of
whoever claims next makes its late writes find nothing.
"""

import os
import socket
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError
from django.db.models import QuerySet
from django.db.models.functions import Now

from onboarding.models import ClusterObservation, ManagedNamespace
from onboarding.services.turns import is_held

log = structlog.get_logger()


def free_claims_of_the_dead(*, as_we_start: bool = False) -> int:
    """Free the claims and looks of processes of this host that are no more; return how many.

    As a process starts, what is held under its own number was its predecessor's: a container that
    starts again gives the same one.
    """
    looks = ClusterObservation.objects.filter(lease_until__gte=Now())
    claims = ManagedNamespace.objects.filter(is_held())
    return sum(_free(held, as_we_start=as_we_start) for held in (claims, looks))


def _free(held: QuerySet[Any], *, as_we_start: bool) -> int:
    host = f"{socket.gethostname()}:"
    ours = str(os.getpid())
    named = held.filter(lease_owner__startswith=host).values_list("lease_owner", flat=True)
    numbers = {owner: owner.removeprefix(host).partition(":")[0] for owner in named}
    dead = [
        owner
        for owner, number in numbers.items()
        if (as_we_start if number == ours else _has_ended(number))
    ]
    if not dead:
        return 0
    freed = held.filter(lease_owner__in=dead).update(lease_until=None, lease_owner="")
    log.warning("what processes held that have ended is free", owners=dead, count=freed)
    return freed


def free_claims_as_we_start() -> None:
    """Free what our predecessor and others held. A database that is not there yet stops nobody."""
    try:
        free_claims_of_the_dead(as_we_start=True)
    except (DatabaseError, InterfaceError) as error:
        log.warning("the database cannot be used", error=str(error))


def _has_ended(number: str) -> bool:
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):  # somebody else's; or no number
        return False
    return False
