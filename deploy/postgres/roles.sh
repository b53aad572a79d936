#!/bin/sh
# Run once by the image's entrypoint, in an empty data folder: the roles of docs/administration.md,
# none of them a superuser. The superuser's password is in postgres.env and used by nobody else.
# Passwords go by the environment and by standard input: command lines are seen by everybody.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv owner_password OWNER_PASSWORD
\getenv application_password APPLICATION_PASSWORD
CREATE ROLE bulkhead LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
CREATE ROLE bulkhead_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD :'application_password';
SELECT format('ALTER DATABASE %I OWNER TO bulkhead', current_database()) \gexec
SQL
