"""Loops in threads of one process: each goes on whatever fails, and none ends unseen.

What a loop does may fail: the database is gone, or there is a mistake in the program. It is said,
and done again. A loop that ends all the same takes its process with it, for a supervisor to start
anew: a process that looks alive and does half of its work helps nobody.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from onboarding.services.alive import LONGEST_TURN, Pulse
from onboarding.services.application_role import RoleTooStrong

LONGEST_PAUSE_AFTER_FAILURES = 15.0
KEEPS_ITS_CONNECTION = 30.0  # in pauses up to this long
WATCH_SECONDS = 1.0
LAST_WORK_SECONDS = 30.0  # for the other loops, once one has ended
Pause = float | Callable[[], float]
log = structlog.get_logger()


@dataclass
class Loops:
    """The loops of one process by name. Start them, then watch them until told to stop."""

    stopping: threading.Event = field(default_factory=threading.Event)
    pulse: Pulse = field(default_factory=Pulse)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, name: str, work: Callable[[], object], *, every: Pause) -> None:
        """Do `work` again and again in a thread of its own, `every` seconds apart."""

        def run() -> None:
            try:
                self.repeat(name, work, every=every)
            except BaseException as error:  # said here; watch() ends the process
                log.critical("a loop has ended", loop=name, exc_info=error)

        thread = threading.Thread(target=run, name=name, daemon=True)
        self.threads.append(thread)
        thread.start()

    def repeat(self, name: str, work: Callable[[], object], *, every: Pause) -> None:
        """Do it again and again until stopped. What fails is done again, at growing pauses."""
        failures = 0
        while not self.stopping.is_set():
            self.pulse.turns(name)
            try:
                work()
                pause, failures = every() if callable(every) else every, 0
            except RoleTooStrong:
                raise  # no later try is better, and it must not work with that role
            except (DatabaseError, InterfaceError) as error:
                failures += 1
                log.warning("the database cannot be used", loop=name, error=str(error))
                connection.close()  # a session that began read-only stays so
            except Exception:
                failures += 1
                log.exception("something unforeseen; it is tried again", loop=name)
            if failures:
                pause = min(LONGEST_PAUSE_AFTER_FAILURES, settings.SWEEP_SECONDS * 2**failures)
            self._pause(name, pause)
        connection.close()

    def watch(self) -> str:
        """Wait until told to stop, or until a loop has ended; return which, or ""."""
        while not self.stopping.wait(WATCH_SECONDS):
            self.pulse.beat()
            if ended := [one.name for one in self.threads if not one.is_alive()]:
                self.stopping.set()
                return ended[0]
        return ""

    def join(self, *, within: float | None = None) -> None:
        """Wait for what the loops are at, `within` seconds at most."""
        until = None if within is None else monotonic() + within
        for thread in self.threads:
            thread.join(None if until is None else max(0.0, until - monotonic()))

    def _pause(self, name: str, seconds: float) -> None:
        if seconds > KEEPS_ITS_CONNECTION:
            connection.close()
        self.pulse.turns(name, again_within=seconds + LONGEST_TURN)
        self.stopping.wait(seconds)
