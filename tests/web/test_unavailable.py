"""While the database cannot be used every page says so, what became of what was sent, and keeps it.

With real locks, frozen servers and full disks: tests/chaos/test_locks.py.
"""

import html
import re
from collections.abc import Callable

import psycopg
import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client, RequestFactory
from django.utils import timezone

from onboarding.demo.people import DEMO_PASSWORD
from onboarding.demo.scenario import ask, demo_spec
from onboarding.models import Cluster, Decision, Request, User
from onboarding.queries.database_trouble import Trouble
from onboarding.views.unavailable import OUTLOOKS, Sent, Writes, what_became
from tests.support.broken_database import IS_LOCKED, NO_ANSWER, failing, refusing_writes
from tests.web.account_pages import AtAccounts
from tests.web.sights import picture_shown
from tests.web.test_request_form import NEW, answers

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
TYPED = 'Takes "card" payments\nand <b>refunds</b>'


def kept_in(page: str) -> dict[str, str]:
    """The fields the page would send again."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return {html.unescape(name): html.unescape(value) for name, value in found}


@pytest.fixture
def at_home(client_for: SignIn, alice: User) -> Client:
    client = client_for(alice)
    client.raise_request_exception = False
    return client


@pytest.fixture
def dana_decides(client_for: SignIn, dana: User, cluster: Cluster) -> Callable[[], str]:
    """Return what Dana is told when she approves."""
    row = ask(demo_spec("payments-prod", cluster=cluster.name), now=timezone.now())
    client = client_for(dana)
    client.raise_request_exception = False
    word = {
        "lane": "network",
        "vote": "approve",
        "digest": row.digest,
        "picture": picture_shown(row),
        "reason": "seen",
    }

    def decide() -> str:
        answer = client.post(f"/approvals/{row.public_id}/", word)
        assert answer.status_code == 503
        return answer.content.decode()

    return decide


def test_every_trouble_has_words_and_a_time_for_another_try() -> None:
    assert set(OUTLOOKS) == set(Trouble)
    assert all(outlook.retry_after > 0 for outlook in OUTLOOKS.values())


@pytest.mark.parametrize("path", ["/", NEW, "/admin/", "/accounts/email/", "/no-such-page/"])
def test_a_page_without_a_database_is_503_and_needs_no_query(at_home: Client, path: str) -> None:
    with failing(NO_ANSWER):
        answer = at_home.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    page = answer.content.decode()
    assert "does not answer" in page
    assert f'href="{path}"' in page  # try again
    assert answer["X-Request-Id"] in page


def test_what_was_sent_is_kept_and_sent_again_as_it_was(at_home: Client, cluster: Cluster) -> None:
    form = answers(purpose=TYPED)
    with refusing_writes():
        answer = at_home.post(NEW, form)
    page = answer.content.decode()
    assert (answer.status_code, Request.objects.count()) == (503, 0)
    assert "What you sent was not stored" in page
    assert f'<form method="post" action="{NEW}">' in page
    assert at_home.post(NEW, kept_in(page)).status_code == 302
    assert Request.objects.get().wanted.purpose == TYPED


def test_a_part_of_a_page_is_answered_as_a_part(at_home: Client) -> None:
    with failing(NO_ANSWER):
        answer = at_home.get("/", headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert answer.status_code == 503
    assert "<html" not in page
    assert "does not answer" in page


def test_who_was_told_no_is_told_that_nothing_was_stored(dana_decides: Callable[[], str]) -> None:
    with failing(IS_LOCKED, lambda sql: sql.startswith("INSERT INTO"), afterwards=True):
        page = dana_decides()
    assert "What you sent was not stored" in page
    assert kept_in(page)["reason"] == "seen"


def test_where_the_line_broke_it_is_not_known(dana_decides: Callable[[], str]) -> None:
    with failing(NO_ANSWER, lambda sql: sql.startswith("INSERT INTO"), afterwards=True):
        page = dana_decides()
    assert "It is not known whether what you sent was stored" in page
    assert "was not stored" not in page
    assert Decision.objects.count() == 0


def test_where_a_part_was_stored_nothing_else_is_claimed() -> None:
    request = RequestFactory().post("/")
    writes = Writes()
    writes.is_asked = writes.is_stored = True
    request.writes = writes  # type: ignore[attr-defined]
    assert what_became(request, IS_LOCKED) is Sent.UNKNOWN


def test_b14_signing_in_meanwhile_is_no_fault_of_the_person(
    at_accounts: Callable[..., AtAccounts],
) -> None:
    browser = at_accounts()
    browser.client.raise_request_exception = False
    with refusing_writes():
        answer = browser.sign_in("frank")
    page = answer.content.decode()
    assert answer.status_code == 503
    assert "Passwords and codes are not kept here" in page
    assert DEMO_PASSWORD not in page
    assert SESSION_KEY not in browser.client.session


def test_a_password_is_kept_on_no_page(at_home: Client) -> None:
    with failing(NO_ANSWER):
        page = at_home.post("/admin/", {"name": "a", "new_password": "s3cret"}).content.decode()
    assert "s3cret" not in page
    assert not kept_in(page)


def test_a_session_that_cannot_be_stored_is_the_databases_trouble(
    at_accounts: Callable[..., AtAccounts], frank: User
) -> None:
    browser = at_accounts(frank, confirmed=False)
    browser.client.raise_request_exception = False
    with failing(IS_LOCKED, lambda sql: sql.startswith('UPDATE "django_session"')):
        answer = browser.confirm()
    assert answer.status_code == 503


def test_an_export_that_cannot_begin_is_a_page_and_no_broken_file(
    client_for: SignIn, frank: User
) -> None:
    client = client_for(frank)
    client.raise_request_exception = False
    with failing(NO_ANSWER, lambda sql: '"onboarding_event"."canonical"' in sql):
        answer = client.post("/history/export/csv/")
    assert (answer.status_code, answer["Content-Type"]) == (503, "text/html; charset=utf-8")


def test_a_statement_that_is_wrong_stays_a_bug(at_home: Client) -> None:
    with failing(psycopg.errors.UndefinedColumn("column is missing")):
        assert at_home.get("/").status_code == 500
