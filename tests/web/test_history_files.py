"""The files of history: which approval, what was said, what changed and why; exactly the filter."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import ask, demo_spec
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.models import Cluster, Event, ManagedNamespace, User
from onboarding.queries import events
from onboarding.services import history
from tests.support.requests import reject
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


def rows_of(browser: Client, query: str, form: str = "csv") -> list[dict[str, str]]:
    answer = browser.post(f"/history/export/{form}/?{query}")
    assert isinstance(answer, StreamingHttpResponse), answer.status_code
    text = b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]
    return json.loads(text) if form == "json" else list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("form", ["csv", "json"])
def test_who_gave_which_approval_stands_in_the_file(
    client_for: SignIn, frank: User, prod: ManagedNamespace, form: str
) -> None:
    rows = rows_of(client_for(frank), f"action={Action.LANE_APPROVED.value}", form)
    said = {(row["actor"], row["approval"], row["verdict"], row["namespace"]) for row in rows}
    assert said == {
        ("Dana", "network", "approve", "payments-prod"),
        ("Pat", "platform", "approve", "payments-prod"),
    }
    assert {row["digest"] for row in rows} == {prod.revisions.get().digest}
    assert all(row["request"].startswith("REQ-") for row in rows)


def test_a_rejection_stands_with_its_reason(
    client_for: SignIn, frank: User, cluster: Cluster, cast: dict[str, User]
) -> None:
    request = ask(demo_spec("payments-shop", cluster=cluster.name), now=timezone.now())
    reject(request, "dana", Lane.NETWORK, now=timezone.now())
    [row] = rows_of(client_for(frank), f"action={Action.REQUEST_REJECTED.value}")
    assert (row["approval"], row["verdict"]) == ("network", "reject")
    assert row["reason"] == "Please use another port."


def test_what_changed_stands_in_the_file_and_is_no_formula(client_for: SignIn, frank: User) -> None:
    change = {"=cmd": {"before": "", "after": "@x"}}
    history.record(
        Action.ROW_CHANGED, actor=history.SYSTEM, at=timezone.now(),
        about=history.about_user(frank), body={"changed": change},
    )  # fmt: skip
    [row] = rows_of(client_for(frank), f"action={Action.ROW_CHANGED.value}")
    assert row["effect"] == "'=cmd: – → @x"


@pytest.mark.parametrize("query", ["q=payments-prod", "q=PAT+approved", "q=dana", "q=no-such-word"])
def test_a_file_of_words_holds_what_the_page_finds(
    client_for: SignIn, frank: User, prod: ManagedNamespace, query: str
) -> None:
    browser = client_for(frank)
    page = browser.get(f"/history/?{query}").context["page"]
    found = [line.event.pk for day in page.days for line in day.lines]
    assert [int(row["id"]) for row in rows_of(browser, query)] == found
    assert page.total.number == len(found)


def test_which_revision_took_effect_stands_in_the_file(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    [row] = rows_of(client_for(frank), f"action={Action.NAMESPACE_WANTED.value}")
    assert row["effect"] == (
        "revision 1; New namespace: size S, production, internal data; "
        "Opens TCP 8080 from ingress-nginx (app.kubernetes.io/name=ingress-nginx) to app=web, "
        "project=payments"
    )


class TestWordsInALongHistory:
    @pytest.fixture(autouse=True)
    def searched(self, monkeypatch: pytest.MonkeyPatch, prod: ManagedNamespace) -> None:
        monkeypatch.setattr(events, "SEARCHED", 5)

    def test_words_are_looked_for_in_a_bounded_number_of_events(
        self, client_for: SignIn, frank: User
    ) -> None:
        page = client_for(frank).get("/history/?q=alice").context["page"]
        assert (page.shown, page.total.is_more) == (0, True)
        assert page.back_to is not None

    def test_going_on_finds_the_older_ones(self, client_for: SignIn, frank: User) -> None:
        browser, found, query = client_for(frank), list[int](), "q=alice"
        while query:
            page = browser.get(f"/history/?{query}").context["page"]
            found += [line.event.pk for day in page.days for line in day.lines]
            query = page.older
        wanted = Event.objects.filter(actor="Alice").order_by("-pk")
        assert set(wanted.values_list("pk", flat=True)) <= set(found)
        assert found == sorted(set(found), reverse=True)

    def test_a_file_looks_through_all_of_it(self, client_for: SignIn, frank: User) -> None:
        rows = rows_of(client_for(frank), "q=alice")
        assert Event.objects.filter(actor="Alice").count() <= len(rows)
