"""How long a process waits for the database before it says that it cannot go on.

Whoever serves people waits little: a thread that waits serves nobody. Workers wait longer, because
what they give up is done again only when its lease has run out. Migrations and commands, which
nobody waits behind, are not bounded: they end when they are done.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Seconds: for a row somebody else has locked, on SQLite for the file; for one statement.

    `idle` is how long the server lets a transaction of ours stand still, with all it has locked.
    """

    lock: float
    file: float
    statement: float
    idle: float


WORKER = Waits(lock=20, file=20, statement=120, idle=60)


def bound_waits(waits: Waits) -> None:
    """Bound every wait of this process, on each connection it makes from now on."""
    connection.settings_dict["OPTIONS"] |= bounded(waits)  # the same for every thread


def bounded(waits: Waits) -> dict[str, Any]:
    """Return the options of a connection that waits no longer than that."""
    if connection.vendor == "postgresql":
        return {"waits": (waits.lock, waits.statement, waits.idle)}
    return {"timeout": waits.file}


def web_waits(*, lock: float, statement: float) -> Waits:
    """Return the bounds of a process that serves people. A file is written by one at a time."""
    return Waits(lock=lock, file=lock + 2, statement=statement, idle=2 * statement)
