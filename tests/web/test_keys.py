"""One key to Approvals: on every page of whoever may decide, on nobody else's."""

from collections.abc import Callable

import pytest
from django.test import Client

from onboarding.models import User

KEYED = 'href="/approvals/" data-key="g"'
OPENER, SCRIPT = 'data-opens="keys"', "js/keys.js"


@pytest.mark.parametrize("person", ["dana", "erin", "pat"])
@pytest.mark.parametrize("address", ["/", "/requests/", "/help/", "/accounts/2fa/"])
def test_whoever_may_decide_has_the_key_and_the_list_that_turns_it_off(
    cast: dict[str, User], client_for: Callable[[User], Client], person: str, address: str
) -> None:
    page = client_for(cast[person]).get(address).content.decode()
    assert KEYED in page
    assert SCRIPT in page
    assert OPENER in page
    assert page.count('id="keys"') == 1
    assert "from any page" in page


@pytest.mark.parametrize("person", ["alice", "bob", "frank"])
def test_nobody_else_has_keys(
    cast: dict[str, User], client_for: Callable[[User], Client], person: str
) -> None:
    page = client_for(cast[person]).get("/").content.decode()
    assert "data-key" not in page
    assert OPENER not in page
    assert SCRIPT not in page
