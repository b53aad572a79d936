"""Make the triggers again that the database lacks, by the owner of its tables."""

from datetime import datetime

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from onboarding.domain.actions import Action
from onboarding.domain.objects import Manifest
from onboarding.queries.triggers import (
    DatabaseTrigger,
    LackingTrigger,
    lacking_triggers,
    triggers_to_make,
)
from onboarding.services.history import About, Actor, record

DATABASE = About(kind="database", id="database", label="database")
log = structlog.get_logger()


def restore_triggers(*, actor: Actor, now: datetime) -> list[LackingTrigger]:
    """Make what is lacking, with its event; return what was. Twice changes nothing.

    Nobody but the owner of the tables may: anybody else gets a ProgrammingError.
    """
    with transaction.atomic():
        made = make_lacking_triggers(connection)
        if made:
            said: Manifest = {"message": "; ".join(map(str, made))}
            record(Action.TRIGGERS_RESTORED, actor=actor, at=now, about=DATABASE, body=said)
    return made


def make_lacking_triggers(database: BaseDatabaseWrapper) -> list[LackingTrigger]:
    """Make what is lacking as migrations make it, all or nothing; return what was."""
    make = {"sqlite": _on_sqlite, "postgresql": _on_postgresql}[database.vendor]
    with transaction.atomic(using=database.alias), database.cursor() as cursor:
        lacking = triggers_to_make(database)
        for one in lacking:
            make(cursor, one.trigger)
    return lacking


def report_lacking_triggers() -> None:
    """Log an error for each trigger that the database lacks, as a process starts.

    The process goes on all the same: the fences on clusters have to be kept, and services refuse
    by themselves what triggers refuse once more.
    """
    try:
        for one in lacking_triggers(connection):
            log.error("the database lacks a trigger", trigger=str(one), mend="restore_triggers")
    except DatabaseError as error:
        log.warning("the database does not say yet which triggers it has", error=str(error))
    finally:
        if not connection.in_atomic_block:
            connection.close()


def _on_sqlite(cursor: CursorWrapper, trigger: DatabaseTrigger) -> None:
    cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}")
    cursor.execute(trigger.statement)


def _on_postgresql(cursor: CursorWrapper, trigger: DatabaseTrigger) -> None:
    """Make what the trigger calls as well, confined to its schema as 0019_final_rows does it."""
    cursor.execute(trigger.function.replace("CREATE", "CREATE OR REPLACE", 1))
    cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name} ON {trigger.table}")
    cursor.execute(trigger.statement)
    cursor.execute(
        "SELECT format('ALTER FUNCTION %%s SET search_path = %%I, pg_temp', "
        "tgfoid::regprocedure, current_schema()) FROM pg_trigger "
        "WHERE tgname = %s AND tgrelid = to_regclass(%s)",
        [trigger.name, trigger.table],
    )
    for confine in cursor.fetchone() or ():
        cursor.execute(confine)
