"""The auditor's pages: events, exports, revisions side by side."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.domain.actions import Action
from onboarding.domain.spec import Exposure
from onboarding.models import Cluster, Event, ManagedNamespace, User
from onboarding.pages import event_export
from onboarding.pages.event_export import COLUMNS, harmless
from onboarding.pages.revisions import diff_rows
from onboarding.services import history
from tests.web.stories import changed, onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


@pytest.fixture
def twice(prod: ManagedNamespace, cluster: Cluster) -> ManagedNamespace:
    spec = demo_spec(
        "payments-prod", cluster=cluster.name, size="large",
        exposure=Exposure("ingress-nginx", "web", (8080, 8443)),
    )  # fmt: skip
    changed(prod, spec)
    prod.refresh_from_db()
    return prod


def write(actor: str, count: int = 1) -> None:
    with transaction.atomic():
        for _number in range(count):
            history.record(
                Action.EXPORTED,
                actor=history.Actor(id="x", name=actor),
                at=timezone.now(),
                about=history.About(kind="person", id="x", label=actor),
            )


def downloaded(browser: Client, url: str) -> str:
    answer = browser.post(url)
    assert isinstance(answer, StreamingHttpResponse)
    return b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["/history/", "/history/export/csv/", "/history/export/json/"])
@pytest.mark.parametrize("person", ["alice", "bob", "charlie", "dana", "erin"])
def test_the_whole_record_is_for_auditors(
    client_for: SignIn, cast: dict[str, User], person: str, url: str
) -> None:
    browser = client_for(cast[person])
    answer = browser.post(url) if "export" in url else browser.get(url)
    assert answer.status_code == 403


def test_frank_finds_who_decided(client_for: SignIn, frank: User, prod: ManagedNamespace) -> None:
    page = client_for(frank).get("/history/?actor=Dana&namespace=payments-prod")
    assert {line.event.actor for line in page.context["lines"]} == {"Dana"}
    assert "Approved a lane" in page.content.decode()


@pytest.mark.parametrize(
    "query",
    ["actor=Nobody", "action=portal:request:rejected", "team=search", "namespace=other",
     "cluster=prod-eu", "request=REQ-NONE", "from=2099-01-01T00:00", "to=2000-01-01T00:00"],
)  # fmt: skip
def test_every_filter_narrows(
    client_for: SignIn, frank: User, prod: ManagedNamespace, query: str
) -> None:
    assert "No event matches" in client_for(frank).get(f"/history/?{query}").content.decode()


@pytest.mark.parametrize("query", ["from=yesterday", "action=nonsense",
                                   "from=2026-02-01T00:00&to=2026-01-01T00:00"])  # fmt: skip
def test_a_filter_that_cannot_be_read_is_said(
    client_for: SignIn, frank: User, prod: ManagedNamespace, query: str
) -> None:
    browser = client_for(frank)
    page = browser.get(f"/history/?{query}")
    assert (page.status_code, page.context["lines"]) == (422, [])
    assert browser.post(f"/history/export/csv/?{query}").status_code == 422


def test_pages_go_by_id_and_keep_the_filter(client_for: SignIn, frank: User) -> None:
    write("Robot", 60)
    write("Other")
    browser = client_for(frank)
    first = browser.get("/history/?actor=Robot")
    second = browser.get(f"/history/?{first.context['older']}")
    seen = [line.event.pk for page in (first, second) for line in page.context["lines"]]
    assert len(seen) == 60
    assert seen == sorted(seen, reverse=True)
    assert second.context["older"] == ""


def test_an_export_holds_exactly_the_filter(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    text = downloaded(client_for(frank), "/history/export/csv/?actor=Dana")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    assert {row["actor"] for row in rows} == {"Dana"}
    assert len(rows) == Event.objects.filter(actor="Dana").count()
    assert rows[0]["at"].endswith("Z")


def test_a_long_export_is_read_in_pieces_and_is_whole(
    client_for: SignIn, frank: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("Nobody", 7)
    monkeypatch.setattr(event_export, "CHUNK", 3)
    with CaptureQueriesContext(connection) as asked:
        entries = json.loads(downloaded(client_for(frank), "/history/export/json/?actor=Nobody"))
    numbers = Event.objects.filter(actor="Nobody").order_by("-pk").values_list("pk", flat=True)
    assert [entry["id"] for entry in entries] == list(numbers)
    read = [one for one in asked.captured_queries if '"canonical"' in one["sql"]]
    assert len([one for one in read if one["sql"].startswith("SELECT")]) == 4


def test_a_json_export_holds_the_bytes_of_each_leaf(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    entries = json.loads(downloaded(client_for(frank), "/history/export/json/?team=payments"))
    stored = Event.objects.get(pk=entries[0]["id"])
    assert entries[0]["canonical"].encode() == bytes(stored.canonical)
    assert entries[0]["leaf"] == stored.leaf


def test_an_export_of_nothing_is_still_a_file(client_for: SignIn, frank: User) -> None:
    browser = client_for(frank)
    assert json.loads(downloaded(browser, "/history/export/json/?actor=Nobody")) == []
    assert downloaded(browser, "/history/export/csv/?actor=Nobody").count("\n") == 1


def test_an_export_is_recorded_with_its_filter_and_is_not_in_itself(
    client_for: SignIn, frank: User
) -> None:
    text = downloaded(client_for(frank), "/history/export/csv/?actor=Frank")
    event = Event.objects.get(action=Action.EXPORTED.value)
    assert (event.actor, b'"actor":"Frank"' in bytes(event.canonical)) == ("Frank", True)
    assert text.count("\n") == 1


def test_a_spreadsheet_finds_no_formula(client_for: SignIn, frank: User) -> None:
    write("=HYPERLINK(1)")
    text = downloaded(client_for(frank), "/history/export/csv/")
    assert "'=HYPERLINK(1)" in text
    assert ",=HYPERLINK" not in text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", " ="])
def test_every_start_of_a_formula_is_disarmed(start: str) -> None:
    assert harmless(f"{start}1") == f"'{start}1"


def test_a_cell_shows_what_would_turn_it() -> None:
    assert harmless("in\u202evoice") == "in⟨U+202E⟩voice"


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_a_link_exports_nothing_in_anybodys_name(
    client_for: SignIn, frank: User, method: str
) -> None:
    answer = getattr(client_for(frank), method)("/history/export/csv/")
    assert answer.status_code == 405
    assert not Event.objects.filter(action=Action.EXPORTED.value).exists()


def test_an_export_needs_the_proof_that_frank_asked_for_it(client_for: SignIn, frank: User) -> None:
    stranger = client_for(frank, enforce_csrf_checks=True)
    assert stranger.post("/history/export/csv/").status_code == 403
    assert not Event.objects.filter(action=Action.EXPORTED.value).exists()


def test_the_page_asks_for_its_exports_with_its_filter(client_for: SignIn, frank: User) -> None:
    page = client_for(frank).get("/history/?actor=Dana").content.decode()
    assert 'method="post" action="/history/export/csv/?actor=Dana"' in page


def test_an_unknown_form_of_export_does_not_exist(client_for: SignIn, frank: User) -> None:
    assert client_for(frank).post("/history/export/xls/").status_code == 404


def test_frank_compares_two_revisions(
    client_for: SignIn, frank: User, twice: ManagedNamespace
) -> None:
    url = f"/namespaces/{twice.public_id}/revisions/"
    page = client_for(frank).get(f"{url}?left=1&right=2")
    rows = page.context["comparison"].rows
    added = {row[4].strip() for row in rows if row[5] == "add"}
    assert any("8443" in line for line in added)
    text = page.content.decode()
    for expected in ("Alice", "Dana", "Pat", "r1", "r2"):
        assert expected in text


def test_nothing_differs_from_itself(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    page = client_for(frank).get(f"/namespaces/{prod.public_id}/revisions/?left=1&right=1")
    assert "the same, byte for byte" in page.content.decode()


@pytest.mark.parametrize("query", ["left=1&right=9", "left=x&right=1", "left=1", "left=-1&right=1"])
def test_a_revision_that_is_none_is_said(
    client_for: SignIn, frank: User, prod: ManagedNamespace, query: str
) -> None:
    page = client_for(frank).get(f"/namespaces/{prod.public_id}/revisions/?{query}")
    assert page.status_code == 422
    assert "has no revision" in page.content.decode()


def test_a_line_without_partner_faces_a_gap() -> None:
    rows = diff_rows(["a", "b"], ["a", "c", "d"])
    assert rows == [
        (1, "a", "same", 1, "a", "same"),
        (2, "b", "del", 2, "c", "add"),
        (None, "", "gap", 3, "d", "add"),
    ]
