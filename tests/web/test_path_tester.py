"""The tester of the Connectivity page: its answers and its advice."""

import html
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from onboarding.demo.openings import ANYTHING
from onboarding.demo.openings import WEB as WEB_ENTRY
from onboarding.demo.scenario import demo_spec
from onboarding.domain.objects import Json, Manifest
from onboarding.models import (
    Cluster,
    ClusterObservation,
    Event,
    ManagedNamespace,
    NamespaceObservation,
    Request,
    RoleAssignment,
    User,
)
from onboarding.queries import paths
from tests.web.seen_cluster import (
    MEMBER,
    a_pod,
    a_policy,
    observe,
    seen,
    url,
    without_ages,
    words,
)
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
WEB = "payments-prod/app=web,project=payments"
NGINX = "ingress-nginx/app.kubernetes.io/name=ingress-nginx"
ONLY_DNS: Manifest = {
    "podSelector": {},
    "policyTypes": ["Ingress", "Egress"],
    "egress": [{"ports": [{"protocol": "UDP", "port": 53}]}],
}


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    """Approved, exposed to ingress-nginx on 8080, and seen on a cluster with three others."""
    return seen(ready(onboarded(demo_spec("payments-prod", cluster=cluster.name))))


def ask(
    client: Client, row: ManagedNamespace, source: str, to: str, port: object = 443, **more: object
) -> str:
    """Put a question to the tester and return what it answers, in words."""
    asked = {"from": source, "to": to, "port": port, "protocol": "TCP", **more}
    answer = client.get(url(row, **asked))
    assert answer.status_code == 200, words(answer.content)
    said = words(answer.content)
    return said[said.index("Can A reach B") : said.index("Who can talk to whom")]


def adopt(policy: Json) -> None:
    """Put one more policy into payments-prod."""
    mine = NamespaceObservation.objects.get(name="payments-prod")
    mine.policies = [*mine.policies, policy]
    mine.save()


def prepared(client: Client, row: ManagedNamespace, **asked: object) -> str:
    """The address of the change form that the tester prepares."""
    page = client.get(url(row, **{"protocol": "TCP", **asked})).content.decode()
    found = re.search(r'href="(/namespaces/[^"]*/change/\?[^"]*)"', page)
    return html.unescape(found[1]) if found else ""


