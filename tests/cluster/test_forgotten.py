"""What this portal made and its database forgot, on the real API server: said, and freed.

After a restore to before, the namespace stands with its fence and its access, and no row knows it.
"""

import pytest
from django.utils import timezone

from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ManagedNamespace, Request
from onboarding.models.identifiers import public_id
from onboarding.queries.names import check_name
from onboarding.queries.portals import UnknownNamespace, holder_of
from onboarding.queries.requests import knows_request
from onboarding.services.observe import observe
from tests.support import live_portal
from tests.support.behind_the_portal import without_guards
from tests.support.raw_api import RawApi

pytestmark = pytest.mark.django_db


@pytest.fixture
def forgotten(dev_eu: Cluster, name: str) -> ManagedNamespace:
    """Ready on the cluster; the database then is as if it had been restored to before."""
    row = live_portal.brought_to(live_portal.onboard(dev_eu, name), NamespaceState.READY)
    with without_guards():
        Request.objects.filter(namespace=row).update(
            name=f"{name}-not", form_key="not", public_id=public_id()
        )
        ManagedNamespace.objects.filter(pk=row.pk).update(
            name=f"{name}-not", uid="", known_uid="", state="lost"
        )
    return row


def looked_for(cluster: Cluster, name: str) -> UnknownNamespace | None:
    observe(cluster.pk, clock=timezone.now)
    return holder_of(cluster, name)


def test_what_was_forgotten_is_listed_as_ours_with_what_is_written_on_it(
    forgotten: ManagedNamespace, dev_eu: Cluster, name: str
) -> None:
    found = looked_for(dev_eu, name)
    assert found is not None
    assert (found.is_ours, found.team, found.generation) == (True, forgotten.team.slug, "1")
    assert found.request.startswith("REQ-")
    assert not knows_request(found.request)
    [told] = check_name(dev_eu, name, now=timezone.now(), team="search").problems
    assert "Only the team it was made for can ask for it" in told


def test_its_team_takes_over_what_stands_there_and_it_is_still_the_same_namespace(
    forgotten: ManagedNamespace, dev_eu: Cluster, admin: RawApi, name: str
) -> None:
    path = f"/api/v1/namespaces/{name}"
    before = admin.get(path).body["metadata"]
    assert looked_for(dev_eu, name)
    row = live_portal.brought_to(live_portal.onboard(dev_eu, name), NamespaceState.BLOCKED)
    assert row.reason == "forgotten"
    assert admin.get(path).body["metadata"]["resourceVersion"] == before["resourceVersion"]
    done = live_portal.brought_to(live_portal.adopt(row), NamespaceState.READY)
    assert (done.uid, done.generation) == (before["uid"], 2)
    assert live_portal.deviations(done) == []


def test_an_administrator_of_the_cluster_can_delete_it_and_then_its_name_is_free(
    forgotten: ManagedNamespace, dev_eu: Cluster, admin: RawApi, name: str
) -> None:
    assert looked_for(dev_eu, name)
    path = f"/api/v1/namespaces/{name}"
    assert admin.delete(path).status == 200
    live_portal.wait_for(lambda: admin.get(path).status == 404, "the namespace goes")
    assert looked_for(dev_eu, name) is None
    anew = live_portal.onboard(dev_eu, name)
    assert live_portal.brought_to(anew, NamespaceState.READY).generation == 1
