"""What this portal made and forgot, to who asks for it and to who decides that."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import ask, demo_spec
from onboarding.models import Cluster, NamespaceObservation, User
from onboarding.services.installation import portal_identity
from tests.web.sights import looked_at, words

NAME = "payments-lost"
ClientFor = Callable[[User], Client]
CHECK = f"/requests/name-check/?name={NAME}&cluster=dev-eu"

pytestmark = pytest.mark.usefixtures("stands")


@pytest.fixture
def stands(cluster: Cluster) -> NamespaceObservation:
    """It was seen on the cluster with the marks of team payments, and no row knows it."""
    looked_at(cluster)
    return NamespaceObservation.objects.create(
        cluster=cluster,
        name=NAME,
        digest="sha256:2",
        uid="u",
        portal=portal_identity(),
        labels={"bulkhead.dev/team": "payments"},
        marks={"request": "REQ-7K2M9Q", "generation": "2"},
    )


def page(browser: Client, path: str) -> str:
    return words(browser.get(path).content.decode())


def test_a_lead_of_its_team_is_told_what_stands_there_and_what_follows(
    alice: User, client_for: ClientFor
) -> None:
    said = page(client_for(alice), f"{CHECK}&team=payments")
    assert f"A namespace {NAME} of your team stands on dev-eu already" in said
    assert "made it for REQ-7K2M9Q" in said


@pytest.mark.parametrize("team", ["", "search", "payments"])
def test_leads_of_other_teams_are_told_that_it_is_not_free(
    cast: dict[str, User], client_for: ClientFor, team: str
) -> None:
    said = page(client_for(cast["charlie"]), f"{CHECK}&team={team}")
    assert f"{NAME} is not free" in said
    assert "REQ-7K2M9Q" not in said


def test_approvers_are_told_that_nothing_is_written_to_it_yet(
    dana: User, client_for: ClientFor
) -> None:
    asked_at = timezone.now() + timedelta(seconds=1)
    request = ask(demo_spec(NAME, cluster="dev-eu"), now=asked_at)
    said = page(client_for(dana), f"/approvals/{request.public_id}/")
    assert f"A namespace named {NAME} was seen on dev-eu" in said
    assert "nothing is written to it yet" in said
    assert "Return it for another name" not in said
