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

from tests.browser.conftest import Cast
from tests.support.pods import create_pod
from tests.support.raw_api import RawApi
from tests.support.real_processes import Live

NAME, INGRESS, DNS = "payments-shown", "ingress-nginx", "kube-system"
PUBLIC = "11.0.0.0-100.63.255.255"
EVERYBODY_HERE = "every pod here"
# A path: from whom, to whom, and the ports in the words of the page.
Path: TypeAlias = tuple[str, str, str]


@pytest.fixture
def admin(live: Live) -> Iterator[RawApi]:
    """The cluster's administrator, with an ingress controller and a DNS on the cluster."""
    admin = RawApi.from_kubeconfig(live.plane.kubeconfig)
    admin = admin.acting_as("breaker", "system:masters", "bulkhead:break-glass")
    assert admin.post("/api/v1/namespaces", {"metadata": {"name": INGRESS}}).status == 201
    create_pod(admin, INGRESS, {"app": "ctrl", "app.kubernetes.io/name": "ingress-nginx"})
    create_pod(admin, DNS, {"app": "dns", "k8s-app": "kube-dns"})
    yield admin
    admin.delete(f"/api/v1/namespaces/{DNS}/pods/dns")
    for name in (NAME, INGRESS):
        admin.delete(f"/api/v1/namespaces/{name}")


def test_what_dana_sees_is_what_the_objects_mean_after_the_run(
    admin: RawApi, cast_at: Cast, live: Live
) -> None:
    live.run("manage", "reconcile")  # which looks at the cluster, too
    request, dana = live.act("wish", NAME)[NAME], cast_at.dana
    assert dana.open(f"/approvals/{request}/") == 200
    rows = openings_in(dana.page.get_by_role("region", name="Changed paths, table"))
    live.act("approve_all", NAME)
    assert live.act("wait", NAME)[NAME]["state"] == "ready"
    live.run("manage", "reconcile")
    found = observed(live)
    shown = {path for row in rows for path in row.paths(found["endpoints"])}
    assert shown == meant_by(found["records"])
    assert {ports for _, _, ports in shown} == {
        "every port",
        "TCP 53",
        "UDP 53",
        "TCP 443",
        "TCP 8080",
    }


@dataclass(frozen=True)
class Row:
    """One row with something open after the request, in the words of the page."""

    way: str
    peer: str
    ours: str
    ports: tuple[str, ...]

    def paths(self, endpoints: list[dict[str, Any]]) -> Iterator[Path]:
        """Every pair of endpoints the words stand for."""
        ours, peers = (fitting(words, endpoints) for words in (self.ours, self.peer))
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
            opened = row.get_by_role("cell").nth(1).locator(".bh-v.yes > span").all_inner_texts()
            ports = [port for words in opened for port in port_words(words)]
            found.append(Row(way, peer, ours[0] if ours else EVERYBODY_HERE, tuple(ports)))
    return found


def port_words(words: str) -> list[str]:
    named = words.strip().splitlines()[-1].removeprefix("Allowed:").strip()
    return [port if port[:3].isupper() else port.lower() for port in named.split(", ")]


def fitting(words: str, endpoints: list[dict[str, Any]]) -> list[str]:
    """The ids of the endpoints that a party's words stand for."""
    if words == "Public addresses":
        return [one["id"] for one in endpoints if PUBLIC in one["ranges"]]
    if match := re.fullmatch(r"([Ee]very pod here)|(?:([-\w]+): )?[Pp]ods labelled (.*)", words):
        labels = dict(label.split("=") for label in (match[3] or "").split(", ") if label)
        return [
            one["id"]
            for one in endpoints
            if one["namespace"] == (match[2] or NAME) and labels.items() <= one["labels"].items()
        ]
    whole = re.fullmatch(r"Every pod in ([-\w]+)", words)
    assert whole, words
    return [one["id"] for one in endpoints if one["namespace"] == whole[1]]


def observed(live: Live) -> dict[str, Any]:
    """What the command says about the namespace, from what was last observed."""
    asked = ("--cluster", "dev-eu", "--namespace", NAME, "--assume-pods", "-o", "json")
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
