"""Namespace → Connectivity: who can talk to whom, and who may read it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.objects import Json, Manifest
from onboarding.models import (
    Cluster,
    ClusterObservation,
    ManagedNamespace,
    NamespaceObservation,
    User,
)
from onboarding.services.story import demo_spec
from tests.web.seen_cluster import MEMBER, a_pod, a_policy, observe, seen, url, words
from tests.web.stories import as_worker, onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
MOST_STATEMENTS = 16


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
