"""A platform admin without a mouse on a bad day: a fence is deleted, a cluster does not answer."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.by_keyboard.conftest import OPEN, Workers
from tests.browser.by_keyboard.hands import arrive, enter, follow, press, tab_to, type_into
from tests.browser.conftest import Cast, Person
from tests.support.live_portal import wait_for
from tests.support.raw_api import RawApi
from tests.support.real_processes import Live

FENCE = f"/apis/networking.k8s.io/v1/namespaces/{OPEN}/networkpolicies/deny-all"
MISSING = "NetworkPolicy deny-all was missing and was made again"
WHY = "Reason, for those who read it later"
pytestmark = pytest.mark.usefixtures("estate")

# As a worker notes it that waited for an answer in vain; it is tried again later.
HANGS = """
from django.utils import timezone
from onboarding.domain.lifecycle import ClusterCondition
from onboarding.models import Cluster
from onboarding.services.failures import note_condition
slow, words, now = ClusterCondition.SLOW, "no answer within 30 s", timezone.now()
note_condition(Cluster.objects.get(), slow, words, now=now, at_least=120)
"""
ANSWERS = """
from django.utils import timezone
from onboarding.models import Cluster
from onboarding.services.failures import note_success
note_success(Cluster.objects.get(), now=timezone.now())
"""


@pytest.fixture
def hung(live: Live, workers: Workers) -> Iterator[None]:
    workers.stop()  # one that is at work would note that the cluster answers
    in_shell(live, HANGS)
    yield
    in_shell(live, ANSWERS)
    workers.start()


def in_shell(live: Live, script: str) -> None:
    live.run("manage", "shell", "--no-imports", "-c", script)


def test_she_is_told_of_a_deleted_fence_and_notes_what_she_knows(
    cast_at: Cast, live: Live, breaker: RawApi
) -> None:
    pat, page = cast_at.pat, cast_at.pat.page
    assert breaker.delete(FENCE).status == 200
    live.act("look")
    wait_for(lambda: breaker.get(FENCE).status == 200, "the fence stands again")
    go_to_namespace(pat)
    expect(page.get_by_role("heading", name=MISSING)).to_be_visible()
    expect(page.locator("main")).to_contain_text("Who removed it cannot be read")
    tab_to(pat, page.get_by_text("Acknowledge, with a reason"))
    page.keyboard.press("Enter")
    type_into(pat, WHY, "Deleted by hand, in a drill.")
    press(pat, "Acknowledge")
    arrive(pat, f"Overview, {OPEN}")
    expect(page.locator("#live")).to_contain_text("Acknowledged")
    expect(page.get_by_role("heading", name=MISSING)).to_have_count(0)
    pat.check_page()


@pytest.mark.usefixtures("hung")
def test_home_leads_to_the_cluster_that_does_not_answer(cast_at: Cast) -> None:
    pat, page = cast_at.pat, cast_at.pat.page
    pat.open("/")
    line = page.get_by_role("link", name=re.compile("dev-eu does not answer in time"))
    tab_to(pat, line)
    enter(pat)
    arrive(pat, "Cluster dev-eu")
    expect(page.locator("main")).to_contain_text("does not answer in time")
    expect(page.locator("main")).to_contain_text("no answer within 30 s")
    expect(page.locator("main")).not_to_contain_text("Reachable")
    pat.check_page()


def go_to_namespace(pat: Person) -> None:
    pat.open("/")
    follow(pat, "Namespaces", re.compile(r"^Namespaces \(\d+\)"))
    type_into(pat, "Search", OPEN)
    enter(pat)
    follow(pat, OPEN, f"Overview, {OPEN}")
