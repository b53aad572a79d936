"""Refresh: one request renders what is outdated anew; its parts are requests like any other."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from onboarding.demo.scenario import acting, approve
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import (
    Cluster,
    Decision,
    Event,
    IngressSource,
    ManagedNamespace,
    Refresh,
    Request,
    RoleAssignment,
    Team,
    User,
    Vote,
)
from onboarding.plan.model import load_plan
from onboarding.plan.refresh import groups_of
from onboarding.queries.permissions import permissions_of
from onboarding.queries.refreshes import Standing, digest_of_parts, parts_of, together
from onboarding.services.decide import Stale, decide
from onboarding.services.outdated import note_outdated
from onboarding.services.refresh import MOST_AT_ONCE, ask_refresh, cancel_refresh, decide_refresh
from onboarding.services.separation import OwnRequest
from onboarding.services.take_over import take_over
from tests.support.behind_the_portal import without_guards
from tests.support.fake_cluster import FakeCluster
from tests.support.left_by_worker import set_state
from tests.support.requests import actions, approve_all, ask_change, ready, spec_of, work_on

pytestmark = pytest.mark.usefixtures("cast", "cluster")
Ask = Callable[..., Refresh]


@pytest.fixture
def two(fake: FakeCluster, now: datetime) -> list[ManagedNamespace]:
    """Two ready namespaces of payments, whose access group is another by now."""
    rows = [ready(spec_of(name), now=now) for name in ("payments-a", "payments-b")]
    move_group(now=now)
    return fresh(rows)


@pytest.fixture
def second_platform(erin: User) -> None:
    """Erin holds the platform lane too, for what Pat asks."""
    RoleAssignment.objects.create(user=erin, role=RoleAssignment.Role.PLATFORM)


def move_group(group: str = "team-pay", *, now: datetime) -> None:
    Team.objects.filter(slug="payments").update(access_group=group)
    note_outdated(now=now)


def move_dns(*, now: datetime) -> None:
    row = Cluster.objects.get()
    row.facts = {**row.facts, "dns_labels": {"k8s-app": "coredns"}}
    row.save()
    note_outdated(now=now)


def fresh(rows: list[ManagedNamespace]) -> list[ManagedNamespace]:
    ids = [row.pk for row in rows]
    return [*ManagedNamespace.objects.select_related("team", "cluster").filter(pk__in=ids)]


def asked(
    rows: list[ManagedNamespace], *, now: datetime, by: str = "alice", key: str = "k1"
) -> Refresh:
    return ask_refresh(
        [row.pk for row in rows], by=acting(by), reason="New group.", form_key=key, now=now
    )


def parts(refresh: Refresh, person: str = "pat") -> dict[str, Standing]:
    permissions = permissions_of(User.objects.get(username=person))
    return {part.request.name: part.standing for part in parts_of(refresh, permissions)}


def shown(refresh: Refresh, lane: Lane = Lane.PLATFORM) -> str:
    permissions = permissions_of(User.objects.get(username="pat"))
    return digest_of_parts(together(parts_of(refresh, permissions), lane))


def say(refresh: Refresh, person: str = "pat", **differing: object) -> int:
    wanted: dict[str, object] = {
        "lane": Lane.PLATFORM,
        "vote": Vote.APPROVE,
        "by": acting(person),
        "digest": shown(refresh),
        "reason": "",
        "now": refresh.created_at,
        **differing,
    }
    return decide_refresh(refresh, **wanted)  # type: ignore[arg-type]  # some are wrong on purpose


def test_each_namespace_gets_a_request_with_the_answers_in_force(
    two: list[ManagedNamespace], now: datetime
) -> None:
    refresh = asked(two, now=now)
    children = list(refresh.requests.order_by("name"))
    assert [child.name for child in children] == ["payments-a", "payments-b"]
    for child, row in zip(children, two, strict=True):
        assert (child.kind, child.state, child.base_generation) == ("change", "pending", 1)
        assert child.spec == row.revisions.get().spec
        assert groups_of(load_plan(child.plan)) == ["team-pay"]


def test_asking_is_an_event_that_names_them(two: list[ManagedNamespace], now: datetime) -> None:
    refresh = asked(two, now=now)
    event = Event.objects.get(action="portal:refresh:asked")
    assert (event.object_label, event.team, event.note) == (refresh.label, "payments", "New group.")
    assert b"payments-a" in bytes(event.canonical)


def test_one_word_decides_all_and_the_new_group_is_bound(
    two: list[ManagedNamespace], fake: FakeCluster, now: datetime
) -> None:
    refresh = asked(two, now=now)
    assert parts(refresh) == dict.fromkeys(("payments-a", "payments-b"), Standing.TOGETHER)
    assert say(refresh) == 2
    for row in two:
        after = work_on(row, now=now)
        assert (after.state, after.generation, after.outdated) == ("ready", 2, None)
        assert groups_of(load_plan(after.revisions.get(number=2).plan)) == ["team-pay"]


def test_a_platform_admin_asks_for_every_team_and_does_not_decide_it(
    two: list[ManagedNamespace], second_platform: None, now: datetime
) -> None:
    refresh = asked(two, now=now, by="pat")
    with pytest.raises(OwnRequest):
        say(refresh)
    assert not Decision.objects.filter(request__refresh=refresh).exists()
    assert say(refresh, "erin") == 2


def test_a_lead_of_another_team_does_not_learn_of_them(
    two: list[ManagedNamespace], now: datetime
) -> None:
    with pytest.raises(NotFound):
        asked(two, by="charlie", now=now)


@pytest.mark.parametrize("person", ["bob", "dana", "frank"])
def test_who_may_read_may_not_ask(two: list[ManagedNamespace], now: datetime, person: str) -> None:
    with pytest.raises(Forbidden, match="lead of team payments or a platform admin"):
        asked(two, by=person, now=now)
    assert not Refresh.objects.exists()


def test_the_right_to_ask_is_demanded_of_each_part_too(
    two: list[ManagedNamespace], second_platform: None, now: datetime
) -> None:
    refresh = asked(two, now=now, by="pat")
    child, digest = refresh.requests.get(name="payments-a"), _digest_for(refresh, "erin")
    RoleAssignment.objects.filter(user__username="pat").delete()
    assert set(parts(refresh, "erin").values()) == {Standing.MOVED_ON}
    with pytest.raises(Stale):
        say(refresh, "erin", digest=digest)
    with pytest.raises(Conflict, match="Pat is neither platform admin nor lead of payments now"):
        approve(child, "erin", Lane.PLATFORM, now=now)


def _digest_for(refresh: Refresh, person: str) -> str:
    permissions = permissions_of(User.objects.get(username=person))
    return digest_of_parts(together(parts_of(refresh, permissions), Lane.PLATFORM))


def test_outside_a_refresh_a_platform_admin_is_no_lead(
    two: list[ManagedNamespace], second_platform: None, now: datetime
) -> None:
    refresh = asked(two, now=now, by="pat")
    child = refresh.requests.get(name="payments-a")
    with without_guards():
        Request.objects.filter(pk=child.pk).update(refresh=None)
    with pytest.raises(Conflict, match="Pat is no longer a lead of payments"):
        approve(child, "erin", Lane.PLATFORM, now=now)


def test_what_is_taken_over_leaves_the_refresh(
    two: list[ManagedNamespace], second_platform: None, now: datetime
) -> None:
    child = asked(two, now=now, by="pat").requests.get(name="payments-a")
    RoleAssignment.objects.filter(user__username="pat").delete()
    row = take_over(child.pk, by=acting("alice"), now=now)
    assert (row.state, row.refresh, row.requester.username) == ("returned", None, "alice")


def test_a_platform_admins_part_is_not_abandoned(
    two: list[ManagedNamespace], second_platform: None, now: datetime
) -> None:
    child = asked(two, now=now, by="pat").requests.get(name="payments-a")
    with pytest.raises(Conflict, match="can still send or cancel"):
        take_over(child.pk, by=acting("alice"), now=now)


def test_the_same_form_is_one_refresh(two: list[ManagedNamespace], now: datetime) -> None:
    assert asked(two, now=now) == asked(two, now=now)
    assert Request.objects.filter(refresh__isnull=False).count() == 2


def test_the_database_keeps_one_refresh_per_form(
    two: list[ManagedNamespace], alice: User, now: datetime
) -> None:
    asked(two, now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Refresh.objects.create(asked_by=alice, reason="x", form_key="k1", created_at=now)


def test_what_has_an_open_request_is_skipped_and_named(
    two: list[ManagedNamespace], now: datetime
) -> None:
    ask_change(two[0], two[0].revisions.get().wanted, now=now)
    refresh = asked(two, now=now)
    assert refresh.skipped == [{"name": "payments-a", "why": "a request for it is open already."}]
    assert [child.name for child in refresh.requests.all()] == ["payments-b"]


def test_what_is_not_ready_or_cannot_be_rendered_is_skipped_and_named(
    two: list[ManagedNamespace], fake: FakeCluster, now: datetime
) -> None:
    set_state(two[0], NamespaceState.BLOCKED)
    two.append(ready(spec_of("payments-c", openings=()), now=now))
    IngressSource.objects.all().delete()
    move_dns(now=now)
    why = {one["name"]: one["why"] for one in asked(fresh(two), now=now).skipped}
    assert "it is blocked" in why["payments-a"]
    assert "is not an ingress source of dev-eu" in why["payments-b"]
    assert Request.objects.get(refresh__isnull=False).name == "payments-c"


def test_where_nothing_is_outdated_nothing_is_asked_for(fake: FakeCluster, now: datetime) -> None:
    with pytest.raises(Invalid, match="payments-prod: Nothing would change"):
        asked([ready(now=now)], now=now)
    assert not Refresh.objects.exists()
    assert "portal:refresh:asked" not in actions()


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_a_refresh_needs_a_reason(two: list[ManagedNamespace], now: datetime, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        ask_refresh([two[0].pk], by=acting("alice"), reason=reason, form_key="k1", now=now)
    assert refused.value.field == "reason"


def test_there_is_a_bound_for_one_request(now: datetime) -> None:
    many = range(MOST_AT_ONCE + 1)
    with pytest.raises(Invalid, match="at most"):
        ask_refresh(many, by=acting("pat"), reason="x", form_key="k1", now=now)


# What moves reach is decided alone, what moved on not at all.


def test_where_a_path_opens_or_closes_each_is_decided_alone(
    two: list[ManagedNamespace], now: datetime
) -> None:
    move_dns(now=now)
    refresh = asked(fresh(two), now=now)
    assert set(parts(refresh).values()) == {Standing.ALONE}
    with pytest.raises(Stale):
        say(refresh)
    child = refresh.requests.get(name="payments-a")
    assert approve_all(child, now=now).state == "approved"


def test_what_was_sent_with_another_plan_is_left_out_of_the_word_for_all(
    two: list[ManagedNamespace], now: datetime
) -> None:
    refresh = asked(two, now=now)
    send_other_plan(refresh.requests.get(name="payments-a"))
    assert parts(refresh) == {
        "payments-a": Standing.MOVED_ON,
        "payments-b": Standing.TOGETHER,
    }
    assert say(refresh) == 1
    assert Decision.objects.filter(request__refresh=refresh).get().request.name == "payments-b"


def send_other_plan(row: Request) -> None:
    """Let the stored plan differ from what would be rendered, as if facts had moved."""
    plan = {**row.plan, "objects": row.plan["objects"][:-1]}
    with without_guards():
        Request.objects.filter(pk=row.pk).update(plan=plan, digest=load_plan(plan).digest)


def test_a_part_whose_facts_moved_again_cannot_be_approved(
    two: list[ManagedNamespace], now: datetime
) -> None:
    refresh = asked(two, now=now)
    digest = shown(refresh)
    move_group("team-paying", now=now)
    assert set(parts(refresh).values()) == {Standing.MOVED_ON}
    with pytest.raises(Stale):
        say(refresh, digest=digest)


def test_a_set_that_is_not_what_was_shown_is_refused(
    two: list[ManagedNamespace], now: datetime
) -> None:
    refresh = asked(two, now=now)
    digest = shown(refresh)
    approve_all(refresh.requests.get(name="payments-a"), now=now)
    with pytest.raises(Stale, match="not what you were shown"):
        say(refresh, digest=digest)
    assert refresh.requests.get(name="payments-b").state == "pending"


def test_all_or_none(two: list[ManagedNamespace], now: datetime) -> None:
    refresh = asked(two, now=now)
    digest = shown(refresh)
    set_state(ManagedNamespace.objects.get(name="payments-b"), NamespaceState.LOST)
    with pytest.raises(Conflict, match=r"payments-b: .*Nothing was decided"):
        say(refresh, digest=digest)
    assert not Decision.objects.filter(request__refresh=refresh).exists()
    assert ManagedNamespace.objects.get(name="payments-a").generation == 1


def test_all_are_rejected_by_one_word_with_a_reason(
    two: list[ManagedNamespace], now: datetime
) -> None:
    refresh = asked(two, now=now)
    with pytest.raises(Invalid, match="reason"):
        say(refresh, vote=Vote.REJECT)
    assert say(refresh, vote=Vote.REJECT, reason="Wrong group.") == 2
    assert set(refresh.requests.values_list("state", flat=True)) == {"rejected"}


def test_nothing_of_it_is_returned_because_nothing_can_be_edited(
    two: list[ManagedNamespace], now: datetime
) -> None:
    refresh = asked(two, now=now)
    with pytest.raises(Invalid, match="no answers to edit"):
        say(refresh, vote=Vote.RETURN, reason="Hm.")
    child = refresh.requests.get(name="payments-a")
    with pytest.raises(Invalid, match="no answers to edit"):
        decide(
            child.pk, lane=Lane.PLATFORM, vote=Vote.RETURN, by=acting("pat"),
            digest=child.digest, reason="Hm.", now=now,
        )  # fmt: skip


def test_only_who_holds_the_lane_decides(two: list[ManagedNamespace], now: datetime) -> None:
    refresh = asked(two, now=now)
    with pytest.raises(Forbidden, match="not one of the platform approvers"):
        say(refresh, "dana")


@pytest.mark.parametrize("person", ["bob", "pat", "dana"])
def test_nobody_else_takes_it_back(two: list[ManagedNamespace], now: datetime, person: str) -> None:
    refresh = asked(two, now=now)
    with pytest.raises(Forbidden, match="Only the person who asked can take it back"):
        cancel_refresh(refresh, by=acting(person), now=now)
    assert cancel_refresh(refresh, by=acting("alice"), now=now) == 2


def test_rendering_anew_does_not_lengthen_the_lifetime(fake: FakeCluster, now: datetime) -> None:
    row = ready(spec_of(lifetime_days=30), now=now)
    move_group(now=now)
    later = now + timedelta(days=20)
    say(asked(fresh([row]), now=later))
    row.refresh_from_db()
    assert (row.generation, row.expires_at) == (2, now + timedelta(days=30))


def test_as_many_statements_to_read_many_parts_as_few(fake: FakeCluster, now: datetime) -> None:
    rows = [ready(spec_of(f"payments-{number}"), now=now) for number in range(4)]
    move_group(now=now)
    rows = fresh(rows)
    counts = []
    for some, key in ((rows[:1], "few"), (rows[1:], "many")):
        refresh = asked(some, now=now, key=key)
        with CaptureQueriesContext(connection) as made:
            parts_of(refresh, permissions_of(User.objects.get(username="pat")))
        counts.append(len(made))
    assert counts[0] == counts[1]
