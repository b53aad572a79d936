"""Who can talk to a namespace: as a request would make it, as it was observed, as approved."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from onboarding.demo.openings import ANYTHING, INTERNET, WEB
from onboarding.demo.scenario import ask
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.risk import Risk
from onboarding.domain.spec import Opening
from onboarding.models import Cluster, ClusterObservation, Event, NamespaceObservation
from onboarding.plan.build import empty_plan
from onboarding.queries.connectivity import Connectivity, picture_of_namespace, picture_of_plans
from onboarding.reachability.neighbourhood import Change, Line, PartyKind, Way
from onboarding.services.preview import preview
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import NAME, plan_of, ready, spec_of, wish_of

UID = "0b9d1f6e-1f3a-4c55-9f0e-5f7b3a1c2d4e"
CLOSED = plan_of(openings=())
EXPOSED = plan_of()


def observe(cluster: Cluster, at: datetime, *rows: NamespaceObservation) -> None:
    ClusterObservation.objects.update_or_create(
        cluster=cluster, defaults={"seen_at": at, "version": 1}
    )
    for row in rows:
        row.cluster = cluster
        row.save()


def seen(name: str, *pods: dict[str, str], **labels: str) -> NamespaceObservation:
    classes = [
        {"labels": pod, "ports": [], "hostNetwork": False, "count": 1} for pod in pods or ({},)
    ]
    return NamespaceObservation(name=name, uid=UID, digest="sha256:0", labels=labels, pods=classes)


def moves(picture: Connectivity) -> set[tuple[Way, Change, str]]:
    """The lines that change: way, change, and whose answer it is."""
    return {
        (line.way, line.change, told(line))
        for line in picture.neighbourhood.lines
        if line.change is not Change.SAME
    }


def told(line: Line) -> str:
    if line.peer.kind is PartyKind.ADDRESSES:
        return (
            "public"
            if any(str(span) == "11.0.0.0-100.63.255.255" for span in line.peer.spans)
            else "private"
        )
    return " ".join(line.peer.namespaces)


@pytest.mark.django_db
def test_an_exposure_opens_one_port_from_the_ingress_controller_and_nothing_else(
    cluster: Cluster,
) -> None:
    picture = picture_of_plans(cluster, NAME, before=CLOSED, after=EXPOSED)
    assert moves(picture) == {(Way.INWARD, Change.OPENS, "ingress-nginx")}
    [line] = [one for one in picture.neighbourhood.lines if one.change is Change.OPENS]
    [opening] = line.answer.openings
    assert opening.ports == (("TCP", 8080, 8080),)
    assert [rule.policy.template for rule in opening.rules] == ["allow-ingress@1"]
    assert dict(line.ours.labels) == {"app": "web", "project": "payments"}
    assert picture.neighbourhood.gaining == ("ingress-nginx",)
    assert picture.neighbourhood.losing == ()


@pytest.mark.django_db
def test_internet_egress_opens_public_addresses_and_no_private_ones(cluster: Cluster) -> None:
    picture = picture_of_plans(cluster, NAME, before=CLOSED, after=plan_of(openings=(INTERNET,)))
    assert moves(picture) == {(Way.OUTWARD, Change.OPENS, "public")}
    assert picture.neighbourhood.gaining == ()


@pytest.mark.django_db
def test_taking_an_exposure_away_closes_it(cluster: Cluster) -> None:
    picture = picture_of_plans(cluster, NAME, before=EXPOSED, after=CLOSED)
    assert moves(picture) == {(Way.INWARD, Change.CLOSES, "ingress-nginx")}
    assert picture.neighbourhood.losing == ("ingress-nginx",)


@pytest.mark.django_db
def test_onboarding_opens_what_the_baseline_allows(cluster: Cluster) -> None:
    picture = picture_of_plans(cluster, NAME, before=None, after=CLOSED)
    assert moves(picture) == {
        (Way.INSIDE, Change.OPENS, NAME),
        (Way.OUTWARD, Change.OPENS, "kube-system"),
    }


@pytest.mark.django_db
def test_retiring_closes_everything(cluster: Cluster) -> None:
    gone = empty_plan(cluster.name, NAME)
    picture = picture_of_plans(cluster, NAME, before=EXPOSED, after=gone)
    assert {change for _, change, _ in moves(picture)} == {Change.CLOSES}
    assert picture.neighbourhood.losing == ("ingress-nginx", "kube-system")
    assert picture.findings == ()


def policy(name: str, *, template: str = "") -> dict[str, Any]:
    """A policy as it is kept, which lets everybody in."""
    annotations = {"bulkhead.dev/template": template} if template else {}
    metadata = {"name": name, "namespace": NAME, "annotations": annotations}
    return {"metadata": metadata, "spec": {"ingress": [{}]}}


@pytest.mark.django_db
def test_a_policy_that_is_not_the_portals_counts_before_and_after(
    cluster: Cluster, now: datetime
) -> None:
    row = seen(NAME, {"project": "payments"})
    row.policies = [policy("theirs")]
    observe(cluster, now, row, seen("legacy"))
    picture = picture_of_plans(cluster, NAME, before=CLOSED, after=EXPOSED, uid=UID)
    opened = [line for line in picture.neighbourhood.going(Way.INWARD) if line.answer.openings]
    rules = {rule for line in opened for one in line.answer.openings for rule in one.rules}
    assert "theirs" in {rule.policy.name for rule in rules}
    assert moves(picture) == set()
    assert "theirs" in {one.policy.name for one in picture.findings if one.policy}


@pytest.mark.django_db
def test_the_portals_own_policies_are_replaced_by_the_plans(
    cluster: Cluster, now: datetime
) -> None:
    row = seen(NAME, {"project": "payments", "app": "web"})
    row.policies = [policy("allow-ingress-old", template="allow-ingress@1")]
    observe(cluster, now, row, seen("legacy"))
    picture = picture_of_plans(cluster, NAME, before=EXPOSED, after=CLOSED, uid=UID)
    assert not [line for line in picture.neighbourhood.going(Way.INWARD) if line.answer.openings]


@pytest.mark.parametrize("uid", ["", "7c0ffee0-0000-4000-8000-000000000000"])
@pytest.mark.django_db
def test_a_strangers_namespace_of_the_name_is_nothing_to_look_into(
    cluster: Cluster, now: datetime, uid: str
) -> None:
    row = seen(NAME, {"app": "vault", "owner": "charlie"}, monitoring="yes")
    row.policies = [policy("secret")]
    observe(cluster, now, row, seen("legacy"))
    picture = picture_of_plans(cluster, NAME, before=None, after=EXPOSED, uid=uid)
    own = [pod for pod in picture.estate.world.pods if pod.namespace == NAME]
    assert {pod.kind for pod in own} == {"assumed"}
    assert "secret" not in {one.ref.name for one in picture.estate.world.policies}
    assert "monitoring" not in picture.estate.world.namespaces[NAME]


@pytest.mark.django_db
def test_labels_that_others_gave_the_namespace_count(cluster: Cluster, now: datetime) -> None:
    other = seen("search-prod", {"app": "crawler"})
    selecting = {"namespaceSelector": {"matchLabels": {"monitoring": "yes"}}}
    other.policies = [
        {
            "metadata": {"name": "scrape", "namespace": "search-prod"},
            "spec": {"policyTypes": ["Egress"], "egress": [{"to": [selecting]}]},
        }
    ]
    own = seen(NAME, {"project": "payments"}, monitoring="yes", **{"ns-id": "forged"})
    own.policies = [policy("theirs")]
    observe(cluster, now, own, other)
    picture = picture_of_plans(cluster, NAME, before=None, after=CLOSED, uid=UID)
    assert "search-prod" in picture.neighbourhood.gaining
    assert picture.estate.world.namespaces[NAME]["ns-id"] == NAME


@pytest.mark.django_db
def test_namespaces_that_nobody_manages_are_in_the_picture(cluster: Cluster, now: datetime) -> None:
    observe(cluster, now, seen("legacy", {"app": "old"}), seen("kube-system"))
    open_plan = plan_of(openings=(ANYTHING,))
    picture = picture_of_plans(cluster, NAME, before=CLOSED, after=open_plan)
    assert "legacy" in picture.neighbourhood.gaining
    assert picture.seen_at == now


@pytest.mark.django_db
def test_a_path_from_production_elsewhere_is_a_finding_and_asks_more_lanes(
    cluster: Cluster, now: datetime, cast: object
) -> None:
    observe(
        cluster,
        now,
        seen("search-dev", {"app": "web"}, **{"bulkhead.dev/environment": "development"}),
    )
    wanted = preview(wish_of(spec_of(openings=(WEB, ANYTHING), lifetime_days=7)))
    assert wanted.picture.risk is Risk.HIGH
    assert any("search-dev" in finding.message for finding in wanted.picture.introduced)
    assert {"High risk"} <= {reason for lane in wanted.lanes for reason in lane.reasons}


@pytest.mark.parametrize(("way_out", "risk"), [((), "low"), ((ANYTHING,), "high")])
@pytest.mark.django_db
def test_a_request_keeps_the_risk_it_was_sent_with(
    cluster: Cluster, cast: object, now: datetime, way_out: tuple[Opening, ...], risk: str
) -> None:
    request = ask(spec_of(openings=(WEB, *way_out), lifetime_days=7), now=now)
    assert request.risk == risk
    said = json.loads(bytes(Event.objects.get(pk=request.last_event_id).canonical))
    assert said["body"]["risk"] == risk


@pytest.mark.django_db
def test_what_was_there_before_makes_no_request_risky(cluster: Cluster) -> None:
    before = plan_of(openings=(WEB, ANYTHING))
    picture = picture_of_plans(
        cluster, NAME, before=before, after=plan_of(openings=(WEB, ANYTHING), size="medium")
    )
    assert picture.findings
    assert picture.introduced == ()
    assert picture.risk is Risk.LOW


@pytest.mark.django_db
def test_the_baseline_alone_is_of_low_risk(cluster: Cluster) -> None:
    picture = picture_of_plans(cluster, NAME, before=None, after=EXPOSED)
    assert picture.risk is Risk.LOW


def test_a_namespace_that_neither_is_nor_shall_be_has_no_picture(cluster: Cluster) -> None:
    with pytest.raises(ValueError, match="neither is nor shall be"):
        picture_of_plans(cluster, NAME, before=None, after=None)


@pytest.mark.parametrize("others", [1, 40])
@pytest.mark.django_db
def test_a_picture_takes_the_same_queries_whatever_the_size_of_the_cluster(
    cluster: Cluster, now: datetime, others: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    observe(cluster, now, *(seen(f"team-{number}") for number in range(others)))
    with django_assert_num_queries(3):
        picture_of_plans(cluster, NAME, before=CLOSED, after=EXPOSED)
    with django_assert_num_queries(2):
        picture_of_plans(cluster, NAME, before=CLOSED, after=EXPOSED)


def test_a_namespace_is_shown_as_observed(
    cluster: Cluster, cast: object, fake: FakeCluster, now: datetime
) -> None:
    row = ready(now=now)
    guarded = seen(NAME, {"app": "web"})
    guarded.uid = row.uid
    guarded.policies = [{"metadata": {"name": "mine", "namespace": NAME}, "spec": {}}]
    observe(cluster, now + timedelta(minutes=1), guarded)
    picture = picture_of_namespace(row)
    assert picture is not None
    assert not picture.is_intended
    closing = {ref.name for line in picture.neighbourhood.lines for ref in line.answer.closed_by}
    assert closing == {"mine"}


def test_what_was_approved_after_the_observation_is_shown_as_approved(
    cluster: Cluster, cast: object, fake: FakeCluster, now: datetime
) -> None:
    observe(cluster, now - timedelta(minutes=1), seen("kube-system"), seen("ingress-nginx"))
    picture = picture_of_namespace(ready(now=now))
    assert picture is not None
    assert picture.is_intended
    inward = [line for line in picture.neighbourhood.going(Way.INWARD) if line.answer.openings]
    assert [line.peer.namespaces for line in inward] == [("ingress-nginx",)]


@pytest.mark.parametrize("others", [(), (NAME,)], ids=["deleted by hand", "another of the name"])
def test_what_a_later_look_did_not_see_is_not_shown_as_if_it_were_there(
    cluster: Cluster, cast: object, fake: FakeCluster, now: datetime, others: tuple[str, ...]
) -> None:
    row = ready(now=now)
    observe(cluster, now + timedelta(minutes=1), seen("legacy"), *map(seen, others))
    assert picture_of_namespace(row) is None


def test_nothing_is_known_of_a_namespace_that_is_gone(
    cluster: Cluster, cast: object, fake: FakeCluster, now: datetime
) -> None:
    row = ready(now=now)
    row.state = NamespaceState.GONE.value
    assert picture_of_namespace(row) is None
