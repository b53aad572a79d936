"""The one clock: the database's. Every time that is stored, and every time it is compared with.

Hosts drift. What one process writes as `next_at` another compares with its own "now", so a host
five minutes ahead would make every approval wait five minutes and date events in the future. Views,
tasks and commands read this clock once and hand it down as `now`; claims say `Now()` in SQL, which
is the same clock.
"""

from datetime import UTC, datetime

from django.db import connection

_QUESTIONS = {
    "postgresql": "SELECT statement_timestamp()",
    "sqlite": "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
}


def database_now() -> datetime:
    """Return the database's time, in UTC. One statement; milliseconds at least."""
    with connection.cursor() as cursor:
        cursor.execute(_QUESTIONS[connection.vendor])
        [answer] = cursor.fetchone()
    if isinstance(answer, datetime):
        return answer.astimezone(UTC)
    return datetime.fromisoformat(answer).replace(tzinfo=UTC)
