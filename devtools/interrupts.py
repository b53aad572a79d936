"""Ctrl-C, SIGTERM and a closed terminal all mean: stop in order, once."""

import signal
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked this process to stop. Not an Exception: nothing may swallow it."""


def raise_when_asked_to_stop() -> None:
    """From now on the first of these signals raises Stopped in the main thread.

    Further ones are ignored, so that cleaning up is not cut short; each of its steps is bounded.
    """
    for number in STOPPING:
        signal.signal(number, _stop)


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped
