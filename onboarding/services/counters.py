"""What counts tries to sign in: a cache in the database that forgets nothing that still counts.

Django's own drops living rows once there are too many, lowest keys first, and says nothing when a
row was not stored: whoever fills it, or makes writing fail, would be free of every limit. Here only
time removes a count. One that is not kept is the database's own error: it refuses the try, and is
not taken for a limit that was reached.

`BULKHEAD_DATABASE_URL` names the database; the table is made by `createcachetable`.
"""

import base64
import pickle
import re
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router

# How allauth calls the count of an address: its rate, as "20/60/ip", and the address.
_OF_AN_ADDRESS = re.compile(r":\d+/(?P<seconds>[\d.]+)/ip:ip:")
_NEVER = 253_402_300_799.0  # the last second of the year 9999


class Counters(DatabaseCache):
    """The default cache. Above MAX_ENTRIES rows each write removes what has expired."""

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        """Store it. Raises the database's error where it does not."""
        self._keep(self.make_and_validate_key(key, version=version), value, timeout)

    def add(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """Store it unless there is one that has not expired. Raises the database's error."""
        whole = self.make_and_validate_key(key, version=version)
        return self._keep(whole, value, timeout, unless_there=True)

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Forget a count. Of an address's own, only the newest try, which was a right one.

        allauth forgets both counts after a right code: whoever has a second factor would be free
        of the limit that holds for all behind the address.
        """
        of_an_address = None if key.endswith(":lock") else _OF_AN_ADDRESS.search(key)
        if not of_an_address:
            return super().delete(key, version)
        tries = self.get(key, [], version)
        self.set(key, tries[1:], float(of_an_address["seconds"]), version)
        return True

    def _keep(
        self, key: str, value: Any, timeout: float | None, *, unless_there: bool = False
    ) -> bool:
        """Write the row, in one statement; return whether it is what was given."""
        db = router.db_for_write(self.cache_model_class)
        operations = connections[db].ops
        table = operations.quote_name(self._table)  # type: ignore[attr-defined]  # untyped
        expired = operations.adapt_datetimefield_value(self._in(0))
        ends = operations.adapt_datetimefield_value(self._in(timeout))
        written = base64.b64encode(pickle.dumps(value, self.pickle_protocol)).decode()
        with connections[db].cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608  # a setting of our own
            if (cursor.fetchone() or (0,))[0] > self._max_entries:
                cursor.execute(f"DELETE FROM {table} WHERE expires < %s", [expired])  # noqa: S608
            cursor.execute(
                f"INSERT INTO {table} (cache_key, value, expires) VALUES (%s, %s, %s) "  # noqa: S608
                "ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, "
                f"expires = excluded.expires WHERE %s OR {table}.expires < %s",
                [key, written, ends, not unless_there, expired],
            )
            return bool(cursor.rowcount > 0)

    def _in(self, seconds: float | None) -> datetime:
        """Return the time in so many seconds as Django's own reading of these rows takes it."""
        timestamp = self.get_backend_timeout(seconds)
        return datetime.fromtimestamp(_NEVER if timestamp is None else timestamp, tz=UTC).replace(
            microsecond=0
        )
