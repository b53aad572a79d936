"""Every line that a request writes to the log says which request, who and from where."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.test import Client

from onboarding.models import Cluster, User

pytestmark = pytest.mark.django_db
Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def log() -> Iterator[Lines]:
    """What production would write, line by line."""
    before = settings.LOGGING["formatters"]["line"]["foreign_pre_chain"]
    written, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(written)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(), foreign_pre_chain=before
        )
    )
    access = logging.getLogger("onboarding.access")
    level = access.level
    access.setLevel("INFO")
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.removeHandler(handler)
    access.setLevel(level)


@pytest.fixture
def her_browser(client_for: Callable[[User], Client], alice: User, cluster: Cluster) -> Client:
    return client_for(alice)


@pytest.mark.parametrize(
    ("asked", "status"),
    [("get /nope", 404), ("get /requests/2222222222/", 404), ("get /history/", 403),
     ("post /requests/new/", 422), ("get /requests/?q=%00", 400), ("get /", 200)],
)  # fmt: skip
def test_every_line_says_which_request_who_and_from_where(
    her_browser: Client, alice: User, log: Lines, asked: str, status: int
) -> None:
    method, url = asked.split()
    answer = getattr(her_browser, method)(url, REMOTE_ADDR="203.0.113.7")
    assert answer.status_code == status
    lines = log()
    assert [line["status"] for line in lines if "status" in line] == [status]
    assert len(lines) == (1 if status == 200 else 2)
    for line in lines:
        assert line["request_id"] == answer.headers["X-Request-Id"]
        assert (line["person"], line["address"]) == (alice.pk, "203.0.113.7")
        assert alice.label not in json.dumps(line)


def test_the_next_request_on_the_thread_is_nobody_elses(
    client_for: Callable[[User], Client], alice: User, client: Client, log: Lines
) -> None:
    client_for(alice).get("/nope")
    client.get("/accounts/login/")
    assert "person" not in log()[-1]


@pytest.mark.parametrize("asked", ["/healthz", "/metrics"])
def test_who_asks_all_day_is_not_noted_while_all_is_well(
    client: Client, log: Lines, asked: str, settings: Any
) -> None:
    settings.METRICS_TOKEN = "a-token-of-the-scraper"
    scraper = {"Authorization": f"Bearer {settings.METRICS_TOKEN}"}
    assert client.get(asked, headers=scraper).status_code == 200
    assert log() == []


def test_who_asks_all_day_is_noted_where_the_answer_is_bad(client: Client, log: Lines) -> None:
    assert client.get("/metrics").status_code == 404
    assert [line["event"] for line in log() if "status" in line] == ["GET /metrics"]


def test_a_link_for_one_use_is_in_no_line(client: Client, log: Lines) -> None:
    client.get("/accounts/password/reset/key/3-c9k2m1-0123456789abcdef/?next=/secret")
    said = json.dumps(log())
    assert "GET /accounts/password/reset/key/" in said
    assert "0123456789abcdef" not in said
    assert "/secret" not in said
