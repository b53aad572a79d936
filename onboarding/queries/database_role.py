"""What a role of the database may do that the portal's must not: rewrite history, or reach further.

PostgreSQL only. SQLite has no roles: whoever can write the file can write history.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

from onboarding.queries.application_grants import table_grants

# The role as it logged in, whatever it calls itself since: what it may become counts as well.
_POWERS = """
SELECT
    role.rolsuper,
    role.rolcreaterole OR role.rolcreatedb OR role.rolreplication OR role.rolbypassrls,
    EXISTS (
        SELECT FROM pg_class WHERE relnamespace = current_schema()::text::regnamespace
        AND relkind IN ('r', 'p') AND pg_has_role(role.oid, relowner, 'MEMBER')
    ),
    ARRAY(
        SELECT wanted.name FROM unnest(
            %(tables)s::text[], %(inserts)s::bool[], %(updates)s::bool[], %(deletes)s::bool[],
            %(columns)s::text[]
        ) AS wanted (name, inserts, updates, deletes, columns)
        JOIN pg_class AS found ON found.oid = to_regclass(quote_ident(wanted.name))
        WHERE has_table_privilege(role.oid, found.oid, 'TRUNCATE, TRIGGER, REFERENCES')
        OR (NOT inserts AND has_any_column_privilege(role.oid, found.oid, 'INSERT'))
        OR (NOT deletes AND has_table_privilege(role.oid, found.oid, 'DELETE'))
        OR (NOT updates AND EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = found.oid AND attnum > 0
            AND NOT attisdropped AND attname <> ALL (string_to_array(columns, ','))
            AND has_column_privilege(role.oid, found.oid, attnum, 'UPDATE')
        ))
        ORDER BY 1
    ),
    has_schema_privilege(role.oid, current_schema(), 'CREATE')
        OR has_database_privilege(role.oid, current_database(), 'CREATE, TEMP'),
    EXISTS (
        SELECT FROM pg_roles WHERE rolname IN (
            'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'
        ) AND pg_has_role(role.oid, oid, 'MEMBER')
    )
FROM pg_roles AS role WHERE role.rolname = coalesce(%(role)s, session_user)
"""
_WORDS = (
    "is a superuser",
    "may make roles or databases",
    "owns tables, so it can switch their triggers off",
    "can write more than it has to in {}",
    "may make tables and functions, temporary ones included",
    "may use files or programs of the database's server",
)


def powers_beyond(connection: BaseDatabaseWrapper, role: str | None = None) -> list[str]:
    """Return, in words, what the role may do and must not; [] if nothing, or on SQLite.

    Without `role`, of the one this connection logged in as. One query.
    """
    if connection.vendor != "postgresql":
        return []
    grants = table_grants()
    asked = {
        "role": role,
        "tables": [grant.table for grant in grants],
        "inserts": [grant.may_insert for grant in grants],
        "updates": [grant.may_update for grant in grants],
        "deletes": [grant.may_delete for grant in grants],
        "columns": [",".join(grant.columns) for grant in grants],
    }
    with connection.cursor() as cursor:
        cursor.execute(_POWERS, asked)
        held = cursor.fetchone() or ()
    pairs = zip(_WORDS, held, strict=True)
    return [words.format(", ".join(has) if has is not True else "") for words, has in pairs if has]
