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
@pytest.mark.parametrize(("retried", "status"), [(500, 503), (-20, 200)])
def test_nobody_tries_a_cluster_again_that_could_not_be_used(
    retried: int, status: int, client: Client, cast: dict[str, User], cluster: Cluster
) -> None:
    onboarded(demo_spec("payments-prod", cluster=cluster.name))
    now = timezone.now()
    ManagedNamespace.objects.update(next_at=now - timedelta(seconds=900))
    retry_at = now - timedelta(seconds=retried)
    Cluster.objects.update(condition="unreachable", retry_at=retry_at)
    answer = client.get("/readyz")
    assert answer.status_code == status
    assert ("500 s" in answer.json()["reason"]) is (status == 503)


@pytest.mark.django_db
def test_a_dead_database_makes_it_unready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_now: object) -> None:
        raise OperationalError

    monkeypatch.setattr("onboarding.views.health.overdue", broken)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "database" in answer.json()["reason"]
