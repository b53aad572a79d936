"""Namespace → Connectivity: who can talk to whom, and who may read it."""

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.demo.openings import ANYTHING, WEB
from onboarding.demo.scenario import demo_spec
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.objects import Json, Manifest
from onboarding.models import (
    Cluster,
    ClusterObservation,
    ManagedNamespace,
    NamespaceObservation,
    User,
)
from tests.web.seen_cluster import MEMBER, a_pod, a_policy, observe, seen, url, words
from tests.web.stories import as_worker, onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
MOST_STATEMENTS = 18


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    """Approved, exposed to ingress-nginx on 8080, and seen on a cluster with three others."""
    return seen(ready(onboarded(demo_spec("payments-prod", cluster=cluster.name))))


def read(client: Client, row: ManagedNamespace) -> str:
    answer = client.get(url(row))
    assert answer.status_code == 200
    return words(answer.content)


class TestTable:
    def test_it_says_who_reaches_whom_on_which_ports_and_what_decides(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        said = read(client_for(bob), prod)
        assert "TCP 8080 Allowed allow-ingress@1" in said
        assert "TCP 53, UDP 53 Allowed allow-dns@1" in said
        assert "Every port Allowed allow-internal-egress@1 allow-internal-ingress@1" in said

    def test_what_deny_all_closes_is_said_to_be_closed_by_default(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        said = read(client_for(bob), prod)
        assert "Every port Blocked Closed by default, deny-all@1" in said
        assert "Every other port Blocked Closed by default, deny-all@1" in said

    def test_what_opens_something_is_not_said_to_close_by_default(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        dns: Json = [{"ports": [{"protocol": "UDP", "port": 53}]}]
        both: Manifest = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": dns}
        mine = NamespaceObservation.objects.get(name="payments-prod")
        mine.policies = [a_policy("payments-prod", "only-dns", both)]
        mine.save()
        into, rest = read(client_for(bob), prod).split("Whom this namespace can reach")
        out, inside = rest.split("Inside this namespace")
        assert "Every port Blocked Closed by default, payments-prod/only-dns" in into
        assert "Every other port Blocked No rule allows it; closed by payments-prod/only-" in out
        assert "Closed by default," not in out
        assert "Closed by default" not in inside

    def test_what_the_other_end_closes_is_said_to_be_closed_there(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        mine = NamespaceObservation.objects.get(name="payments-prod")
        mine.policies = []
        mine.save()
        said = read(client_for(bob), prod)
        assert "Blocked Closed by default at the other end, search-prod/guard" in said
        assert "Closed by default, search-prod/guard" not in said

    def test_the_age_of_the_observation_is_shown(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        page = client_for(bob).get(url(prod)).content.decode()
        assert "observed on" in page
        assert "As approved, not yet as observed" not in page
        seen_at = ClusterObservation.objects.get().seen_at
        assert seen_at is not None
        assert f'datetime="{seen_at:%Y-%m-%dT%H:%M}' in page

    def test_what_is_only_approved_is_said_to_be(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        earlier = timezone.now() - timedelta(hours=1)
        ClusterObservation.objects.update(seen_at=earlier)
        assert "As approved, not yet as observed" in read(client_for(bob), prod)

    def test_an_incomplete_answer_says_so(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        ClusterObservation.objects.update(foreign_kinds=["CiliumNetworkPolicy (cilium.io)"])
        said = read(client_for(bob), prod)
        assert "This answer is incomplete" in said
        assert "Not everything there was understood" in said
        assert "Not everything that decides this is known" in said
        assert "CiliumNetworkPolicy (cilium.io)" in said

    def test_that_nodes_always_get_in_is_said(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        assert "health checks of the node" in read(client_for(bob), prod)

    def test_what_depends_on_the_plugin_is_marked_and_explained(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        everywhere: Json = [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]
        spec: Manifest = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": everywhere}
        mine = NamespaceObservation.objects.get(name="payments-prod")
        mine.policies = [*mine.policies, a_policy("payments-prod", "private", spec)]
        mine.save()
        said = read(client_for(bob), prod)
        assert "Depends on the cluster's network plugin" in said
        assert "Whether they match the addresses of pods" in said

    def test_labels_of_others_are_shown_only_where_a_policy_names_them(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        page = client_for(bob).get(url(prod)).content.decode()
        assert "app.kubernetes.io/name=ingress-nginx" in page
        assert "platform-secret" not in page
        assert "charlie-secret" not in page

    def test_before_the_first_look_what_was_approved_is_shown(
        self, client_for: SignIn, bob: User, cast: dict[str, User], cluster: Cluster
    ) -> None:
        row = onboarded(demo_spec("payments-next", cluster=cluster.name))
        said = read(client_for(bob), row)
        assert "The cluster has not been observed yet" in said
        assert "TCP 8080 Allowed allow-ingress@1" in said

    def test_a_namespace_that_the_last_look_did_not_see_is_said_to_be_missing(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        NamespaceObservation.objects.filter(name=prod.name).update(uid="somebody-else")
        said = read(client_for(bob), prod)
        assert "It was not on the cluster at the last look" in said
        assert "Allowed" not in said

    def test_a_namespace_that_is_gone_has_no_table(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        gone(prod)
        assert "The namespace is gone" in read(client_for(bob), prod)

    def test_hostile_names_are_shown_as_text(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        ClusterObservation.objects.update(trouble="<script>alert(1)</script>")
        page = client_for(bob).get(url(prod, **{"from": "<script>alert(1)", "to": "x"}))
        assert page.status_code == 422
        assert "<script>alert(1)" not in page.content.decode()


def test_many_namespaces_with_different_ports_are_not_said_to_have_them_all(
    client_for: SignIn, bob: User, cast: dict[str, User], cluster: Cluster
) -> None:
    days = {"openings": (WEB, ANYTHING), "lifetime_days": 30}
    row = seen(ready(onboarded(demo_spec("payments-prod", cluster=cluster.name, **days))))
    for number in range(30):
        ports: Json = [{"ports": [{"protocol": "TCP", "port": 9000 + number}]}]
        name = f"team-{number:02}"
        own = a_policy(name, "own", {"podSelector": {}, "ingress": ports})
        observe(cluster, name, [own], [a_pod({"app": "web"})])
    page = client_for(bob).get(url(row)).content.decode()
    inward, out = page.split("Whom this namespace can reach", 1)
    assert "other namespaces" in out
    assert "Not the same ports for each of them" in out
    assert "Every port that is not open" in out
    assert ">Ports differ<" in out
    assert "Not the same ports" not in inward


class TestPicture:
    def words(self, client: Client, row: ManagedNamespace) -> tuple[str, list[str]]:
        """The picture as it is read to those who do not see it, and its texts in doubt."""
        page = client.get(url(row)).content.decode()
        said = html.unescape(page.split('<desc id="picture-words">')[1].split("</desc>")[0])
        return said, re.findall(r'<text class="unsure[^>]*>([^<]*)<', page)

    def test_in_words_it_says_who_has_a_path_and_that_the_rest_is_blocked(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        said, doubted = self.words(client_for(bob), prod)
        assert said.startswith("It can be reached by: ingress-nginx: pods labelled app.kub")
        assert "It can reach: every pod in kube-system." in said
        assert "Inside, these can be reached: pods labelled " in said
        assert "Everything else is blocked." in said
        assert "Not settled" not in said
        assert not doubted

    def test_what_is_not_settled_is_marked_in_it_and_not_said_to_be_blocked(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        observe(prod.cluster, "agents", [], [a_pod({"app": "agent"}, host_network=True)])
        said, doubted = self.words(client_for(bob), prod)
        assert "Not settled, with nodes. Everything else is blocked." in said
        assert doubted == ["Blocked", "not settled"] * (len(doubted) // 2)
        assert doubted

    def test_it_claims_nothing_about_policies_that_are_not_understood(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        ClusterObservation.objects.update(foreign_kinds=["CiliumNetworkPolicy (cilium.io)"])
        said, _doubted = self.words(client_for(bob), prod)
        assert "Everything else is blocked" not in said
        assert "What was not understood or read can override this" in said


def gone(row: ManagedNamespace) -> None:
    """Its end, as a worker writes it."""
    as_worker(row, NamespaceState.GONE)


def test_the_page_takes_the_same_statements_however_large_the_cluster_is(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    client, counts = client_for(bob), []
    asked = {"from": MEMBER, "to": "203.0.113.7", "port": 443, "protocol": "TCP"}
    for version in (2, 3):
        for number in range(30):
            observe(prod.cluster, f"team-{version}-{number}", [], [a_pod({"app": "web"})])
        ClusterObservation.objects.update(version=version)
        with CaptureQueriesContext(connection) as statements:
            assert client.get(url(prod, **asked)).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= MOST_STATEMENTS


class TestWhoMayRead:
    @pytest.mark.parametrize("person", ["alice", "bob", "dana", "erin", "frank", "pat"])
    def test_the_team_approvers_and_auditors_may(
        self, client_for: SignIn, cast: dict[str, User], prod: ManagedNamespace, person: str
    ) -> None:
        assert client_for(cast[person]).get(url(prod)).status_code == 200

    def test_charlie_does_not_learn_that_it_exists(
        self, client_for: SignIn, charlie: User, prod: ManagedNamespace
    ) -> None:
        asked = {"from": MEMBER, "to": "203.0.113.7", "port": 443, "protocol": "TCP"}
        assert client_for(charlie).get(url(prod)).status_code == 404
        assert client_for(charlie).get(url(prod, **asked)).status_code == 404
