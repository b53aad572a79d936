"""manage.py reconcile: the workers' job without Celery and without Redis.

`--loop` runs beside the Celery workers as the sweeper. It needs nothing but the database, so a
dead or frozen queue delays an approval by seconds and loses none. It observes the clusters too, in
threads of their own: a cluster that answers slowly keeps no namespace and no credential waiting. In
another one it tries daily what clusters must refuse.
It tells people what they have to know, also by mail.
Once an hour it notes which namespaces the catalogue of this release would render differently.

A loop that ends (services/loops.py) ends the process with exit code 1.
"""

import signal
from argparse import ArgumentParser
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from onboarding.domain.processes import ProcessKind
from onboarding.services.application_role import watch_database_role
from onboarding.services.claim import until_next, worker_name
from onboarding.services.clock import database_now
from onboarding.services.database_waits import WORKER, bound_waits
from onboarding.services.dead_workers import (
    free_claims_as_we_start,
    free_claims_of_the_dead,
)
from onboarding.services.expire import expire_requests
from onboarding.services.guards import check_due
from onboarding.services.heartbeats import LivingProcess, forget_silent, heard
from onboarding.services.host_clock import note_host_clock, watch_host_clock
from onboarding.services.lifetimes import warn_of_ends
from onboarding.services.loops import LAST_WORK_SECONDS, Loops
from onboarding.services.observe import observe_all, observe_due
from onboarding.services.outdated import note_outdated
from onboarding.services.post import post_due
from onboarding.services.reconcile import reconcile
from onboarding.services.renew import renew_due
from onboarding.services.restore_triggers import report_lacking_triggers
from onboarding.services.tell import forget_old, tell_due
from onboarding.services.tell_waiting import tell_of_what_waits
from onboarding.services.turns import MOST_TRIES
from onboarding.services.wrong_times import forget_wrong_times

CHORES_SECONDS = 60.0
RENDERED_SECONDS = 3600.0
CHECKS_SECONDS = 300.0
FREED_SECONDS = 5.0
TOLD_SECONDS = 5.0
# Two clusters may hang before anybody knows, each with the claims it may have: some are left.
WORKERS = 4
OBSERVERS = MOST_TRIES + 1
log = structlog.get_logger()


class Command(BaseCommand):
    """Bring every due namespace on and look at the clusters, once or for ever."""

    help = "Bring every due namespace on and observe the clusters: once, or --loop until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--loop", action="store_true", help="go on until stopped")
        threads = f"how many namespaces are worked on at once (default {WORKERS})"
        parser.add_argument("--workers", type=int, default=WORKERS, help=threads)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run. Raise CommandError if a loop has ended."""
        bound_waits(WORKER)
        watch_database_role()
        watch_host_clock()
        report_lacking_triggers()
        if not options["loop"]:
            while reconcile(worker_name(), clock=database_now):
                pass
            observe_all(clock=database_now)
            return
        loops = Loops()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: loops.stopping.set())
        free_claims_as_we_start()
        connection.close()  # this thread only watches from here on
        start_loops(loops, workers=options["workers"])
        log.info("sweeping", workers=options["workers"], release=settings.RELEASE)
        with heard(LivingProcess(ProcessKind.SWEEPER, loops.pulse), clock=database_now):
            ended = loops.watch()
            loops.join(within=LAST_WORK_SECONDS if ended else None)
            if ended:
                words = f"The loop {ended} has ended, and with it this process. Start it."
                raise CommandError(words)


def start_loops(loops: Loops, *, workers: int) -> None:
    """Start everything the sweeper does, each in a thread of its own."""
    for number in range(1, workers + 1):
        work = partial(_sweep, loops, f"sweep {number}")
        loops.start(f"sweep {number}", work, every=lambda: until_next(settings.SWEEP_SECONDS))
    for number in range(1, OBSERVERS + 1):
        look = partial(observe_due, clock=database_now)
        loops.start(f"observe {number}", look, every=settings.SWEEP_SECONDS)
    loops.start("free", free_claims_of_the_dead, every=FREED_SECONDS)
    loops.start("render", lambda: note_outdated(now=database_now()), every=RENDERED_SECONDS)
    loops.start("check", lambda: check_due(clock=database_now), every=CHECKS_SECONDS)
    loops.start("times", lambda: forget_wrong_times(now=database_now()), every=CHORES_SECONDS)
    loops.start("clock", note_host_clock, every=CHORES_SECONDS)
    loops.start("renew", lambda: renew_due(clock=database_now), every=CHORES_SECONDS)
    loops.start("forget", lambda: forget_silent(now=database_now()), every=CHORES_SECONDS)
    loops.start("tell", _tell_people, every=TOLD_SECONDS)
    loops.start("ends", lambda: warn_of_ends(now=database_now()), every=CHORES_SECONDS)
    loops.start("old", lambda: forget_old(now=database_now()), every=RENDERED_SECONDS)
    loops.start("waits", lambda: tell_of_what_waits(now=database_now()), every=RENDERED_SECONDS)
    loops.start("expire", lambda: expire_requests(now=database_now()), every=CHORES_SECONDS)


def _tell_people() -> None:
    """Make notices of what happened, and send what is due by mail."""
    tell_due(now=database_now())
    post_due(worker_name(), clock=database_now)


def _sweep(loops: Loops, name: str) -> None:
    """Work off what is due."""
    owner = f"{worker_name()}:{name}"
    while not loops.stopping.is_set() and reconcile(owner, clock=database_now):
        loops.pulse.turns(name)
