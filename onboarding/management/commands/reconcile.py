"""manage.py reconcile: the workers' job without Celery and without Redis.

`--loop` runs beside the Celery workers as the sweeper. It needs nothing but the database, so a
dead or frozen queue delays an approval by seconds and loses none.
"""

import signal
import threading
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections, connection
from django.utils.timezone import now

from onboarding.services.claim import worker_name
from onboarding.services.expire import expire_requests
from onboarding.services.reconcile import reconcile
from onboarding.services.renew import renew_due

log = structlog.get_logger()
CHORES_EVERY = timedelta(seconds=60)


class Command(BaseCommand):
    """Bring every due namespace on, once or for ever."""

    help = "Bring every due namespace on: once, or with --loop until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--loop", action="store_true", help="go on until stopped")
        parser.add_argument("--workers", type=int, default=1, help="how many threads (default 1)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run."""
        stopping = threading.Event()
        if not options["loop"]:
            while reconcile(worker_name(), clock=now):
                pass
            return
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopping.set())
        threads = [
            threading.Thread(target=_sweep, args=(stopping, f"{worker_name()}:{number}"))
            for number in range(options["workers"])
        ]
        for thread in threads:
            thread.start()
        _do_chores(stopping)
        for thread in threads:
            thread.join()


def _sweep(stopping: threading.Event, owner: str) -> None:
    """Work off what is due, then wait a moment. A lost database ends nothing."""
    while not stopping.is_set():
        try:
            if reconcile(owner, clock=now):
                continue
        except OperationalError as error:
            log.warning("the database cannot be used", error=str(error))
            close_old_connections()
        stopping.wait(settings.SWEEP_SECONDS)
    connection.close()


def _do_chores(stopping: threading.Event) -> None:
    """Renew credentials and expire requests every minute, until stopped."""
    while not stopping.is_set():
        try:
            renew_due(now=now())
            expire_requests(now=now())
        except OperationalError as error:
            log.warning("the database cannot be used", error=str(error))
            close_old_connections()
        stopping.wait(CHORES_EVERY.total_seconds())
    connection.close()
