"""The Connectivity page by browser: what was observed, a question, and the change it prepares."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Cast, Person
from tests.support.live_portal import wait_for
from tests.support.passing_namespaces import create_namespaces, passing
from tests.support.pods import create_pod
from tests.support.raw_api import RawApi
from tests.support.real_processes import Live

NAME, ELSEWHERE, INGRESS = "payments-paths", "search-paths", "ingress-nginx"
MEMBER = f"{NAME}/app=vault,project=payments"
SEEN = "Computed from the policies and pods observed"


@pytest.fixture
def live(live: Live) -> Live:
    """A portal whose workers look at the cluster all the time."""
    return replace(live, environment=live.environment | {"BULKHEAD_OBSERVE_SECONDS": "1"})


@pytest.fixture
def observed(live: Live, portal: str, breaker: RawApi) -> Iterator[str]:
    """The portal's address, with pods in a namespace of payments and in one of somebody else."""
    with passing(breaker, ELSEWHERE, INGRESS):
        live.act("onboard", NAME)
        assert live.act("wait", NAME)[NAME]["state"] == "ready"
        create_namespaces(breaker, ELSEWHERE, INGRESS)
        create_pod(breaker, INGRESS, {"app": "ctrl", "app.kubernetes.io/name": "ingress-nginx"})
        create_pod(breaker, NAME, {"project": "payments", "app": "web"})
        create_pod(breaker, NAME, {"project": "payments", "app": "vault"})
        create_pod(breaker, ELSEWHERE, {"app": "indexer"})
        yield portal


def test_alice_reads_who_talks_to_whom_asks_and_prepares_a_change(
    cast_at: Cast, observed: str
) -> None:
    alice = cast_at.alice
    address = open_page(alice)
    expect(alice.page.get_by_role("img", name=f"Who talks to {NAME}")).to_be_visible()
    table = alice.page.get_by_role("table")
    expect(table).to_contain_text("allow-ingress@1")
    expect(table).to_contain_text("Closed by default, deny-all@1")
    alice.check_page()

    ask(alice, MEMBER, "203.0.113.7", port="443")
    answer = alice.page.locator("section[aria-labelledby=tester]")
    expect(alice.page.locator("#answer")).to_be_focused()
    expect(alice.page.locator("#live")).to_contain_text("No. A may not send it")
    expect(answer).to_contain_text("No. A may not send it")
    expect(answer).to_contain_text("Ask for egress “Internet HTTPS”")
    alice.check_page()

    alice.click("link", "Prepare this change")
    expect(alice.page.locator("main")).to_contain_text("Nothing has been sent")
    expect(alice.page.locator("[name=egress][value=internet]")).to_be_checked()
    expect(alice.page.locator("#preview")).to_contain_text("egress-internet")
    alice.check_page()

    assert alice.open(address) == 200
    ask(alice, MEMBER, "nowhere-at-all", port="70000")
    expect(alice.page.locator("#path-to")).to_have_value("nowhere-at-all")
    expect(alice.page.locator("#path-port_error")).to_contain_text("from 1 to 65535")
    alice.check_page()
    check_narrow(alice, f"{address}?from={MEMBER}&to=203.0.113.7&port=443&protocol=TCP")
    ask_for_a_host_by_keyboard(alice)
    suggest(cast_at.bob, f"{address}?from={MEMBER}&to=203.0.113.7&port=443&protocol=TCP")
    take_up(alice, address.removesuffix("connectivity/"))
    read_who_reaches_the_internet(alice)
    assert not cast_at.complaints, "\n".join(cast_at.complaints)


def open_page(alice: Person) -> str:
    """Go there as a person would; come back until the workers have seen the pods."""
    assert alice.open("/namespaces/") == 200
    alice.click("link", NAME)
    alice.click("link", "Connectivity")
    address = alice.page.url
    wait_for(lambda: alice.open(address) and is_seen(alice), "the pods were observed")
    return address


def is_seen(alice: Person) -> bool:
    said = alice.page.locator("main").inner_text()
    return SEEN in said and "app=vault" in alice.page.content()


def ask(alice: Person, source: str, to: str, *, port: str) -> None:
    alice.page.get_by_label("From (A)").fill(source)
    alice.page.get_by_label("To (B)").fill(to)
    alice.page.get_by_label("Port", exact=True).fill(port)
    alice.click("button", "Test")


def ask_for_a_host_by_keyboard(alice: Person) -> None:
    """Type a name, send it with Enter; the error takes the focus, and its link leads back."""
    keyboard = alice.page.keyboard
    alice.page.get_by_label("To (B)").focus()
    keyboard.press("Control+A")
    keyboard.type("api.stripe.com")
    keyboard.press("Enter")
    expect(alice.page).to_have_title(f"Error: Connectivity, {NAME} · Bulkhead")
    expect(alice.page.locator("#error-summary")).to_be_focused()
    expect(alice.page.locator("#error-summary")).to_contain_text("addresses, not names")
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(alice.page.locator("#path-to")).to_be_focused()


def suggest(bob: Person, address: str) -> None:
    assert bob.open(address) == 200
    bob.check_page()
    bob.page.get_by_label("What you need it for").fill("The bank moved.")
    bob.click("button", "Suggest this change")
    expect(bob.page.locator("main")).to_contain_text("Waits for a lead of the team.")
    bob.check_page()


def take_up(alice: Person, address: str) -> None:
    assert alice.open(address) == 200
    alice.check_page()
    alice.page.get_by_role("link", name="Open it").click()
    expect(alice.page.locator("main")).to_contain_text("Bob suggests this change.")
    expect(alice.page.locator("[name=egress][value=internet]")).to_be_checked()


def read_who_reaches_the_internet(alice: Person) -> None:
    assert alice.open("/reachability/") == 200
    alice.click("link", "Who can reach the internet")
    expect(alice.page.locator("#answer")).to_be_focused()
    expect(alice.page.locator("#answer")).to_contain_text("can reach the internet")
    alice.check_page()


def check_narrow(alice: Person, address: str) -> None:
    """At 390 px only the picture scrolls sideways, in a region that takes focus."""
    alice.page.set_viewport_size({"width": 390, "height": 844})
    assert alice.open(address) == 200
    root = "document.documentElement"
    assert alice.page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    region = alice.page.get_by_role("region", name="Picture", exact=True)
    assert region.locator("svg").evaluate("svg => svg.clientWidth > svg.parentElement.clientWidth")
    region.focus()
    expect(region).to_be_focused()
    alice.check_page()
