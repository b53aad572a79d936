"""A platform admin without a mouse: what is wrong, and who may do what."""

import re

import pytest
from playwright.sync_api import expect

from onboarding.demo.people import DEMO_PASSWORD
from tests.browser.by_keyboard.conftest import TAKEN
from tests.browser.by_keyboard.hands import (
    arrive,
    choose,
    enter,
    follow,
    press,
    tab_to,
    type_into,
)
from tests.browser.conftest import Cast, Person
from tests.support.live_portal import wait_for
from tests.support.real_processes import Live

CONFIRM = "Confirm it is you"
# Somebody whose phone is lost.
LOST = """
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from onboarding.models import User
kim = User.objects.create(username="kim", first_name="Kim Keys", email="kim@example.com")
TOTP.activate(kim, generate_totp_secret())
"""


@pytest.mark.usefixtures("estate")
def test_home_says_what_is_wrong_and_leads_to_the_blocked(cast_at: Cast) -> None:
    pat, page = cast_at.pat, cast_at.pat.page
    blocked = page.get_by_role("link", name=re.compile("^2 namespaces are blocked"))
    wait_for(lambda: pat.open("/") and blocked.count(), "Home says that they are blocked")
    arrive(pat, re.compile("^Home"))
    pat.check_page()
    tab_to(pat, blocked)
    enter(pat)
    arrive(pat, re.compile(r"^Namespaces \(\d+\)"))
    for name in TAKEN:
        expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("Blocked")
    pat.check_page()


def test_she_invites_a_person_with_a_team_and_a_role(cast_at: Cast) -> None:
    pat, page = cast_at.pat, cast_at.pat.page
    sign_in_anew(pat)
    follow(pat, "People", "People")
    follow(pat, "Invite a person", "Invite a person")
    type_into(pat, "Name", "Nora New")
    type_into(pat, "User name", "nora")
    type_into(pat, "Email address", "nora@example.com")
    choose(pat, "Add to a team (optional)", "payments")
    choose(pat, "As", "Lead")
    tab_to(pat, page.get_by_role("checkbox", name="Auditor"))
    page.keyboard.press("Space")
    press(pat, "Invite")
    expect(page).to_have_title(f"{CONFIRM} · Bulkhead")
    confirm(pat)
    arrive(pat, "Nora New, person")
    expect(page.locator("#live")).to_contain_text("Nora New is invited")
    pat.check_page()


def test_she_adds_a_team_with_its_first_person(cast_at: Cast) -> None:
    pat, page = cast_at.pat, cast_at.pat.page
    pat.open("/people/")
    follow(pat, "Teams", "Teams")
    follow(pat, "Add a team", "Add a team")
    press(pat, "Add the team")
    confirm(pat)
    arrive(pat, "Error: Add a team", at=page.locator("#error-summary"))
    type_into(pat, "Name", "ledger")
    type_into(pat, "Access group", "team-ledger")
    type_into(pat, "Person (optional)", "charlie")
    press(pat, "Add the team")
    arrive(pat, re.compile("^ledger"))
    expect(page.locator("main")).to_contain_text("Charlie")
    pat.check_page()


def test_she_is_told_how_a_cluster_is_registered(cast_at: Cast) -> None:
    pat, page = cast_at.pat, cast_at.pat.page
    pat.open("/")
    follow(pat, "Clusters", "Clusters (1)")
    follow(pat, "Register a cluster", "Register a cluster")
    command = page.get_by_role("region", name="Command without compose")
    expect(command).to_contain_text("prepare_cluster NAME --kubeconfig FILE")
    tab_to(pat, page.get_by_role("button", name="Copy").last)
    pat.check_page()


def test_she_resets_the_second_factor_of_somebody(cast_at: Cast, live: Live) -> None:
    live.run("manage", "shell", "--no-imports", "-c", LOST)
    pat, page = cast_at.pat, cast_at.pat.page
    pat.open("/people/")
    type_into(pat, "Search", "kim")
    enter(pat)
    follow(pat, "Kim Keys", "Kim Keys, person")
    follow(pat, "Remove second factor", "Remove second factor, Kim Keys")
    press(pat, "Remove second factor")
    confirm(pat)
    arrive(pat, re.compile("^Error: "), at=page.locator("#error-summary"))
    type_into(pat, "How did you make sure that it is the person who asks?", "Called back.")
    press(pat, "Remove second factor")
    arrive(pat, "Kim Keys, person")
    expect(page.locator("#live")).to_contain_text("signs in with the password alone now.")
    pat.check_page()


def sign_in_anew(pat: Person) -> None:
    """By keyboard; whoever has just confirmed is not asked again."""
    pat.page.context.clear_cookies()
    pat.open("/")
    tab_to(pat, pat.page.get_by_label("Username or email"))
    pat.page.keyboard.type("pat")
    tab_to(pat, pat.page.get_by_label("Password", exact=True))
    pat.page.keyboard.type(DEMO_PASSWORD)
    enter(pat)
    arrive(pat, re.compile("^Home"))


def confirm(pat: Person) -> None:
    """Give the password once more, where it has not just been given."""
    if not pat.page.title().startswith(CONFIRM):
        return
    pat.check_page()
    type_into(pat, "Password", DEMO_PASSWORD)
    enter(pat)
