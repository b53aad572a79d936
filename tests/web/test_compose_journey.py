"""What `./dev compose-test` does by the pages, while they are at hand without containers."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin
from urllib.request import Request as Asked

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from devtools.compose import journey
from devtools.compose.browser import Browser, Page
from devtools.compose.watched import Scraper
from onboarding.domain.lifecycle import RequestState
from onboarding.models import Cluster, Heartbeat, Request

pytestmark = pytest.mark.django_db
ORIGIN = "http://testserver"


class _ByTestClient(Browser):
    """The rehearsal's browser, with Django's test client in place of the network."""

    def __init__(self) -> None:
        super().__init__(ORIGIN)
        self._client = Client(enforce_csrf_checks=True)

    def _ask(self, request: Asked) -> Page:
        path = request.full_url.removeprefix(ORIGIN)
        sent = parse_qsl(bytes(request.data or b"").decode(), keep_blank_values=True)
        answer: Any = (
            self._client.post(path, dict(sent), follow=True)
            if request.data
            else self._client.get(path, follow=True, headers=dict(request.header_items()))
        )
        last = answer.redirect_chain[-1][0] if answer.redirect_chain else path
        return Page(urljoin(ORIGIN, last), answer.status_code, answer.content.decode())


@pytest.fixture
def people(db: None, settings: Any) -> journey.People:
    """The first platform admin, by the link that the command prints, and the others by hers."""
    settings.CSRF_TRUSTED_ORIGINS = [ORIGIN]
    said = StringIO()
    one = (journey.ADMIN, "platform-admin", "--create", "--email", "root1@example.org")
    call_command("appoint", *one, stdout=said)
    journey.set_password(_ByTestClient(), said.getvalue())
    people = journey.People(_ByTestClient)
    journey.introduce(people)
    return people


def test_the_pages_take_what_the_rehearsal_fills_in(
    people: journey.People, cluster: Cluster
) -> None:
    journey.approve(people, journey.ask(people, "first"))
    assert Request.objects.get().state == RequestState.APPROVED
    assert not journey.state_of(people, "first").startswith("not there")


def test_the_releases_are_read_from_the_system_page(people: journey.People) -> None:
    now, ago = timezone.now(), timezone.now() - timedelta(minutes=3)
    for release, seen_at in {"v1": ago, "v1-2-gabc": now}.items():
        Heartbeat.objects.create(
            kind="sweeper", instance=release, release=release, started_at=ago, seen_at=seen_at
        )
    assert journey.releases(people) == {"v1-2-gabc"}


def test_metrics_are_read_as_prometheus_does(
    people: journey.People, settings: Any, tmp_path: Path, read_at_once: None
) -> None:
    settings.METRICS_TOKEN = "a-token-of-the-scraper"
    (tmp_path / "web.env").write_text(f"BULKHEAD_METRICS_TOKEN={settings.METRICS_TOKEN}\n")
    scraper = Scraper.of(_ByTestClient(), tmp_path)
    assert scraper.is_guarded()
    ago = timezone.now() - timedelta(minutes=3)
    Heartbeat.objects.create(kind="sweeper", instance="gone", started_at=ago, seen_at=ago)
    assert "no-sweeper" in scraper.wrongs()


def test_metrics_that_cannot_be_read_are_wrong(people: journey.People, settings: Any) -> None:
    settings.METRICS_TOKEN = "a-token-of-the-scraper"
    assert "answers 401" in str(Scraper(_ByTestClient(), "another").wrongs())


def test_what_a_page_refuses_is_said(people: journey.People, cluster: Cluster) -> None:
    with pytest.raises(journey.JourneyFailed, match="was not asked for"):
        journey.ask(people, "kube-system")
