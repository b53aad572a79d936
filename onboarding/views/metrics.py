"""/metrics for Prometheus: the portal's health, and what this web server answered.

Behind a token of its own and nothing else: no session opens it, and without a token there is no
such page. The health is read from the database once for all who ask within a few seconds.
"""

import threading
import time
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from onboarding.domain.refusals import NotFound
from onboarding.pages.exposition import Samples, families
from onboarding.queries.health import health
from onboarding.queries.wrongs import wrongs
from onboarding.services.clock import database_now
from onboarding.views.access import Who, allow

KEPT_SECONDS = 5.0
WAIT_SECONDS = 2.0


class FromDatabase:
    """Everything that is known of the portal by its database, or that it does not answer."""

    def collect(self) -> Samples:
        """Yield the metrics, whatever happened to the database."""
        answers = GaugeMetricFamily("bulkhead_database_answers", "1 if the database does.")
        try:
            known = health(now=database_now())
        except (DatabaseError, InterfaceError):
            answers.add_metric([], 0)
        else:
            yield from families(known, wrongs(known))
            answers.add_metric([], 1)
        yield answers


@dataclass
class Kept:
    """The last reading, for a few seconds. One reads at a time; nobody waits for it for long."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    read_at: float = float("-inf")
    text: bytes = b""

    def read(self) -> bytes | None:
        """Return the newest reading, or None while another request takes too long over it."""
        if not self.lock.acquire(timeout=WAIT_SECONDS):
            return None
        try:
            if time.monotonic() - self.read_at > KEPT_SECONDS:
                registry = CollectorRegistry()
                registry.register(FromDatabase())
                self.text, self.read_at = generate_latest(registry), time.monotonic()
            return self.text
        finally:
            self.lock.release()


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
    known = kept.read()
    if known is None:
        return HttpResponse("The database takes too long.\n", status=503)
    return HttpResponse(known + _answered(), content_type=CONTENT_TYPE_LATEST)


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
