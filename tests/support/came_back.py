"""What comes back from backups: namespaces with new uids, and a database that knows too little."""

from datetime import datetime
from functools import partial

from onboarding.domain.objects import Key, Manifest, branch, copied
from onboarding.models import ManagedNamespace
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    NAMESPACE,
    approve_all,
    ask_removal,
    ready,
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


FORGOTTEN = "REQ-F9RG9TTEN9"


def changed_and_forgotten(fake: FakeCluster, now: datetime) -> ManagedNamespace:
    """What a database knows that was restored to before the last change of a namespace."""
    namespace = ready(now=now)
    for key in [*fake.objects]:
        fake.tamper(key, partial(marked, generation=2))
    return namespace


def marked(tree: Manifest, *, generation: int, request: str = FORGOTTEN) -> None:
    """Mark an object as an approval marks it that this database does not know of."""
    annotations = branch(tree, "metadata", "annotations")
    annotations["bulkhead.dev/request"] = request
    annotations["bulkhead.dev/generation"] = str(generation)
    annotations["bulkhead.dev/digest"] = "sha256:another"
