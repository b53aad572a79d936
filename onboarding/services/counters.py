"""What counts tries to sign in: a cache in the database that forgets nothing that still counts.

Django's own drops living rows once there are too many, lowest keys first, and says nothing when a
row was not stored: whoever fills it, or makes writing fail, would be free of every limit. Here only
time removes a count, and a count that is not kept is an error, which refuses the try.

`BULKHEAD_DATABASE_URL` names the database; the table is made by `createcachetable`.
"""

import re
from datetime import datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.db import connections

# How allauth calls the count of an address: its rate, as "20/60/ip", and the address.
_OF_AN_ADDRESS = re.compile(r":\d+/(?P<seconds>[\d.]+)/ip:ip:")


class CountNotKept(Exception):
    """A try could not be counted, so it must not be answered."""


class Counters(DatabaseCache):
    """The default cache. Above MAX_ENTRIES rows each write removes what has expired."""

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        """Store it. Raise CountNotKept where the database did not."""
        whole = self.make_and_validate_key(key, version=version)
        if not self._base_set("set", whole, value, timeout):  # type: ignore[attr-defined]  # untyped
            raise CountNotKept(key)

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

    def _cull(self, db: str, cursor: Any, now: datetime, _count: int) -> None:
        """Remove what has expired, and never anything else."""
        operations = connections[db].ops
        quoted = operations.quote_name
        table, expires = quoted(self._table), quoted("expires")  # type: ignore[attr-defined]  # untyped
        # Names of our own settings, quoted by the database's own rules; the time is a parameter.
        cursor.execute(
            f"DELETE FROM {table} WHERE {expires} < %s",  # noqa: S608
            [operations.adapt_datetimefield_value(now)],
        )
