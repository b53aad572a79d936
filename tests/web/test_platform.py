"""Clusters and teams, for platform admins."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ClusterObservation, NamespaceObservation, Team, User
from tests.support.left_by_worker import set_state
from tests.web.sights import main_of
from tests.web.stories import onboarded

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.mark.parametrize("person", ["alice", "bob", "charlie", "dana", "erin", "frank"])
def test_only_platform_admins_open_them(
    client_for: SignIn, cast: dict[str, User], cluster: Cluster, payments: Team, person: str
) -> None:
    browser = client_for(cast[person])
    for url in ("/clusters/", f"/clusters/{cluster.public_id}/", "/teams/",
                f"/teams/{payments.public_id}/"):  # fmt: skip
        assert browser.get(url).status_code == 403


def test_the_list_of_clusters_takes_as_many_queries_for_many_as_for_one(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    def queries() -> int:
        browser = client_for(pat)
        with CaptureQueriesContext(connection) as made:
            assert browser.get("/clusters/").status_code == 200
        return len(made)

    row = onboarded(demo_spec("payments-prod", cluster="dev-eu"))
    set_state(row, NamespaceState.BLOCKED, reason="taken")
    few = queries()
    for number in range(4):
        Cluster.objects.create(name=f"dev-{number}", facts=cluster.facts, credential=b"x")
    assert queries() == few
    page = client_for(pat).get("/clusters/")
    assert {line.cluster.name: line.problems for line in page.context["lines"]} == {
        "dev-eu": 1, "dev-0": 0, "dev-1": 0, "dev-2": 0, "dev-3": 0
    }  # fmt: skip


def test_pat_sees_the_condition_in_words(client_for: SignIn, pat: User, cluster: Cluster) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(
        condition="unauthorized", condition_message="401 Unauthorized",
        credential_expires_at=timezone.now() - timedelta(hours=1),
    )  # fmt: skip
    page = client_for(pat).get(f"/clusters/{cluster.public_id}/").content.decode()
    for expected in ("No working credential", "401 Unauthorized", "prepare_cluster", "has expired"):
        assert expected in page


@pytest.mark.parametrize(
    ("condition", "title", "is_to_be_run"),
    [
        ("unreachable", "does not answer", False),
        ("unauthorized", "refused, or cannot be opened", True),
        ("untrusted", "certificate is not trusted", True),
        ("credential-misfit", "does not fit this cluster", True),
        ("grant-missing", "lacks a permission", True),
        ("throttled", "asks for patience", False),
        ("slow", "does not answer in time", False),
    ],
)
def test_each_condition_has_its_own_advice(
    client_for: SignIn, pat: User, cluster: Cluster, condition: str, title: str, *,
    is_to_be_run: bool,
) -> None:  # fmt: skip
    Cluster.objects.filter(pk=cluster.pk).update(condition=condition)
    page = main_of(client_for(pat).get(f"/clusters/{cluster.public_id}/"))
    assert title in page
    command = f"prepare_cluster {cluster.name} --kubeconfig FILE"
    assert (command in page, "by itself" in page) == (is_to_be_run, not is_to_be_run)


def test_facts_and_sources_are_shown_and_the_credential_is_not(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    page = client_for(pat).get(f"/clusters/{cluster.public_id}/").content.decode()
    for expected in ("10.96.0.0/16", "k8s-app=kube-dns", "ingress-nginx", "1 namespace"[2:]):
        assert expected in page
    assert "sealed" not in page


def test_pat_sees_what_was_seen_how_long_ago_and_why_it_is_no_newer(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    moment = timezone.now()
    ClusterObservation.objects.create(
        cluster=cluster, seen_at=moment - timedelta(minutes=7), looked_at=moment, version=3,
        namespaces=1, policies=12, pods=40, trouble="<b>connection refused</b>",
        foreign_kinds=["CiliumNetworkPolicy (cilium.io)"],
    )  # fmt: skip
    page = client_for(pat).get(f"/clusters/{cluster.public_id}/").content.decode()
    for expected in ("7 min ago", "1 namespace,", "12 network policies", "40 running pods",
                     "&lt;b&gt;connection refused", "CiliumNetworkPolicy (cilium.io)",
                     "marked incomplete"):  # fmt: skip
        assert expected in page


def test_a_cluster_nobody_looked_at_says_so(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    page = client_for(pat).get(f"/clusters/{cluster.public_id}/").content.decode()
    section = page.partition("What was last seen on it")[2].partition("</section>")[0]
    assert "never" in section
    assert "running pods" not in section
    assert "The last look failed" not in section


@pytest.mark.parametrize("sources", [1, 9])
def test_a_cluster_page_takes_as_many_statements_however_much_is_on_it(
    client_for: SignIn, pat: User, cluster: Cluster, sources: int
) -> None:
    for number in range(sources):
        cluster.ingress_sources.create(slug=f"s{number}", namespace="edge")
    NamespaceObservation.objects.bulk_create(
        NamespaceObservation(cluster=cluster, name=f"n{number}") for number in range(sources)
    )
    ClusterObservation.objects.create(cluster=cluster, seen_at=timezone.now())
    browser = client_for(pat)
    browser.get(f"/clusters/{cluster.public_id}/")
    with CaptureQueriesContext(connection) as statements:
        browser.get(f"/clusters/{cluster.public_id}/")
    observing = [one["sql"] for one in statements if "observation" in one["sql"]]
    assert len(observing) == 3
    assert len(statements) <= 19


def test_without_clusters_the_page_says_how_to_get_one(client_for: SignIn, pat: User) -> None:
    assert "prepare_cluster" in client_for(pat).get("/clusters/").content.decode()


def test_lists_lead_to_details(
    client_for: SignIn, pat: User, cluster: Cluster, payments: Team
) -> None:
    browser = client_for(pat)
    assert f"/clusters/{cluster.public_id}/" in browser.get("/clusters/").content.decode()
    assert f"/teams/{payments.public_id}/" in browser.get("/teams/").content.decode()


def test_a_team_page_names_people_and_group(client_for: SignIn, pat: User, payments: Team) -> None:
    page = client_for(pat).get(f"/teams/{payments.public_id}/").content.decode()
    for expected in ("Alice", "Bob", "Lead", payments.access_group):
        assert expected in page


@pytest.mark.parametrize("url", ["/clusters/NOSUCHONE2/", "/teams/NOSUCHONE2/"])
def test_what_does_not_exist_is_404(client_for: SignIn, pat: User, url: str) -> None:
    assert client_for(pat).get(url).status_code == 404
