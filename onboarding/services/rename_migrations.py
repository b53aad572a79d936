"""Before `migrate`: migrations that a database knows by names of early commits get today's.

Four were given other numbers, and nothing else, after some databases had applied them. Under the
old names Django would apply them twice, or refuse the database's history.
"""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

RENAMED = {
    "0008_waiting": "0012_waiting",
    "0011_people": "0008_people",
    "0012_deviations": "0011_deviations",
    "0013_clusters": "0010_clusters",
}


def rename_migrations(database: BaseDatabaseWrapper) -> list[str]:
    """Record what is applied under today's names; return those that had another one."""
    recorder = MigrationRecorder(database)
    if not recorder.has_table():
        return []
    ours = recorder.migration_qs.filter(app="onboarding")
    return [new for old, new in RENAMED.items() if ours.filter(name=old).update(name=new)]
