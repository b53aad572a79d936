"""Rows that are not what was approved: no page calls them approved, and who is told."""

from collections.abc import Callable, Iterable

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.openings import INTERNET, WEB
from onboarding.demo.scenario import demo_spec
from onboarding.domain.lifecycle import BlockedReason, NamespaceState
from onboarding.models import Cluster, IngressSource, ManagedNamespace, User
from onboarding.services.outdated import note_outdated
from tests.support.left_by_worker import set_state
from tests.web.sights import words
from tests.web.stories import change_wanted, onboarded, ready

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


def said_on(client: Client, paths: Iterable[str]) -> list[str]:
    """The pages among them that warn."""
    return [path for path in paths if BANNER in page(client, path)]


def test_every_page_that_says_what_was_approved_says_that_it_may_be_false(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    client, base = client_for(bob), f"/namespaces/{prod.public_id}/"
    asked = prod.revisions.get().request
    paths = [*(base + tab for tab in TABS), f"/requests/{asked.public_id}/"]
    assert not said_on(client, paths)
    doubt(prod)
    assert said_on(client, paths) == paths


def test_who_decides_a_change_is_told_what_it_is_compared_with(
    client_for: SignIn, dana: User, prod: ManagedNamespace
) -> None:
    doubt(prod)
    spec = demo_spec("payments-prod", cluster=prod.cluster.name, openings=(WEB, INTERNET))
    asked = change_wanted(prod, spec)
    assert said_on(client_for(dana), [f"/approvals/{asked.public_id}/"])


@pytest.mark.parametrize(
    ("tab", "said"),
    [
        ("", ("Revision 1, asked for by Alice", "Intended Not known")),
        ("policies/", ("What was approved, in the order", "Policies can only allow more")),
        ("access/", ("bound by what was approved", "bound by what is stored")),
        ("connectivity/", ("As approved, not yet", "As stored, not yet")),
    ],
)
def test_what_is_stored_is_not_called_approved(
    client_for: SignIn, bob: User, prod: ManagedNamespace, tab: str, said: tuple[str, str]
) -> None:
    before, instead = said
    client, path = client_for(bob), f"/namespaces/{prod.public_id}/{tab}"
    assert before in page(client, path)
    doubt(prod)
    text = page(client, path)
    assert before not in text
    assert instead in text
    assert "This is what was approved last" not in text


def test_it_is_not_handed_out_to_be_applied(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    client, base = client_for(bob), f"/namespaces/{prod.public_id}/"
    assert client.get(f"{base}objects.yaml").status_code == 200
    doubt(prod)
    assert client.get(f"{base}objects.yaml").status_code == 404
    assert "All as YAML" not in page(client, f"{base}policies/")


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


def test_who_sees_all_and_its_team_are_told_at_home(
    client_for: SignIn, cast: dict[str, User], prod: ManagedNamespace
) -> None:
    doubt(prod)
    words_at_home = "payments-prod is blocked: its records are not what was approved"
    told = {name for name, person in cast.items() if words_at_home in page(client_for(person), "/")}
    assert told == {*cast} - {"charlie"}
