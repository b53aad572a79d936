"""What people do in a new portal, by its pages: invite, set a password, ask, approve."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_urlsafe
from threading import Event
from time import monotonic

from devtools.compose.browser import Browser, Page, words_of

PASSWORD = token_urlsafe(24)
ADMIN, LEAD, APPROVER = "root1", "alice", "pat"
ROLE = "platform"
TEAM = "payments"
READY_SECONDS = 90.0
ASKS_AGAIN = "/accounts/reauthenticate/"
ROW = r"<tr\b[^>]*>(?:(?!</tr>).)*?</tr>"
CLUSTER = r'class="mono" href="(/clusters/[^"/]+/)"'
RELEASE = r'data-label="Release"><span class="mono">([^<]*)<'
WISH = {
    "project": TEAM,
    "purpose": "Checks the containers.",
    "environment": "development",
    "data_class": "internal",
    "size": "small",
    "scope": "project",
    "ingress": "",
    "egress": "none",
    "lifetime": "none",
    "action": "submit",
}


class JourneyFailed(Exception):
    """A page did not answer as people need; the message holds its words."""


@dataclass
class People:
    """Everybody's browser, signed in once. `opened` makes one that has seen nothing."""

    opened: Callable[[], Browser]
    _signed_in: dict[str, Browser] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Browser:
        if name not in self._signed_in:
            browser = self.opened()
            page = browser.sign_in(name, PASSWORD)
            if "/accounts/" in page.url:
                raise JourneyFailed(f"{name} cannot sign in: {page.words[:600]}")
            self._signed_in[name] = browser
        return self._signed_in[name]

    def forget(self) -> None:
        """Sessions are in the database: after a restore everybody signs in anew."""
        self._signed_in.clear()


def set_password(browser: Browser, invitation: str) -> None:
    """Open the link that `appoint` printed, and choose a password."""
    [link] = re.findall(r"https?://\S+", invitation)
    page = browser.get(link)
    _done(browser.send(page, "password1", password1=PASSWORD, password2=PASSWORD), "password")


def introduce(people: People, mailed_links: Callable[[], str]) -> None:
    """The admin invites the lead and the approver and makes the team; both set a password.

    `mailed_links` returns the links of the invitations that were mailed so far, one a line.
    """
    _invite(people[ADMIN], LEAD)
    _invite(people[ADMIN], APPROVER, roles=ROLE)
    page = people[ADMIN].get("/teams/new/")
    team = {"slug": TEAM, "access_group": f"team-{TEAM}", "person": LEAD}
    _done(_confirmed(people[ADMIN], people[ADMIN].send(page, "slug", **team)), "/teams/new/")
    for name in (LEAD, APPROVER):
        _accept(people.opened, name, mailed_links)


def ask(people: People, name: str) -> str:
    """The lead asks for a namespace; return the number of the request."""
    lead = people[LEAD]
    page = lead.get("/requests/new/")
    page = lead.send(page, "form_key", name=name, **WISH)
    found = re.fullmatch(r".*/requests/([^/]+)/", page.url)
    if not found or found[1] == "new":
        raise JourneyFailed(f"{name} was not asked for: {page.words[:1500]}")
    return found[1]


def approve(people: People, request: str) -> None:
    page = people[APPROVER].get(f"/approvals/{request}/")
    done = people[APPROVER].send(page, "digest", lane="platform", vote="approve")
    if "approved" not in done.words.lower():
        raise JourneyFailed(f"{request} was not approved: {done.words[:1500]}")


def decide_what_holds(people: People) -> float:
    """After a restore: wait until workers noticed and looked, then have the admin decide."""
    admin, pause, began = people[ADMIN], Event(), monotonic()
    [cluster] = set(re.findall(CLUSTER, admin.get("/clusters/").body))
    while monotonic() - began < READY_SECONDS:
        page = admin.get(f"{cluster}after-restore/")
        if "let workers write again" in page.words and "next complete look" not in page.words:
            _done(admin.send(page, "what.was.shown"), "/after-restore/")
            return monotonic() - began
        pause.wait(0.5)
    raise JourneyFailed(f"nothing to decide after {READY_SECONDS:.0f} s: {page.words[:1000]}")


def wait_until_ready(people: People, name: str) -> float:
    """Look at the list of namespaces until it says Ready; return how long that took."""
    pause, began, state = Event(), monotonic(), "not there"
    while monotonic() - began < READY_SECONDS:
        state = state_of(people, name)
        if state == "Ready":
            return monotonic() - began
        pause.wait(0.3)
    raise JourneyFailed(f"{name} is not ready after {READY_SECONDS:.0f} s: {state}")


def state_of(people: People, name: str) -> str:
    """What the list of namespaces calls its state."""
    page = people[LEAD].get("/namespaces/")
    rows = (words_of(row) for row in re.findall(ROW, page.body, re.DOTALL))
    said = (re.match(rf"{name} (.+?) {TEAM}\b", row) for row in rows)
    return next((match[1] for match in said if match), f"not there: {page.words[:600]}")


def onboard(people: People, name: str) -> float:
    """All of it; return the seconds from the approval to ready."""
    approve(people, ask(people, name))
    return wait_until_ready(people, name)


def releases(people: People) -> set[str]:
    """The releases of all processes that live, as the System page says them."""
    rows = re.findall(ROW, people[ADMIN].get("/system/").body, re.DOTALL)
    living = (row for row in rows if re.search(r"\bLives\b", words_of(row)))
    return {one for row in living for one in re.findall(RELEASE, row)}


def _invite(admin: Browser, name: str, **more: str) -> None:
    page = admin.get("/people/new/")
    who = {"name": name.title(), "username": name, "email": f"{name}@example.org"}
    _done(_confirmed(admin, admin.send(page, "username", **who, **more)), "/people/new/")


def _confirmed(admin: Browser, page: Page) -> Page:
    """Who changes what people may do is asked for the password again, unless just asked."""
    if ASKS_AGAIN not in page.url:
        return page
    return admin.send(page, "password", password=PASSWORD)


def _accept(opened: Callable[[], Browser], name: str, mailed_links: Callable[[], str]) -> None:
    """Wait for the mail to this person, open its link in a new browser, choose a password."""
    pause, began = Event(), monotonic()
    while monotonic() - began < READY_SECONDS:
        for link in mailed_links().split():
            browser = opened()
            page = browser.get(link)
            if f"sign in as {name} " in page.words:
                answers = {"password": PASSWORD, "again": PASSWORD}
                _done(browser.send(page, "again", **answers), "/set-password/")
                return
        pause.wait(0.5)
    raise JourneyFailed(f"no invitation of {name} after {READY_SECONDS:.0f} s: {mailed_links()}")


def _done(page: Page, left: str) -> None:
    """A form that is shown again, or still waits for a password, was not taken."""
    waits = page.url.endswith(left) or ASKS_AGAIN in page.url
    if page.status != 200 or waits or "errorlist" in page.body:
        raise JourneyFailed(f"{page.url} ({page.status}): {page.words[:1500]}")
