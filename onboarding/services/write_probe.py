"""Can this process store anything? Asked by /readyz and /metrics, found out by storing something.

On a connection of its own, so that it can be said while every thread waits for the database; in a
thread of its own, so that who asks has an answer in time whatever the database, or the way to it,
does. Never two at once, and not more often than every few seconds: probes of what is slow must not
make it slower.
"""

import copy
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now

from onboarding.models import WriteProbe
from onboarding.queries.database_trouble import Trouble, trouble_behind
from onboarding.queries.health import Storing
from onboarding.queries.processes import longest_silence
from onboarding.services.claim import worker_name
from onboarding.services.database_waits import Waits, bounded

PROBE_WAITS = Waits(lock=1, file=2, statement=1, idle=5)
CONNECT_SECONDS = 2  # less is not taken by PostgreSQL's library
ANSWER_SECONDS = 2.5
FRESH_SECONDS = 3.0
FORGOTTEN_AFTER = timedelta(days=1)
UNFORESEEN = "unforeseen"
log = structlog.get_logger()


class NotStored(Exception):
    """Nothing could be stored. `trouble` says what is wrong; None: the log does."""

    def __init__(self, trouble: Trouble | None) -> None:
        super().__init__(trouble)
        self.trouble = trouble


class Probe:
    """What this process knows of whether it can store something."""

    def __init__(self, store: Callable[[], None]) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._began_at = self._ended_at = 0.0
        self._failed_at = float("-inf")
        self._answer: NotStored | None = None

    def check(self) -> None:
        """Try, or go by a try of a moment ago. Raise NotStored, within ANSWER_SECONDS."""
        with self._guard:
            if self._thread is None or self._is_stale():
                self._began_at = time.monotonic()
                self._thread = threading.Thread(target=self._try, name="write-probe", daemon=True)
                self._thread.start()
            thread = self._thread
        thread.join(max(0.0, self._began_at + ANSWER_SECONDS - time.monotonic()))
        if thread.is_alive():
            self._failed_at = time.monotonic()
            raise NotStored(Trouble.GONE)
        if self._answer:
            raise NotStored(self._answer.trouble)

    def find_storing(self) -> Storing:
        """Return whether anything can be stored, and whether that has been so for long enough.

        Within ANSWER_SECONDS.
        """
        try:
            self.check()
        except NotStored as no:
            return Storing(str(no.trouble or UNFORESEEN), is_heard=False)
        well_for = time.monotonic() - self._failed_at
        return Storing(is_heard=well_for > longest_silence().total_seconds())

    def _is_stale(self) -> bool:
        if self._thread is not None and self._thread.is_alive():
            return False
        return time.monotonic() - self._ended_at > FRESH_SECONDS

    def _try(self) -> None:
        before, self._answer = self._answer, None
        try:
            self._store()
        except Exception as error:  # noqa: BLE001 (whatever it is, nothing was stored)
            trouble = trouble_behind(error)
            self._answer, self._failed_at = NotStored(trouble), time.monotonic()
            if before is None or before.trouble is not trouble:
                log.warning("nothing can be stored", trouble=trouble, error=str(error).strip())
        finally:
            self._ended_at = time.monotonic()


def store_something() -> None:
    """Store this process's row, on a connection that ends with it. Raises the database's error."""
    connection.settings_dict = _impatient(connection.settings_dict)  # of this thread alone
    try:
        with transaction.atomic():
            WriteProbe.objects.bulk_create(
                [WriteProbe(process=worker_name(), stored_at=Now())],
                update_conflicts=True,
                unique_fields=["process"],
                update_fields=["stored_at"],
            )
            WriteProbe.objects.filter(stored_at__lt=Now() - FORGOTTEN_AFTER).delete()
    finally:
        connection.close()


def _impatient(settings: dict[str, Any]) -> dict[str, Any]:
    own = copy.deepcopy(settings)
    own["OPTIONS"] |= bounded(PROBE_WAITS)
    if "connect_timeout" in own["OPTIONS"]:
        own["OPTIONS"]["connect_timeout"] = CONNECT_SECONDS
    return own


PROBE = Probe(store_something)
