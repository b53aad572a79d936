"""What Dana sees before she decides is what the API server's objects mean after the run.

The page is read row by row; the other witness is `manage.py reachability`, which answers from what
was observed on the cluster and knows nothing of requests and plans.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Locator

from onboarding.domain.objects import Json
from tests.browser.conftest import Cast, Person
from tests.support.passing_namespaces import create_namespaces, passing
from tests.support.pods import create_pod
from tests.support.raw_api import RawApi
from tests.support.real_processes import Live

NEW, CHANGED = "payments-shown", "payments-changed"
BESIDE, LABELLED = "payments-beside", "payments-labelled"
INGRESS, DNS, ELSEWHERE, PROBES = "ingress-nginx", "kube-system", "search-shown", "probes-shown"
PUBLIC = "11.0.0.0-100.63.255.255"
EVERYBODY_HERE = "every pod here"
# A path: from whom, to whom, and the ports in the words of the page.
Path: TypeAlias = tuple[str, str, str]


@pytest.fixture
def admin(breaker: RawApi) -> Iterator[RawApi]:
    """The cluster's administrator, with an ingress controller and a DNS on the cluster."""
    with passing(breaker, INGRESS, ELSEWHERE, PROBES):
        create_namespaces(breaker, INGRESS)
        create_pod(breaker, INGRESS, {"app": "ctrl", "app.kubernetes.io/name": "ingress-nginx"})
        create_pod(breaker, DNS, {"app": "dns", "k8s-app": "kube-dns"})
        yield breaker
        breaker.delete(f"/api/v1/namespaces/{DNS}/pods/dns")


def test_what_dana_sees_is_what_the_objects_mean_after_the_run(
    admin: RawApi, cast_at: Cast, live: Live
) -> None:
    live.act("look")
    rows = rows_shown(cast_at.dana, live.act("wish", NEW)[NEW])
    shown, meant = after_the_run(live, {NEW: rows})
    assert shown == meant
    assert {ports for _, _, ports in shown[NEW]} == {
        "every port",
        "TCP 53",
        "UDP 53",
        "TCP 443",
        "TCP 8080",
    }


def test_a_change_means_what_dana_sees_also_beside_what_others_put_there(
    admin: RawApi, cast_at: Cast, live: Live
) -> None:
    names = (CHANGED, BESIDE, LABELLED)
    live.act("wish", *names)
    assert bring_on(live, *names) == dict.fromkeys(names, "ready")
    put_policies_of_others(admin)
    live.act("look")
    asked = live.act("narrow", *names)
    rows = {name: rows_shown(cast_at.dana, asked[name]) for name in names}
    shown, meant = after_the_run(live, rows)
    assert shown == meant
    expected = {CHANGED: set(), BESIDE: {"TCP 9090"}, LABELLED: {"TCP 9100"}}
    for name in names:
        closed = {(row.way.split()[0], row.peer) for row in rows[name] if row.change == "Closes"}
        assert closed == {("Whom", "Public addresses")}
        assert {ports for _, _, ports in shown[name]} == expected[name] | {
            "every port",
            "TCP 53",
            "UDP 53",
            "TCP 8443",
        }


def put_policies_of_others(admin: RawApi) -> None:
    """Let a foreign policy admit a namespace, and a foreign label be what another one needs."""
    create_namespaces(admin, ELSEWHERE, PROBES)
    create_pod(admin, ELSEWHERE, {"app": "indexer"})
    create_pod(admin, PROBES, {"app": "probe"})
    create_policy(
        admin, BESIDE, ingress=[rule("from", "kubernetes.io/metadata.name", ELSEWHERE, 9090)]
    )
    create_policy(
        admin, LABELLED, ingress=[rule("from", "kubernetes.io/metadata.name", PROBES, 9100)]
    )
    create_policy(admin, PROBES, egress=[rule("to", "monitoring", "yes", 9100)])
    label = {"metadata": {"labels": {"monitoring": "yes"}}}
    assert admin.merge(f"/api/v1/namespaces/{LABELLED}", label).status == 200


def create_policy(admin: RawApi, namespace: str, **rules: list[Json]) -> None:
    """Create a policy that nobody asked the portal for, for every pod there."""
    types = [direction.capitalize() for direction in rules]
    spec = {"podSelector": {}, "policyTypes": types, **rules}
    address = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"
    assert admin.post(address, {"metadata": {"name": "foreign"}, "spec": spec}).status == 201


def rule(side: str, key: str, value: str, port: int) -> Json:
    """Every pod of the namespaces with a label, on one port."""
    peers: Json = [{"namespaceSelector": {"matchLabels": {key: value}}}]
    return {side: peers, "ports": [{"protocol": "TCP", "port": port}]}


def bring_on(live: Live, *names: str) -> dict[str, str]:
    """Have everything approved, wait until the worker has done it, and return the states."""
    live.act("approve_all", *names)
    states: dict[str, str] = live.act("settle", *names)
    return states


