"""What is final stays as it is, whoever writes: requests, lanes, decisions, closings, tombstones.

A row may change only in the ways that services change it; the conditions below are what they do.
The triggers read onboarding_request, onboarding_revision, onboarding_decision,
onboarding_requestlane, onboarding_managednamespace, onboarding_clusterclosure and onboarding_event.
SQLite refuses to rebuild a table that a trigger reads, and forgets the triggers of one it rebuilds:
a migration that has to must drop them and make them again.
"""

from typing import NamedTuple

from django.db import migrations

REQUEST = "onboarding_request"
LANE = "onboarding_requestlane"
DECISION = "onboarding_decision"
REVISION = "onboarding_revision"
NAMESPACE = "onboarding_managednamespace"
DEVIATION = "onboarding_deviation"
CLOSURE = "onboarding_clusterclosure"
REFRESH = "onboarding_refresh"
CLUSTER = "onboarding_cluster"
NEVER_DELETED = [REQUEST, DECISION, NAMESPACE, DEVIATION, CLOSURE, REFRESH, CLUSTER]
NEVER_TRUNCATED = [*NEVER_DELETED, LANE]


class Guard(NamedTuple):
    """Refuses what `verb` does to a row of `table` where `condition` holds, in these words."""

    name: str
    table: str
    verb: str
    condition: str
    words: str


def changed(*columns):
    return "(" + " OR ".join(f"NEW.{one} IS DISTINCT FROM OLD.{one}" for one in columns) + ")"


def event_is_not_of(kind, unless="1 = 0"):
    """Of the row itself, and newer than the last one `unless` it may be an older one."""
    own = (
        "(SELECT 1 FROM onboarding_event WHERE id = NEW.last_event_id "
        f"AND object_kind = '{kind}' AND object_id = NEW.public_id)"
    )
    return (
        "NEW.last_event_id IS DISTINCT FROM OLD.last_event_id AND (NEW.last_event_id IS NULL "
        f"OR NOT EXISTS {own} OR (NEW.last_event_id < OLD.last_event_id AND NOT ({unless})))"
    )


ASKED = (
    "team_id cluster_id name base_generation spec plan digest risk moves_reach adopted_uid found "
    "submitted_at"
).split()
ITS_REQUEST_IS = f"(SELECT state FROM {REQUEST} WHERE id = {{}}.request_id)"
IS_EDITED = "('draft', 'returned')"
# What is put back within the hour goes on with the events of its deviation (services/deviations).
IS_TOLD_AGAIN = (
    "NEW.state IN ('ready', 'drifted') AND EXISTS (SELECT 1 FROM onboarding_event "
    "WHERE id = NEW.last_event_id AND action LIKE '%:deviation:%')"
)

GUARDS = [
    Guard("request_begins_as_a_draft", REQUEST, "INSERT", "NEW.state <> 'draft'",
        "a request begins as a draft"),
    Guard("request_is_closed", REQUEST, "UPDATE",
        "OLD.state IN ('approved', 'rejected', 'cancelled', 'expired')",
        "a closed request does not change"),
    Guard("request_stays_itself", REQUEST, "UPDATE",
        changed("id", "public_id", "kind", "created_at"),
        "a request keeps what it is"),
    Guard("request_asks_the_same", REQUEST, "UPDATE",
        f"OLD.state NOT IN {IS_EDITED} AND {changed(*ASKED)}",
        "what is asked for changes in a draft or a returned request only"),
    Guard("request_form_stays", REQUEST, "UPDATE",
        f"OLD.state NOT IN {IS_EDITED} AND NEW.state <> 'returned' AND {changed('form_key')}",
        "the form of a request that was sent does not change"),
    # services/take_over: the new requester looks at it and sends it again.
    Guard("request_is_taken_over", REQUEST, "UPDATE",
        "NOT (OLD.state IN ('pending', 'returned') AND NEW.state = 'returned') AND "
        + changed("requester_id", "refresh_id"),
        "a request changes hands only as it is returned"),
    Guard("request_has_one_namespace", REQUEST, "UPDATE",
        "(OLD.state <> 'pending' OR OLD.namespace_id IS NOT NULL) AND " + changed("namespace_id"),
        "a request gets its namespace once, as it is approved"),
    Guard("request_is_decided_anew", REQUEST, "UPDATE",
        "NEW.state = 'pending' AND OLD.state <> 'pending' AND EXISTS (SELECT 1 FROM "
        f"{DECISION} WHERE request_id = NEW.id AND voided_at IS NULL)",
        "what was decided does not count for a request that is sent again"),
    Guard("request_event_is_its_own", REQUEST, "UPDATE", event_is_not_of("request"),
        "a request moves with a new event about itself"),
    Guard("lane_is_not_added", LANE, "INSERT",
        f"{ITS_REQUEST_IS.format('NEW')} NOT IN {IS_EDITED}",
        "lanes are set before a request is sent"),
    Guard("lane_is_not_taken", LANE, "DELETE",
        f"{ITS_REQUEST_IS.format('OLD')} NOT IN {IS_EDITED}",
        "lanes are set before a request is sent"),
    Guard("lane_does_not_change", LANE, "UPDATE", "1 = 1", "a lane does not change"),
    Guard("decision_is_of_a_pending_request", DECISION, "INSERT",
        f"{ITS_REQUEST_IS.format('NEW')} <> 'pending'",
        "only a pending request is decided"),
    Guard("decision_is_only_voided", DECISION, "UPDATE",
        "OLD.voided_at IS NOT NULL OR NEW.voided_at IS NULL OR "
        + changed("id", "request_id", "lane", "vote", "person_id", "requester_id", "digest",
            "reason", "decided_at"),
        "a decision does not change, it may only be voided"),
    Guard("decision_of_a_closed_request", DECISION, "UPDATE",
        f"{ITS_REQUEST_IS.format('OLD')} NOT IN ('draft', 'pending', 'returned')",
        "a decision of a closed request is final"),
    Guard("revision_is_its_request", REVISION, "INSERT",
        f"NOT EXISTS (SELECT 1 FROM {REQUEST} WHERE id = NEW.request_id AND state = 'pending' "
        "AND spec = NEW.spec AND plan = NEW.plan)",
        "a revision holds what its request asks for, as it is approved"),
    Guard("namespace_begins_wanted", NAMESPACE, "INSERT", "NEW.state <> 'wanted'",
        "a namespace begins as wanted"),
    Guard("namespace_stays_itself", NAMESPACE, "UPDATE",
        changed("id", "public_id", "cluster_id", "name", "team_id", "created_at"),
        "a namespace keeps its name, cluster and team"),
    Guard("namespace_has_ended", NAMESPACE, "UPDATE",
        "OLD.state IN ('uncreated', 'lost') AND NEW.state <> OLD.state",
        "a namespace that ended so does not come back"),
    Guard("namespace_event_is_its_own", NAMESPACE, "UPDATE",
        event_is_not_of("namespace", unless=IS_TOLD_AGAIN),
        "a namespace moves with a new event about itself"),
    Guard("deviation_is_acknowledged", DEVIATION, "UPDATE",
        "OLD.acknowledged_at IS NOT NULL AND " + changed("acknowledged_at", "acknowledged_by_id",
            "acknowledgement", "acknowledged_event_id"),
        "an acknowledgement does not change"),
    Guard("closing_begins_unconfirmed", CLOSURE, "INSERT",
        "NEW.confirmed_at IS NOT NULL OR NEW.withdrawn_at IS NOT NULL",
        "a closing is asked for before it is confirmed"),
    Guard("closing_is_final", CLOSURE, "UPDATE",
        "OLD.confirmed_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL OR "
        + changed("id", "cluster_id", "reason", "asked_by_id", "asked_at"),
        "a closing that is confirmed or withdrawn does not change"),
    Guard("refresh_stays_itself", REFRESH, "UPDATE",
        changed("id", "public_id", "asked_by_id", "reason", "form_key", "created_at"),
        "a renewal keeps who asked for it, and why"),
    Guard("cluster_stays_closed", CLUSTER, "UPDATE",
        "OLD.closed_at IS NOT NULL AND " + changed("closed_at"),
        "a closed cluster stays closed"),
    *(
        Guard(f"{table}_is_kept", table, "DELETE", "1 = 1", f"rows of {table} are never deleted")
        for table in NEVER_DELETED
    ),
]  # fmt: skip

