"""What a portal's database holds, asked without a line of the product: the tests' own witness."""

import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.support.real_processes import Processes

NAMESPACES = """
    SELECT name, state, fencing_token, lease_owner, lease_until FROM onboarding_managednamespace
"""
# Whoever holds it waits for something, or is dead.
RUN_OUT = """
    SELECT name FROM onboarding_managednamespace WHERE lease_until < CURRENT_TIMESTAMP
"""
APPROVALS = """
    SELECT r.name, d.lane FROM onboarding_decision d
    JOIN onboarding_request r ON r.id = d.request_id WHERE d.vote = 'approve'
"""
READY = """
    SELECT namespace FROM onboarding_event WHERE action = 'cluster:namespace:ready'
"""
UNFINISHED = """
    SELECT n.name FROM onboarding_run r
    JOIN onboarding_managednamespace n ON n.id = r.namespace_id WHERE r.finished_at IS NULL
"""


def rows(portal: Processes, statement: str) -> list[tuple[Any, ...]]:
    url = urlsplit(portal.environment["BULKHEAD_DATABASE_URL"])
    if url.scheme == "sqlite":
        with closing(sqlite3.connect(url.path, timeout=20)) as line:
            return line.execute(statement).fetchall()
    host, name = url.path.rsplit("/", 1)
    with psycopg.connect(f"host={host} user={url.username} dbname={name}") as line:
        return line.execute(statement.encode()).fetchall()


def is_intact(portal: Processes) -> bool:
    """Whether a SQLite file is whole. PostgreSQL has no such question."""
    if portal.environment["BULKHEAD_DATABASE_URL"].startswith("sqlite:"):
        return rows(portal, "PRAGMA integrity_check") == [("ok",)]
    return True
