"""manage.py reconcile: the workers' job without Celery and without Redis.

`--loop` runs beside the Celery workers as the sweeper. It needs nothing but the database, so a
dead or frozen queue delays an approval by seconds and loses none. It observes the clusters too, in
a thread of its own: a cluster that answers slowly keeps no namespace and no credential waiting. In
another one it tries daily what clusters must refuse.
Once an hour it notes which namespaces the catalogue of this release would render differently.
"""

import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections, connection

from onboarding.services.application_role import watch_database_role
from onboarding.services.claim import until_next, worker_name
from onboarding.services.clock import database_now
from onboarding.services.database_waits import WORKER, bound_waits
from onboarding.services.expire import expire_requests
from onboarding.services.guards import check_due
from onboarding.services.host_clock import note_host_clock, watch_host_clock
from onboarding.services.observe import observe_all, observe_due
from onboarding.services.outdated import note_outdated
from onboarding.services.reconcile import reconcile
from onboarding.services.renew import renew_due
from onboarding.services.restore_triggers import report_lacking_triggers
from onboarding.services.wrong_times import forget_wrong_times

log = structlog.get_logger()
CHORES_EVERY = timedelta(seconds=60)
RENDERED_EVERY = timedelta(hours=1)
CHECKS_EVERY = timedelta(minutes=5)


class Command(BaseCommand):
    """Bring every due namespace on and look at the clusters, once or for ever."""

    help = "Bring every due namespace on and observe the clusters: once, or --loop until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--loop", action="store_true", help="go on until stopped")
        parser.add_argument("--workers", type=int, default=1, help="how many threads (default 1)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run."""
        bound_waits(WORKER)
        watch_database_role()
        watch_host_clock()
        report_lacking_triggers()
        if not options["loop"]:
            while reconcile(worker_name(), clock=database_now):
                pass
            observe_all(clock=database_now)
            return
        stopping = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopping.set())
        threads = [
            threading.Thread(target=_sweep, args=(stopping, f"{worker_name()}:{number}"))
            for number in range(options["workers"])
        ]
        threads.append(threading.Thread(target=_observe, args=(stopping,)))
        threads.append(threading.Thread(target=_note_outdated, args=(stopping,)))
        threads.append(threading.Thread(target=_check_guards, args=(stopping,)))
        for thread in threads:
            thread.start()
        _do_chores(stopping)
        for thread in threads:
            thread.join()


def _sweep(stopping: threading.Event, owner: str) -> None:
    """Work off what is due, then wait a moment: shorter where something is due before it ends."""

    def work_off() -> None:
        while not stopping.is_set() and reconcile(owner, clock=database_now):
            pass

    _repeat(work_off, stopping, every=lambda: until_next(settings.SWEEP_SECONDS))


def _observe(stopping: threading.Event) -> None:
    """Look at the clusters that are due; asking which are is two statements."""
    _repeat(lambda: observe_due(clock=database_now), stopping, every=settings.SWEEP_SECONDS)


def _note_outdated(stopping: threading.Event) -> None:
    """Render everything anew as a release starts, whose catalogue may differ, and then hourly."""
    _repeat(
        lambda: note_outdated(now=database_now()), stopping, every=RENDERED_EVERY.total_seconds()
    )


def _check_guards(stopping: threading.Event) -> None:
    """Try on every cluster where it is due what must be refused there."""
    every = CHECKS_EVERY.total_seconds()
    _repeat(lambda: check_due(clock=database_now), stopping, every=every)


def _do_chores(stopping: threading.Event) -> None:
    """Renew credentials and expire requests every minute, until stopped."""

    def chores() -> None:
        note_host_clock()
        forget_wrong_times(now=database_now())
        renew_due(clock=database_now)
        expire_requests(now=database_now())

    _repeat(chores, stopping, every=CHORES_EVERY.total_seconds())


def _repeat(
    work: Callable[[], object], stopping: threading.Event, *, every: float | Callable[[], float]
) -> None:
    """Do it again and again, `every` seconds apart. A lost database ends nothing."""
    while not stopping.is_set():
        pause: float = settings.SWEEP_SECONDS if callable(every) else every
        try:
            work()
            pause = every() if callable(every) else every
        except OperationalError as error:
            log.warning("the database cannot be used", error=str(error))
            close_old_connections()
        stopping.wait(pause)
    connection.close()
