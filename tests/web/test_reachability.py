"""The Reachability page: who can reach whom, over every namespace one may see, and its exports."""

import csv
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.demo.openings import INTERNET, WEB
from onboarding.demo.scenario import demo_spec
from onboarding.models import (
    Cluster,
    ClusterObservation,
    Decision,
    ManagedNamespace,
    NamespaceObservation,
    Team,
    User,
)
from onboarding.pages.event_export import iso
from onboarding.queries import estate_answers
from tests.support.behind_the_portal import without_guards
from tests.support.wide_estate import wide_estate
from tests.web.seen_cluster import a_pod, a_policy, observe, seen, without_ages, words
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
MOST_STATEMENTS = 16


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    """Approved with HTTPS to the internet, and seen on a cluster with three others."""
    spec = demo_spec("payments-prod", cluster=cluster.name, openings=(WEB, INTERNET))
    return seen(ready(onboarded(spec)))


def ask(client: Client, status: int = 200, **asked: object) -> str:
    answer = client.get(_address("/reachability/", asked))
    assert answer.status_code == status, words(answer.content)
    return words(answer.content)


def exported(client: Client, form: str, **asked: object) -> Any:
    answer = client.get(_address(f"/reachability/export/{form}/", asked))
    assert answer.status_code == 200
    text = answer.content.decode()
    return json.loads(text) if form == "json" else [*csv.DictReader(StringIO(text))]


def _address(path: str, asked: dict[str, object]) -> str:
    return path + "?" + urlencode({name.rstrip("_"): value for name, value in asked.items()})


