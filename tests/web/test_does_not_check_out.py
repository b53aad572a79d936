"""Rows that are not what was approved: no page calls them approved, and who is told."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.domain.lifecycle import BlockedReason, NamespaceState
from onboarding.models import Cluster, IngressSource, ManagedNamespace, User
from onboarding.services.outdated import note_outdated
from tests.support.left_by_worker import set_state
from tests.web.sights import words
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
TABS = ("", "policies/", "connectivity/", "access/", "activity/", "revisions/")
BANNER = "What is stored here does not check out as approved"


@pytest.fixture
def prod(alice: User, cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


def doubt(row: ManagedNamespace) -> None:
    """Leave the row as a worker does that could not show who approved it."""
    set_state(row, NamespaceState.BLOCKED, reason=BlockedReason.NOT_APPROVED, message="Altered.")


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return words(answer)


def test_every_tab_says_that_it_may_be_false(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    client, base = client_for(bob), f"/namespaces/{prod.public_id}/"
    assert not [tab for tab in TABS if BANNER in page(client, base + tab)]
    doubt(prod)
    assert [tab for tab in TABS if BANNER in page(client, base + tab)] == [*TABS]


def test_nobody_is_said_to_have_approved_it(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    client, path = client_for(bob), f"/namespaces/{prod.public_id}/"
    assert "Revision 1, asked for by Alice" in page(client, path)
    doubt(prod)
    text = page(client, path)
    assert "Revision 1, asked for by Alice" not in text
    assert "Intended Not known" in text


def test_it_is_not_compared_with_todays_facts(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    """The comparison would call the stored plan the approved one."""
    IngressSource.objects.update(pod_labels={"app.kubernetes.io/name": "another"})
    client, path = client_for(bob), f"/namespaces/{prod.public_id}/"
    note_outdated(now=timezone.now())
    assert page(client, path).count("Outdated") == 2  # badge and banner
    doubt(prod)
    assert "Outdated" not in page(client, path)
    note_outdated(now=timezone.now())
    prod.refresh_from_db()
    assert prod.outdated is None


def test_the_stored_objects_are_not_called_approved(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    client, path = client_for(bob), f"/namespaces/{prod.public_id}/policies/"
    assert "What was approved, in the order" in page(client, path)
    doubt(prod)
    text = page(client, path)
    assert "What was approved, in the order" not in text
    assert "This is what was approved last" not in text


def test_platform_admins_are_told_at_home(
    client_for: SignIn, cast: dict[str, User], prod: ManagedNamespace
) -> None:
    doubt(prod)
    words_at_home = "payments-prod of payments is not what was approved"
    told = {name for name, person in cast.items() if words_at_home in page(client_for(person), "/")}
    assert told == {"pat"}
