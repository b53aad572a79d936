"""What only a request's own page says is never approved by a line in a list."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from onboarding.demo.scenario import acting, ask
from onboarding.domain.lanes import Lane
from onboarding.domain.risk import Risk
from onboarding.models import (
    Cluster,
    ClusterObservation,
    Decision,
    DecisionPicture,
    ManagedNamespace,
    Membership,
    NamespaceObservation,
    Request,
    Team,
    User,
)
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries.circumstances import Circumstances, circumstances_of
from onboarding.queries.own_page import Untold, rights_given, untold_by_list
from onboarding.queries.request_picture import pictures_of
from onboarding.reachability.lint.emptiness import POLICY_SELECTS_NOTHING
from onboarding.reachability.lint.finding import Finding, Severity
from onboarding.reachability.shown import Shown, ShownFinding
from onboarding.services import decide_several
from onboarding.services.comment import comment
from onboarding.services.decide_several import Ending, Said
from tests.services import test_remove_foreign as foreign
from tests.services.test_decide_several import pick, say
from tests.support.behind_the_portal import without_guards
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import HOLDERS, ask_change, ask_removal, ready, spec_of
from tests.web.sights import looked_at, see

pytestmark = pytest.mark.usefixtures("cast", "cluster")
CLOSED = spec_of(openings=())
Spoil = Callable[[Request], object]


@pytest.fixture(autouse=True)
def seen(cast: dict[str, User], cluster: Cluster, now: datetime) -> None:
    """What opens can be judged: the cluster was looked at."""
    looked_at(cluster)
    ClusterObservation.objects.update(seen_at=now)


@pytest.fixture
def namespace(fake: FakeCluster, now: datetime) -> ManagedNamespace:
    return ready(CLOSED, now=now)


@pytest.fixture
def shop(now: datetime) -> Request:
    return ask(spec_of("shop"), now=now)


def approved_by_list(row: Request, now: datetime) -> Said:
    """Approve one of its lanes as who holds it chose it in the list."""
    lane = Lane(row.lanes.values_list("lane", flat=True)[0])
    [said] = say(pick(row, lane), by=HOLDERS[lane], now=now)
    return said


def is_left_alone(row: Request, words: str, now: datetime) -> None:
    before = Decision.objects.count()
    said = approved_by_list(row, now)
    assert said.ending is Ending.ALONE, said
    assert said.words.startswith("Decided on its own page: ")
    assert words in said.words
    assert Decision.objects.count() == before


def spoiled(row: Request, **values: Any) -> Request:
    """The row as it says something else, behind the portal."""
    with without_guards():
        Request.objects.filter(pk=row.pk).update(**values)
    return Request.objects.get(pk=row.pk)


def of_namespace(**values: Any) -> Spoil:
    return lambda row: ManagedNamespace.objects.filter(pk=row.namespace_id).update(**values)


def of_cluster(**values: Any) -> Spoil:
    return lambda row: Cluster.objects.filter(pk=row.cluster_id).update(**values)


def test_a_new_namespace_on_a_cluster_that_was_seen_is_approved(
    shop: Request, now: datetime
) -> None:
    assert approved_by_list(shop, now).ending is Ending.APPROVED
    assert not DecisionPicture.objects.exists()


@pytest.mark.parametrize("differing", [{"size": "medium"}, {"openings": ()}])
def test_a_change_of_which_the_list_says_all_is_approved(
    differing: dict[str, Any], fake: FakeCluster, now: datetime
) -> None:
    row = ask_change(ready(now=now), spec_of(**differing), now=now)
    assert row.moves_reach is ("openings" in differing)
    assert approved_by_list(row, now).ending is Ending.APPROVED


def test_a_removal_is_decided_alone(namespace: ManagedNamespace, now: datetime) -> None:
    is_left_alone(ask_removal(namespace, now=now), "all that is in the namespace would go", now)


def test_taking_over_is_decided_alone(namespace: ManagedNamespace, now: datetime) -> None:
    row = ask_change(namespace, CLOSED.changed(size="medium"), now=now)
    is_left_alone(spoiled(row, kind="adopt"), "takes over what was found", now)


def test_what_takes_objects_of_others_away_is_decided_alone(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    foreign.beside(namespace, fake, now, foreign.POLICY, foreign.BINDING)
    row = foreign.ask(namespace, now)
    is_left_alone(row, "removes objects of others", now)


@pytest.mark.parametrize("moves", [True, None])
def test_paths_that_its_answers_do_not_tell_are_decided_alone(
    moves: bool | None, namespace: ManagedNamespace, now: datetime
) -> None:
    row = ask_change(namespace, CLOSED.changed(size="medium"), now=now)
    is_left_alone(spoiled(row, moves_reach=moves), "paths may move", now)


def test_paths_that_nobody_worked_out_are_decided_alone(
    namespace: ManagedNamespace, now: datetime
) -> None:
    row = ask_change(namespace, spec_of(), now=now)
    is_left_alone(spoiled(row, moves_reach=None), "paths may move", now)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (of_namespace(outdated=[{"kind": "NetworkPolicy"}]), "today's facts change more"),
        (of_namespace(generation=7), "changed after the request was made"),
        (of_namespace(state="blocked", reason="not-what-was-approved"), "does not check out"),
        (of_namespace(found={"uid": "x"}), "something else was found"),
        (of_cluster(condition="unreachable"), "cannot be used now"),
    ],
    ids=["facts", "generation", "rows", "found", "cluster"],
)
def test_what_its_page_warns_of_is_decided_alone(
    spoil: Spoil, words: str, namespace: ManagedNamespace, now: datetime
) -> None:
    row = ask_change(namespace, CLOSED.changed(size="medium"), now=now)
    with without_guards():
        spoil(row)
    is_left_alone(spoiled(row, found={"uid": "x"}) if "found" in words else row, words, now)


def test_a_part_of_a_refresh_is_decided_there(shop: Request) -> None:
    shop.refresh_id = 1
    words = decide_several.why_alone(shop, [Lane.NETWORK], Circumstances(None))
    assert words == "Decided on its own page: it is a part of a refresh."


def test_objects_that_nobody_approved_are_seen_first(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    row = ask_change(namespace, CLOSED.changed(size="medium"), now=now)
    foreign.beside(namespace, fake, now, foreign.BINDING)
    is_left_alone(row, "no approved plan contains", now)


def test_a_size_below_use_is_seen_first(
    namespace: ManagedNamespace, cluster: Cluster, now: datetime
) -> None:
    row = ask_change(namespace, CLOSED.changed(size="small", data_class="public"), now=now)
    see(cluster, namespace.name)
    used = [{"name": "quota", "used": {"pods": "900"}}]
    NamespaceObservation.objects.filter(name=namespace.name).update(uid=namespace.uid, quotas=used)
    is_left_alone(row, "pods would be below what is used", now)


def test_a_name_that_looks_like_another_is_seen_first(
    namespace: ManagedNamespace, now: datetime
) -> None:
    row = ask(spec_of("payrnents-prod"), now=now)
    is_left_alone(row, "looks much like payments-prod", now)


def test_a_name_that_was_seen_is_seen_first(shop: Request, cluster: Cluster, now: datetime) -> None:
    see(cluster, "shop")
    is_left_alone(shop, "a namespace named shop was seen on dev-eu", now)


def pictured(**differing: Any) -> Any:
    """Every request has a picture that says something else."""

    def pictures(rows: Sequence[Request], before: Any) -> Iterator[tuple[Request, Shown]]:
        for row, shown in pictures_of(rows, before):
            yield row, replace(shown, **differing)

    return mock.patch.object(decide_several, "pictures_of", pictures)


def test_a_finding_is_seen_first(shop: Request, now: datetime) -> None:
    finding = Finding(POLICY_SELECTS_NOTHING, Severity.INFO, "Nothing runs there.")
    with pictured(findings=(ShownFinding(finding, is_new=True),)):
        is_left_alone(shop, "it has findings: ", now)


def test_paths_of_namespaces_that_its_answers_do_not_name_are_seen_first(
    shop: Request, now: datetime
) -> None:
    with pictured(gaining=("ingress-nginx", "orders-prod")):
        is_left_alone(shop, "paths of orders-prod would move", now)


def test_what_opens_paths_unknown_to_anybody_is_seen_first(shop: Request, now: datetime) -> None:
    ClusterObservation.objects.update(foreign_kinds=["ciliumnetworkpolicies.cilium.io"], version=2)
    is_left_alone(shop, "not all that opens paths there is known", now)


def test_what_could_not_be_read_of_a_neighbour_is_seen_first(shop: Request, now: datetime) -> None:
    NamespaceObservation.objects.filter(name="orders-prod").update(unread=["NetworkPolicy"])
    ClusterObservation.objects.update(version=2)
    is_left_alone(shop, "not all that opens paths there is known", now)


@pytest.mark.parametrize(
    ("look", "words"),
    [
        ({"seen_at": None}, "nobody has looked at cluster dev-eu yet"),
        ({"trouble": "no answer within 30 s"}, "the last look at cluster dev-eu failed"),
        ({"seen_at": datetime(2026, 11, 24, 7, 0, tzinfo=UTC)}, "at cluster dev-eu lately"),
    ],
    ids=["never", "failed", "old"],
)
def test_what_opens_is_judged_on_a_cluster_as_it_is(
    look: dict[str, Any], words: str, shop: Request, now: datetime
) -> None:
    ClusterObservation.objects.update(**look)
    is_left_alone(shop, words, now)


def test_without_any_look_it_is_decided_alone(shop: Request, now: datetime) -> None:
    with without_guards():
        ClusterObservation.objects.all().delete()
    is_left_alone(shop, "nobody has looked at cluster dev-eu yet", now)


def test_what_people_wrote_is_read_first(shop: Request, now: datetime) -> None:
    comment(shop.pk, by=acting("dana"), text="Why 8080?", now=now)
    is_left_alone(shop, "people wrote about it", now)


def test_who_stands_behind_it_is_seen_first(shop: Request, now: datetime) -> None:
    Membership.objects.filter(user=shop.requester).update(role=Membership.Role.MEMBER)
    is_left_alone(shop, "nobody stands behind it", now)


def test_a_change_of_who_gets_in_is_decided_alone(
    namespace: ManagedNamespace, now: datetime
) -> None:
    Team.objects.filter(pk=namespace.team_id).update(access_group="others")
    namespace = ManagedNamespace.objects.get(pk=namespace.pk)
    row = ask_change(namespace, CLOSED.changed(size="medium"), now=now)
    is_left_alone(spoiled(row, moves_reach=False), "what people may do there", now)


def test_what_today_would_be_another_plan_is_decided_alone(shop: Request, now: datetime) -> None:
    Team.objects.filter(pk=shop.team_id).update(access_group="others")
    is_left_alone(shop, "render it differently", now)


def test_a_shell_stands_in_its_sentence(cluster: Cluster, now: datetime) -> None:
    row = ask(spec_of("shop", environment="development"), now=now)
    known = circumstances_of([row], now=now)[row.pk]
    assert rights_given(row, known) == (load_catalogue().access["shell"].note,)
    assert approved_by_list(row, now).ending is Ending.APPROVED


def test_a_namespace_that_is_gone_since_the_look_was_not_seen(
    namespace: ManagedNamespace, cluster: Cluster, shop: Request, now: datetime
) -> None:
    see(cluster, "shop")
    NamespaceObservation.objects.filter(name="shop").update(uid="u-1")
    with without_guards():
        ManagedNamespace.objects.update(
            name="shop", uid="u-1", state="gone", gone_at=now + timedelta(minutes=1)
        )
    assert approved_by_list(shop, now).ending is Ending.APPROVED


def test_the_list_tells_what_is_not_understood_without_a_picture(
    shop: Request, now: datetime
) -> None:
    ClusterObservation.objects.update(foreign_kinds=["ciliumnetworkpolicies.cilium.io"], version=2)
    row = Request.objects.get(pk=shop.pk)
    known = circumstances_of([row], now=now)[row.pk]
    assert untold_by_list(row, known) == Untold.INCOMPLETE


def test_what_is_of_another_risk_by_now_is_decided_alone(shop: Request, now: datetime) -> None:
    with pictured(risk=Risk.MEDIUM):
        is_left_alone(shop, "it is of medium risk by now", now)
