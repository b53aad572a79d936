"""Which thread answers a request: nobody who waits for the database holds up who does not.

What changes something may wait until somebody else has finished changing the same thing; what only
looks never does. So they have threads apart, as many of the one as of the other. `/healthz`,
`/readyz` and `/metrics` have one each that nothing else can use: they are answered when all others
are busy.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

from waitress.task import ThreadedTaskDispatcher

from onboarding.domain.processes import ARE_STUCK

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
PROBES = ("/healthz", "/readyz", "/metrics")
LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})
# Nothing a thread waits for may last that long: the database, a mail server and a client that takes
# nothing of its answer are all given up sooner.
STUCK_SECONDS = 60.0


class Pool(ThreadedTaskDispatcher):
    """Some threads, and who waits for them."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.finished_at = time.monotonic()
        self.set_thread_count(threads)

    def add_task(self, task: Any) -> None:
        """Answer one request as soon as a thread is free."""
        super().add_task(_Waiting(task, self))

    def is_stuck(self, now: float) -> bool:
        """Return whether somebody has waited for long, and no thread has finished meanwhile."""
        with self.lock:
            asked_at = self.queue[0].asked_at if self.queue else now
        return now - max(asked_at, self.finished_at) > STUCK_SECONDS


class _Waiting:
    """A request that waits for a thread, and tells its pool when it was answered."""

    def __init__(self, task: Any, pool: Pool) -> None:
        self.asked_at = time.monotonic()
        self._task = task
        self._pool = pool

    def service(self) -> None:
        try:
            self._task.service()
        finally:
            self._pool.finished_at = time.monotonic()

    def cancel(self) -> None:
        self._task.cancel()


class Pools:
    """A dispatcher of waitress that chooses the threads by what is asked for."""

    def __init__(self, threads: int) -> None:
        self._probes = {path: Pool(1) for path in PROBES}
        self._looking = Pool(threads)
        self._changing = Pool(threads)

    def add_task(self, channel: Any) -> None:
        """Hand on a connection whose first request has arrived whole."""
        self.pool_of(channel.requests[0]).add_task(channel)

    def pool_of(self, request: Any) -> Pool:
        """Return who answers a request as waitress has read it, also one that makes no sense."""
        if getattr(request, "command", "GET") not in LOOKING:
            return self._changing
        return self._probes.get(getattr(request, "path", ""), self._looking)

    def telling(self, application: Application) -> Application:
        """Return the application, which can ask with each request whether threads are stuck."""

        def told(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            return application({**environ, ARE_STUCK: self.are_stuck}, start_response)

        return told

    def are_stuck(self) -> bool:
        """Return whether a restart would help: some are not served any more, and will not be."""
        now = time.monotonic()
        return self._looking.is_stuck(now) or self._changing.is_stuck(now)

    def shutdown(self) -> None:
        """End the threads, once they have answered."""
        for pool in (self._looking, self._changing, *self._probes.values()):
            pool.shutdown()
