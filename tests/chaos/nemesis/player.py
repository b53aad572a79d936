"""Plays scenarios with a nemesis on the line, and finds out first what the gateway makes of each.

Nothing above the gateway sees an answer, only what its verb returns or raises and what was done. So
wrong answers of which the gateway makes the same at a call are played once, by one of them; which
one changes from call to call.
"""

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from django.db import transaction

from onboarding.cluster.errors import (
    Busy,
    ClusterError,
    ServerFault,
    TimedOut,
    Unreachable,
    WriteConflict,
)
from onboarding.cluster.gateway import Gateway
from onboarding.cluster.verbs import ClusterGateway, SnapshotLost
from onboarding.domain.objects import Json
from onboarding.domain.objects import copied as copied_tree
from onboarding.models import ManagedNamespace
from onboarding.services import observe, reconcile
from tests.chaos.nemesis.scenarios import Scenario
from tests.chaos.nemesis.witness import denied, of_others
from tests.chaos.nemesis.wrong_answers import Met, Wrong
from tests.support.fake_cluster import FakeCluster
from tests.support.http_cluster import Answer, Ask, Handler, HttpCluster, Line, gateway_to

RECOVERS_WITHIN = timedelta(seconds=30)
MOST_STEPS = 15
VERBS = frozenset(name for name in vars(ClusterGateway) if not name.startswith("_")) - {"requests"}
FAULTS_OF_THE_LINE = (ServerFault, TimedOut, Unreachable, Busy, WriteConflict, SnapshotLost)
LOOKED_AT = (403, 404)  # statuses that something above the gateway asks for
ANEW = frozenset({"uid", "resourceVersion", "creationTimestamp", "managedFields", "time"})


@dataclass
class Call:
    """A verb of the gateway as it was called, and how many requests it has sent."""

    verb: str
    args: tuple[Any, ...]
    options: Mapping[str, Any]
    sent: int = 0

    def again(self, gateway: Gateway) -> object:
        """Do the same on another gateway, whole."""
        found = getattr(gateway, self.verb)(*self.args, **self.options)
        is_paged = isinstance(found, Iterator)
        return [item for page in found for item in page] if is_paged else found


