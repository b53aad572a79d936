"""What a role of the database may do that the portal's must not: rewrite history, or reach further.

PostgreSQL only. SQLite has no roles: whoever can write the file can write history.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

# The role as it logged in, whatever it calls itself since: what it may become counts as well.
_POWERS = """
SELECT
    role.rolsuper,
    role.rolcreaterole OR role.rolcreatedb OR role.rolreplication OR role.rolbypassrls,
    EXISTS (
        SELECT FROM pg_class WHERE relnamespace = current_schema()::text::regnamespace
        AND relkind IN ('r', 'p') AND pg_has_role(role.oid, relowner, 'MEMBER')
    ),
    EXISTS (
        SELECT FROM pg_class WHERE oid = ANY (ARRAY[
            to_regclass('onboarding_event'), to_regclass('onboarding_revision')
        ]) AND (
            has_any_column_privilege(role.oid, oid, 'UPDATE')
            OR has_table_privilege(role.oid, oid, 'DELETE, TRUNCATE, TRIGGER')
        )
    ),
    has_schema_privilege(role.oid, current_schema(), 'CREATE'),
    EXISTS (
        SELECT FROM pg_roles WHERE rolname IN (
            'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'
        ) AND pg_has_role(role.oid, oid, 'MEMBER')
    )
FROM pg_roles AS role WHERE role.rolname = coalesce(%s, session_user)
"""
_WORDS = (
    "is a superuser",
    "may make roles or databases",
    "owns tables, so it can switch their triggers off",
    "can change or delete events or revisions",
    "may make tables and functions",
    "may use files or programs of the database's server",
)


def powers_beyond(connection: BaseDatabaseWrapper, role: str | None = None) -> list[str]:
    """Return, in words, what the role may do and must not; [] if nothing, or on SQLite.

    Without `role`, of the one this connection logged in as. One query.
    """
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(_POWERS, [role])
        held = cursor.fetchone() or ()
    return [words for words, has in zip(_WORDS, held, strict=True) if has]