class TestTester:
    def test_it_says_yes_with_the_rules_of_both_ends(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        said = ask(client_for(bob), prod, NGINX, WEB, 8080)
        assert "Allowed Yes. A may send it, and B accepts it." in said
        assert "Leaving A: no policy isolates these pods" in said
        assert "Entering B: allowed by payments-prod/allow-ingress-ingress-nginx ingress[0]" in said
        assert "Computed from policies observed" in said
        assert "What would allow it" not in said

    def test_it_says_no_with_the_side_that_blocks(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        said = ask(client_for(bob), prod, "search-prod", WEB, 8080)
        assert "Blocked No. B does not accept it, although A may send it." in said
        assert "Entering B: no rule allows it. Closed by default, payments-prod/deny-all" in said

    def test_where_it_depends_on_the_pods_every_kind_is_answered(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        said = ask(client_for(bob), prod, NGINX, "payments-prod", 8080)
        assert "It depends on the pods, for example:" in said
        assert "payments-prod/app=web,project=payments Allowed" in said
        assert "payments-prod, other pods Blocked" in said

    def test_a_pod_that_nobody_saw_is_answered_for_and_said_to_be_unseen(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        said = ask(client_for(bob), prod, "payments-prod/project=other", "kube-system", 53)
        assert "Allowed Yes." in said
        assert "No pod like payments-prod/project=other runs yet." in said

    def test_labels_that_only_others_know_of_make_no_difference_to_what_is_told(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        right = ask(client_for(bob), prod, "search-prod/owner=charlie-secret", WEB, 8080)
        wrong = ask(client_for(bob), prod, "search-prod/owner=somebody-else", WEB, 8080)
        right, wrong = without_ages(right), without_ages(wrong)
        assert right.replace("charlie-secret", "") == wrong.replace("somebody-else", "")

    def test_labels_of_others_are_told_only_where_a_policy_names_them(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        said = ask(client_for(bob), prod, "ingress-nginx", WEB, 8080)
        assert f"{NGINX} payments-prod" not in said
        assert f"{NGINX} to payments-prod/app=web,project=payments Allowed" in said
        assert "platform-secret" not in said

    def test_labels_that_only_their_own_policies_name_are_not_told(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        theirs = NamespaceObservation.objects.get(name="search-prod")
        spec: Manifest = {"podSelector": {"matchLabels": {"clearance": "charlie-secret"}}}
        internal: Manifest = {**spec, "policyTypes": ["Egress"]}
        theirs.policies = [a_policy("search-prod", "internal", internal)]
        theirs.pods = [a_pod({"clearance": "charlie-secret"}), a_pod({"clearance": "none"})]
        theirs.save()
        adopt(a_policy("payments-prod", "all", {"podSelector": {}, "ingress": [{}]}))
        said = ask(client_for(bob), prod, "search-prod", WEB, 80)
        assert "search-prod, some of its pods to payments-prod/app=web,project=payments" in said
        assert "clearance" not in said
        assert "charlie-secret" not in said

    @pytest.mark.parametrize(("count", "is_alone"), [(1, True), (2, False)])
    def test_a_pod_is_never_told_to_be_blocked_from_itself(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace, *, count: int, is_alone: bool
    ) -> None:
        mine = NamespaceObservation.objects.get(name="payments-prod")
        mine.pods = [a_pod({"project": "lone"}) | {"count": count}]
        mine.save()
        lone = "payments-prod/project=lone"
        said = ask(client_for(bob), prod, lone, lone, 80)
        assert ("There is no other pod: both ends are one and the same." in said) is is_alone
        assert ("Blocked No." in said) is not is_alone
        assert "too many pods" not in said

    def test_two_lone_pods_are_still_asked_about_each_other(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        mine = NamespaceObservation.objects.get(name="payments-prod")
        mine.pods = [a_pod({"project": name}) | {"count": 1} for name in ("lone", "payments")]
        mine.save()
        said = ask(client_for(bob), prod, "payments-prod/project=lone", "payments-prod", 80)
        assert "Blocked No." in said
        assert "There is no other pod" not in said

    def test_what_opens_something_is_not_said_to_close_by_default(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        mine = NamespaceObservation.objects.get(name="payments-prod")
        mine.policies = [a_policy("payments-prod", "only-dns", ONLY_DNS)]
        mine.save()
        out = ask(client_for(bob), prod, MEMBER, "203.0.113.7", 443)
        assert "no rule allows it. Isolated by payments-prod/only-dns" in out
        into = ask(client_for(bob), prod, "ingress-nginx", MEMBER, 443)
        assert "no rule allows it. Closed by default, payments-prod/only-dns" in into

    def test_of_answers_that_agree_the_least_settled_is_told(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        names = ({"kind": "agent"}, {"kind": "probe"})
        pods = [a_pod(one, host_network=at == 0) for at, one in enumerate(names)]
        observe(prod.cluster, "agents", [], pods)
        ClusterObservation.objects.update(version=2)
        said = ask(client_for(bob), prod, "agents", WEB, 9000)
        assert "Blocked No." in said
        assert "Kubernetes leaves this open" in said
        NamespaceObservation.objects.filter(name="agents").update(pods=pods[1:])
        ClusterObservation.objects.update(version=3)
        assert "leaves this open" not in ask(client_for(bob), prod, "agents", WEB, 9000)

    def test_an_ingress_source_can_be_asked_about_before_it_runs(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        NamespaceObservation.objects.filter(name="ingress-nginx").delete()
        said = ask(client_for(bob), prod, NGINX, WEB, 8080)
        assert "Allowed Yes." in said
        assert f"No pod like {NGINX} runs yet." in said

    def test_too_many_pairs_to_try_are_said_to_be(
        self,
        client_for: SignIn,
        bob: User,
        prod: ManagedNamespace,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(paths, "MOST_PAIRS", 1)
        said = ask(client_for(bob), prod, NGINX, "payments-prod", 8080)
        assert "too many pods to try each pair" in said
        assert "too many pods" not in ask(client_for(bob), prod, NGINX, WEB, 8080)

    def test_an_uncertain_verdict_is_marked(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        mine = NamespaceObservation.objects.get(name="payments-prod")
        everywhere: Json = [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]
        spec: Manifest = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": everywhere}
        mine.policies = [*mine.policies, a_policy("payments-prod", "private", spec)]
        mine.save()
        said = ask(client_for(bob), prod, "search-prod", WEB, 9000)
        assert "Depends on the cluster's network plugin" in said

    @pytest.mark.parametrize(
        ("field", "value", "problem"),
        [
            ("from", "search-nowhere", "No namespace search-nowhere is known on this cluster."),
            ("from", "10.0.0.0/8", "Write a namespace"),
            ("to", "api.stripe.com", "Policies know addresses, not names."),
            ("to", "https://api.stripe.com/v1", "(`dig +short api.stripe.com`)"),
            ("from", "Search Prod!", "Write a namespace"),
            ("from", "search-prod/owner", "“owner” is not a label."),
            ("from", "search-prod/", "is not a label"),
            ("from", "x" * 301, "at most 300 characters"),
            ("from", "", "This field is required"),
            ("to", "search-prod", "One of the two ends has to be payments-prod"),
            ("to", "203.0.113.7", "One of the two ends has to be payments-prod"),
            ("port", "0", "A port is a number from 1 to 65535."),
            ("port", "65536", "A port is a number from 1 to 65535."),
            ("port", "http", "A port is a number from 1 to 65535."),
            ("protocol", "ICMP", "ICMP is not one of the available choices"),
        ],
    )
    def test_bad_input_is_told_at_its_field_and_kept(
        self,
        client_for: SignIn,
        bob: User,
        prod: ManagedNamespace,
        *,
        field: str,
        value: str,
        problem: str,
    ) -> None:
        asked = {"from": "kube-system", "to": MEMBER, "port": 443, "protocol": "TCP", field: value}
        answer = client_for(bob).get(url(prod, **asked))
        assert answer.status_code == 422
        assert problem in words(answer.content)
        assert f'id="path-{field}_error"' in answer.content.decode()
        if field != "protocol":
            assert f'value="{html.escape(value)}"' in answer.content.decode() or not value

    def test_an_address_inside_the_cluster_is_asked_for_by_name(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        facts = {**prod.cluster.facts, "pod_ranges": ["10.244.0.0/16"]}
        Cluster.objects.update(facts=facts)
        asked = {"from": MEMBER, "to": "10.244.3.9", "port": 443, "protocol": "TCP"}
        answer = client_for(bob).get(url(prod, **asked))
        assert answer.status_code == 422
        assert "This address is inside the cluster." in words(answer.content)

    def test_a_link_may_leave_out_who_asks(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        answer = client_for(bob).get(url(prod, to="kube-system", port=53))
        assert answer.status_code == 200
        assert answer.context["tester"].path.startswith("payments-prod")

    def test_asking_changes_nothing(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        before = (Event.objects.count(), Request.objects.count())
        ask(client_for(alice), prod, MEMBER, "203.0.113.7")
        client_for(alice).get(f"/namespaces/{prod.public_id}/change/?egress=open")
        assert (Event.objects.count(), Request.objects.count()) == before


class TestAdvice:
    def test_a_public_address_needs_egress_to_the_internet(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        said = ask(client_for(alice), prod, MEMBER, "203.0.113.7", 443)
        assert "Ask for egress “Internet HTTPS”" in said
        assert "Decided then by" not in said
        asked = {"from": MEMBER, "to": "203.0.113.7", "port": 443}
        assert prepared(client_for(alice), prod, **asked).endswith("/change/?egress=internet")

    @pytest.mark.parametrize(("to", "port"), [("203.0.113.7", 22), ("192.168.1.1", 443)])
    def test_what_internet_does_not_cover_needs_open_egress(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace, *, to: str, port: int
    ) -> None:
        assert "Ask for egress “Open”" in ask(client_for(alice), prod, MEMBER, to, port)

    def test_another_port_for_an_ingress_source_extends_the_exposure(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        asked = {"from": NGINX, "to": WEB, "port": 9090}
        link = prepared(client_for(alice), prod, **asked)
        wanted = {"ingress": ["ingress-nginx"], "component": ["web"], "ports": ["8080, 9090"]}
        assert parse_qs(urlsplit(link).query) == wanted
        said = ask(client_for(alice), prod, NGINX, WEB, 9090)
        assert "serve ingress-nginx on TCP 8080, 9090" in said
        assert "takes the place" not in said

    def test_another_component_is_one_opening_more(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        vault = "payments-prod/app=vault,project=payments"
        said = ask(client_for(alice), prod, NGINX, vault, 8200)
        assert "pods with app=vault to serve ingress-nginx on TCP 8200" in said
        assert "takes the place" not in said

    def test_inside_the_namespace_a_label_is_enough(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        said = ask(client_for(alice), prod, "payments-prod/team=stray", MEMBER, 9000)
        assert "Put the label project=payments on the pods in payments-prod." in said
        assert "Prepare this change" not in said

    def test_a_pod_without_the_label_needs_both(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        said = ask(client_for(alice), prod, "payments-prod/project=other", "203.0.113.7", 443)
        assert "Do both: Put the label project=payments" in said
        assert "Ask for egress “Internet HTTPS”" in said

    def test_pods_without_a_component_need_that_label_too(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        mine = NamespaceObservation.objects.get(name="payments-prod")
        mine.pods = [a_pod({"project": "payments"})]
        mine.save()
        said = ask(client_for(alice), prod, NGINX, MEMBER, 9090)
        assert "Put the label app=web on the pods in payments-prod." in said
        assert "pods with app=web to serve ingress-nginx on TCP 8080, 9090" in said

    def test_dns_that_the_cluster_lost_is_approved_already(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        mine = NamespaceObservation.objects.get(name="payments-prod")
        mine.policies = [one for one in mine.policies if one["metadata"]["name"] != "allow-dns"]
        mine.save()
        dns = "kube-system/k8s-app=kube-dns"
        said = ask(client_for(alice), prod, MEMBER, dns, 53, protocol="UDP")
        assert "What was approved for payments-prod allows it: allow-dns@1." in said

    def test_where_the_other_end_is_closed_its_people_are_to_be_asked(
        self, client_for: SignIn, alice: User, cast: dict[str, User], cluster: Cluster
    ) -> None:
        days = {"openings": (WEB_ENTRY, ANYTHING), "lifetime_days": 30}
        row = seen(ready(onboarded(demo_spec("payments-prod", cluster=cluster.name, **days))))
        said = ask(client_for(alice), row, MEMBER, "search-prod", 443)
        assert "the policies of search-prod do not. Ask those who run it." in said

    def test_what_no_template_allows_names_who_gives_network_approval_and_what_to_tell_them(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        said = ask(client_for(alice), prod, "search-prod", WEB, 8080)
        assert "Nothing that can be asked for in a form allows this." in said
        assert "Ask who gives network approval: Dana ( dana@example.com )" in said
        assert f"We need a path that no form offers: search-prod to {WEB} on TCP 8080" in said
        assert "http://testserver/namespaces/" in said
        assert "Prepare this change" not in said

    def test_where_nobody_gives_network_approval_that_is_said(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace
    ) -> None:
        RoleAssignment.objects.filter(role="network").delete()
        said = ask(client_for(alice), prod, "search-prod", WEB, 8080)
        assert "Nobody gives network approval at the moment" in said

    def test_a_member_is_told_who_leads_the_team_and_can_suggest_the_change(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        said = ask(client_for(bob), prod, MEMBER, "203.0.113.7", 443)
        assert "Ask for egress “Internet HTTPS”" in said
        assert "Prepare this change" not in said
        assert "Alice ( alice@example.com ) leads payments and can ask for it." in said
        assert "Suggest this change" in said

    def test_a_reader_from_elsewhere_is_told_who_leads_and_suggests_nothing(
        self, client_for: SignIn, frank: User, prod: ManagedNamespace
    ) -> None:
        said = ask(client_for(frank), prod, MEMBER, "203.0.113.7", 443)
        assert "leads payments and can ask for it." in said
        assert "Suggest this change" not in said

    def test_a_team_without_a_lead_is_said_to_have_none(
        self, client_for: SignIn, bob: User, alice: User, prod: ManagedNamespace
    ) -> None:
        User.objects.filter(pk=alice.pk).update(is_active=False)
        said = ask(client_for(bob), prod, MEMBER, "203.0.113.7", 443)
        assert "Team payments has no lead now" in said
