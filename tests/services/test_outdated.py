"""Outdated: what is in force is compared with what today's facts would render."""

from dataclasses import replace
from datetime import datetime, timedelta
from unittest import mock

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onboarding import tasks
from onboarding.demo.openings import INTERNET, WEB
from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Conflict, Invalid
from onboarding.models import Cluster, Event, IngressSource, ManagedNamespace, Request, Team, Vote
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.model import load_plan
from onboarding.plan.refresh import groups_of
from onboarding.queries import rendering, rules
from onboarding.services.decide import RenderedDifferently, decide
from onboarding.services.outdated import note_outdated
from onboarding.services.preview import change_wish, preview
from onboarding.services.submit import submit
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    approve_all,
    ask_change,
    ask_removal,
    ready,
    send_back,
    spec_of,
    wish_of,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")


@pytest.fixture
def prod(fake: FakeCluster, now: datetime) -> ManagedNamespace:
    return ready(now=now)


def rename_group(group: str = "team-pay") -> None:
    Team.objects.filter(slug="payments").update(access_group=group)


def move_dns() -> None:
    row = Cluster.objects.get()
    row.facts = {**row.facts, "dns_labels": {"k8s-app": "coredns"}}
    row.save()


def submit_again(row: Request, *, now: datetime) -> Request:
    return submit(wish_of(row.wanted), by=acting("alice"), form_key="again", now=now, request=row)


def fresh(row: ManagedNamespace) -> ManagedNamespace:
    return ManagedNamespace.objects.select_related("team", "cluster").get(pk=row.pk)


def noted(row: ManagedNamespace, *, now: datetime) -> ManagedNamespace:
    note_outdated(now=now)
    row.refresh_from_db()
    return row


def test_what_todays_facts_would_render_alike_is_not_outdated(
    prod: ManagedNamespace, now: datetime
) -> None:
    assert note_outdated(now=now) == 0
    assert (noted(prod, now=now).outdated, prod.outdated_at) == (None, None)


def test_another_access_group_makes_it_outdated_and_names_who_still_gets_in(
    prod: ManagedNamespace, now: datetime
) -> None:
    rename_group()
    row = noted(prod, now=now)
    assert (row.outdated, row.outdated_at) == (
        [
            {
                "object": "RoleBinding team-developer",
                "effect": "changed",
                "groups": ["team-payments"],
            }
        ],
        now,
    )
    assert row.state == "ready"


def test_other_dns_pods_make_it_outdated(prod: ManagedNamespace, now: datetime) -> None:
    move_dns()
    [entry] = noted(prod, now=now).outdated or []
    assert entry == {"object": "NetworkPolicy allow-dns", "effect": "changed", "groups": []}


@pytest.mark.parametrize(
    "facts",
    [{"group_prefix": "oidc:"}, {"dns_namespace": "dns"}],
    ids=["group-prefix", "dns-namespace"],
)
def test_every_fact_that_plans_use_counts(
    prod: ManagedNamespace, now: datetime, facts: dict[str, str]
) -> None:
    row = Cluster.objects.get()
    row.facts = {**row.facts, **facts}
    row.save()
    assert noted(prod, now=now).outdated


def test_other_ranges_count_where_a_plan_uses_them(fake: FakeCluster, now: datetime) -> None:
    open_one, closed = ready(spec_of("open", openings=(WEB, INTERNET)), now=now), ready(now=now)
    row = Cluster.objects.get()
    row.facts = {**row.facts, "ranges": ["203.0.113.0/24"]}
    row.save()
    assert noted(open_one, now=now).outdated
    assert noted(closed, now=now).outdated is None


def test_an_ingress_source_with_other_pods_makes_it_outdated(
    prod: ManagedNamespace, now: datetime
) -> None:
    IngressSource.objects.update(pod_labels={"app": "traefik"})
    [entry] = noted(prod, now=now).outdated or []
    assert entry["object"] == "NetworkPolicy allow-ingress-ingress-nginx"


