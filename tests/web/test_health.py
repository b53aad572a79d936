"""What a load balancer is told."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.models import Cluster, ManagedNamespace, User
from tests.web.stories import onboarded


def test_a_living_process_says_ok_to_anybody(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_without_late_work_the_portal_is_ready(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reason": ""})


@pytest.mark.django_db
def test_work_that_lies_about_makes_it_unready(
    client: Client, cast: dict[str, User], cluster: Cluster
) -> None:
    row = onboarded(demo_spec("payments-prod", cluster=cluster.name))
    ManagedNamespace.objects.filter(pk=row.pk).update(
        next_at=timezone.now() - timedelta(seconds=500)
    )
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "500 s" in answer.json()["reason"]


@pytest.mark.django_db
def test_a_dead_database_makes_it_unready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_now: object) -> None:
        raise OperationalError

    monkeypatch.setattr("onboarding.views.health.overdue", broken)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "database" in answer.json()["reason"]
