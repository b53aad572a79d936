"""Beat counts by a clock that nobody sets: a wrong clock of its host stops no sweep."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from kombu.utils.imports import symbol_by_name

from portal import steady_beat
from portal.celery import app

SWEEPS = {"sweep": {"task": "onboarding.sweep", "schedule": 10.0},
          "expire": {"task": "onboarding.expire_requests", "schedule": 3600.0}}  # fmt: skip
DAY = 24 * 3600


class Counting(steady_beat.SteadyScheduler):
    """Sends nothing, and counts what it would have."""

    def setup_schedule(self) -> None:
        self.sent: Counter[str] = Counter()
        self.merge_inplace(SWEEPS)

    def apply_entry(self, entry: steady_beat.SteadyEntry, producer: object = None) -> None:
        self.sent[entry.name] += 1

    @property
    def producer(self) -> None:
        return None


class Hours:
    """The two clocks of a host: seconds that pass, and what the wall shows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed, self.ahead = 1000.0, 0.0
        monkeypatch.setattr(steady_beat.time, "monotonic", lambda: self.passed)
        monkeypatch.setattr(type(app), "now", lambda _app: self.wall())

    def wall(self) -> datetime:
        return datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=self.passed + self.ahead)

    def go_on(self, scheduler: Counting, seconds: int) -> Counter[str]:
        """Let so many seconds pass, and return what was sent in them."""
        before = Counter(scheduler.sent)
        for _ in range(seconds):
            self.passed += 1
            while scheduler.tick() == 0:
                pass
        return scheduler.sent - before


@pytest.mark.parametrize("ahead", [3600, -3600, 2 * DAY, -2 * DAY, 31 * DAY, -31 * DAY])
def test_a_sweep_goes_out_every_ten_seconds_whatever_the_wall_shows(
    monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    hours = Hours(monkeypatch)
    scheduler = Counting(app=app, lazy=False)
    for wrong in (0.0, ahead, 0.0):
        hours.ahead = wrong
        assert hours.go_on(scheduler, 100) == {"sweep": 10}


def test_what_is_rare_goes_out_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = Hours(monkeypatch)
    scheduler = Counting(app=app, lazy=False)
    assert hours.go_on(scheduler, 3 * 3600)["expire"] == 3


def test_it_is_what_beat_is_started_with() -> None:
    assert issubclass(symbol_by_name(app.conf.beat_scheduler), steady_beat.SteadyScheduler)
