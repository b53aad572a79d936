"""Say what is wrong once a minute at most, so that a trouble of days fills no disk with its log."""

import time

import structlog

PAUSE_SECONDS = 60.0


class Seldom:
    """One thing to say. What was not said is counted, and the count told with the next one."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._again_at = 0.0
        self._unsaid = 0

    def say(self, **facts: object) -> bool:
        """Say it as a warning unless it was said a moment ago; return whether it was said."""
        now = time.monotonic()
        if now < self._again_at:
            self._unsaid += 1
            return False
        structlog.get_logger().warning(self._words, **facts, unsaid=self._unsaid)
        self._again_at, self._unsaid = now + PAUSE_SECONDS, 0
        return True
