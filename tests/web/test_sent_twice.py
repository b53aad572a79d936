"""The same form, sent many times at once: every answer is the way to the one request (G3)."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from django.test import Client

from onboarding.forms.namespace_request import NamespaceRequestForm
from onboarding.models import Cluster, Request, User
from tests.support.real_database import at_once, committed
from tests.web.test_request_form import NEW, answers

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 8


@pytest.fixture(autouse=True)
def real_database(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    with committed(tmp_path):
        yield


def test_g03_a_twin_that_was_stored_meanwhile_answers_for_both(
    alice: User,
    cluster: Cluster,
    client_for: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = client_for(alice), client_for(alice)
    judged = NamespaceRequestForm.is_valid

    def while_the_twin_is_stored(form: NamespaceRequestForm) -> bool:
        monkeypatch.setattr(NamespaceRequestForm, "is_valid", judged)
        first.post(NEW, answers())
        return judged(form)

    monkeypatch.setattr(NamespaceRequestForm, "is_valid", while_the_twin_is_stored)
    answer = second.post(NEW, answers())
    assert (answer.status_code, Request.objects.count()) == (302, 1)


def test_g03_many_at_once_get_one_answer(
    alice: User, cluster: Cluster, client_for: Callable[[User], Client]
) -> None:
    sent = [partial(client_for(alice).post, NEW, answers()) for _ in range(TIMES)]
    got = at_once(sent)
    where = f"/requests/{Request.objects.get().public_id}/"
    assert {getattr(answer, "headers", {}).get("Location", answer) for answer in got} == {where}
