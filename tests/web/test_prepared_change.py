"""The change that the tester prepares: its address fills the form in, and sends nothing."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from onboarding.demo.scenario import demo_spec
from onboarding.models import Cluster, ManagedNamespace, User
from tests.web.seen_cluster import seen, without_ages, words
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return seen(ready(onboarded(demo_spec("payments-prod", cluster=cluster.name))))


class TestPreparedChange:
    def change(self, row: ManagedNamespace, query: str) -> str:
        return f"/namespaces/{row.public_id}/change/?{query}"

    def test_the_form_opens_with_what_was_proposed_and_says_so(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        page = client_for(alice).get(self.change(prod, "egress=internet")).content.decode()
        assert "Nothing has been sent" in page
        assert re.search(r'name="egress" value="internet"[^>]*checked', page)
        assert "egress-internet@1" in page

    def test_an_exposure_is_proposed_whole(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        query = "ingress=ingress-nginx&component=vault&ports=8200%2C+8201"
        page = client_for(alice).get(self.change(prod, query)).content.decode()
        assert 'value="vault"' in page
        assert 'value="8200, 8201"' in page

    @pytest.mark.parametrize(
        "query",
        [
            "egress=everything",
            "scope=cluster",
            "ingress=nobody&component=web&ports=8080",
            "ingress=ingress-nginx&component=web&ports=http",
            "ingress=ingress-nginx&component=no%20label&ports=8081",
            "ingress=nobody",
            "size=large&purpose=none",
        ],
    )
    def test_what_is_not_on_offer_is_left_out(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace, query: str
    ) -> None:
        plain = client_for(alice).get(self.change(prod, ""))
        proposed = client_for(alice).get(self.change(prod, query))
        assert "Nothing has been sent" not in proposed.content.decode()
        assert without_ages(words(proposed.content)) == without_ages(words(plain.content))

    @pytest.mark.parametrize("name", ["name", "cluster", "colour"])
    def test_what_the_form_does_not_ask_is_refused_aloud(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace, name: str
    ) -> None:
        query = f"size=large&purpose=none&{name}=other"
        answer = client_for(alice).get(self.change(prod, query))
        assert answer.status_code == 422
        assert f"This page knows no “{name}” in its address." in words(answer.content)
        assert 'id="request-form"' not in answer.content.decode()

    def test_bob_may_not_open_it_with_a_proposal_either(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        assert client_for(bob).get(self.change(prod, "egress=open")).status_code == 403
