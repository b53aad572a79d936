"""When mails go out: growing pauses after failures, daily ones on working days."""

from datetime import UTC, datetime, timedelta

import pytest

from onboarding.domain.notices import LONGEST_PAUSE, next_digest, pause_after


def test_pauses_double_from_a_minute_to_an_hour() -> None:
    minutes = [pause_after(attempts) / timedelta(minutes=1) for attempts in range(1, 9)]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pause_after(10_000) == LONGEST_PAUSE


@pytest.mark.parametrize(
    ("at", "following"),
    [
        ("2026-11-24T06:59", "2026-11-24T07:00"),
        ("2026-11-24T07:00", "2026-11-25T07:00"),
        ("2026-11-27T08:00", "2026-11-30T07:00"),  # from Friday to Monday
        ("2026-11-28T06:00", "2026-11-30T07:00"),
        ("2026-12-31T12:00", "2027-01-01T07:00"),
    ],
)
def test_the_daily_mail_comes_at_its_hour_on_working_days(at: str, following: str) -> None:
    when = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert next_digest(when, hour=7).isoformat()[:16] == following
