"""Several openings of one namespace by browser: rows added, decided, and on the API server."""

from playwright.sync_api import Locator, expect

from tests.browser.conftest import PATIENCE_MS, Cast, Person
from tests.browser.test_journey import decide
from tests.support.raw_api import RawApi
from tests.support.real_processes import Live

NAME = "openings-prod"


def row_of(person: Person, title: str) -> Locator:
    return person.page.get_by_role("group", name=title)


def add(alice: Person, title: str) -> Locator:
    alice.click("button", f"Add: {title}")
    return row_of(alice, title)


def ask(alice: Person) -> None:
    assert alice.open("/requests/new/") == 200
    page = alice.page
    page.get_by_label("Namespace name").fill(NAME)
    page.get_by_label("Environment").select_option("production")
    page.get_by_label("Purpose").fill("Takes card payments for the shop.")
    page.get_by_role("radio", name="The cluster’s web entry (ingress-nginx)").check()
    page.get_by_label("Component").fill("web")
    page.get_by_label("Ports (TCP)").fill("8080")
    add(alice, "Exposure to an ingress controller")
    expect(page.get_by_label("Namespace name")).to_have_value(NAME)
    row = row_of(alice, "Exposure to an ingress controller")
    expect(row.get_by_label("Web entry")).to_be_focused()
    expect(row).to_contain_text("Opens nothing yet: answers are missing.")
    alice.check_page()
    row.get_by_label("Web entry").select_option("ingress-nginx")
    row.get_by_label("Component").fill("admin")
    row.get_by_label("Ports (TCP)").fill("9443")
    expect(row).to_contain_text("Opens TCP 9443 from ingress-nginx to app=admin.")
    add(alice, "HTTPS to public addresses")
    out = row_of(alice, "HTTPS to public addresses")
    out.get_by_label("Name of this opening").fill("partners")
    expect(page.locator("#preview")).to_contain_text("Public addresses")
    alice.check_page()
    page.set_viewport_size({"width": 390, "height": 800})
    alice.check_page()
    page.set_viewport_size({"width": 1280, "height": 800})


def test_a_namespace_with_three_openings(cast_at: Cast, live: Live) -> None:
    alice = cast_at.alice
    ask(alice)
    # Return in a field sends the form; it presses no button of an opening.
    alice.page.get_by_label("Namespace name").press("Enter")
    alice.page.wait_for_load_state("load")
    expect(alice.page.locator("#progress")).to_contain_text("Waiting for decisions.")
    for words in (
        "TCP 8080 from ingress-nginx to app=web",
        "TCP 9443 from ingress-nginx to app=admin",
    ):
        expect(alice.page.locator("main")).to_contain_text(words)
    alice.check_page()
    decide(cast_at.dana, "network", kind="New namespace", name=NAME)
    decide(cast_at.pat, "platform", kind="New namespace", name=NAME)
    said = f"{NAME} is ready: revision 1 was read back whole."
    expect(alice.page.locator("#progress")).to_contain_text(said, timeout=PATIENCE_MS)
    api = RawApi.from_kubeconfig(live.plane.kubeconfig)
    listed = api.get(f"/apis/networking.k8s.io/v1/namespaces/{NAME}/networkpolicies")
    ports = {
        policy["metadata"]["name"]: [
            port["port"]
            for rule in policy["spec"].get("ingress", [])
            for port in rule.get("ports", [])
        ]
        for policy in listed.body["items"]
    }
    assert ports["allow-ingress-ingress-nginx"] == [8080]
    assert ports["allow-ingress-admin"] == [9443]
    assert "egress-internet" in ports
    assert not cast_at.complaints, "\n".join(cast_at.complaints)
