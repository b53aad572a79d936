"""What `./dev compose-test` does by the pages, while they are at hand without containers."""

import json
import subprocess
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin
from urllib.request import Request as Asked

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from devtools.compose import journey, steps
from devtools.compose.browser import Browser, Page
from devtools.compose.project import ADMINISTRATION, commands_of
from devtools.compose.watched import Scraper
from devtools.places import ROOT
from onboarding.domain.lifecycle import RequestState
from onboarding.models import Cluster, Heartbeat, HistoryBreak, ManagedNamespace, Request
from tests.support.mails import tell
from tests.web.sights import looked_at
from tests.web.stories import ready

pytestmark = pytest.mark.django_db
ORIGIN = "http://testserver"
LOGS = "docker compose logs --no-log-prefix sweeper worker"


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


def links_in(log: str) -> str:
    """What the documented command prints where this is the log of sweeper and worker."""
    command = commands_of((ROOT / ADMINISTRATION).read_text(), steps.SET_UP)[1]
    assert LOGS in command
    script = ("bash", "-euc", command.replace(LOGS, "cat"))
    return subprocess.run(script, input=log, capture_output=True, text=True, check=True).stdout


def mailed() -> str:
    """Every mail that went out, as Django prints it where no mail server is said."""
    tell()
    return "\n".join(one.message().as_string() for one in mail.outbox)


@pytest.fixture
def people(db: None, settings: Any) -> journey.People:
    """The first platform admin, by the link that the command prints, and the others by hers."""
    settings.CSRF_TRUSTED_ORIGINS, settings.BASE_URL = [ORIGIN], ORIGIN
    said = StringIO()
    one = (journey.ADMIN, "platform-admin", "--create", "--email", "root1@example.org")
    call_command("appoint", *one, stdout=said)
    journey.set_password(_ByTestClient(), said.getvalue())
    people = journey.People(_ByTestClient)
    journey.introduce(people, lambda: links_in(mailed()))
    return people


def test_the_pages_take_what_the_rehearsal_fills_in(
    people: journey.People, cluster: Cluster
) -> None:
    journey.approve(people, journey.ask(people, "first"))
    assert Request.objects.get().state == RequestState.APPROVED
    assert not journey.state_of(people, "first").startswith("not there")
    ready(ManagedNamespace.objects.get())
    assert journey.state_of(people, "first") == "Ready"


def test_the_documented_command_finds_links_in_the_log_of_either_process(
    people: journey.People,
) -> None:
    links = links_in(mailed())
    assert len(links.split()) == 2
    assert links_in(json.dumps({"event": mailed(), "level": "warning"})) == links


def test_what_holds_is_decided_on_the_page_after_a_restore(
    people: journey.People, cluster: Cluster
) -> None:
    ago = timezone.now() - timedelta(hours=1)
    HistoryBreak.objects.create(cluster=cluster, kind="database-older", known="", found_at=ago)
    looked_at(cluster)
    journey.decide_what_holds(people)
    assert HistoryBreak.objects.get().settled_at


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
