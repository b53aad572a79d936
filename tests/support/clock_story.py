"""What a portal does while the clock of one of its processes is wrong, and afterwards.

`python -m tests.support.clock_story KIND PREFIX [ADDRESS]`, beside that process: winds its clock to
each of OFFSETS, has everything done that depends on time, and prints what came of it. Its own clock
and the database's are right.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 (Django has to be set up before its models)
from django.contrib.sessions.models import Session  # noqa: E402
from django.db.models import Max  # noqa: E402
from django.db.models.functions import Now  # noqa: E402

from onboarding import tasks  # noqa: E402
from onboarding.cluster.server_time import life_of  # noqa: E402
from onboarding.demo.scenario import ask, demo_spec  # noqa: E402
from onboarding.models import (  # noqa: E402
    Cluster,
    ClusterObservation,
    Event,
    ManagedNamespace,
    Request,
)
from onboarding.services.clock import database_now  # noqa: E402
from onboarding.services.credentials import encrypted_token, stored_token  # noqa: E402
from tests.support import live_portal  # noqa: E402
from tests.support.live_portal import wait_for  # noqa: E402
from tests.support.pat_without_scripts import Pat  # noqa: E402
from tests.support.wrong_clock import CLOCK_VARIABLE, set_clock  # noqa: E402

HOUR, DAY = 3600, 24 * 3600
# The last is: right again.
OFFSETS = (HOUR, -HOUR, 2 * DAY, -2 * DAY, 31 * DAY, -31 * DAY, 0)
AT_ONCE = 15.0  # seconds, on a machine that does much else
AGE = timedelta(hours=13)  # of a token whose renewal is due
Deed = Callable[[str], None]
_pat: list[Pat] = []


def approve_by_row(name: str) -> None:
    """The right clock approves; whose is wrong has to bring it about."""
    live_portal.onboard(Cluster.objects.get(), name)


def approve_by_page(name: str) -> None:
    """Whose clock is wrong approves, for somebody who has signed in once."""
    request = live_portal.asked(Cluster.objects.get(), name, openings=())
    url, page = _pat[0].get(f"/approvals/{request.public_id}/")
    assert _pat[0].decide(url, page) == 200


def nudge(kind: str) -> None:
    """Do what beat does once a minute, where the worker hears of it by the queue only."""
    if kind == "worker":
        for task in (tasks.renew_credentials, tasks.expire_requests, tasks.observe, tasks.sweep):
            task.delay()


def ready(name: str) -> None:
    rows = ManagedNamespace.objects.filter(name=name, state="ready")
    wait_for(rows.exists, f"{name} is ready", seconds=AT_ONCE)


def age_token() -> int:
    """Have the renewal be due; return the version that is to be replaced."""
    row, issued_at = Cluster.objects.get(), database_now() - AGE
    token, _ = stored_token(row)
    Cluster.objects.update(
        credential=encrypted_token(row, token, issued_at=issued_at),
        credential_expires_at=issued_at + timedelta(hours=settings.TOKEN_HOURS),
    )
    return row.credential_version


def is_renewed(version: int) -> None:
    """Wait for another token, and see that it is believed to live as long as it does."""
    rows = Cluster.objects.filter(credential_version__gt=version)
    wait_for(rows.exists, "the token is renewed", seconds=AT_ONCE)
    row = rows.get()
    token, issued_at = stored_token(row)
    assert row.credential_expires_at - issued_at == life_of(token)
    assert timedelta(0) <= database_now() - issued_at < timedelta(seconds=2 * AT_ONCE)


def is_looked_at(kind: str, since: datetime) -> None:
    rows = ClusterObservation.objects.filter(seen_at__gte=since, seen_at__lte=Now())
    ClusterObservation.objects.filter(lease_until=None).update(next_at=since)
    nudge(kind)
    wait_for(rows.exists, "the cluster is looked at", seconds=AT_ONCE)


def work(kind: str, name: str) -> None:
    """Everything that a worker does by time, with its clock as it is now."""
    young = old_request(f"{name}-young", timedelta(days=settings.REQUEST_EXPIRES_DAYS - 1))
    old = old_request(f"{name}-old", timedelta(days=settings.REQUEST_EXPIRES_DAYS + 1))
    began, version = database_now(), age_token()
    approve_by_row(name)
    nudge(kind)
    ready(name)
    is_renewed(version)
    is_looked_at(kind, began)
    expired = Request.objects.filter(pk=old.pk, state="expired")
    wait_for(expired.exists, "what is old has expired", seconds=AT_ONCE)
    assert Request.objects.get(pk=young.pk).state == "pending"


def old_request(name: str, age: timedelta) -> Request:
    spec = demo_spec(name, cluster=Cluster.objects.get().name)
    return ask(spec, now=database_now() - age)


def serve(_kind: str, name: str) -> None:
    """A person decides on the page, and a worker whose clock is right brings it about."""
    approve_by_page(name)
    ready(name)


def left() -> dict[str, Any]:
    """What a wrong clock may have left: times later than anything that is planned."""
    now = database_now()
    ends = Session.objects.aggregate(last=Max("expire_date"))["last"] or now
    rows = ManagedNamespace.objects.all()
    return {
        "events in the future": Event.objects.filter(at__gt=now).count(),
        "due too late": rows.filter(next_at__gt=now + timedelta(hours=2)).count(),
        "leases too long": rows.filter(lease_until__gt=now + timedelta(minutes=2)).count(),
        "sessions too long": ends > now + timedelta(seconds=settings.SESSION_COOKIE_AGE),
        "expired too early": Request.objects.filter(
            state="expired", submitted_at__gt=now - timedelta(days=settings.REQUEST_EXPIRES_DAYS)
        ).count(),
    }


def tell(kind: str, prefix: str, address: str = "") -> dict[str, Any]:
    """Go through all offsets; return how long each took, and what is left."""
    file, took = Path(os.environ[CLOCK_VARIABLE]), {}
    if address:
        _pat.append(Pat(address))
    for number, off in enumerate(OFFSETS):
        set_clock(file, off)
        began = database_now()
        (serve if address else work)(kind, f"{prefix}-{number}")
        took[off] = (database_now() - began).total_seconds()
    return {"took": took, "left": left()}


if __name__ == "__main__":
    print(json.dumps(tell(*sys.argv[1:])))
