#!/bin/bash
# Stands in for the entrypoint of the postgres image, written from its documented behaviour: a new
# data folder is prepared by a server that listens on its socket alone, then the real one starts.
set -Eeuo pipefail

new_database() {
    : "${POSTGRES_PASSWORD:?a new database needs a password of its superuser}"
    : "${POSTGRES_USER:=postgres}" "${POSTGRES_DB:=$POSTGRES_USER}"
    initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") -D "$PGDATA"
    printf '\nhost all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
    PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p 5432" -w start
    if [ "$POSTGRES_DB" != postgres ]; then
        psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
            --set db="$POSTGRES_DB" <<< 'CREATE DATABASE :"db" ;'
    fi
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sh) if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
            *.sql) psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" \
                --dbname "$POSTGRES_DB" --file "$script" ;;
        esac
    done
    PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -m fast -w stop
    echo 'PostgreSQL init process complete; ready for start up.'
}

if [ "$1" = postgres ]; then
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA"
    [ -s "$PGDATA/PG_VERSION" ] || new_database
fi
exec "$@"
