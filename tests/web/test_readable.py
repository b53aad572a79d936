"""Control characters at the edge: refused where they come in, shown where they go out.

Before, NUL was a 500 on PostgreSQL only; so this table is run on both databases.
"""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from onboarding.domain.actions import Action
from onboarding.models import User
from onboarding.services import history
from onboarding.views.readable import ShownAsWritten

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]

ADDRESSES = (
    "/history/?actor=%00", "/history/?action=%00", "/history/?team=%00", "/history/?cluster=%00",
    "/history/?namespace=%00", "/history/?request=%00", "/history/?from=%00", "/history/?to=%00",
    "/history/?before=%00", "/requests/?q=%00", "/requests/?state=%00", "/requests/%00/",
    "/requests/new/?from=%00", "/requests/name-check/?name=a&cluster=%00",
    "/requests/name-check/?request=%00", "/namespaces/?q=%00", "/namespaces/%00/",
    "/namespaces/%00/connectivity/", "/approvals/?lane=%00", "/approvals/%00/", "/clusters/%00/",
    "/teams/%00/", "/refreshes/%00/", "/?%00=1", "/accounts/login/?next=%00",
    "/admin/onboarding/user/?q=%00", "/no-such-page/%1b", "/requests/?q=%1b[2J",
)  # fmt: skip


@pytest.fixture
def admin(client_for: SignIn, pat: User) -> Client:
    return client_for(pat)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_control_character_in_an_address_is_answered_400(admin: Client, address: str) -> None:
    answer = admin.get(address)
    assert answer.status_code == 400
    assert "which cannot be stored" in answer.content.decode()


@pytest.mark.parametrize("field", ["form_key", "purpose", "name", "a\x00b"])
def test_a_control_character_in_a_form_is_answered_400(
    client_for: SignIn, alice: User, field: str
) -> None:
    answer = client_for(alice).post("/requests/new/", {field: "x\x00y"})
    assert answer.status_code == 400
    assert "A field of the form holds the character U+0000" in answer.content.decode()


def test_a_lone_surrogate_is_answered_400(client_for: SignIn, alice: User) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="form_key"\r\n\r\n\\ud800\r\n--b--\r\n'
    kind = "multipart/form-data; boundary=b; charset=unicode_escape"
    answer = client_for(alice).generic("POST", "/requests/new/", body, content_type=kind)
    assert answer.status_code == 400


def test_bytes_that_are_no_text_find_nothing_and_break_nothing(admin: Client) -> None:
    assert admin.get("/requests/?q=%ed%a0%80%ff").status_code == 200
    assert admin.get("/requests/%ff/").status_code == 404


def test_a_control_character_in_a_cookie_is_answered_400(client: Client) -> None:
    client.cookies["sessionid"] = "a\x00bcdefghijk"
    assert client.get("/").status_code == 400


def test_lines_and_tabs_are_no_control_characters(client_for: SignIn, alice: User) -> None:
    answer = client_for(alice).post("/requests/new/", {"purpose": "two\r\nlines\tand"})
    assert answer.status_code == 422


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1000)
def test_a_file_is_refused_by_forms_that_have_none(client_for: SignIn, alice: User) -> None:
    file = SimpleUploadedFile("much.bin", b"x" * 3_000_000)
    answer = client_for(alice).post("/requests/new/", {"purpose": file})
    assert answer.status_code == 400
    assert "No form of this portal takes one." in answer.content.decode()


def test_what_would_turn_text_is_shown_wherever_it_came_from(
    client_for: SignIn, frank: User, now: datetime
) -> None:
    about = history.About(kind="cluster", id="x", label="dev\u2066-eu")
    robot = history.Actor(id="x", name="in\u202evoice")
    with transaction.atomic():
        history.record(Action.EXPORTED, actor=robot, at=now, about=about, note="all\u200b of it")
    answer = client_for(frank).get("/history/")
    for text in ("in⟨U+202E⟩voice", "dev⟨U+2066⟩-eu", "all⟨U+200B⟩ of it"):
        assert text in answer.content.decode()
    assert not {"\u202e", "\u2066", "\u200b"} & set(answer.content.decode())
    assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_what_a_form_would_send_stays_and_all_around_it_is_shown(rf: RequestFactory) -> None:
    page = '<p>\u202e<input value="\u202e">\u202e<textarea rows="2">\u202e\n</textarea>\u202e'
    answer = ShownAsWritten(lambda _request: HttpResponse(page))(rf.get("/"))
    shown = page.replace("\u202e", "⟨U+202E⟩")
    shown = shown.replace('value="⟨U+202E⟩"', 'value="\u202e"')
    assert answer.content.decode() == shown.replace('"2">⟨U+202E⟩', '"2">\u202e')
