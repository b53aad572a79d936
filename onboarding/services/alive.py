"""A file's age as the pulse of this process: is each of its loops still turning?

A loop says, at each turn, until when it will have turned again at the latest. The file is touched
while every promise holds, so whoever looks at its age, like a container's health check, judges
this process and no other. Without `BULKHEAD_ALIVE_FILE` nothing is written.
"""

import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings

LONGEST_TURN = 600.0  # seconds: longer than the slowest run on a cluster that answers at all
log = structlog.get_logger()


class Pulse:
    """The loops of one process by name, and until when each has promised to turn."""

    def __init__(self) -> None:
        self._promises: dict[str, float] = {}
        self._turned: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def turns(self, loop: str, *, again_within: float = LONGEST_TURN) -> None:
        """A loop turns, and will again within so many seconds."""
        now = time.monotonic()
        with self._lock:
            self._promises[loop] = now + again_within
            self._turned[loop] = now, again_within
        self.beat()

    def ends(self, loop: str) -> None:
        """A loop has nothing more to do, so nobody waits for it."""
        with self._lock:
            self._promises.pop(loop, None)
            self._turned.pop(loop, None)

    def told(self, now: datetime) -> dict[str, dict[str, object]]:
        """Return when each turned last, as a heartbeat holds it (see models/processes.py)."""
        passed = time.monotonic()
        with self._lock:
            turned = dict(self._turned)
        return {
            loop: {"at": (now - timedelta(seconds=passed - at)).isoformat(), "within": within}
            for loop, (at, within) in turned.items()
        }

    def late(self) -> list[str]:
        """Return the loops that should have turned by now."""
        now = time.monotonic()
        with self._lock:
            return sorted(loop for loop, until in self._promises.items() if until < now)

    def beat(self) -> None:
        """Touch the file, unless a loop is late. That it cannot be written ends nothing."""
        if not settings.ALIVE_FILE or self.late():
            return
        try:
            Path(settings.ALIVE_FILE).touch()
        except OSError as error:
            log.warning("the alive file cannot be touched", error=str(error))
