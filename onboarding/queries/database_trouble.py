"""What an exception says of the database: that it cannot be used now, or nothing at all.

What is wrong with a statement is a bug of ours and not told here. What no statement could have
helped is trouble: it ends by itself or by whoever runs the database, and is answered with 503.
"""

import sqlite3
from collections.abc import Iterator
from enum import StrEnum

import psycopg


class Trouble(StrEnum):
    """Why the database cannot be used."""

    LOCKED = "locked"
    SLOW = "slow"
    READ_ONLY = "read-only"
    FULL = "full"
    CROWDED = "crowded"
    DISK = "disk"
    GONE = "gone"


# By code, or class of codes: PostgreSQL's documentation, appendix A.
_BY_CODE = {
    "25006": Trouble.READ_ONLY,
    "25P03": Trouble.GONE,  # our transaction had stood still for too long
    "40": Trouble.LOCKED,
    "53100": Trouble.FULL,
    "53300": Trouble.CROWDED,
    "53": Trouble.FULL,  # also of memory
    "55P03": Trouble.LOCKED,
    "57014": Trouble.SLOW,
    "57": Trouble.GONE,
    "58": Trouble.DISK,
    "08": Trouble.GONE,
}
# Of a connection that was refused the server tells no code, only words.
_REFUSED_AS_CROWDED = ("too many connections", "too many clients", "remaining connection slots")
# SQLITE_ERROR is left out: it is what a wrong statement gets.
_OF_SQLITE = {
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_PROTOCOL: Trouble.LOCKED,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_IOERR: Trouble.DISK,
    sqlite3.SQLITE_CANTOPEN: Trouble.DISK,
    sqlite3.SQLITE_CORRUPT: Trouble.DISK,
    sqlite3.SQLITE_NOTADB: Trouble.DISK,
}


def trouble_behind(error: BaseException | None) -> Trouble | None:
    """Return what is wrong with the database, if that is what an exception comes from."""
    return next(filter(None, map(_trouble, _behind(error))), None)


def was_refused(error: BaseException | None) -> bool:
    """Return whether it is the database that said no: then what it was asked did not happen.

    Otherwise the line or the disk broke, and what was asked last may have happened all the same.
    """
    return not any(map(_broke, _behind(error)))


def _broke(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return _trouble(error) is Trouble.DISK
    if not isinstance(error, psycopg.Error):
        return False
    return not error.sqlstate or error.sqlstate.startswith(("08", "57P", "58"))


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the exception and those it was raised from or after."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _trouble(error: BaseException) -> Trouble | None:
    """Judge what a driver has raised; Django's own exceptions are raised from these."""
    if isinstance(error, sqlite3.Error):
        return _OF_SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if not isinstance(error, psycopg.Error):
        return None
    if error.sqlstate:
        return _BY_CODE.get(error.sqlstate) or _BY_CODE.get(error.sqlstate[:2])
    if any(words in str(error) for words in _REFUSED_AS_CROWDED):
        return Trouble.CROWDED
    return Trouble.GONE if isinstance(error, psycopg.OperationalError) else None
