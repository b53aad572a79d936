"""The application's role on PostgreSQL: make it, grant it what services need, refuse any other.

The owner of the tables migrates and then grants; web and workers connect as the application's role,
so that a hole in one of them is no hole in the record. Each asks once what its role may do.
"""

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.backends.utils import CursorWrapper

from onboarding.queries.application_grants import GRANTS
from onboarding.queries.database_role import powers_beyond

WHAT_IS_NEEDED = "docs/administration.md says how to make the application's role."
log = structlog.get_logger()


class RoleTooStrong(ImproperlyConfigured):
    """The portal's database role can rewrite history, or reach beyond the portal's tables."""


def grant_application_role(role: str, *, password: str = "") -> None:
    """Make the role if there is none, and grant it exactly what GRANTS says, in one transaction.

    Run by the owner of the tables after each migration. On SQLite nothing is done. Raises
    RoleTooStrong, with nothing changed, for a role that may more than that.
    """
    if connection.vendor != "postgresql":
        return
    name = connection.ops.quote_name(role)
    with transaction.atomic(), connection.cursor() as cursor:
        _make_role(cursor, role, password)
        _take_everything(cursor, name)
        _give(cursor, name)
        if beyond := powers_beyond(connection, role):
            raise RoleTooStrong(f"The role {role} {'; it '.join(beyond)}. {WHAT_IS_NEEDED}")


def watch_database_role() -> None:
    """From now on, refuse to work with a role that can rewrite history; only where HTTPS is set.

    The role is asked now or, where the database does not answer yet, at the first connection.
    Raises RoleTooStrong.
    """
    if not settings.HTTPS:
        return
    connection_created.connect(_judge)
    try:
        connection.ensure_connection()
    except OperationalError as error:
        log.warning("the database does not say yet what its role may do", error=str(error))
    finally:
        connection.close()


def _judge(connection: BaseDatabaseWrapper, **_signal: object) -> None:
    """Close a new connection whose role may too much; once one may not, ask no more."""
    if beyond := powers_beyond(connection):
        connection.close()
        raise RoleTooStrong(f"The portal's database role {'; it '.join(beyond)}. {WHAT_IS_NEEDED}")
    connection_created.disconnect(_judge)


def _make_role(cursor: CursorWrapper, role: str, password: str) -> None:
    name = connection.ops.quote_name(role)
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone() is None:
        cursor.execute(f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT")
    if password:  # hashed here, so that no log of the server holds it
        line = connection.connection.pgconn
        hashed = line.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        cursor.execute(f"ALTER ROLE {name} PASSWORD %s", [hashed])


def _take_everything(cursor: CursorWrapper, name: str) -> None:
    """Take back what an earlier release or somebody else gave, also by way of PUBLIC."""
    cursor.execute("SELECT current_schema(), current_database()")
    schema, database = map(connection.ops.quote_name, cursor.fetchone() or ())
    for whom in (name, "PUBLIC"):
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {whom}")
        cursor.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {whom}")
        cursor.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {whom}")
        cursor.execute(f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM {whom}")
    cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {name}")
    cursor.execute(f"GRANT CONNECT ON DATABASE {database} TO {name}")


def _give(cursor: CursorWrapper, name: str) -> None:
    """Grant table by table. Keys are identity columns, whose sequences need no grant."""
    for table, privileges in GRANTS.items():
        cursor.execute(f"GRANT {privileges} ON {connection.ops.quote_name(table)} TO {name}")
