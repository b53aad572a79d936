"""The auditor's pages: events, exports, revisions side by side."""

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from onboarding.demo.openings import exposed
from onboarding.demo.scenario import acting, ask, demo_spec
from onboarding.domain.actions import Action
from onboarding.models import Cluster, Event, ManagedNamespace, User
from onboarding.pages import event_export
from onboarding.pages.event_export import COLUMNS, harmless
from onboarding.pages.event_lines import EventLine
from onboarding.pages.revision_comparison import diff_rows
from onboarding.services import history
from onboarding.services.preview import retire_wish
from onboarding.services.submit import submit
from tests.web.stories import approved, changed, onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
# What may be said of what a worker has done, and of nothing before.
MADE_TRUE = "Opened TCP|into effect|takes effect"


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


@pytest.fixture
def twice(prod: ManagedNamespace, cluster: Cluster) -> ManagedNamespace:
    spec = demo_spec(
        "payments-prod", cluster=cluster.name, size="large",
        openings=(exposed("ingress-nginx", "web", (8080, 8443)),),
    )  # fmt: skip
    changed(prod, spec)
    prod.refresh_from_db()
    return prod


ELSEWHERE = history.About(
    "request",
    "x",
    "REQ-ABC",
    team="search",
    cluster="prod-eu",
    namespace="other",
    request="REQ-ABC",
)


def write(actor: str, count: int = 1, *, about: history.About | None = None) -> None:
    with transaction.atomic():
        for _number in range(count):
            history.record(
                Action.EXPORTED,
                actor=history.Actor(id="x", name=actor),
                at=timezone.now(),
                about=about or history.About(kind="person", id="x", label=actor),
            )


def lines_of(page: Any) -> list[EventLine]:
    return [line for day in page.context["page"].days for line in day.lines]


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
    lines = lines_of(page)
    assert {line.event.actor for line in lines} == {"Dana"}
    assert "approved payments-prod for network" in strip_tags(lines[-1].sentence)


@pytest.mark.parametrize(
    "query",
    ["actor=Erin", "action=portal:request:rejected", "team=search", "namespace=payments-other",
     "cluster=prod-eu", "request=REQ-ABC", "from=2099-01-01T00:00", "to=2000-01-01T00:00",
     "q=purple", "q=Dana+purple"],
)  # fmt: skip
def test_every_filter_narrows(
    client_for: SignIn, frank: User, prod: ManagedNamespace, query: str
) -> None:
    write("Robot", about=ELSEWHERE)
    ask(demo_spec("payments-other", cluster=prod.cluster.name), now=timezone.now())
    everything = client_for(frank).get("/history/")
    found = client_for(frank).get(f"/history/?{query}")
    assert found.status_code == 200, found.context["form"].errors
    assert len(lines_of(found)) < len(lines_of(everything))
    assert "payments-prod" not in {line.event.namespace for line in lines_of(found)}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=yesterday", "Write a date such as 2026-11-24"),
        ("action=nonsense", "“nonsense” is not one of: Saved a draft, Submitted a request, "),
        ("from=2026-02-01T00:00&to=2026-01-01T00:00", "The end must be later"),
        ("actor=Nobody", "History knows no person “Nobody”."),
        ("team=nobodys", "History knows no team “nobodys”."),
        ("namespace=nowhere", "History knows no namespace “nowhere”."),
        ("cluster=none", "History knows no cluster “none”."),
        ("request=REQ-NONE", "History knows no request “REQ-NONE”."),
        ("who=Dana", "This list has no filter “who”."),
        ("actor=Dana&actor=Pat", "Person: It is given more than once (Dana, Pat). Choose one."),
        ("before=first", "The place in the list cannot be read."),
    ],
)
def test_a_filter_that_history_does_not_know_is_refused_aloud(
    client_for: SignIn, frank: User, prod: ManagedNamespace, query: str, words: str
) -> None:
    browser = client_for(frank)
    page = browser.get(f"/history/?{query}")
    assert (page.status_code, lines_of(page)) == (422, [])
    assert words in page.content.decode()
    assert browser.post(f"/history/export/csv/?{query}").status_code == 422


def test_a_name_that_nobody_has_is_refused(client_for: SignIn, frank: User) -> None:
    assert client_for(frank).get("/history/?actor=Nobody").status_code == 422


@pytest.mark.parametrize(
    "query", ["actor=pat", "team=Payments", "namespace=PAYMENTS-PROD", "cluster=DEV-EU",
              "q=PAT", "q=pat+approved+payments-prod", "q=Takes+card"]
)  # fmt: skip
def test_nobody_has_to_know_the_case(
    client_for: SignIn, frank: User, prod: ManagedNamespace, query: str
) -> None:
    assert lines_of(client_for(frank).get(f"/history/?{query}"))


