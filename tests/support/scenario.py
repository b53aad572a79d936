"""One act of the story in a process of its own: `python -m tests.support.scenario ACT NAME…`.

For tests whose portal runs in real processes on a database of its own. Prints one JSON value.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import django

django.setup()

from django.db.models import F, Q  # noqa: E402
from django.utils import timezone  # noqa: E402 (Django has to be set up before its models)

from onboarding.demo.openings import INTERNET, WEB, exposed  # noqa: E402
from onboarding.demo.scenario import acting, approve, demo_spec  # noqa: E402
from onboarding.domain.actions import Action  # noqa: E402
from onboarding.domain.lanes import Lane  # noqa: E402
from onboarding.domain.lifecycle import RequestState  # noqa: E402
from onboarding.models import (  # noqa: E402
    Cluster,
    ClusterObservation,
    Decision,
    DecisionSignature,
    Event,
    ManagedNamespace,
    Request,
)
from onboarding.models.breaks import open_breaks  # noqa: E402
from onboarding.queries.after_restore import differences_on, is_seen_since, shown_of  # noqa: E402
from onboarding.services import after_restore  # noqa: E402
from onboarding.services.claim import claim, worker_name  # noqa: E402
from onboarding.services.clock import database_now  # noqa: E402
from onboarding.services.observe import observe_all  # noqa: E402
from tests.support import live_portal  # noqa: E402

PATIENCE_SECONDS = 120.0
LOOKS = 5


def ask(names: Sequence[str]) -> dict[str, str]:
    """Alice asks and Dana approves; Pat's word is missing. Returns the requests' public ids."""
    cluster, asked = Cluster.objects.get(), {}
    for name in names:
        request = live_portal.asked(cluster, name)
        approve(request, "dana", Lane.NETWORK, now=timezone.now())
        asked[name] = request.public_id
    return asked


def decide(names: Sequence[str]) -> list[float]:
    """Pat approves each; how many seconds each answer took."""
    took = []
    for name in names:
        request = Request.objects.get(name=name)
        began = time.perf_counter()
        approve(request, "pat", Lane.PLATFORM, now=timezone.now())
        took.append(time.perf_counter() - began)
    return took


def wish(names: Sequence[str]) -> dict[str, str]:
    """Alice asks, for the internet too; nobody decides. Returns the requests' public ids."""
    cluster = Cluster.objects.get()
    return {
        name: live_portal.asked(cluster, name, openings=(WEB, INTERNET)).public_id for name in names
    }


def narrow(names: Sequence[str]) -> dict[str, str]:
    """Alice asks for another port and no internet. Returns the requests' public ids."""
    opening, asked = exposed("ingress-nginx", "web", (8443,)), {}
    for row in ManagedNamespace.objects.filter(name__in=names):
        spec = demo_spec(row.name, cluster=row.cluster.name, openings=(opening,))
        asked[row.name] = live_portal.change_asked(row, spec).public_id
    return asked


def approve_all(names: Sequence[str]) -> list[str]:
    """Everybody approves what waits; in which state each namespace is then."""
    requests = Request.objects.filter(name__in=names, state=RequestState.PENDING)
    return [live_portal.approved(request).state for request in requests]


def replay(names: Sequence[str]) -> str:
    """Everybody approves the second, and Dana's signature of the first is copied to it."""
    signed, unsigned = names
    used = DecisionSignature.objects.get(decision__request__name=signed)
    [request] = Request.objects.filter(name=unsigned, state=RequestState.PENDING)
    live_portal.approved(request)
    DecisionSignature.objects.create(
        decision=Decision.objects.get(request=request, lane="network"),
        key=used.key,
        statement=used.statement,
        proof=used.proof,
    )
    return request.public_id


def blocked(names: Sequence[str]) -> dict[str, str]:
    """Wait until a worker has stopped at each, and return what it said."""
    rows = ManagedNamespace.objects.filter(name__in=names, state="blocked")
    live_portal.wait_for(lambda: rows.count() == len(names), "all are blocked")
    return dict(rows.values_list("name", "message"))


def onboard(names: Sequence[str]) -> list[float]:
    ask(names)
    return decide(names)


def take(names: Sequence[str]) -> list[str]:
    """All are approved, and this process takes them and ends."""
    onboard(names)
    rows = ManagedNamespace.objects.filter(name__in=names)
    return [held.owner for row in rows if (held := claim(worker_name(), namespace_id=row.pk))]


