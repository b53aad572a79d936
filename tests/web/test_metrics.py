"""/metrics: for who brings the token, in numbers, and with nothing that a person wrote."""

import re
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries

from onboarding.demo.scenario import demo_spec
from onboarding.domain.wrong import Wrong
from onboarding.models import Cluster, User
from onboarding.queries.health import Storing
from onboarding.views import metrics
from tests.web.stories import onboarded

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-the-scraper"
SECONDS = 5  # a reading hangs for


@pytest.fixture(autouse=True)
def guarded(settings: Any, read_at_once: None) -> None:
    settings.METRICS_TOKEN = TOKEN


def scrape(client: Client, authorization: str = f"Bearer {TOKEN}") -> HttpResponse:
    return client.get("/metrics", headers={"Authorization": authorization})


def samples(client: Client) -> dict[str, float]:
    """Every sample of ours by its name and labels."""
    answer = scrape(client)
    assert answer.status_code == 200
    return {
        f"{one.name}{sorted(one.labels.items())}": one.value
        for family in text_string_to_metric_families(answer.content.decode())
        for one in family.samples
    }


def wrong(client: Client, what: Wrong, cluster: str = "") -> float:
    found = samples(client)
    [value] = [
        value
        for name, value in found.items()
        if name.startswith("bulkhead_wrong")
        and f"('what', '{what}')" in name
        and f"('cluster', '{cluster}')" in name
    ]
    return value


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer wrong", TOKEN, f"Basic {TOKEN}"])
def test_without_its_token_nothing_is_told(client: Client, said: str) -> None:
    answer = scrape(client, said)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert b"bulkhead_" not in answer.content


def test_no_session_opens_it(client_for: Callable[..., Client], pat: User) -> None:
    assert client_for(pat).get("/metrics").status_code == 401


def test_where_no_token_is_set_there_is_no_such_page(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert scrape(client, "Bearer ").status_code == 404


def test_it_counts_what_is_wrong(client: Client, cluster: Cluster) -> None:
    Cluster.objects.update(condition="unreachable")
    assert wrong(client, Wrong.NO_SWEEPER) == 1
    assert wrong(client, Wrong.CLUSTER, "dev-eu") == 1
    assert wrong(client, Wrong.STUCK, "dev-eu") == 0


def test_each_kind_of_wrong_is_there_before_it_happens(client: Client, cluster: Cluster) -> None:
    text = scrape(client).content.decode()
    assert set(re.findall(r'bulkhead_wrong{[^}]*what="([^"]*)"', text)) == set(Wrong)


def test_no_label_holds_what_people_wrote(client: Client, cast: object, cluster: Cluster) -> None:
    onboarded(demo_spec("payments-prod", cluster=cluster.name))
    text = scrape(client).content.decode()
    assert 'cluster="dev-eu"' in text
    assert "payments" not in text
    assert "alice" not in text


def test_a_dead_database_is_a_number_too(
    client: Client, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*, now: object) -> None:
        raise OperationalError

    monkeypatch.setattr(metrics, "health", broken)
    found = samples(client)
    assert found["bulkhead_database_answers[]"] == 0


def test_it_is_read_once_for_all_who_ask_within_seconds(
    client: Client, cluster: Cluster, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    scrape(client)
    with django_assert_num_queries(0):
        scrape(client)


@pytest.fixture
def hangs() -> Iterator[Event]:
    """The database gives no answer before this is set."""
    event = Event()
    yield event
    event.set()


def test_nobody_waits_for_a_reading_that_hangs(
    client: Client, monkeypatch: pytest.MonkeyPatch, hangs: Event
) -> None:
    begun: list[str] = []

    def hung(work: object) -> Thread:
        begun.append("a reading")
        thread = Thread(target=hangs.wait, args=(SECONDS,), daemon=True)
        thread.start()
        return thread

    monkeypatch.setattr(metrics, "start_thread", hung)
    monkeypatch.setattr(metrics, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(metrics, "KEPT_SECONDS", 0.0)
    for _ in range(2):
        assert samples(client)["bulkhead_database_answers[]"] == 0
    assert begun == ["a reading"]
    assert not hangs.is_set()


def test_a_mistake_of_ours_is_no_dead_database(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "health", lambda now: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        scrape(client)


def test_a_database_that_stores_nothing_is_told_with_its_reason(
    client: Client, cluster: Cluster, storing: dict[str, Storing]
) -> None:
    found = samples(client)
    assert (found["bulkhead_database_stores[]"], wrong(client, Wrong.NO_SWEEPER)) == (1, 1)
    storing["it"] = Storing("read-only", is_heard=False)
    found = samples(client)
    assert (found["bulkhead_database_answers[]"], found["bulkhead_database_stores[]"]) == (1, 0)
    assert (wrong(client, Wrong.UNSTORED), wrong(client, Wrong.NO_SWEEPER)) == (1, 0)


def test_a_method_that_somebody_invented_is_no_label_of_its_own(client: Client) -> None:
    client.generic("INVENTED", "/healthz")
    text = scrape(client).content.decode()
    assert "INVENTED" not in text
    assert "<invalid method>" in text


def test_requests_are_counted_by_the_name_of_their_route(client: Client) -> None:
    client.get("/requests/2222222222/")
    text = scrape(client).content.decode()
    assert 'view="request-detail"' in text
    assert "2222222222" not in text