def rows_shown(dana: Person, request: str) -> list["Row"]:
    """What the decision page says of a request: what moves, and what stays as it is."""
    assert dana.open(f"/approvals/{request}/") == 200
    moved = dana.page.get_by_role("region", name="Changed paths, table")
    rows = openings_in(moved) if moved.count() else []
    for table in ("Baseline paths, table", "Unchanged paths, table"):
        kept = dana.page.locator("details", has=dana.page.locator(f"[aria-label='{table}']"))
        if kept.count():
            kept.locator("summary").click()
            rows += openings_in(kept)
    return rows


def after_the_run(
    live: Live, rows: dict[str, list["Row"]]
) -> tuple[dict[str, set[Path]], dict[str, set[Path]]]:
    """Approve, wait, and return by namespace what was shown and what the objects mean by now."""
    bring_on(live, *rows)
    live.act("look")
    shown, meant = {}, {}
    for name, told in rows.items():
        found = observed(live, name)
        shown[name] = {path for row in told for path in row.paths(name, found["endpoints"])}
        meant[name] = meant_by(found["records"])
    return shown, meant


@dataclass(frozen=True)
class Row:
    """One row: what is open after the request, and what it changes, in the words of the page."""

    way: str
    peer: str
    ours: str
    ports: tuple[str, ...]
    change: str

    def paths(self, own: str, endpoints: list[dict[str, Any]]) -> Iterator[Path]:
        """Every pair of endpoints the words stand for, where anything is open."""
        if not self.ports:
            return iter(())
        ours, peers = (fitting(words, own, endpoints) for words in (self.ours, self.peer))
        senders, takers = (peers, ours) if self.way.startswith("Who can") else (ours, peers)
        if self.way.startswith("Inside"):  # there the heading of a row names who sends
            senders, takers = peers, ours
        return product(senders, takers, self.ports)


def openings_in(region: Locator) -> list[Row]:
    """Read the table: sections by way, and in each row who, to or from whom, and the ports."""
    found = []
    for body in region.locator("tbody").all():
        way = body.locator("tr.group").inner_text().strip()
        for row in body.locator("tr:not(.group)").all():
            heading = row.get_by_role("rowheader")
            ours = [
                re.sub("^(to|from) ", "", words.strip())
                for words in heading.locator(".sub").all_inner_texts()
                if re.match("(to|from) ", words.strip())
            ]
            peer = heading.inner_text().splitlines()[0].strip()
            cells = row.get_by_role("cell")
            opened = cells.nth(1).locator(".bh-v.yes > span").all_inner_texts()
            ports = tuple(port for words in opened for port in port_words(words))
            change = cells.nth(2).inner_text().strip()
            found.append(Row(way, peer, ours[0] if ours else EVERYBODY_HERE, ports, change))
    return found


def port_words(words: str) -> list[str]:
    named = words.strip().splitlines()[-1].removeprefix("Allowed:").strip()
    return [port if port[:3].isupper() else port.lower() for port in named.split(", ")]


def fitting(words: str, own: str, endpoints: list[dict[str, Any]]) -> list[str]:
    """The ids of the endpoints that a party's words stand for, on the page of namespace `own`."""
    if words == "Public addresses":
        return [one["id"] for one in endpoints if PUBLIC in one["ranges"]]
    if match := re.fullmatch(r"([Ee]very pod here)|(?:([-\w]+): )?[Pp]ods labelled (.*)", words):
        labels = dict(label.split("=") for label in (match[3] or "").split(", ") if label)
        return [
            one["id"]
            for one in endpoints
            if one["namespace"] == (match[2] or own) and labels.items() <= one["labels"].items()
        ]
    whole = re.fullmatch(r"Every pod in ([-\w]+)", words)
    assert whole, words
    return [one["id"] for one in endpoints if one["namespace"] == whole[1]]


def observed(live: Live, name: str) -> dict[str, Any]:
    """What the command says about a namespace, from what was last observed."""
    asked = ("--cluster", "dev-eu", "--namespace", name, "--assume-pods", "-o", "json")
    answer: dict[str, Any] = json.loads(live.run("manage", "reachability", *asked))
    return answer


def meant_by(records: list[dict[str, Any]]) -> set[Path]:
    """What is allowed by the records, with ports as the page names them."""
    opened: dict[tuple[str, str], set[tuple[str, int, int]]] = defaultdict(set)
    for one in records:
        if one["verdict"] == "allowed":
            ports = (one["protocol"], one["port"], one["endPort"])
            opened[one["from"], one["to"]].add(ports)
    return {
        (*pair, words)
        for pair, ports in opened.items()
        for words in (
            {"every port"}
            if {(name, 1, 65535) for name in ("TCP", "UDP", "SCTP")} == ports
            else {f"{protocol} {first}" for protocol, first, last in ports if first == last}
        )
    }