def test_frank_reads_who_can_reach_the_internet_until_when_and_who_approved_it(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    said = ask(client_for(frank), from_="every namespace", to="internet", port=443)
    assert "1 of 1 namespace can reach the internet on TCP 443" in said
    assert "payments-prod payments · production, internal · dev-eu Can" in said
    assert "egress-internet@1" in said
    assert "no end" in said
    assert f"Dana, Pat {prod.revisions.get().request.label}" in said or "Pat, Dana" in said


def test_what_bulkhead_does_not_manage_is_told_beside_the_numbers(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    said = ask(client_for(frank), from_="every namespace", to="8.8.8.8", port=443)
    assert "Of 3 namespaces that Bulkhead does not manage, these can too: ingress-nginx" in said
    assert "search-prod payments" not in said


def test_the_internet_is_no_private_address(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    client = client_for(frank)
    for private in ("10.1.2.3", "169.254.169.254", "192.168.0.1"):
        assert "1 Cannot" not in ask(client, to=private, port=443, answer="can")
    assert "Can 1" in ask(client, to="internet", port=443)
    assert "Can 0" in ask(client, to="169.254.169.254", port=443)
    assert "Can 0" in ask(client, to="internet", port=80)


def test_any_port_names_the_ports(client_for: SignIn, frank: User, prod: ManagedNamespace) -> None:
    said = ask(client_for(frank), from_="every namespace", to="internet")
    assert "1 of 1 namespace can reach the internet" in said
    assert "Can TCP 443 Only pods: project=payments" in said


def test_who_is_reachable_from_the_web_entry(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    said = ask(client_for(frank), from_="web entry", to="every namespace", port=8080)
    assert "1 of 1 namespace can be reached from the web entry on TCP 8080" in said
    assert "allow-ingress@1" in said
    assert "Can 0" in ask(client_for(frank), from_="web entry", to="", port=8081)


def test_what_can_reach_one_namespace_leaves_it_out_itself(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    said = ask(client_for(frank), to="payments-prod", port=8080, answer="all")
    assert "0 of 0 namespaces can reach payments-prod on TCP 8080" in said
    assert "these can too: ingress-nginx." in said


def test_bob_sees_his_own_namespaces_and_no_other(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    said = ask(client_for(bob), to="internet", answer="all")
    assert "You see the namespaces of your teams." in said
    assert "payments-prod" in said
    for other in ("search-prod", "ingress-nginx", "kube-system", "does not manage"):
        assert other not in said


def test_charlie_can_ask_about_none_of_it(
    client_for: SignIn, charlie: User, prod: ManagedNamespace
) -> None:
    client = client_for(charlie)
    assert "0 of 0 namespaces" in ask(client, to="internet", answer="all")
    said = ask(client, 422, from_="payments-prod", to="internet")
    assert "One of the two ends has to be a namespace you may see." in said
    assert "payments" not in said.replace("payments-prod/app=web", "")
    assert exported(client, "json", to="internet", answer="all")["rows"] == []


def test_of_two_ends_bobs_own_is_answered_for(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    said = ask(client_for(bob), from_="ingress-nginx", to="payments-prod", port=8080)
    assert "1 of 1 namespace can be reached from ingress-nginx on TCP 8080" in said


def test_only_restricted_data_where_that_is_asked(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    said = ask(client_for(frank), to="internet", data="restricted")
    assert "0 of 0 namespaces can reach the internet" in said
    assert "1 of 1 namespace can" in ask(client_for(frank), to="internet", data="internal")


def test_what_is_not_certain_is_an_answer_of_its_own(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    ClusterObservation.objects.update(foreign_kinds=["CiliumNetworkPolicy"], version=2)
    said = ask(client_for(frank), to="internet", port=443)
    assert "Can 0 Cannot 0 Not certain 1" in said
    assert "The picture of dev-eu is incomplete." in said
    assert "CiliumNetworkPolicy" in said
    assert "Not everything that decides this is known" in said


def test_an_old_look_settles_nothing(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    ClusterObservation.objects.update(trouble="no answer within 30 s")
    said = ask(client_for(frank), to="internet", port=443)
    assert "Can 0 Cannot 0 Not certain 1" in said
    assert "dev-eu is answered from an old look" in said
    assert "By an old look: newer ones at the cluster failed. By that look: can." in said


def not_looked_at_for_hours(prod: ManagedNamespace) -> str:
    """Approved and seen three hours ago, and nobody has looked since."""
    at = timezone.now() - timedelta(hours=3)
    with without_guards():
        prod.revisions.update(created_at=at - timedelta(minutes=1))
        Decision.objects.update(decided_at=at - timedelta(minutes=1))
    ClusterObservation.objects.update(seen_at=at)
    return iso(at)


@pytest.mark.parametrize(("to", "by_the_look"), [("internet", "can"), ("search-prod", "cannot")])
def test_what_nobody_looks_at_any_more_is_neither_can_nor_cannot(
    client_for: SignIn, frank: User, prod: ManagedNamespace, to: str, by_the_look: str
) -> None:
    not_looked_at_for_hours(prod)
    said = ask(client_for(frank), from_="payments-prod", to=to, port=443, answer="all")
    assert "Can 0 Cannot 0 Not certain 1" in said
    assert "0 of 1 namespace can reach" in said
    assert "; 1 not certain" in said
    assert "dev-eu is answered as last seen, and counts as not certain. Seen 3 h ago ;" in said
    assert "Not certain As last seen: nobody has looked at the cluster lately." in said
    assert f"By that look: {by_the_look}." in said


def test_of_others_that_nobody_looks_at_nothing_is_certain_either(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    not_looked_at_for_hours(prod)
    said = ask(client_for(frank), to="internet", port=443)
    assert "these can too: none. Of 3 it is not certain." in said


def test_files_say_of_what_nobody_looks_at_that_it_is_unknown(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    at, client = not_looked_at_for_hours(prod), client_for(frank)
    [row] = exported(client, "csv", to="internet", port=443, data="internal")
    assert (row["answer"], row["by_last_look"]) == ("not certain", "can")
    assert (row["certainty"], row["seen_at"]) == ("unknown", at)
    document = exported(client, "json", to="internet", port=443)
    assert document["clusters"][0]["state"] == "not-looked-at"
    assert {one["certainty"] for one in document["rows"]} == {"unknown"}


def test_the_command_line_is_certain_of_nothing_that_nobody_looks_at(
    prod: ManagedNamespace,
) -> None:
    not_looked_at_for_hours(prod)
    asked = ("--cluster", "dev-eu", "--from", "payments-prod", "--to", "8.8.8.8", "--port", "443")
    out = StringIO()
    call_command("reachability", *asked, "-o", "json", stdout=out)
    assert {one["certainty"] for one in json.loads(out.getvalue())["records"]} == {"incomplete"}
    for expected in ("allowed", "blocked"):
        with pytest.raises(CommandError) as refused:
            call_command("reachability", *asked, "--expect", expected, stdout=StringIO())
        assert refused.value.returncode == 3


def test_what_was_approved_after_the_look_settles_nothing(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    ClusterObservation.objects.update(seen_at=prod.created_at.replace(year=2020))
    said = ask(client_for(frank), to="internet", port=443)
    assert "Something was approved for it after the last look." in said
    assert "Can 0" in said


def test_another_namespace_of_the_name_is_not_taken_for_it(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    NamespaceObservation.objects.filter(name="payments-prod").update(uid="a-stranger")
    ClusterObservation.objects.update(version=2)
    said = ask(client_for(bob), to="internet", port=443)
    assert "Not certain It was not on the cluster at the last look." in said
    assert "egress-internet" not in said


def test_a_cluster_that_was_never_looked_at_is_named(
    client_for: SignIn, frank: User, cast: dict[str, User], cluster: Cluster
) -> None:
    onboarded(demo_spec("payments-prod", cluster=cluster.name))
    said = ask(client_for(frank), to="internet")
    assert "dev-eu has not been observed yet." in said
    assert "Not certain 1" in said


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"to": "api.stripe.com"}, "Policies know addresses, not names. Look the name up"),
        ({"to": "https://api.stripe.com/v1"}, "dig +short api.stripe.com"),
        ({"to": "Payments Prod!"}, "Write a namespace, namespace/label=value, an IP address"),
        ({"to": "payments-prod/web"}, "“web” is not a label."),
        ({"to": "nowhere-at-all"}, "No namespace nowhere-at-all is known here."),
        ({"from_": "", "to": ""}, "Name one of the two ends"),
        ({"from_": "internet", "to": "8.8.8.8"}, "One of the two ends has to be a namespace"),
        ({"to": "internet", "port": "70000"}, "A port is a number from 1 to 65535."),
        ({"to": "internet", "port": "http"}, "A port is a number from 1 to 65535."),
        ({"to": "internet", "data": "secret"}, "“secret” is not one of: public, internal"),
        ({"to": "internet", "answer": "maybe"}, "“maybe” is not one of: can, cannot"),
        ({"to": "internet", "cluster": "moon"}, "“moon” is not one of: dev-eu"),
    ],
)
def test_what_cannot_be_asked_is_refused_aloud(
    client_for: SignIn,
    frank: User,
    prod: ManagedNamespace,
    asked: dict[str, object],
    problem: str,
) -> None:
    said = ask(client_for(frank), 422, **asked)
    assert problem in said
    assert "Can 1" not in said
    answer = client_for(frank).get(_address("/reachability/export/csv/", asked))
    assert answer.status_code == 422


def test_a_parameter_that_the_page_does_not_know_is_refused(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    said = ask(client_for(frank), 422, to="internet", team="payments")
    assert "This page has no question “team”. It has: from, to, port" in said


def test_nothing_asked_offers_ready_questions(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    page = client_for(bob).get("/reachability/").content.decode()
    assert "Ask a question" in page
    assert "?from=every+namespace&amp;to=internet" in page
    assert "What can reach payments-prod" in page
    assert "Who is reachable from the web entry" in page


def test_the_answer_takes_the_focus_and_the_title(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    page = client_for(frank).get("/reachability/?to=internet").content.decode()
    assert "<title>1 of 1 namespace can reach the internet · Bulkhead</title>" in page
    assert 'id="answer" tabindex="-1" autofocus' in page
    wrong = client_for(frank).get("/reachability/?to=api.stripe.com").content.decode()
    assert "<title>Error: Reachability · Bulkhead</title>" in wrong


def test_exports_hold_the_rows_that_are_shown(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    [row] = exported(client_for(frank), "csv", to="internet", port=443, data="internal")
    assert (row["namespace"], row["answer"], row["certainty"]) == (
        "payments-prod",
        "can",
        "certain",
    )
    assert row["rules"] == "payments-prod/egress-internet egress[0]"
    assert row["request"] == prod.revisions.get().request.label
    document = exported(client_for(frank), "json", to="internet", port=443, answer="can")
    assert document["question"] == {"to": "internet", "port": "443", "answer": "can"}
    assert document["clusters"][0]["complete"] is True
    assert {one["namespace"] for one in document["rows"]} >= {"payments-prod", "kube-system"}


def test_a_spreadsheet_finds_no_formula_in_it(
    client_for: SignIn, frank: User, prod: ManagedNamespace, pat: User
) -> None:
    pat.first_name, pat.last_name = "=HYPERLINK()", ""
    pat.save()
    [row] = exported(client_for(frank), "csv", to="internet", data="internal")
    assert "=HYPERLINK()" in row["approved_by"]
    assert not row["approved_by"].startswith("=")


def test_the_command_line_answers_the_same_about_two_hundred_namespaces(
    client_for: SignIn, frank: User, cluster: Cluster, search: Team
) -> None:
    wide_estate(cluster, search, 200)
    document = exported(client_for(frank), "json", to="8.8.8.8", port=443, answer="all")
    on_the_page = {one["namespace"]: one["answer"] for one in document["rows"]}
    out = StringIO()
    asked = ("--cluster", cluster.name, "--to", "8.8.8.8", "--port", "443", "--assume-pods")
    call_command("reachability", *asked, "-o", "json", stdout=out)
    said = defaultdict(set)
    for record in json.loads(out.getvalue())["records"]:
        said[record["from"].partition("/")[0]].add((record["verdict"], record["certainty"]))
    assert len(on_the_page) == 200
    assert set(on_the_page.values()) == {"can", "cannot"}
    for name, answer in on_the_page.items():
        assert (("allowed", "certain") in said[name]) is (answer == "can"), name


def test_two_hundred_namespaces_cost_no_more_statements_than_two(
    client_for: SignIn, frank: User, cluster: Cluster, search: Team
) -> None:
    wide_estate(cluster, search, 200)
    client = client_for(frank)
    with CaptureQueriesContext(
        connection,
    ) as found:
        said = ask(client, to="internet")
    assert "28 of 200 namespaces can reach the internet" in said
    assert len(found) <= MOST_STATEMENTS, [one["sql"][:90] for one in found]


def test_a_long_answer_comes_in_pages_and_is_whole(
    client_for: SignIn, frank: User, cluster: Cluster, search: Team
) -> None:
    wide_estate(cluster, search, 130)
    browser, found, after = client_for(frank), list[str](), ""
    for first, last in ((1, 50), (51, 100), (101, 130)):
        asked = {"to": "internet", "answer": "all", **after_of(after)}
        page = browser.get(_address("/reachability/", asked))
        lines = page.context["page"].lines
        said = words(page.content)
        assert f"{first} to {last} of 130 rows" in said
        assert "19 of 130 namespaces can reach the internet" in said
        assert 'export/csv/?to=internet&amp;answer=all"' in page.content.decode()
        found += [line.row.name for line in lines]
        after = page.context["page"].place.next
    assert found == [f"wide-{at:03}" for at in range(130)]
    assert after == ""
    assert len(exported(browser, "csv", to="internet", answer="all")) == 130


def after_of(cursor: str) -> dict[str, str]:
    return {"after": cursor} if cursor else {}


def test_a_place_that_cannot_be_read_is_refused(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    for place in ("x", "WzUwLDEsMl0", "WyJhIiwiYiJd"):
        said = ask(client_for(frank), 422, to="internet", after=place)
        assert "The place in the list cannot be read. Begin with its first page." in said
        assert "Can 1" not in said


def test_what_is_too_large_is_left_out_and_said(
    client_for: SignIn, frank: User, cluster: Cluster, search: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estate_answers, "MOST_PAIRS", 50)
    wide_estate(cluster, search, 40)
    said = ask(client_for(frank), to="internet", answer="all")
    assert "namespaces were left out , because the question is too large" in said
    assert "Not worked out: the question is too large." in said
    assert "Not certain 0" not in said


def test_labels_of_others_make_no_difference_to_what_bob_is_told(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    theirs = NamespaceObservation.objects.get(name="search-prod")
    theirs.policies = [
        a_policy("search-prod", "in", {"podSelector": {"matchLabels": {"tier": "a"}}})
    ]
    theirs.pods = [a_pod({"owner": "x", "tier": "a"}), a_pod({"owner": "y", "tier": "b"})]
    theirs.save()
    observe(prod.cluster, "quiet", [], [])
    right = ask(client_for(bob), from_="payments-prod", to="search-prod/owner=x", answer="all")
    wrong = ask(client_for(bob), from_="payments-prod", to="search-prod/owner=z", answer="all")
    right, wrong = without_ages(right), without_ages(wrong)
    assert right.replace("owner=x", "") == wrong.replace("owner=z", "")
    assert "tier" not in right