# INSERT OR REPLACE deletes what has the same unique columns, without firing a delete trigger.
REPLACED_BY = {
    REQUEST: "id = NEW.id OR public_id = NEW.public_id "
    "OR (requester_id = NEW.requester_id AND form_key = NEW.form_key)",
    LANE: "id = NEW.id",
    DECISION: "id = NEW.id OR (voided_at IS NULL AND NEW.voided_at IS NULL "
    "AND request_id = NEW.request_id AND lane = NEW.lane)",
    REVISION: "request_id = NEW.request_id "
    "OR (namespace_id = NEW.namespace_id AND number = NEW.number)",
    NAMESPACE: "id = NEW.id OR public_id = NEW.public_id OR (cluster_id = NEW.cluster_id "
    "AND lower(name) = lower(NEW.name) AND state NOT IN ('gone', 'lost', 'uncreated'))",
    CLOSURE: "id = NEW.id OR (cluster_id = NEW.cluster_id AND withdrawn_at IS NULL)",
}


def _sqlite(cursor):
    for guard in GUARDS:
        condition = guard.condition.replace("IS DISTINCT FROM", "IS NOT")
        cursor.execute(
            f"CREATE TRIGGER {guard.name} BEFORE {guard.verb} ON {guard.table} "
            f"WHEN {condition} BEGIN SELECT RAISE(ABORT, '{guard.words}'); END"
        )
    for table, condition in REPLACED_BY.items():
        cursor.execute(
            f"CREATE TRIGGER {table}_not_replaced BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {condition}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} has such a row already'); END"
        )


def _postgresql(cursor):
    for guard in GUARDS:
        row = "OLD" if guard.verb == "DELETE" else "NEW"
        cursor.execute(
            f"CREATE FUNCTION bulkhead_{guard.name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN IF {guard.condition} THEN RAISE EXCEPTION '{guard.words}' "
            f"USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {row}; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER {guard.name} BEFORE {guard.verb} ON {guard.table} "
            f"FOR EACH ROW EXECUTE FUNCTION bulkhead_{guard.name}()"
        )
    cursor.execute(
        "CREATE FUNCTION bulkhead_never_truncated() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in NEVER_TRUNCATED:
        cursor.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION bulkhead_never_truncated()"
        )
    # What a guard reads is the table of that name here, never a temporary one.
    cursor.execute(
        "DO $$ DECLARE guard regprocedure; BEGIN "
        "FOR guard IN SELECT oid::regprocedure FROM pg_proc WHERE proname LIKE 'bulkhead%' "
        "AND pronamespace = current_schema()::text::regnamespace LOOP EXECUTE "
        "format('ALTER FUNCTION %s SET search_path = %I, pg_temp', guard, current_schema()); "
        "END LOOP; END $$"
    )


def guard(_apps, schema_editor):
    create = {"sqlite": _sqlite, "postgresql": _postgresql}[schema_editor.connection.vendor]
    with schema_editor.connection.cursor() as cursor:
        create(cursor)


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0018_approval_keys")]
    operations = [migrations.RunPython(guard, migrations.RunPython.noop, elidable=False)]