def test_an_ingress_source_that_is_gone_is_said_in_words(
    prod: ManagedNamespace, now: datetime
) -> None:
    IngressSource.objects.all().delete()
    [entry] = noted(prod, now=now).outdated or []
    assert entry == {"trouble": "“ingress-nginx” is not an ingress source of dev-eu."}


def test_a_size_the_catalogue_lost_is_said_in_words(prod: ManagedNamespace, now: datetime) -> None:
    lost = replace(load_catalogue(), sizes={})
    with (
        mock.patch.object(rendering, "load_catalogue", return_value=lost),
        mock.patch.object(rules, "load_catalogue", return_value=lost),
    ):
        [entry] = noted(prod, now=now).outdated or []
    assert entry == {"trouble": "“small” is not a size."}


def test_a_fact_that_is_missing_stops_nobody_else(
    prod: ManagedNamespace, cluster: Cluster, now: datetime
) -> None:
    Cluster.objects.update(facts={})
    [entry] = noted(prod, now=now).outdated or []
    assert "set for cluster dev-eu" in entry["trouble"]
    assert "dns_namespace" in entry["trouble"]


def test_back_to_the_old_facts_is_up_to_date_again(prod: ManagedNamespace, now: datetime) -> None:
    rename_group()
    assert noted(prod, now=now).outdated
    rename_group("team-payments")
    row = noted(prod, now=now + timedelta(hours=1))
    assert (row.outdated, row.outdated_at) == (None, None)
    assert not ManagedNamespace.objects.filter(outdated__isnull=False).exists()


def test_a_second_look_writes_nothing_and_the_moment_stays(
    prod: ManagedNamespace, now: datetime
) -> None:
    rename_group()
    assert note_outdated(now=now) == 1
    with CaptureQueriesContext(connection) as made:
        assert note_outdated(now=now + timedelta(hours=1)) == 0
    changing = [one["sql"] for one in made if one["sql"].startswith("UPDATE")]
    assert len(changing) == 1  # the one for what is over, which finds no row
    move_dns()
    row = noted(prod, now=now + timedelta(hours=2))
    assert (len(row.outdated or []), row.outdated_at) == (2, now)


def test_as_many_statements_for_many_as_for_one(fake: FakeCluster, now: datetime) -> None:
    counts = []
    for name in ("payments-a", "payments-b", "payments-c"):
        ready(spec_of(name), now=now)
        with CaptureQueriesContext(connection) as made:
            note_outdated(now=now)
        counts.append(len(made))
    assert len(set(counts)) == 1


