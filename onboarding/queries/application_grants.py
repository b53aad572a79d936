"""What the application's role on PostgreSQL may do with each table, in one place.

Web, workers, beat and sweeper connect as that role. It owns nothing and may do with a table only
what services do: what is not granted here is refused by the database before any trigger is asked.
A table that is missing here fails a test; a new one needs its line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

READ = "SELECT"
ADD = "SELECT, INSERT"
CHANGE = "SELECT, INSERT, UPDATE"
EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"

GRANTS: Mapping[str, str] = {
    # The record: rows are added, and never again touched.
    "onboarding_event": ADD,
    "onboarding_revision": ADD,
    "onboarding_requestauthor": ADD,
    "onboarding_approvalkey": ADD,
    "onboarding_approvalkeyword": ADD,
    "onboarding_decisionsignature": ADD,
    "onboarding_decisionpicture": ADD,
    "onboarding_decision": f"{ADD}, UPDATE (voided_at)",
    "onboarding_clusterclosure": f"{ADD}, UPDATE (confirmed_by_id, confirmed_at, withdrawn_at)",
    "onboarding_historybreak": f"{ADD}, UPDATE (said, choices, settled_at, settled_by_id)",
    "onboarding_refresh": f"{ADD}, UPDATE (skipped)",
    "onboarding_suggestion": (
        f"{ADD}, UPDATE (taken_at, taken_as_id, dismissed_at, dismissed_by_id, dismissal)"
    ),
    "onboarding_requestlane": "SELECT, INSERT, DELETE",  # set anew while a request is edited
    # What moves on and is never removed. Triggers say which columns move, and when.
    "onboarding_request": CHANGE,
    "onboarding_managednamespace": CHANGE,
    "onboarding_run": CHANGE,
    "onboarding_step": CHANGE,
    "onboarding_deviation": CHANGE,
    "onboarding_cluster": CHANGE,
    "onboarding_clusterguards": CHANGE,
    "onboarding_clusterobservation": CHANGE,
    "onboarding_installation": ADD,
    # What platform admins edit, and what is replaced at every look.
    "onboarding_user": CHANGE,
    "onboarding_team": EVERYTHING,
    "onboarding_membership": EVERYTHING,
    "onboarding_roleassignment": EVERYTHING,
    "onboarding_ingresssource": EVERYTHING,
    "onboarding_helpcontact": EVERYTHING,
    "onboarding_namespaceobservation": EVERYTHING,
    "onboarding_writeprobe": EVERYTHING,  # says that something can be stored, and nothing else
    "onboarding_heartbeat": EVERYTHING,
    # What was typed and not sent: kept for a while, shown, and gone.
    "onboarding_keptform": EVERYTHING,
    "onboarding_startedform": EVERYTHING,
    # Who is told of what: old rows are removed.
    "onboarding_outboxentry": EVERYTHING,
    "onboarding_notice": EVERYTHING,
    "onboarding_noticepreference": EVERYTHING,
    "onboarding_lifetimewarning": EVERYTHING,
    # Of Django and allauth: sessions, addresses, second factors, the limits of sign-in.
    "django_session": EVERYTHING,
    "cache": EVERYTHING,
    "account_emailaddress": EVERYTHING,
    "account_emailconfirmation": EVERYTHING,
    "mfa_authenticator": EVERYTHING,
    "django_admin_log": ADD,
    # Written by migrations only.
    "onboarding_earlierapproval": READ,
    "django_migrations": READ,
    "django_content_type": READ,
    "auth_permission": READ,
    "auth_group": READ,
    "auth_group_permissions": READ,
    "onboarding_user_groups": READ,
    "onboarding_user_user_permissions": READ,
}


@dataclass(frozen=True)
class TableGrant:
    """What one table's line comes to. `columns` may be updated where the whole row may not."""

    table: str
    may_insert: bool
    may_update: bool
    may_delete: bool
    columns: tuple[str, ...]


def table_grants() -> list[TableGrant]:
    """Return every line of GRANTS, taken apart."""
    return [_taken_apart(table, line) for table, line in GRANTS.items()]


def _taken_apart(table: str, line: str) -> TableGrant:
    columns = re.search(r"UPDATE \(([^)]*)\)", line)
    plain = re.sub(r"\([^)]*\)", "()", line)
    return TableGrant(
        table,
        may_insert="INSERT" in plain,
        may_update="UPDATE" in plain and columns is None,
        may_delete="DELETE" in plain,
        columns=tuple(columns[1].split(", ")) if columns else (),
    )
