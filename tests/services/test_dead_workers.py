"""A killed worker's claims are free as soon as anybody on its host notices."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from onboarding.models import Cluster, ClusterObservation, ManagedNamespace
from onboarding.services import dead_workers
from onboarding.services.claim import LostLease, claim, worker_name
from onboarding.services.dead_workers import free_claims_as_we_start, free_claims_of_the_dead
from tests.support.requests import make_due, wanted


@pytest.fixture
def ended() -> str:
    """The name of a worker on this host that is no more."""
    process = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return worker_name().replace(f":{os.getpid()}", f":{process.stdout.strip()}")


@pytest.fixture(autouse=True)
def shop(cast: object, cluster: Cluster, now: datetime) -> ManagedNamespace:
    namespace = wanted(now=now)
    make_due(namespace)
    return namespace


@pytest.mark.parametrize("thread", ["", ":sweep 2"])
def test_what_a_dead_worker_held_is_free(ended: str, thread: str) -> None:
    held = claim(f"{ended}{thread}")
    assert held is not None
    assert claim("another:1") is None
    assert free_claims_of_the_dead() == 1
    assert claim("another:1") is not None
    with pytest.raises(LostLease):  # were it alive after all
        held.update(message="Late.")


OTHERS = {"ours": worker_name(), "another host": "another-host:4194304", "no number": "a:b:c"}


@pytest.mark.parametrize("owner", OTHERS.values(), ids=OTHERS)
def test_what_others_hold_is_theirs(owner: str) -> None:
    assert claim(owner) is not None
    assert free_claims_of_the_dead() == 0
    assert claim("another:1") is None


def test_who_starts_with_the_number_of_its_predecessor_frees_what_that_held() -> None:
    assert claim(f"{worker_name()}:sweep 1") is not None
    free_claims_as_we_start()
    assert claim("another:1") is not None


def test_a_database_that_is_not_there_yet_stops_nobody_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(**_given: Any) -> int:
        raise OperationalError("connection refused")

    monkeypatch.setattr(dead_workers, "free_claims_of_the_dead", fails)
    free_claims_as_we_start()


@pytest.mark.parametrize("is_dead", [True, False])
def test_a_look_that_a_dead_process_began_keeps_nobody_away(
    ended: str, cluster: Cluster, *, is_dead: bool
) -> None:
    until = Now() + timedelta(minutes=2)
    owner = ended if is_dead else worker_name()
    row = ClusterObservation.objects.create(cluster=cluster, lease_until=until, lease_owner=owner)
    assert free_claims_of_the_dead() == is_dead
    row.refresh_from_db()
    assert (row.lease_until is None) is is_dead
