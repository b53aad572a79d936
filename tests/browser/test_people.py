"""Pat invites somebody, who sets a password and signs in; axe looks at every page on the way."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from onboarding.demo.people import DEMO_PASSWORD
from tests.browser.conftest import PATIENCE_MS, Cast, Person
from tests.support.real_processes import Live

SECRET = "correct-horse-battery"
# What whoever sends the mail writes into it.
LINK = """
from onboarding.models import User
from onboarding.services.clock import database_now
from onboarding.services.invitations import invitation_link
print(invitation_link(User.objects.get(username="nora"), now=database_now()))
"""


@pytest.fixture
def live(live_of_its_own: Live) -> Live:
    """Elsewhere the cast is as it was made."""
    return live_of_its_own


def test_somebody_is_invited_and_every_page_of_people_is_accessible(
    browser: Browser, portal: str, live: Live, cast_at: Cast
) -> None:
    pat = cast_at.pat
    invite(pat)
    look_at(pat, "/people/", "/teams/", "/teams/new/", "/roles/", "/clusters/register/")
    context = browser.new_context(base_url=portal, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    nora = Person(context.new_page())
    nora.listen()
    accept(nora, live.run("manage", "shell", "--no-imports", "-c", LINK).strip())
    context.close()
    complaints = [*nora.complaints, *cast_at.complaints]
    assert not complaints, "\n".join(complaints)


def invite(pat: Person) -> None:
    """One form, the password once more, and what was typed is done."""
    pat.open("/people/")
    pat.click("link", "Invite a person")
    pat.check_page()
    pat.page.get_by_label("Name", exact=True).fill("Nora New")
    pat.page.get_by_label("User name").fill("nora")
    pat.page.get_by_label("Email address").fill("nora@example.com")
    pat.page.get_by_label("Add to a team").select_option("payments")
    pat.page.get_by_label("Auditor").check()
    pat.click("button", "Invite")
    pat.page.get_by_label("Password").fill(DEMO_PASSWORD)
    pat.click("button", "Confirm")
    expect(pat.page.locator("main")).to_contain_text("Nora New is invited")
    pat.check_page()
    pat.click("link", "Switch off")
    expect(pat.page.get_by_role("heading", level=1)).to_have_text("Switch off Nora New")
    pat.check_page()


def look_at(pat: Person, *pages: str) -> None:
    for path in pages:
        assert pat.open(path) == 200
        pat.check_page()


def accept(nora: Person, link: str) -> None:
    """By the link of the mail."""
    nora.open(link)
    nora.check_page()
    fill(nora.page, SECRET)
    nora.click("button", "Set the password")
    expect(nora.page.locator("main")).to_contain_text("Sign in as nora")
    nora.page.get_by_label("Username or email").fill("nora")
    nora.page.get_by_label("Password", exact=True).fill(SECRET)
    nora.click("button", "Sign in")
    expect(nora.page).to_have_url(re.compile(r":\d+/$"))


def fill(page: Page, secret: str) -> None:
    page.get_by_label("Password", exact=True).fill(secret)
    page.get_by_label("Password, once more").fill(secret)
