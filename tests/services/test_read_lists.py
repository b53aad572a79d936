"""One namespace cannot blind the observer: what is too much is unread there, and seen elsewhere."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from onboarding.cluster.errors import AccessDenied
from onboarding.cluster.paging import LARGEST_PAGE
from onboarding.domain.objects import Key, Manifest
from onboarding.models import Cluster, ManagedNamespace, NamespaceObservation
from onboarding.queries.connectivity import Connectivity, picture_of_namespace
from onboarding.queries.holdings import DELETE_WORKLOADS, holdings_of
from onboarding.queries.observed import observed_world
from onboarding.reachability.model import Certainty
from onboarding.services import observe as observing
from onboarding.services import read_lists
from onboarding.services.observe import observe
from tests.support.fake_cluster import FakeCluster
from tests.support.observing import lived_in, look, namespace, pod
from tests.support.requests import DENY_ALL, NAME, ready

pytestmark = pytest.mark.usefixtures("cast")
MINUTE = timedelta(seconds=60)
MIB = 1024 * 1024


@pytest.fixture
def fake(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """A cluster of others, on which the first kinds may take 20 MiB and 4 in one namespace."""
    monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
    monkeypatch.setattr(read_lists, "MOST_OF_A_LOOK", 60 * MIB)
    monkeypatch.setattr(read_lists, "SLICES_OF_A_NAMESPACE", (MIB, 4 * MIB))
    return lived_in(fake)


def heavy(fake: FakeCluster, place: str, *, pods: int, size: int = MIB) -> None:
    """A namespace with large pods, as anybody with a quota can have."""
    if Key("Namespace", "", place) not in fake.objects:
        fake.put(namespace(place))
    for number in range(pods):
        fake.put(pod(place, f"big-{number:02}"))
        fake.sizes[Key("Pod", place, f"big-{number:02}")] = size


def unread() -> dict[str, list[str]]:
    rows = NamespaceObservation.objects.filter(unread__isnull=False)
    return {name: kinds or [] for name, kinds in rows.values_list("name", "unread")}


def pods_of(place: str) -> int:
    return sum(one["count"] for one in NamespaceObservation.objects.get(name=place).pods)


def asked_in(fake: FakeCluster, kind: str) -> list[str]:
    return [key.namespace for verb, key in fake.log if verb == "list" and key.kind == kind]


def test_pages_shrink_until_they_can_be_read_and_all_is_seen(
    fake: FakeCluster, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_lists, "MOST_OF_A_LOOK", 1024 * MIB)
    heavy(fake, "bulky", pods=60)
    assert look(cluster, now).trouble == ""
    assert (unread(), pods_of("bulky"), pods_of("legacy")) == ({}, 60, 2)
    assert set(asked_in(fake, "Pod")) == {""}


def test_a_namespace_too_large_is_unread_and_the_others_are_current(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    look(cluster, now)
    heavy(fake, "bulky", pods=40)
    fake.put(pod("legacy", "web-3"))
    seen = look(cluster, now + MINUTE)
    assert (seen.trouble, seen.seen_at) == ("", now + MINUTE)
    assert (unread(), pods_of("legacy")) == ({"bulky": ["Pod"]}, 3)


def test_one_object_that_is_too_large_alone_hides_its_namespace_and_no_other(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    heavy(fake, "bulky", pods=1, size=LARGEST_PAGE + 1)
    assert look(cluster, now).trouble == ""
    assert (unread(), pods_of("legacy")) == ({"bulky": ["Pod"]}, 2)


def test_what_is_unread_makes_answers_about_that_namespace_incomplete(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    heavy(fake, "bulky", pods=40)
    look(cluster, now)
    observed = observed_world(cluster)
    assert observed is not None
    [hidden] = observed.world.foreign
    assert hidden.namespace == "bulky"
    assert "Pod objects of bulky, which were too large to be read" in str(hidden)


def test_what_was_read_before_stays_until_it_can_be_read_again(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    heavy(fake, "bulky", pods=3)
    look(cluster, now)
    heavy(fake, "bulky", pods=0)
    for number in range(3, 40):
        fake.put(pod("bulky", f"more-{number}"))
        fake.sizes[Key("Pod", "bulky", f"more-{number}")] = MIB
    assert look(cluster, now + MINUTE).version == 2
    assert (pods_of("bulky"), unread()) == (3, {"bulky": ["Pod"]})
    fake.sizes.clear()
    assert look(cluster, now + 2 * MINUTE).version == 3
    assert (pods_of("bulky"), unread()) == (40, {})


def test_what_another_namespace_of_the_name_ran_is_not_kept(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    heavy(fake, "bulky", pods=3)
    look(cluster, now)
    fake.remove(Key("Namespace", "", "bulky"))
    heavy(fake, "bulky", pods=40)
    look(cluster, now + MINUTE)
    assert (pods_of("bulky"), unread()) == (0, {"bulky": ["Pod"]})


def test_what_was_too_much_is_not_tried_at_once_again(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    heavy(fake, "bulky", pods=40)
    look(cluster, now)
    fake.log.clear()
    look(cluster, now + MINUTE)
    assert "" not in asked_in(fake, "Pod")
    fake.sizes.clear()
    for minutes in (2, 3):
        fake.log.clear()
        look(cluster, now + minutes * MINUTE)
    assert asked_in(fake, "Pod") == [""]


def test_who_was_left_out_comes_first_the_next_time(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    heavy(fake, "z-bulky", pods=40)
    look(cluster, now)
    fake.log.clear()
    look(cluster, now + MINUTE)
    assert asked_in(fake, "Pod")[0] == "z-bulky"


def test_a_kind_that_may_not_be_listed_is_not_called_too_large(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    """Refused while it was read namespace by namespace."""
    look(cluster, now)
    NamespaceObservation.objects.filter(name="legacy").update(unread=["Service"])
    fake.meanwhile("list", lambda key: key.kind == "Service", lambda: refuse(fake))
    seen = look(cluster, now + MINUTE)
    assert (seen.unread_kinds, unread()) == (["Service"], {})


def refuse(fake: FakeCluster) -> None:
    fake.fail_next("list", AccessDenied("forbidden", status=403))


def test_however_many_are_heavy_those_who_are_light_are_read(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    """And the other kinds of all, also of those."""
    for number in range(12):
        heavy(fake, f"a-bulky-{number}", pods=40)
    assert look(cluster, now).trouble == ""
    assert (len(unread()), pods_of("legacy")) == (12, 2)
    assert set(map(tuple, unread().values())) == {("Pod",)}


def test_a_list_that_takes_too_long_leaves_time_for_the_others(
    fake: FakeCluster, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page of one namespace takes 20 seconds, and it has many."""
    passed = [now]
    listed = fake.pages

    def slow(kind: str, place: str = "", **bounds: object) -> Iterator[list[Manifest]]:
        for page in listed(kind, place, **bounds):  # type: ignore[arg-type]
            is_slow = kind == "Pod" and any(one["metadata"]["name"] == "slow" for one in page)  # type: ignore[index,call-overload]
            passed[0] += timedelta(seconds=70 if is_slow else 0)
            yield page

    monkeypatch.setattr(fake, "pages", slow)
    fake.put(namespace("sluggish"))
    fake.put(pod("sluggish", "slow"))
    observe(cluster.pk, clock=lambda: passed[0])
    row = cluster.observation  # type: ignore[attr-defined]
    assert (row.trouble, unread(), pods_of("legacy")) == ("", {"sluggish": ["Pod"]}, 2)


