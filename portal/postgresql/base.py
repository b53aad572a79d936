"""PostgreSQL as the portal asks it: whatever the server does, a process with bounds goes on.

Django's own backend, and two kinds of bounds (`services/database_waits.py` sets them). The
server's: `lock_timeout` and its like, set when a connection is new and not in its first packet,
which pgbouncer would refuse. And our own, for a server that is frozen or behind a line that
swallows everything: such a server keeps no time either.
"""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError, errors

# Beyond the server's own bound, whose answer says more than "none".
GRACE_SECONDS = 2.0
# For "SELECT 1", before a connection that was kept is used again.
ALIVE_SECONDS = 3.0
_BOUNDS = """
SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', %s, false),
    set_config('idle_in_transaction_session_timeout', %s, false)
"""


class BoundedConnection(Connection[Any]):
    """A connection that waits for an answer for `longest_wait` seconds, or for ever if None."""

    longest_wait: float | None = None

    def wait(self, *args: Any, **named: Any) -> Any:
        """Wait as psycopg does, also for a commit. Raise OperationalError when it is too long."""
        try:
            return super().wait(*args, **{"timeout": self.longest_wait, **named})
        except errors._WaitTimeout as late:  # noqa: SLF001  # psycopg gives it no other name
            self.close()  # what is half said on it cannot be taken back
            waited = f"{self.longest_wait:g} s"
            raise OperationalError(f"the database has not answered for {waited}") from late


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection. In OPTIONS, `waits` is (lock, statement, idle in transaction) in seconds."""

    def get_connection_params(self) -> dict[str, Any]:
        """Return what psycopg is told: not our own option."""
        params: dict[str, Any] = super().get_connection_params()
        params.pop("waits", None)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> BoundedConnection:
        """Connect. Django names psycopg's own class where it does."""
        connection: Any = super().get_new_connection(conn_params)
        connection.__class__ = BoundedConnection
        if waits := self.settings_dict["OPTIONS"].get("waits"):
            connection.longest_wait = waits[1] + GRACE_SECONDS
        return connection  # type: ignore[no-any-return]  # its class was exchanged just now

    def init_connection_state(self) -> None:
        """Set the server's bounds before anything else is asked."""
        if waits := self.settings_dict["OPTIONS"].get("waits"):
            with self.connection.cursor() as cursor:
                cursor.execute(_BOUNDS, [f"{round(seconds * 1000)}ms" for seconds in waits])
        super().init_connection_state()

    def is_usable(self) -> bool:
        """Return whether the server answers on this connection, and soon."""
        if self.connection is None or self.connection.longest_wait is None:
            return bool(super().is_usable())
        usual, self.connection.longest_wait = self.connection.longest_wait, ALIVE_SECONDS
        try:
            return bool(super().is_usable())
        finally:
            self.connection.longest_wait = usual
