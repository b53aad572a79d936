"""What a load balancer is told of one process. On a broken database: tests/chaos/test_locks.py."""

from collections.abc import Callable

import pytest
from django.test import Client

from onboarding.models import User
from onboarding.queries.database_trouble import Trouble
from onboarding.services.write_probe import PROBE, NotStored
from tests.support.broken_database import NO_ANSWER, failing


def test_a_living_process_says_ok_to_anybody(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_a_living_process_asks_no_database_who_wants_to_know(
    client_for: Callable[[User], Client], alice: User
) -> None:
    client = client_for(alice)
    with failing(NO_ANSWER):
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("are_stuck", "status"), [(False, 200), (True, 503)])
def test_a_process_whose_threads_are_stuck_wants_to_be_restarted(
    client: Client, are_stuck: bool, status: int
) -> None:
    answer = client.get("/healthz", **{"bulkhead.are_stuck": lambda: are_stuck})  # type: ignore[arg-type]
    assert answer.status_code == status


@pytest.mark.django_db(transaction=True)
def test_a_process_that_can_store_something_is_ready(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reason": ""})


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Trouble.READ_ONLY, "refuses to store"),
        (Trouble.GONE, "does not answer"),
        (None, "The log of this process says why"),
    ],
)
def test_a_process_that_can_store_nothing_says_why(
    client: Client, monkeypatch: pytest.MonkeyPatch, trouble: Trouble | None, words: str
) -> None:
    def fails() -> None:
        raise NotStored(trouble)

    monkeypatch.setattr(PROBE, "check", fails)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert words in answer.json()["reason"]