def test_a_request_is_found_as_people_write_it(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    label = Event.objects.exclude(request="").values_list("request", flat=True)[0]
    for written in (label, label.lower(), label.removeprefix("REQ-")):
        page = client_for(frank).get(f"/history/?request={written}")
        assert {line.event.request for line in lines_of(page)} == {label}


def test_pages_go_by_id_and_keep_the_filter(client_for: SignIn, frank: User) -> None:
    write("Robot", 60)
    write("Other")
    browser = client_for(frank)
    first = browser.get("/history/?actor=Robot")
    second = browser.get(f"/history/?{first.context['page'].older}")
    seen = [line.event.pk for page in (first, second) for line in lines_of(page)]
    assert len(seen) == 60
    assert seen == sorted(seen, reverse=True)
    assert second.context["page"].older == ""


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
    write("Robot", 7)
    monkeypatch.setattr(event_export, "CHUNK", 3)
    with CaptureQueriesContext(connection) as asked:
        entries = json.loads(downloaded(client_for(frank), "/history/export/json/?actor=Robot"))
    numbers = Event.objects.filter(actor="Robot").order_by("-pk").values_list("pk", flat=True)
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
    assert json.loads(downloaded(browser, "/history/export/json/?actor=Erin")) == []
    assert downloaded(browser, "/history/export/csv/?actor=Erin").count("\n") == 1


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
    rows = [row for part in page.context["comparison"].stretches for row in part.rows]
    added = {row[4].strip() for row in rows if row[5] == "add"}
    assert any("8443" in line for line in added)
    text = page.content.decode()
    for expected in ("Alice", "Dana", "Pat", "Revision 1", "Revision 2"):
        assert expected in text


def test_nothing_differs_from_itself(
    client_for: SignIn, frank: User, twice: ManagedNamespace
) -> None:
    page = client_for(frank).get(f"/namespaces/{twice.public_id}/revisions/?left=1&right=1")
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


def test_a_part_of_a_name_is_answered_with_the_names_that_hold_it(
    frank: User, prod: ManagedNamespace, client_for: Callable[..., Client]
) -> None:
    page = client_for(frank).get("/history/?namespace=payments").content.decode()
    assert "It knows: payments-prod." in page


def test_who_opened_a_port_is_found_by_its_number(
    client_for: SignIn, frank: User, twice: ManagedNamespace
) -> None:
    found = client_for(frank).get("/history/?q=8443")
    [line] = lines_of(found)
    assert line.event.namespace == "payments-prod"
    assert line.event.actor in {"Dana", "Pat"}
    assert line.effect[0].startswith("Opens TCP 8443 from ingress-nginx")
    assert line.effect[1:] == ("Size S → L",)
    assert "Opens TCP 8443" in strip_tags(found.content.decode())
    assert len(lines_of(client_for(frank).get("/history/?q=8080+opens"))) == 1


@pytest.mark.usefixtures("cast")
def test_what_no_worker_has_done_yet_is_told_as_approved(
    client_for: SignIn, frank: User, cluster: Cluster
) -> None:
    onboarded(demo_spec("payments-prod", cluster=cluster.name))
    page = client_for(frank).get("/history/?q=8080").content.decode()
    said = " ".join(strip_tags(page).split())
    assert "approved revision 1 of payments-prod" in said
    assert "Opens TCP 8080 from ingress-nginx" in said
    assert not re.search(MADE_TRUE, said)


def test_what_every_namespace_gets_is_nobodys_opening(
    client_for: SignIn, frank: User, twice: ManagedNamespace
) -> None:
    assert not lines_of(client_for(frank).get("/history/?q=kube-dns"))


def test_the_number_of_a_port_is_not_looked_for_in_digests(
    client_for: SignIn, frank: User, twice: ManagedNamespace
) -> None:
    digest = twice.revisions.all()[0].digest
    assert not lines_of(client_for(frank).get(f"/history/?q={digest[-8:]}"))


def test_of_what_an_older_release_recorded_nothing_is_invented(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    with transaction.atomic():
        history.record(
            Action.NAMESPACE_WANTED, actor=history.SYSTEM, at=timezone.now(),
            about=history.about_namespace(prod), body={"generation": 1, "digest": "sha256:0"},
        )  # fmt: skip
    lines = lines_of(client_for(frank).get(f"/history/?action={Action.NAMESPACE_WANTED.value}"))
    assert lines[0].effect == ()
    assert lines[1].effect[0].startswith("New namespace")


def test_the_removal_of_a_namespace_says_what_it_ends(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    approved(
        submit(
            retire_wish(prod, confirms=prod.name, why="Nobody needs it."),
            by=acting("alice"), form_key="away", now=timezone.now(),
        )
    )  # fmt: skip
    [line] = lines_of(client_for(frank).get("/history/?q=ends+access"))
    assert line.effect == ("Ends the namespace: its access, its policies, and what runs in it",)
