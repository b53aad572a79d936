"""A team that fills its quota with large pods, on the real server: others stay in the picture."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.utils.timezone import now

from onboarding.cluster import paging
from onboarding.cluster.kinds import collection_path
from onboarding.cluster.paging import Allowance
from onboarding.domain.objects import Manifest, key_of
from onboarding.models import Cluster, ClusterObservation, NamespaceObservation
from onboarding.queries.connectivity import picture_of_namespace
from onboarding.reachability.model import Certainty
from onboarding.services import read_lists
from onboarding.services.observe import observe
from tests.cluster.conftest import Prepared
from tests.support.pods import create_pod
from tests.support.raw_api import RawApi
from tests.support.requests import spec_of, wanted, work_on

MIB = 1024 * 1024
PODS = 20
LARGE = "x" * 1_200_000


@pytest.fixture(scope="module")
def bulky(admin: RawApi) -> Iterator[list[str]]:
    """The review's case: three namespaces with twenty pods of 1.2 MB each."""
    root, suffix = admin.acting_as("root", "system:masters"), uuid.uuid4().hex[:8]
    places = [f"bulky-{suffix}-{number}" for number in range(3)]
    for place in places:
        assert root.post("/api/v1/namespaces", {"metadata": {"name": place}}).status == 201
    made = [(place, _large(f"big-{number:02}")) for place in places for number in range(PODS)]
    with ThreadPoolExecutor(4) as threads:
        answers = threads.map(lambda one: root.post(collection_path("Pod", one[0]), one[1]), made)
        assert {answer.status for answer in answers} == {201}
    yield places
    for place in places:
        root.delete(collection_path("Pod", place))
        root.delete(f"/api/v1/namespaces/{place}")


def _large(name: str) -> Manifest:
    value: Manifest = {"name": "LARGE", "value": LARGE}
    container: Manifest = {"name": "c", "image": "registry.example/app", "env": [value]}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


def pods_of(place: str) -> tuple[int, list[str] | None]:
    row = NamespaceObservation.objects.get(name=place)
    return sum(one["count"] for one in row.pods), row.unread


def test_a_smaller_page_goes_on_where_the_last_one_ended(
    prepared: Prepared, bulky: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "LARGEST_PAGE", 8 * MIB)
    before, allowance = prepared.portal.requests, Allowance(512 * MIB)
    pages = [*prepared.portal.pages("Pod", bulky[0], allowance=allowance)]
    assert [key_of(one).name for page in pages for one in page] == [
        f"big-{number:02}" for number in range(PODS)
    ]
    assert max(map(len, pages)) < 8
    assert prepared.portal.requests > before + len(pages)
    assert allowance.spent > PODS * len(LARGE)


@pytest.mark.django_db
def test_sixty_large_pods_are_read_in_smaller_pages(dev_eu: Cluster, bulky: list[str]) -> None:
    assert observe(dev_eu.pk, clock=now)
    assert ClusterObservation.objects.get(cluster=dev_eu).trouble == ""
    assert [pods_of(place) for place in bulky] == [(PODS, None)] * 3


@pytest.mark.django_db
def test_what_is_too_much_hides_itself_and_another_teams_picture_stays_current_and_true(
    dev_eu: Cluster, bulky: list[str], admin: RawApi, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_lists, "MOST_OF_A_LOOK", 60 * MIB)
    monkeypatch.setattr(read_lists, "SLICES_OF_A_NAMESPACE", (MIB, 4 * MIB))
    row = work_on(wanted(spec_of(name), now=now()), now=now())
    began = now()
    create_pod(admin.acting_as("root", "system:masters"), name, {"app": "web"})
    assert observe(dev_eu.pk, clock=now)
    assert [pods_of(place) for place in (*bulky, name)] == [(0, ["Pod"])] * 3 + [(1, None)]
    picture = picture_of_namespace(row)
    assert picture is not None
    assert picture.seen_at is not None
    assert picture.seen_at >= began
    said = {
        place: line.answer.certainty
        for line in picture.neighbourhood.lines
        for place in line.peer.namespaces
    }
    assert {said[place] for place in bulky} == {Certainty.INCOMPLETE}
    assert said["kube-system"] is Certainty.CERTAIN
