"""Which database this is, so that a copy of it is not taken for it."""

import hashlib
from pathlib import Path
from weakref import WeakKeyDictionary

from django.db import ProgrammingError, connection, transaction

# A restored dump is in another database, whatever its name, and a new server has another number.
_DATABASE = "SELECT oid FROM pg_database WHERE datname = current_database()"
_BOTH = """
    SELECT pg_database.oid, system_identifier FROM pg_database, pg_control_system()
    WHERE datname = current_database()
"""


_KNOWN: WeakKeyDictionary[object, list[str]] = WeakKeyDictionary()


def database_identity() -> str:
    """Return a short name of the database the portal is in; "" for one in memory.

    Another one for every copy, also of the whole server's files where SQLite keeps them; the same
    after a restart and on a replica that took over. A server upgraded by pg_upgrade is another one,
    and so is a SQLite file on a file system that numbers itself anew when it is mounted. One query
    for each connection to PostgreSQL, none on SQLite.
    """
    if connection.vendor == "sqlite":
        parts = _file(str(connection.settings_dict["NAME"]))
    else:
        parts = _postgresql()
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:16] if parts else ""


def _file(name: str) -> list[str]:
    """Return what tells the file from a copy of it: nothing for a database in memory."""
    path = Path(name)
    if not path.is_file():
        return []
    about = path.stat()
    return [str(about.st_dev), str(about.st_ino)]


def _postgresql() -> list[str]:
    """Return the numbers of database and server, asked once of each connection.

    One stays with its database; after a failover or a restart there is a new one.
    """
    connection.ensure_connection()
    known = _KNOWN.get(connection.connection)
    if known is None:
        known = _KNOWN[connection.connection] = _numbers()
    return known


def _numbers() -> list[str]:
    """Return the database's number and its server's, without the latter where one may not ask."""
    try:
        with transaction.atomic():
            return _row(_BOTH)
    except ProgrammingError:  # not permitted; any other error says nothing of which database it is
        return _row(_DATABASE)


def _row(question: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return [str(value) for value in cursor.fetchone() or ()]
