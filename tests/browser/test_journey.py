"""The main job by browser, from Alice's wish to its end, with everybody who has a part in it."""

import csv
import io
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE_MS, Cast, Person
from tests.support.audit_log import PORTAL, AuditLog, check_fence_first, creations
from tests.support.real_processes import Live

NAME = "payments-prod"


@pytest.fixture
def audit(live: Live) -> AuditLog:
    """The API server's log from here on."""
    return live.audit.since_now()


def test_the_main_job_from_wish_to_end(cast_at: Cast, live: Live, audit: AuditLog) -> None:
    alice, charlie, bob, frank = cast_at.alice, cast_at.charlie, cast_at.bob, cast_at.frank
    request = ask(alice)
    assert charlie.open(request) == 404
    charlie.check_page()
    refuse_own_decision(alice, request)

    alice.open(request)
    decide(cast_at.dana, "network", kind="New namespace")
    decide(cast_at.pat, "platform", kind="New namespace")
    see(alice, f"{NAME} is ready: revision 1 was read back whole.")
    expect(alice.page.locator(".bh-steps > li.done")).to_have_count(1 + 2 + 6 + 1)
    alice.check_page()
    assert live.act("states", NAME)[NAME]["deviations"] == 0
    check_fence_first(audit.by_portal(NAME))

    namespace = visit_namespace(bob)
    change(alice, namespace)
    decide(cast_at.dana, "network", kind="Change")
    decide(cast_at.pat, "platform", kind="Change")
    see(alice, f"{NAME} is ready: revision 2 was read back whole.")
    assert live.act("states", NAME)[NAME]["deviations"] == 0

    read_history(frank, namespace)
    export(frank)
    uid = live.act("states", NAME)[NAME]["uid"]
    retire(alice, namespace)
    decide(cast_at.pat, "platform", kind="Retire")
    see(alice, f"{NAME} is gone from dev-eu.")
    alice.check_page()
    check_end(audit, uid)
    assert not cast_at.complaints, "\n".join(cast_at.complaints)


def see(person: Person, words: str) -> None:
    """The page, which asks by itself, comes to say it."""
    expect(person.page.locator("#progress")).to_contain_text(words, timeout=PATIENCE_MS)


def ask(alice: Person) -> str:
    """Fill the form in and send it; return the address of the request."""
    assert alice.open("/requests/new/") == 200
    page = alice.page
    page.get_by_label("Namespace name").fill(NAME)
    page.get_by_label("Environment").select_option("production")
    page.get_by_label("Purpose").fill("Takes card payments for the shop.")
    page.get_by_role("radio", name=re.compile("ingress-nginx")).check()
    page.get_by_label("Component").fill("web")
    page.get_by_label("Ports (TCP)").fill("8080")
    expect(page.locator("#preview")).to_contain_text("8080")
    alice.check_page()
    alice.click("button", "Submit for approval")
    expect(page.locator("#progress")).to_contain_text("Waiting for decisions.")
    alice.check_page()
    return page.url


def refuse_own_decision(alice: Person, request: str) -> None:
    """No controls on the page, and the server refuses what is sent without them."""
    page, decision = alice.page, request.replace("/requests/", "/approvals/")
    expect(page.get_by_role("link", name="Review and decide")).to_have_count(0)
    assert alice.open(decision) == 200
    expect(page.locator("button[name=vote]")).to_have_count(0)
    alice.check_page()
    sent: dict[str, str | float | bool] = {
        "csrfmiddlewaretoken": page.locator("[name=csrfmiddlewaretoken]").first.input_value(),
        "digest": page.locator("[title^='sha256:']").first.get_attribute("title") or "",
        "lane": "network",
        "vote": "approve",
        "reason": "",
    }
    answer = page.context.request.post(decision, form=sent, headers={"Referer": decision})
    assert answer.status == 403


def decide(person: Person, lane: str, *, kind: str, name: str = NAME) -> None:
    """Find the request in the queue, read it, approve the lane."""
    assert person.open("/approvals/") == 200
    person.check_page()
    person.page.get_by_role("row").filter(has_text=name).get_by_role("link").first.click()
    expect(person.page.get_by_role("heading", level=1)).to_contain_text(kind)
    person.check_page()
    person.click("button", f"Approve for {lane}")
    expect(person.page.locator("main")).not_to_contain_text("There is a problem")


def visit_namespace(bob: Person) -> str:
    """Bob finds it in the list and reads every page of it; return its address."""
    assert bob.open("/namespaces/") == 200
    bob.check_page()
    bob.click("link", NAME)
    address = bob.page.url
    expect(bob.page.get_by_role("link", name="Request a change")).to_have_count(0)
    for tab in ("", "policies/", "access/", "activity/", "revisions/"):
        assert bob.open(f"{address}{tab}") == 200
        bob.check_page()
    return address


def change(alice: Person, namespace: str) -> None:
    alice.open(namespace)
    alice.check_page()
    alice.click("link", "Request a change")
    page = alice.page
    page.get_by_role("radio", name=re.compile(r"^M\b")).check()
    page.get_by_label("Ports (TCP)").fill("8080, 9090")
    page.get_by_label("Reason for this request").fill("Metrics are read on 9090.")
    expect(page.locator("#preview")).to_contain_text("9090")
    alice.check_page()
    alice.click("button", "Submit for approval")
    expect(page.locator("#progress")).to_contain_text("Waiting for decisions.")


def read_history(frank: Person, namespace: str) -> None:
    """Who asked, who decided, and what the two revisions differ in."""
    assert frank.open(f"{namespace}revisions/") == 200
    page = frank.page
    newest = page.get_by_role("listitem").filter(has_text="Revision 2").first
    for words in ("Alice", "Dana", "Pat", "Opens TCP 9090 from ingress-nginx", "Size S → M"):
        expect(newest).to_contain_text(words)
    page.get_by_label("Left").select_option("1")
    page.get_by_label("Right").select_option("2")
    frank.click("button", "Compare")
    expect(difference(page)).to_contain_text("9090")
    frank.check_page()


def difference(page: Page) -> Locator:
    return page.locator("section[aria-labelledby=compare]")


def export(frank: Person) -> None:
    """The list as filtered, with who did what."""
    assert frank.open(f"/history/?namespace={NAME}") == 200
    frank.check_page()
    with frank.page.expect_download() as waiting:
        frank.page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text())))
    assert len(rows) > 10
    assert {row["namespace"] for row in rows} == {NAME}
    assert {"Alice", "Dana", "Pat"} <= {row["actor"] for row in rows}


def retire(alice: Person, namespace: str) -> None:
    alice.open(namespace)
    alice.click("link", "Retire")
    alice.check_page()
    alice.page.get_by_label("Reason for this request").fill("The shop moved.")
    alice.page.get_by_label("Namespace name").fill(NAME)
    alice.click("button", "Request the removal")
    expect(alice.page.locator("#progress")).to_contain_text("Waiting for decisions.")


def check_end(audit: AuditLog, uid: str) -> None:
    """By the API server's own log: access first, then the namespace, by its uid; made once."""
    entries = audit.about(NAME, by=PORTAL)
    assert len(creations(entries)) == 1
    removals = [entry for entry in entries if entry.verb == "delete"]
    assert [entry.resource for entry in removals] == ["rolebindings", "namespaces"]
    assert removals[-1].sent["preconditions"] == {"uid": uid}
