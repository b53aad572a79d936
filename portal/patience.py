"""What worker and beat do while there is no queue: go on, say so once a minute, try again.

Neither needs it to start.
"""

from collections.abc import Callable
from typing import Any

from celery.app.amqp import AMQP
from celery.beat import ScheduleEntry
from celery.signals import heartbeat_sent
from kombu.connection import Connection

from onboarding.services.hints import one_try
from portal.seldom import Seldom
from portal.steady_beat import SteadyScheduler

LONGEST_PAUSE = 10.0  # seconds between two tries of a worker
SENDING_SECONDS = 1.0
_unsent = Seldom("the queue does not take what is due; the sweeper does it")


class PatientConnection(Connection):
    """A worker's connection, tried again for ever. While it waits, it says that it lives."""

    def ensure_connection(
        self, *arguments: Any, callback: Callable[[], object] | None = None, **options: Any
    ) -> Any:
        """Return it once it stands; ask `callback` every second whether to give up."""

        def turned() -> None:
            heartbeat_sent.send(self)
            if callback is not None:
                callback()

        options["interval_max"] = LONGEST_PAUSE
        return super().ensure_connection(*arguments, callback=turned, **options)


class PatientAMQP(AMQP):
    """Celery's messages over connections that are tried again; see portal/celery.py."""

    Connection = PatientConnection


class PatientBeat(SteadyScheduler):
    """Sends each chore in its time (portal/steady_beat.py). What cannot be sent is not kept."""

    @property
    def producer(self) -> None:
        """Nothing to send with is kept: each chore has a connection of its own."""

    def setup_schedule(self) -> None:
        """Take the chores from the settings, and none of Celery's own."""
        self.merge_inplace(self.app.conf.beat_schedule)

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:  # noqa: ARG002  # Celery's signature
        """Try once to send a chore as the settings have it, for a second or two.

        The next one comes soon.
        """
        what, sent = (entry.task, entry.args, entry.kwargs), entry.options or {}
        options = one_try(SENDING_SECONDS)
        try:
            with self.app.connection_for_write(transport_options=options) as connection:
                self.app.send_task(*what, connection=connection, retry=False, **sent)
        except Exception as error:  # noqa: BLE001 (whatever the queue does, beat goes on)
            _unsent.say(error=str(error)[:200])
