"""Restores from backups: a database that forgets, or a cluster that does, without the other."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from onboarding.domain.objects import Key, Manifest, copied
from tests.support.fake_cluster import FakeCluster


@contextmanager
def database_restored() -> Iterator[None]:
    """Afterwards the database is as it was before, as if a backup from then had come back."""
    before = transaction.savepoint()
    yield
    transaction.savepoint_rollback(before)


@contextmanager
def cluster_restored(fake: FakeCluster) -> Iterator[None]:
    """Afterwards the cluster is as it was before, uids and all, as etcd's own backup brings it."""
    objects, system = _saved(fake.objects), _saved(fake.system)
    yield
    fake.objects, fake.system = objects, system


def _saved(objects: dict[Key, Manifest]) -> dict[Key, Manifest]:
    return {key: copied(tree) for key, tree in objects.items()}
