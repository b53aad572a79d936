#!/bin/sh
# Bring docker-compose.yml's installation to the release that is checked out: deploy/upgrade.sh [NAME]
#
# NAME is what the release is called, else what git says. The old web process serves until the last
# step. `.env` names the release that compose starts: the new one from the moment the database is of
# it, whatever happens afterwards, because nothing keeps an older one from starting on it. Run it
# again after whatever cut it off.
set -eu
cd "$(dirname "$0")/.."
workers="worker beat sweeper"

# What is applied to the database, and fails where it does not answer.
applied() {
    docker compose exec -T postgres psql --no-psqlrc --username bulkhead --dbname bulkhead \
        --tuples-only --no-align --command 'SELECT app, name FROM django_migrations ORDER BY id'
}

# Replace one line of .env, and nothing else in it.
name_release() {
    if [ -e .env ]; then
        cp -p .env .env.new
        awk '!/^BULKHEAD_VERSION=/' .env > .env.new
    else
        : > .env.new
    fi
    echo "BULKHEAD_VERSION=$BULKHEAD_VERSION" >> .env.new
    mv .env.new .env
}

say() {
    printf '%s\n' "$@" >&2
}

BULKHEAD_VERSION=${1:-$(git describe --always)}
export BULKHEAD_VERSION
python3 deploy/make_env.py --upgrade
docker compose build
before=$(applied)
# shellcheck disable=SC2086  # three words
docker compose stop $workers
# Who is asked to stop while it migrates still finds out of which release the database is.
trap : INT TERM
if ! docker compose run --rm migrate; then
    if [ "$(applied)" = "$before" ]; then
        # shellcheck disable=SC2086
        docker compose start $workers
        say "Not upgraded: the database is as it was, and the release before goes on."
    else
        name_release
        say "The database is of $BULKHEAD_VERSION now, or in part, and .env says so. Mend what is said" \
            "above and run this again; or restore the dump from before, with the release it is of."
    fi
    exit 1
fi
name_release
if ! docker compose up --detach --wait; then
    say "The database is of $BULKHEAD_VERSION, and .env says so, but not all processes are well:" \
        "  docker compose ps --all" \
        "  docker compose logs --since 15m NAME" \
        "Mend it, then: docker compose up --detach --wait" \
        "The way back is the dump from before, with the release it is of."
    exit 1
fi
