"""Error pages: each kind answers in the product's look, and never with a stack trace."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.models import User


def test_an_unknown_address_answers_404_signed_in_or_not(
    client: Client, alice: User, client_for: Callable[[User], Client]
) -> None:
    assert client.get("/no-such-page/").status_code == 404
    assert client_for(alice).get("/no-such-page/").status_code == 404


def test_unknown_fields_of_a_form_are_refused_by_name(
    alice: User, client_for: Callable[[User], Client]
) -> None:
    answer = client_for(alice).post(reverse("request-new"), {"state": "approved"})
    assert answer.status_code == 400
    assert "state" in answer.content.decode()


def test_a_form_without_its_csrf_proof_is_refused(
    alice: User, client_for: Callable[..., Client]
) -> None:
    client = client_for(alice, enforce_csrf_checks=True)
    assert client.post(reverse("request-new"), {}).status_code == 403


def test_a_form_of_more_than_two_megabytes_is_refused_in_words(
    alice: User, client_for: Callable[[User], Client]
) -> None:
    answer = client_for(alice).post(reverse("request-new"), {"purpose": "x" * 3_000_000})
    assert answer.status_code == 400
    assert "2 MB" in answer.content.decode()


def test_a_bug_answers_500_without_details(
    alice: User, client_for: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("onboarding.views.home.render", broken)
    client = client_for(alice)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert "secret detail" not in answer.content.decode()


def test_a_poll_after_signing_out_leaves_the_page(client: Client, db: None) -> None:
    answer = client.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["X-Bulkhead-Session"]) == (401, "ended")
