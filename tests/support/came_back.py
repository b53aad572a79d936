"""What comes back from backups: namespaces with new uids, and a database that knows too little."""

from datetime import datetime

from onboarding.domain.objects import Key, Manifest, branch, copied
from onboarding.models import ManagedNamespace
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    NAMESPACE,
    approve_all,
    ask_change,
    ask_removal,
    ready,
    spec_of,
    work_on,
)


def restore(fake: FakeCluster, saved: dict[Key, Manifest]) -> None:
    """Bring everything back as a backup does: the same labels and annotations, new uids."""
    if NAMESPACE in fake.objects:
        fake.remove(NAMESPACE)
    for key in sorted(saved, key=lambda key: key.kind != "Namespace"):
        tree = copied(saved[key])
        for name in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
            branch(tree, "metadata").pop(name, None)
        fake.put(tree, manager="velero")


def saved_of(fake: FakeCluster) -> dict[Key, Manifest]:
    return {key: copied(tree) for key, tree in fake.objects.items()}


def removal_of(namespace: ManagedNamespace, now: datetime) -> ManagedNamespace:
    """The namespace with its removal approved."""
    approve_all(ask_removal(namespace, now=now), now=now)
    return namespace


def until_ended(namespace: ManagedNamespace, now: datetime) -> ManagedNamespace:
    for _ in range(6):
        namespace = work_on(namespace, now=now)
        if namespace.next_at is None:
            return namespace
    raise AssertionError(f"{namespace.state}: {namespace.message}")


def generation_back(namespace: ManagedNamespace) -> None:
    """What a database knows that was restored to before the last change."""
    ManagedNamespace.objects.filter(pk=namespace.pk).update(
        generation=1, observed_generation=1, state="ready"
    )


def changed_and_forgotten(now: datetime) -> ManagedNamespace:
    namespace = ready(now=now)
    approve_all(ask_change(namespace, spec_of(egress="internet"), now=now), now=now)
    namespace = work_on(namespace, now=now)
    assert namespace.observed_generation == 2
    generation_back(namespace)
    return namespace