def certainties(picture: Connectivity, place: str) -> set[Certainty]:
    lines = picture.neighbourhood.lines
    return {line.answer.certainty for line in lines if place in line.peer.namespaces}


class TestAManagedNamespace:
    @pytest.fixture
    def prod(self, fake: FakeCluster, cluster: Cluster, now: datetime) -> ManagedNamespace:
        return ready(now=now)

    def test_of_what_is_unread_nothing_is_called_missing(
        self, fake: FakeCluster, cluster: Cluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        fake.sizes[DENY_ALL] = LARGEST_PAGE + 1
        planned = timezone.now() + MINUTE
        ManagedNamespace.objects.update(next_at=planned)
        look(cluster, now + MINUTE)
        row = NamespaceObservation.objects.get(name=NAME)
        assert (row.unread, row.differs) == (["NetworkPolicy"], None)
        assert ManagedNamespace.objects.get(pk=prod.pk).next_at == planned

    def test_another_teams_picture_stays_current_and_certain(
        self, fake: FakeCluster, cluster: Cluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        heavy(fake, "bulky", pods=40)
        look(cluster, now + MINUTE)
        picture = picture_of_namespace(prod)
        assert picture is not None
        assert picture.seen_at == now + MINUTE
        assert certainties(picture, "bulky") == {Certainty.INCOMPLETE}
        assert certainties(picture, "legacy") == {Certainty.CERTAIN}

    def test_pods_that_could_not_be_counted_are_unknown_and_to_be_confirmed(
        self, fake: FakeCluster, cluster: Cluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        heavy(fake, NAME, pods=40)
        look(cluster, now + MINUTE)
        holdings = holdings_of(prod)
        assert holdings is not None
        assert (holdings.pods, holdings.confirmation) == (None, DELETE_WORKLOADS)
        assert not holdings.is_known
