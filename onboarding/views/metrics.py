"""/metrics for Prometheus: the portal's health, and what this web server answered.

Behind a token of its own and nothing else: no session opens it, and without a token there is no
such page. The health is read from the database once for all who ask within a few seconds, in a
thread of its own: a scrape is answered in three seconds, whatever the database does.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from onboarding.domain.refusals import NotFound
from onboarding.pages.exposition import Samples, families
from onboarding.queries.health import Health, Storing, health
from onboarding.queries.wrongs import wrongs
from onboarding.services.clock import database_now
from onboarding.services.write_probe import PROBE
from onboarding.views.access import Who, allow

KEPT_SECONDS = 5.0
WAIT_SECONDS = 2.5


@dataclass(frozen=True, eq=False)
class FromDatabase:
    """Everything that is known of the portal by its database, as far as that answers and stores."""

    known: Health | None
    storing: Storing

    def collect(self) -> Samples:
        """Yield the metrics, whatever happened to the database."""
        if self.known:
            known = replace(self.known, storing=self.storing)
            yield from families(known, wrongs(known))
        told = {
            "bulkhead_database_answers": ("1 if the database does.", self.known is not None),
            "bulkhead_database_stores": ("1 if a row could be stored.", not self.storing.why),
        }
        for name, (words, holds) in told.items():
            yield GaugeMetricFamily(name, words, value=int(holds))


@dataclass
class DatabaseReading:
    """One reading of the whole, in a thread of its own."""

    began_at: float = field(default_factory=time.monotonic)
    known: Health | None = None
    mistake: Exception | None = None
    thread: threading.Thread = field(init=False)

    def begin(self) -> None:
        """Start the thread."""
        self.thread = start_thread(self._read)

    def wait(self) -> Health | None:
        """Return what was read, or None where the database gives no answer in WAIT_SECONDS."""
        self.thread.join(max(0.0, self.began_at + WAIT_SECONDS - time.monotonic()))
        if self.mistake:
            raise self.mistake
        return self.known

    def is_over(self) -> bool:
        """Tell whether another one may begin: never two at once, and not all the time."""
        return not self.thread.is_alive() and time.monotonic() - self.began_at > KEPT_SECONDS

    def _read(self) -> None:
        try:
            self.known = health(now=database_now())
        except (DatabaseError, InterfaceError):
            self.known = None
        except Exception as mistake:  # noqa: BLE001 (raised for whoever asks)
            self.mistake = mistake


@dataclass
class Kept:
    """The newest reading, for a few seconds."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    newest: DatabaseReading | None = None

    def read(self) -> DatabaseReading:
        """Return the newest reading, which may still go on."""
        with self.lock:
            if self.newest is None or self.newest.is_over():
                self.newest = DatabaseReading()
                self.newest.begin()
            return self.newest


kept = Kept()


@require_safe
@login_not_required
@allow(Who.ANYBODY)
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer 200 with the metrics, 401 without the token, 404 where no token is set."""
    if not settings.METRICS_TOKEN:
        raise NotFound("This page does not exist.")
    if not _brings_token(request):
        refused = HttpResponse("The token of BULKHEAD_METRICS_TOKEN is needed.\n", status=401)
        refused["WWW-Authenticate"] = "Bearer"
        return refused
    reading = kept.read()
    storing = PROBE.find_storing()  # meanwhile
    registry = CollectorRegistry()
    registry.register(FromDatabase(reading.wait(), storing))
    told = generate_latest(registry) + _answered()
    return HttpResponse(told, content_type=CONTENT_TYPE_LATEST)


def start_thread(work: Callable[[], None]) -> threading.Thread:
    """Do it in a thread with a connection of its own, which ends with it."""

    def alone() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=alone, name="metrics", daemon=True)
    thread.start()
    return thread


def _brings_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(token, settings.METRICS_TOKEN)


def _answered() -> bytes:
    """Return what the web processes of this server answered: of all of them, or of this one."""
    if not settings.METRICS_FOLDER:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=settings.METRICS_FOLDER)  # type: ignore[no-untyped-call]  # theirs
    return generate_latest(registry)
