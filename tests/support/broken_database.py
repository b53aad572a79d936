"""The database of this test process, for a moment of no use."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def refusing_writes() -> Iterator[None]:
    """Let it be read and refuse every write, as a standby does or one that an operator froze."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA query_only = ON")
            yield
            cursor.execute("PRAGMA query_only = OFF")
            return
        with transaction.atomic():
            cursor.execute("SET TRANSACTION READ ONLY")
            yield
            transaction.set_rollback(True)