def test_what_is_over_or_ends_is_not_outdated(
    prod: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    rename_group()
    assert noted(prod, now=now).outdated
    approve_all(ask_removal(prod, now=now), now=now)
    prod.refresh_from_db()
    assert prod.outdated is None
    assert noted(prod, now=now).outdated is None


def test_only_what_was_asked_about_is_looked_at(prod: ManagedNamespace, now: datetime) -> None:
    rename_group()
    assert note_outdated(ManagedNamespace.objects.none(), now=now) == 0


def test_beat_looks_for_what_a_release_renders_differently(prod: ManagedNamespace) -> None:
    rename_group()
    tasks.note_outdated_namespaces()
    prod.refresh_from_db()
    assert prod.outdated
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert tasks.note_outdated_namespaces.name in scheduled


# An approval binds what would be rendered today.


@pytest.fixture
def waiting(now: datetime) -> Request:
    """Alice's request, approved by Dana; Pat's word is missing."""
    return approve(ask(spec_of(), now=now), "dana", Lane.NETWORK, now=now)


@pytest.mark.parametrize("change", [rename_group, move_dns], ids=["group", "dns"])
def test_an_approval_of_what_would_be_rendered_differently_is_refused(
    waiting: Request, now: datetime, change: object
) -> None:
    before = Event.objects.count()
    assert callable(change)
    change()
    with pytest.raises(RenderedDifferently, match=r"rendered differently today\. Return it"):
        approve(waiting, "pat", Lane.PLATFORM, now=now)
    waiting.refresh_from_db()
    assert (waiting.state, Event.objects.count()) == ("pending", before)
    assert not ManagedNamespace.objects.exists()


def test_an_approval_of_what_cannot_be_rendered_any_more_says_why(
    waiting: Request, now: datetime
) -> None:
    IngressSource.objects.all().delete()
    with pytest.raises(Conflict, match=r"“ingress-nginx” is not an ingress source .* Return it"):
        approve(waiting, "pat", Lane.PLATFORM, now=now)


def test_it_can_be_returned_and_sent_again_with_todays_facts(
    waiting: Request, now: datetime
) -> None:
    rename_group()
    returned = send_back(waiting, "pat", Lane.PLATFORM, now=now)
    from_alice = submit_again(returned, now=now)
    assert groups_of(load_plan(from_alice.plan)) == ["team-pay"]
    assert approve_all(from_alice, now=now).state == "approved"


def test_it_can_be_rejected(waiting: Request, now: datetime) -> None:
    rename_group()
    after = decide(
        waiting.pk, lane=Lane.PLATFORM, vote=Vote.REJECT, by=acting("pat"),
        digest=waiting.digest, reason="Ask with the new group.", now=now,
    )  # fmt: skip
    assert after.state == "rejected"


def test_a_removal_is_approved_whatever_the_facts(prod: ManagedNamespace, now: datetime) -> None:
    asked = ask_removal(prod, now=now)
    rename_group()
    assert approve_all(asked, now=now).state == "approved"


# "Nothing would change" is said of equal plans alone.


def test_the_same_answers_are_a_change_where_todays_facts_render_another_plan(
    prod: ManagedNamespace, now: datetime
) -> None:
    spec = prod.revisions.get().wanted
    with pytest.raises(Invalid, match="Nothing would change"):
        ask_change(prod, spec, now=now)
    rename_group()
    row = ask_change(fresh(prod), spec, now=now)
    assert groups_of(load_plan(row.plan)) == ["team-pay"]


def test_other_answers_that_render_the_same_are_still_a_change(
    prod: ManagedNamespace, now: datetime
) -> None:
    spec = prod.revisions.get().wanted.changed(purpose="Takes card payments for the shops.")
    thought = preview(change_wish(prod, spec, why="It is time."))
    assert thought.before
    assert thought.plan.digest == thought.before.digest
    assert ask_change(prod, spec, now=now).state == "pending"


def test_once_brought_about_it_is_up_to_date(prod: ManagedNamespace, now: datetime) -> None:
    rename_group()
    assert noted(prod, now=now).outdated
    approve_all(ask_change(fresh(prod), prod.revisions.get().wanted, now=now), now=now)
    row = work_on(prod, now=now)
    assert (row.state, row.outdated) == ("ready", None)


def test_a_fact_that_moved_while_a_worker_was_at_it_is_noted_as_it_gets_ready(
    fake: FakeCluster, now: datetime
) -> None:
    approve_all(ask(spec_of(), now=now), now=now)
    rename_group()
    row = work_on(ManagedNamespace.objects.get(), now=now)
    assert row.state == "ready"
    assert row.outdated


def test_a_new_version_of_an_opening_is_rendered_by_a_refresh_like_any_template(
    prod: ManagedNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = load_catalogue()
    newer = replace(catalogue.templates["allow-ingress"], version=2)
    bumped = replace(catalogue, templates={**catalogue.templates, "allow-ingress": newer})
    monkeypatch.setattr("onboarding.queries.rendering.load_catalogue", lambda: bumped)
    found = rendering.namespace_today(prod)
    assert found is not None
    assert found.today is not None
    assert "allow-ingress@2" in {one.template for one in found.today.objects}
    assert found.differs
