"""Celery tasks: a hint arrives, the row decides. Messages carry an id and nothing else.

What people wait for comes on a queue of its own. What comes by itself, the chores, is done once at
a time in each process: however many lie on the queue or hang at a cluster, threads are left.
No task has a time limit, because a thread cannot be ended. What bounds each is in what it does: the
time-outs of cluster calls and of the database. A claim ends with its lease, whatever hangs.
"""

from collections.abc import Callable
from functools import wraps
from itertools import count
from threading import Lock, local
from time import monotonic
from typing import Any

from celery import Task, shared_task
from celery.signals import (
    beat_init,
    before_task_publish,
    heartbeat_sent,
    task_postrun,
    task_prerun,
    worker_init,
    worker_shutdown,
)
from django.db import connection

from onboarding.domain.processes import ProcessKind
from onboarding.services.alive import Pulse
from onboarding.services.application_role import RoleTooStrong, watch_database_role
from onboarding.services.claim import worker_name
from onboarding.services.clock import database_now
from onboarding.services.database_waits import WORKER, bound_waits
from onboarding.services.dead_workers import (
    free_claims_as_we_start,
    free_claims_of_the_dead,
)
from onboarding.services.expire import expire_requests as expire
from onboarding.services.guards import check_due
from onboarding.services.heartbeats import LivingProcess, Saying, note_beat
from onboarding.services.host_clock import note_host_clock, watch_host_clock
from onboarding.services.lifetimes import warn_of_ends
from onboarding.services.observe import observe_due
from onboarding.services.outdated import note_outdated
from onboarding.services.post import post_due
from onboarding.services.reconcile import reconcile as bring_on
from onboarding.services.renew import renew_due
from onboarding.services.restore_triggers import report_lacking_triggers
from onboarding.services.tell import forget_old, tell_due
from onboarding.services.tell_waiting import tell_of_what_waits
from onboarding.services.wrong_times import forget_wrong_times

# After which nothing more is begun: the next sweep comes anyway, and others want the thread.
LONGEST_SWEEP_SECONDS = 10.0
HEARTBEAT_WITHIN_SECONDS = 60.0
PULSE = Pulse()
_numbers = count(1)
_at_work = local()  # a task is begun and ended by the same thread


@worker_init.connect
def prepare_worker(**_signal: object) -> None:
    """End the worker before it starts if its database role can rewrite history.

    What the database itself lacks is logged.
    """
    bound_waits(WORKER)
    try:
        watch_database_role()
    except RoleTooStrong as error:
        raise SystemExit(str(error)) from error  # any other exception Celery only logs
    report_lacking_triggers()
    free_claims_as_we_start()
    connection.close()  # this thread only takes messages from here on


@worker_init.connect
def say_alive(**_signal: object) -> None:
    """Say from now on that the worker lives, also while it waits for the queue.

    And that it ends, if it does so in order: one that ends by a mistake shuts down as well. After
    `prepare_worker`, which may refuse to start.
    """
    saying = Saying(LivingProcess(ProcessKind.WORKER, PULSE), database_now)
    saying.start()

    def ends(sender: Any, **_signal: object) -> None:
        (saying.fall_silent if sender.exitcode else saying.say_goodbye)()

    worker_shutdown.connect(ends, weak=False)


@worker_init.connect
def watch_clock(**_signal: object) -> None:
    """Say it when this host's clock differs from the database's."""
    watch_host_clock()


@heartbeat_sent.connect
def consumer_turns(**_signal: object) -> None:
    """The worker's own loop turns: it takes messages from the queue."""
    PULSE.turns("consumer", again_within=HEARTBEAT_WITHIN_SECONDS)


@task_prerun.connect
def task_begins(task: Task, **_signal: object) -> None:
    """A task has a bound, as every loop has. Its number is ours: its id may be forged."""
    _at_work.task = f"{task.name} {next(_numbers)}"
    PULSE.turns(_at_work.task)


@task_postrun.connect
def task_ended(**_signal: object) -> None:
    """Nobody waits any more for the task that this thread was at."""
    PULSE.ends(_at_work.task)


@beat_init.connect
def watch_beat(**_signal: object) -> None:
    """Beat turns as long as it sends, or tries to."""
    before_task_publish.connect(beat_turns)


def beat_turns(**_signal: object) -> None:
    """Beat is about to send."""
    PULSE.turns("beat")


def chore(name: str) -> Callable[[Callable[[], None]], Any]:
    """Declare a task that does nothing where this process is at it already."""

    def declare(work: Callable[[], None]) -> Any:
        at_it = Lock()

        @wraps(work)
        def once_at_a_time() -> None:
            if at_it.acquire(blocking=False):
                try:
                    work()
                finally:
                    at_it.release()

        return shared_task(name=name)(once_at_a_time)

    return declare


@shared_task(name="onboarding.reconcile")
def reconcile(namespace_id: int) -> None:
    """Look at one namespace, if it is due and nobody else does; then at what else people wait for.

    A hint that finds its cluster at its bound is not kept: whoever works there goes on with it.
    """
    if bring_on(worker_name(), clock=database_now, namespace_id=int(namespace_id)):
        _work_off(awaited_only=True)


@chore("onboarding.sweep")
def sweep() -> None:
    """Look at what is due or whose worker has ended."""
    free_claims_of_the_dead()
    _work_off(awaited_only=False)


def _work_off(*, awaited_only: bool) -> None:
    until = monotonic() + LONGEST_SWEEP_SECONDS
    while monotonic() < until:
        if not bring_on(worker_name(), clock=database_now, awaited_only=awaited_only):
            return


@chore("onboarding.observe")
def observe() -> None:
    """Look at every cluster that is due."""
    observe_due(clock=database_now)


@chore("onboarding.renew_credentials")
def renew_credentials() -> None:
    """Renew the portal's tokens that are past half of their life, and look at the clocks."""
    note_host_clock()
    forget_wrong_times(now=database_now())
    renew_due(clock=database_now)


@chore("onboarding.check_guards")
def check_guards() -> None:
    """Try on every cluster, daily, what must be refused there."""
    check_due(clock=database_now)


@chore("onboarding.expire_requests")
def expire_requests() -> None:
    """Let requests expire that nobody decided, and tell of lifetimes that end and what waits."""
    expire(now=database_now())
    warn_of_ends(now=database_now())
    forget_old(now=database_now())
    tell_of_what_waits(now=database_now())


@chore("onboarding.tell_people")
def tell_people() -> None:
    """Make notices of what happened, and send what is due by mail."""
    tell_due(now=database_now())
    post_due(worker_name(), clock=database_now)


@chore("onboarding.note_outdated")
def note_outdated_namespaces() -> None:
    """Note what a new release's catalogue would render differently; facts note it themselves."""
    note_outdated(now=database_now())


@chore("onboarding.note_beat")
def note_beat_message() -> None:
    """Note that a message of beat came through to a worker."""
    note_beat(now=database_now())
