"""A name is free only as far as the cluster was seen; other portals are known by their marks."""

from datetime import datetime, timedelta

import pytest

from onboarding.demo.scenario import ask
from onboarding.domain.objects import Manifest, text
from onboarding.domain.refusals import Invalid
from onboarding.models import Cluster, Installation, NamespaceObservation
from onboarding.queries.names import check_name
from onboarding.queries.portals import UnknownNamespace, unknown_here
from onboarding.services import observe as observing
from onboarding.services.installation import portal_identity
from tests.support.fake_cluster import FakeCluster
from tests.support.observing import look, namespace
from tests.support.requests import (
    NAME,
    NAMESPACE,
    approve_all,
    ask_removal,
    ready,
    spec_of,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast")
MINUTE = timedelta(seconds=60)
SOON = timedelta(seconds=20)
MANAGED: Manifest = {"bulkhead.dev/managed": "true"}


@pytest.fixture
def fake(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
    return fake


def marked(name: str, portal: str | None = None, **marks: str) -> Manifest:
    metadata: Manifest = {"name": name, "labels": dict(MANAGED)}
    if portal is not None:
        marks["portal"] = portal
    metadata["annotations"] = {f"bulkhead.dev/{key}": value for key, value in marks.items()}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def test_what_was_seen_is_not_free(fake: FakeCluster, cluster: Cluster, now: datetime) -> None:
    fake.put(namespace("legacy-app"))
    look(cluster, now)
    check = check_name(cluster, "legacy-app", now=now + SOON)
    assert check.problems == (
        "legacy-app is not free: a namespace of this name was seen on dev-eu 20 s ago.",
    )
    assert check.variant == "legacy-app-2"


def test_it_cannot_be_asked_for(fake: FakeCluster, cluster: Cluster, now: datetime) -> None:
    fake.put(namespace(NAME))
    look(cluster, now)
    with pytest.raises(Invalid, match="was seen on dev-eu") as refused:
        ask(spec_of(), now=now + SOON)
    assert refused.value.field == "name"


def test_a_proposed_variant_was_not_seen_either(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    for name in ("legacy", "legacy-2"):
        fake.put(namespace(name))
    look(cluster, now)
    assert check_name(cluster, "legacy", now=now).variant == "legacy-3"


def test_free_says_as_of_when_the_cluster_was_seen(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    assert check_name(cluster, "fresh", now=now).seen_at is None
    look(cluster, now)
    check = check_name(cluster, "fresh", now=now + MINUTE)
    assert (check.problems, check.seen_at) == ((), now)


def test_another_clusters_namespaces_take_no_name(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    other = Cluster.objects.create(name="dev-us", api_server="https://us", ca_pem="")
    fake.put(namespace("legacy-app"))
    look(cluster, now)
    assert check_name(other, "legacy-app", now=now).problems == ()


def test_a_namespace_removed_after_the_look_does_not_hold_its_name(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    prod = ready(now=now)
    look(cluster, now)
    approve_all(ask_removal(prod, now=now), now=now)
    assert work_on(prod, now=now + SOON).state == "gone"
    check = check_name(cluster, NAME, now=now + timedelta(days=30))
    assert check.problems == ()


def test_a_namespace_is_made_with_the_portals_identity(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    ready(now=now)
    look(cluster, now + SOON)
    mark = text(fake.objects[NAMESPACE], "metadata", "annotations", "bulkhead.dev/portal")
    assert NamespaceObservation.objects.get(name=NAME).portal == mark == portal_identity()
    assert unknown_here([cluster]) == {}


def test_the_identity_is_made_up_once(db: None) -> None:
    assert portal_identity() == portal_identity()
    assert Installation.objects.count() == 1


def test_marked_namespaces_without_a_row_are_told_apart_by_who_made_them(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    own = portal_identity()
    for name, portal in (("a", own), ("b", "ANOTHER"), ("c", None)):
        fake.put(marked(name, portal))
    fake.put(namespace("d"))
    look(cluster, now)
    assert unknown_here([cluster])[cluster.pk] == [
        UnknownNamespace("a", own, is_ours=True, since=now),
        UnknownNamespace("b", "ANOTHER", is_ours=False, since=now),
        UnknownNamespace("c", "", is_ours=False, since=now),
    ]


def test_what_is_unknown_says_whose_it_was_and_since_when_it_is_seen(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    lost = marked("lost", portal_identity(), request="REQ-7K2M9Q", generation="2")
    lost["metadata"]["labels"]["bulkhead.dev/team"] = "payments"
    fake.put(lost)
    look(cluster, now)
    look(cluster, now + MINUTE)
    [one] = unknown_here([cluster])[cluster.pk]
    assert (one.team, one.request, one.generation) == ("payments", "REQ-7K2M9Q", "2")
    assert one.since == now


def test_one_that_was_made_anew_under_its_name_is_seen_since_then(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    for at in (now, now + MINUTE):
        fake.put({**marked("lost"), "metadata": {**marked("lost")["metadata"], "uid": str(at)}})
        look(cluster, at)
    [one] = unknown_here([cluster])[cluster.pk]
    assert one.since == now + MINUTE


def test_what_this_portal_made_and_forgot_is_named_to_who_asks_for_its_name(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    for name, portal in (("lost", portal_identity()), ("theirs", "ANOTHER")):
        fake.put(marked(name, portal))
    look(cluster, now)
    [ours] = check_name(cluster, "lost", now=now).problems
    [theirs] = check_name(cluster, "theirs", now=now).problems
    assert "This portal made it, and its database does not know it any more" in ours
    assert theirs == "theirs is not free: a namespace of this name was seen on dev-eu 0 s ago."


def test_what_has_the_name_of_a_row_stays_unknown_while_it_is_taken(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    row = wanted(now=now)
    fake.put(marked(NAME, portal_identity(), request="REQ-LOST"))
    look(cluster, now)
    assert unknown_here([cluster]) == {}
    assert work_on(row, now=now).reason == "taken"
    look(cluster, now + MINUTE)
    [one] = unknown_here([cluster])[cluster.pk]
    assert (one.name, one.is_ours) == (NAME, True)


def test_a_name_of_ours_that_another_portal_holds_is_named(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    row = wanted(now=now)
    fake.put(marked(NAME, "ANOTHER"))
    look(cluster, now)
    assert [one.portal for one in unknown_here([cluster])[cluster.pk]] == ["ANOTHER"]
    assert work_on(row, now=now).reason == "taken"


def test_one_that_is_just_being_made_is_not_unknown(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    wanted(now=now)
    fake.put(marked(NAME, portal_identity()))
    look(cluster, now)
    assert unknown_here([cluster]) == {}


def test_a_restored_database_with_no_identity_calls_nothing_its_own(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.put(marked("a"))
    look(cluster, now)
    assert Installation.objects.get().identity != unknown_here([cluster])[cluster.pk][0].portal
    assert not unknown_here([cluster])[cluster.pk][0].is_ours