def states(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = ManagedNamespace.objects.filter(name__in=names)
    return {
        row.name: {
            "state": row.state,
            "message": row.message,
            "uid": row.uid,
            "approvals": Event.objects.filter(
                namespace=row.name, action=Action.REQUEST_APPROVED
            ).count(),
            "ready": Event.objects.filter(
                namespace=row.name, action=Action.NAMESPACE_READY
            ).count(),
            "deviations": len(live_portal.deviations(row)) if row.state == "ready" else None,
        }
        for row in rows
    }


def wait(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Wait until a worker has made all of them ready, and say how they are, also if it has not."""
    rows = ManagedNamespace.objects.filter(name__in=names, state="ready")
    try:
        live_portal.wait_for(
            lambda: rows.count() == len(names), "all are ready", seconds=PATIENCE_SECONDS
        )
    except AssertionError as error:
        print(error, file=sys.stderr)
    return states(names)


def look_again(names: Sequence[str]) -> int:
    """Reconcile each many times, whenever nobody else is at it; how often that was."""
    rows = [*ManagedNamespace.objects.filter(name__in=names)]
    for row in rows * LOOKS:
        live_portal.wait_for(partial(live_portal.is_looked_at, row), "it is free")
    return len(rows) * LOOKS


def settle(names: Sequence[str]) -> dict[str, str]:
    """Wait until all are as approved, and return their states: what others put there is drift."""
    rows = ManagedNamespace.objects.filter(name__in=names)
    settled = rows.filter(state__in=["ready", "drifted"], observed_generation=F("generation"))
    live_portal.wait_for(lambda: settled.count() == len(names), "all are as approved")
    return dict(rows.values_list("name", "state"))


def look(names: Sequence[str]) -> list[str]:
    """Look at the cluster until a look that began after this call is written down."""
    seen = ClusterObservation.objects.filter(seen_at__gte=timezone.now())

    def has_looked() -> bool:
        observe_all(clock=timezone.now)  # does nothing while a worker is looking
        return seen.exists()

    live_portal.wait_for(has_looked, "the cluster is observed")
    return [*names]


def retire(names: Sequence[str]) -> list[str]:
    """Alice asks that they go, everybody approves; in which state each is then."""
    return [
        live_portal.retire(row).state for row in ManagedNamespace.objects.filter(name__in=names)
    ]


def ended(names: Sequence[str]) -> list[str]:
    """Wait until workers have removed them."""
    rows = ManagedNamespace.objects.filter(name__in=names, state="gone")
    live_portal.wait_for(lambda: rows.count() == len(names), "all are gone")
    return [*names]


def due(_names: Sequence[str]) -> int:
    """Make everything due that ever is, and give workers the time to have seen it."""
    past = timezone.now() - timedelta(hours=1)
    rows = ManagedNamespace.objects.filter(next_at__isnull=False)
    made = rows.update(next_at=past)
    look([])
    look([])
    return made


def broken(_names: Sequence[str]) -> str:
    """Wait until a worker has found that history is broken, and has looked at the cluster since."""
    live_portal.wait_for(lambda: any(map(is_seen_since, open_breaks())), "a break is found")
    return open_breaks().get().kind


def differing(_names: Sequence[str]) -> dict[str, Any]:
    found = open_breaks().get()
    return {
        "kind": found.kind,
        "differing": {one.name: one.kind.value for one in differences_on(found.cluster)},
    }


def decide_first(_names: Sequence[str]) -> dict[str, str]:
    """Pat decides the first of the choices for each namespace that differs."""
    found = open_breaks().get()
    differing = differences_on(found.cluster)
    choices = {one.name: one.choices[0] for one in differing}
    after_restore.settle(
        found.pk, choices, shown=shown_of(differing), by=acting("pat"), now=database_now()
    )
    return {name: choice.value for name, choice in choices.items()}


def rests(_names: Sequence[str]) -> int:
    """Wait until no namespace is due or worked on any more; how many there are."""
    busy = ManagedNamespace.objects.filter(
        Q(lease_until__isnull=False) | Q(next_at__lte=timezone.now())
    )
    live_portal.wait_for(lambda: not busy.exists(), "workers have nothing to do")
    return ManagedNamespace.objects.count()


def told_of_the_break(_names: Sequence[str]) -> list[str]:
    wanted = Event.objects.filter(action__contains=":history:").order_by("pk")
    return [*wanted.values_list("action", flat=True)]


def future(_names: Sequence[str]) -> int:
    """How many events are dated later than the database's own time."""
    return Event.objects.filter(at__gt=database_now()).count()


def namespaces(_names: Sequence[str]) -> list[str]:
    """The names of all the portal has ever had."""
    return [*ManagedNamespace.objects.values_list("name", flat=True)]


ACTS: dict[str, Callable[[Sequence[str]], object]] = {
    "approve_all": approve_all,
    "ask": ask,
    "blocked": blocked,
    "broken": broken,
    "decide": decide,
    "decide_first": decide_first,
    "differing": differing,
    "due": due,
    "ended": ended,
    "future": future,
    "look": look,
    "look_again": look_again,
    "namespaces": namespaces,
    "narrow": narrow,
    "onboard": onboard,
    "replay": replay,
    "rests": rests,
    "retire": retire,
    "settle": settle,
    "states": states,
    "take": take,
    "told_of_the_break": told_of_the_break,
    "wait": wait,
    "wish": wish,
}

if __name__ == "__main__":
    print(json.dumps(ACTS[sys.argv[1]](sys.argv[2:])))
