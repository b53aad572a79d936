"""Hints to the workers: "look at this namespace". Best effort, after the commit, bounded in time.

The queue may be dead, frozen or forged: the row is the truth and the sweep finds it. A hint that
could not be sent opens a breaker, so that a frozen queue costs one short wait and not one for
every approval.
"""

import time
from functools import partial

import kombu.transport.redis
import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction

BREAKER_SECONDS = 10.0
# Imported with the process, or the first approval would wait for it.
TRANSPORT = kombu.transport.redis.Transport
log = structlog.get_logger()
_closed_again_at = 0.0


def hint(namespace_id: int) -> None:
    """Tell a worker, once the transaction has committed, that a namespace is due."""
    if settings.REDIS_URL:
        transaction.on_commit(partial(_send, namespace_id), robust=True)


def one_try(seconds: float) -> dict[str, object]:
    """Return the options of a connection that is tried once, and never waits longer for a word."""
    return {
        **settings.CELERY_BROKER_TRANSPORT_OPTIONS,
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "retry_on_timeout": False,
        "max_retries": 0,
    }


def _send(namespace_id: int) -> None:
    global _closed_again_at  # noqa: PLW0603 (a breaker is process memory; losing it costs one wait)
    if time.monotonic() < _closed_again_at:
        return
    options = one_try(settings.QUEUE_TIMEOUT_SECONDS)
    try:
        with current_app.connection_for_write(transport_options=options) as connection:
            current_app.send_task(
                "onboarding.reconcile", [namespace_id], connection=connection, retry=False
            )
    except Exception as error:  # noqa: BLE001 (whatever the queue does, the commit stands)
        _closed_again_at = time.monotonic() + BREAKER_SECONDS
        log.warning("hint not sent, the sweep will find it", error=str(error))