class Watched:
    """A gateway that says which of its verbs is at work."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.call = Call("", (), {})

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.gateway, name)
        if name not in VERBS:
            return found

        def begin(*args: Any, **options: Any) -> Any:
            self.call = Call(name, args, options)
            return found(*args, **options)

        return begin


@dataclass(frozen=True)
class Made:
    """What the gateway made of an answer: what it returned or raised, and whether it was done."""

    outcome: str
    is_done: bool
    is_fault: bool = False


@dataclass
class Nemesis:
    """Holds the line: passes every request on, and answers the one at `at` wrongly, once."""

    truth: Handler
    yesterday: Handler
    wrong: Wrong | None = None
    at: int = -1
    before: Callable[[Ask], None] = lambda ask: None
    asked: list[Ask] = field(default_factory=list)

    def __call__(self, ask: Ask) -> Answer:
        self.before(ask)
        self.asked.append(ask)
        strikes = self.wrong is not None and len(self.asked) - 1 == self.at
        if self.wrong is None or not (strikes and self.wrong.fits(ask)):
            return self.truth(ask)
        return self.wrong.make(Met(ask, lambda: self.truth(ask), self.yesterday))

    @property
    def has_struck(self) -> bool:
        return len(self.asked) > self.at >= 0


@dataclass
class Told:
    """How a run went. `took` is from the wrong answer to the end."""

    asked: list[Ask]
    states: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    is_over: bool = False
    took: timedelta = timedelta()

    def problems(self, usually: timedelta) -> list[str]:
        found = [*self.denied]
        if not self.is_over:
            found.append("it did not recover")
        elif self.took > RECOVERS_WITHIN + usually:
            found.append(f"it took {self.took}")
        return found


@dataclass
class Prepared:
    """A scenario about to begin: its rows are in the database, its cluster is copied per run."""

    scenario: Scenario
    row: ManagedNamespace
    cluster: FakeCluster
    now: datetime
    patch: pytest.MonkeyPatch

    def run(self, wrong: Wrong | None = None, *, at: int = -1) -> Told:
        """Play it once, by true answers alone or with one wrong; no row of it stays."""
        cluster = copied(self.cluster)
        yesterday = HttpCluster(copied(cluster))
        return self._play(cluster, Nemesis(HttpCluster(cluster), yesterday, wrong, at))

    def made_of(self, wrongs: Iterable[Wrong]) -> list[tuple[Made, dict[Wrong, Made]]]:
        """Play it truly, and try each answer at each call beside.

        Return for each call what becomes of the truth and of each answer.
        """
        cluster, found = copied(self.cluster), list[tuple[Made, dict[Wrong, Made]]]()
        nemesis = Nemesis(HttpCluster(cluster), HttpCluster(copied(cluster)))
        watched = Watched(gateway_to(nemesis))

        def try_all(ask: Ask) -> None:
            fitting = [wrong for wrong in wrongs if wrong.fits(ask)]
            reads, call = ask.method == "GET", watched.call
            made = {wrong: tried(wrong, call, cluster, reads=reads) for wrong in fitting}
            found.append((tried(None, call, cluster, reads=reads), made))
            watched.call.sent += 1

        nemesis.before = try_all
        self._play(cluster, nemesis, watched)
        return found

    def _play(self, cluster: FakeCluster, nemesis: Nemesis, watched: Watched | None = None) -> Told:
        gateway = watched or gateway_to(nemesis)
        for module in (reconcile, observe):
            self.patch.setattr(module, "open_gateway", lambda _cluster: gateway)
        with transaction.atomic():
            told = self._steps(cluster, nemesis)
            transaction.set_rollback(True)
        gateway.close()
        return told

    def _steps(self, cluster: FakeCluster, nemesis: Nemesis) -> Told:
        self.scenario.others(cluster)
        row = ManagedNamespace.objects.get(pk=self.row.pk)
        now, struck_at, others = self.now, self.now, of_others(cluster)
        told = Told(nemesis.asked)
        for _ in range(MOST_STEPS):
            had_struck = nemesis.has_struck
            cluster.now = lambda at=now: at
            due = self.scenario.step(row, now)
            struck_at = now if nemesis.has_struck and not had_struck else struck_at
            told.states.append(f"{row.state} {row.reason}".strip())
            told.denied += denied(row, cluster, now=now)
            if self.scenario.over(row, cluster):
                told.is_over = True
                break
            cluster.finish_deletions()
            now = max(due, now)
        told.took = now - struck_at
        if of_others(cluster) != others:
            told.denied.append("something of others was touched")
        return told


def tried(wrong: Wrong | None, call: Call, cluster: FakeCluster, *, reads: bool) -> Made:
    """Do a call again with the answer to its next request; on a copy, unless it only reads."""
    twin = cluster if reads else copied(cluster)
    truth = HttpCluster(twin)
    yesterday = truth if reads else HttpCluster(copied(cluster))
    gateway, line = kept_door()
    line.handler = Nemesis(truth, yesterday, wrong, call.sent)
    try:
        outcome, is_fault = f"returned {lasting(call.again(gateway))}", False
    except ClusterError as error:
        status = error.status if error.status in LOOKED_AT else ""
        outcome = f"{type(error).__name__} {status} {error.retry_after or ''}"
        is_fault = isinstance(error, FAULTS_OF_THE_LINE)
    is_done = not reads and _lasting_state(twin) != _lasting_state(cluster)
    return Made(outcome, is_done, is_fault)


@cache
def kept_door() -> tuple[Gateway, Line]:
    """A gateway whose line leads where it is told: to make one takes longer than a call."""
    gateway = gateway_to(HttpCluster(FakeCluster()))
    line: Line = gateway._line._client.rest_client.pool_manager
    return gateway, line


def _lasting_state(cluster: FakeCluster) -> str:
    whole = {**cluster.system, **cluster.objects}
    return lasting({str(key): tree for key, tree in whole.items()})


def lasting(found: object) -> str:
    """Return what of a result does not change each time it is made."""
    return json.dumps(_kept(found), sort_keys=True, default=str)  # type: ignore[arg-type]


def _kept(node: Json) -> Json:
    if isinstance(node, dict):
        return {name: _kept(value) for name, value in node.items() if name not in ANEW}
    return [_kept(value) for value in node] if isinstance(node, list) else node


def copied(cluster: FakeCluster) -> FakeCluster:
    """A copy on which everything can be done without the first one's knowing."""
    twin = copy.copy(cluster)
    twin.objects = {key: copied_tree(tree) for key, tree in cluster.objects.items()}
    twin._applied = {key: copied_tree(tree) for key, tree in cluster._applied.items()}
    twin.system = {key: copied_tree(tree) for key, tree in cluster.system.items()}
    twin.log, twin._failures, twin._meanwhile = [], {}, []
    return twin
