"""Teams, roles and settings of clusters: what may be, and what becomes outdated, said before."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from onboarding.demo.scenario import acting, demo_spec
from onboarding.domain.facts import IngressFacts
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound, NotNow
from onboarding.domain.versions import SavedMeanwhile
from onboarding.models import (
    Cluster,
    Event,
    ManagedNamespace,
    Membership,
    RoleAssignment,
    Team,
    User,
)
from onboarding.services.cluster_settings import (
    ClusterSettings,
    change_cluster,
    version_of_settings,
)
from onboarding.services.history import By
from onboarding.services.people import LastAdmin
from onboarding.services.roles import give_role, take_role
from onboarding.services.teams import (
    WouldBeOutdated,
    change_group,
    create_team,
    put_in_team,
    take_out_of_team,
    version_of_group,
)
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
LEAD, MEMBER = Membership.Role.LEAD, Membership.Role.MEMBER


@pytest.fixture
def by_pat(pat: User) -> By:
    return acting("pat")


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


@pytest.fixture
def known(cluster: Cluster) -> ClusterSettings:
    """The settings of the cluster as they are."""
    labels = {"app.kubernetes.io/name": "ingress-nginx"}
    return ClusterSettings(
        "kube-system", {"k8s-app": "kube-dns"}, ("10.96.0.0/16",), "",
        {"ingress-nginx": IngressFacts("ingress-nginx", "ingress-nginx", labels)},
    )  # fmt: skip


def recorded() -> tuple[str, str, object]:
    event = Event.objects.latest("pk")
    body = json.loads(bytes(event.canonical))["body"]
    return event.action, event.actor, body.get("changed")


def is_outdated(row: ManagedNamespace) -> bool:
    row.refresh_from_db()
    return bool(row.outdated)


def test_a_team_is_made_with_an_event(by_pat: By, now: datetime) -> None:
    create_team("ledger", "team-ledger", by=by_pat, now=now)
    assert Team.objects.get(slug="ledger").access_group == "team-ledger"
    assert recorded() == ("admin:row:added", "Pat", {"access_group": "team-ledger"})


@pytest.mark.parametrize(
    ("slug", "group", "field"),
    [
        ("Ledger", "team-ledger", "slug"),
        ("payments", "team-ledger", "slug"),
        ("ledger", "team-payments", "access_group"),
        ("ledger", "system:masters", "access_group"),
        ("ledger", "bulkhead:break-glass", "access_group"),
        ("ledger", "a b", "access_group"),
    ],
)
def test_a_name_or_group_that_cannot_be_is_refused_at_its_field(
    payments: Team, by_pat: By, now: datetime, *, slug: str, group: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        create_team(slug, group, by=by_pat, now=now)
    assert refused.value.field == field


def test_a_group_that_a_clusters_prefix_makes_kubernetes_own_is_refused(
    cluster: Cluster, payments: Team, by_pat: By, now: datetime
) -> None:
    Cluster.objects.update(facts={**cluster.facts, "group_prefix": "p" * 60})
    with pytest.raises(Invalid, match="On cluster dev-eu"):
        change_group(
            payments.pk,
            "g" * 100,
            version=version_of_group(payments),
            confirmed=True,
            by=by_pat,
            now=now,
        )


def test_another_group_says_first_what_becomes_outdated_and_changes_nothing(
    payments: Team, prod: ManagedNamespace, by_pat: By, now: datetime
) -> None:
    events = Event.objects.count()
    with pytest.raises(WouldBeOutdated) as asks:
        change_group(
            payments.pk,
            "team-pay",
            version=version_of_group(payments),
            confirmed=False,
            by=by_pat,
            now=now,
        )
    assert asks.value.names == ["payments-prod"]
    payments.refresh_from_db()
    assert (payments.access_group, is_outdated(prod)) == ("team-payments", False)
    assert Event.objects.count() == events


def test_confirmed_it_is_changed_and_noted(
    payments: Team, prod: ManagedNamespace, by_pat: By, now: datetime
) -> None:
    change_group(
        payments.pk,
        "team-pay",
        version=version_of_group(payments),
        confirmed=True,
        by=by_pat,
        now=now,
    )
    assert is_outdated(prod)
    moved = {"access_group": {"before": "team-payments", "after": "team-pay"}}
    assert recorded() == ("admin:row:changed", "Pat", moved)


def test_what_makes_nothing_outdated_asks_nothing(
    search: Team, prod: ManagedNamespace, by_pat: By, now: datetime
) -> None:
    change_group(
        search.pk,
        "team-finders",
        version=version_of_group(search),
        confirmed=False,
        by=by_pat,
        now=now,
    )
    assert Team.objects.get(pk=search.pk).access_group == "team-finders"


def test_a_group_that_another_admin_saved_is_not_undone(
    payments: Team, by_pat: By, now: datetime
) -> None:
    seen = version_of_group(payments)
    change_group(payments.pk, "team-pay", version=seen, confirmed=True, by=by_pat, now=now)
    with pytest.raises(SavedMeanwhile, match="The access group of payments was changed"):
        change_group(payments.pk, "team-x", version=seen, confirmed=True, by=by_pat, now=now)
    assert Team.objects.get(pk=payments.pk).access_group == "team-pay"


def test_somebody_who_is_lead_by_now_is_not_changed_by_a_page_that_says_member(
    payments: Team, bob: User, by_pat: By, now: datetime
) -> None:
    put_in_team(payments.pk, bob.pk, LEAD, was="member", by=by_pat, now=now)
    with pytest.raises(SavedMeanwhile, match="Bob is lead of payments by now"):
        put_in_team(payments.pk, bob.pk, MEMBER, was="member", by=by_pat, now=now)
    with pytest.raises(SavedMeanwhile):
        take_out_of_team(payments.pk, bob.pk, was="member", by=by_pat, now=now)
    assert bob.memberships.get().role == "lead"


def test_people_come_lead_and_go_each_with_an_event(
    payments: Team, dana: User, by_pat: By, now: datetime
) -> None:
    put_in_team(payments.pk, dana.pk, MEMBER, by=by_pat, now=now)
    put_in_team(payments.pk, dana.pk, LEAD, by=by_pat, now=now)
    assert recorded()[2] == {"role": {"before": "member", "after": "lead"}}
    with pytest.raises(Conflict, match="already"):
        put_in_team(payments.pk, dana.pk, LEAD, by=by_pat, now=now)
    take_out_of_team(payments.pk, dana.pk, by=by_pat, now=now)
    assert not payments.people.filter(pk=dana.pk).exists()
    with pytest.raises(Conflict, match="not in payments"):
        take_out_of_team(payments.pk, dana.pk, by=by_pat, now=now)


def test_a_role_is_given_once_and_taken_once(bob: User, by_pat: By, now: datetime) -> None:
    give_role(bob.pk, "security", by=by_pat, now=now)
    with pytest.raises(Conflict, match="already"):
        give_role(bob.pk, "security", by=by_pat, now=now)
    take_role(bob.pk, "security", by=by_pat, now=now)
    assert recorded()[0] == "admin:row:removed"
    with pytest.raises(Conflict, match="does not hold"):
        take_role(bob.pk, "security", by=by_pat, now=now)
    with pytest.raises(Invalid, match="exists"):
        give_role(bob.pk, "emperor", by=by_pat, now=now)


def test_the_last_platform_admin_keeps_the_role(pat: User, by_pat: By, now: datetime) -> None:
    with pytest.raises(LastAdmin):
        take_role(pat.pk, "platform-admin", by=by_pat, now=now)
    assert RoleAssignment.objects.filter(user=pat, role="platform-admin").exists()


def test_who_is_switched_off_gets_no_role(bob: User, by_pat: By, now: datetime) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(Conflict, match="switched off"):
        give_role(bob.pk, "security", by=by_pat, now=now)


def test_settings_are_saved_with_before_and_after(
    cluster: Cluster, known: ClusterSettings, by_pat: By, now: datetime
) -> None:
    change_cluster(
        cluster.pk, known, version=version_of_settings(cluster), confirmed=False, by=by_pat, now=now
    )
    assert not Event.objects.filter(cluster="dev-eu").exists()
    wider = replace(known, ranges=("10.96.0.0/16", "10.244.0.0/16"))
    change_cluster(
        cluster.pk, wider, version=version_of_settings(cluster), confirmed=False, by=by_pat, now=now
    )
    cluster.refresh_from_db()
    assert cluster.facts["ranges"] == ["10.96.0.0/16", "10.244.0.0/16"]
    assert bytes(cluster.credential or b"") == b"sealed"
    assert recorded()[2] == {
        "ranges": {"before": ["10.96.0.0/16"], "after": ["10.96.0.0/16", "10.244.0.0/16"]}
    }


@pytest.mark.parametrize("what", ["ranges", "sources"])
def test_settings_that_another_admin_saved_are_not_undone(
    cluster: Cluster, known: ClusterSettings, by_pat: By, now: datetime, what: str
) -> None:
    seen, edge = version_of_settings(cluster), IngressFacts("edge", "edge", {"app": "edge"})
    values = {"ranges": ("10.0.0.0/8",), "sources": {**known.sources, "edge": edge}}
    theirs = replace(known, **{what: values[what]})  # type: ignore[arg-type]  # one of the two
    change_cluster(cluster.pk, theirs, version=seen, confirmed=True, by=by_pat, now=now)
    with pytest.raises(SavedMeanwhile, match="The settings of dev-eu were changed"):
        change_cluster(cluster.pk, known, version=seen, confirmed=True, by=by_pat, now=now)


@pytest.mark.parametrize(
    ("differing", "field"),
    [
        ({"ranges": ("0.0.0.0/0",)}, "ranges"),
        ({"ranges": ("ten",)}, "ranges"),
        ({"group_prefix": "system:"}, "group_prefix"),
        ({"dns_labels": {}}, "dns_labels"),
        ({"dns_namespace": "Kube_System"}, "dns_namespace"),
        ({"sources": {"open": IngressFacts("open", "open", {})}}, "sources"),
        ({"sources": {"Open": IngressFacts("Open", "open", {"a": "b"})}}, "sources"),
    ],
)
def test_settings_that_would_make_wrong_plans_are_refused(
    cluster: Cluster, known: ClusterSettings, by_pat: By, now: datetime, *,
    differing: dict[str, object], field: str,
) -> None:  # fmt: skip
    wrong = replace(known, **differing)  # type: ignore[arg-type]  # a row of the table
    with pytest.raises(Invalid) as refused:
        change_cluster(
            cluster.pk,
            wrong,
            version=version_of_settings(cluster),
            confirmed=True,
            by=by_pat,
            now=now,
        )
    assert field in {violation.field for violation in refused.value.violations}


def test_other_settings_say_first_what_becomes_outdated(
    cluster: Cluster, prod: ManagedNamespace, known: ClusterSettings, by_pat: By, now: datetime
) -> None:
    other = replace(known, dns_labels={"k8s-app": "coredns"})
    with pytest.raises(WouldBeOutdated, match="payments-prod"):
        change_cluster(
            cluster.pk,
            other,
            version=version_of_settings(cluster),
            confirmed=False,
            by=by_pat,
            now=now,
        )
    cluster.refresh_from_db()
    assert cluster.facts["dns_labels"] == {"k8s-app": "kube-dns"}
    change_cluster(
        cluster.pk, other, version=version_of_settings(cluster), confirmed=True, by=by_pat, now=now
    )
    assert is_outdated(prod)


def test_sources_are_added_changed_and_removed(
    cluster: Cluster, known: ClusterSettings, by_pat: By, now: datetime
) -> None:
    edge = {"edge": IngressFacts("edge", "edge", {"app": "edge"})}
    change_cluster(
        cluster.pk,
        replace(known, sources=edge),
        version=version_of_settings(cluster),
        confirmed=True,
        by=by_pat,
        now=now,
    )
    row = cluster.ingress_sources.get()
    assert (row.slug, row.namespace, row.pod_labels) == ("edge", "edge", {"app": "edge"})
    told = Event.objects.filter(cluster="dev-eu").order_by("pk").values_list("action", flat=True)
    assert [*told] == ["admin:row:removed", "admin:row:added"]


def test_a_closed_cluster_has_no_settings(
    cluster: Cluster, known: ClusterSettings, by_pat: By, now: datetime
) -> None:
    Cluster.objects.update(closed_at=now)
    with pytest.raises(NotNow):
        change_cluster(
            cluster.pk,
            known,
            version=version_of_settings(cluster),
            confirmed=True,
            by=by_pat,
            now=now,
        )


def attempts(
    payments: Team, bob: User, cluster: Cluster, known: ClusterSettings, *, by: By, now: datetime
) -> list[Callable[[], object]]:
    """Everything that platform admins alone may do."""
    return [
        lambda: create_team("ledger", "team-ledger", by=by, now=now),
        lambda: change_group(
            payments.pk,
            "team-x",
            version=version_of_group(payments),
            confirmed=True,
            by=by,
            now=now,
        ),
        lambda: put_in_team(payments.pk, bob.pk, LEAD, by=by, now=now),
        lambda: take_out_of_team(payments.pk, bob.pk, by=by, now=now),
        lambda: give_role(bob.pk, "platform-admin", by=by, now=now),
        lambda: take_role(bob.pk, "platform-admin", by=by, now=now),
        lambda: change_cluster(
            cluster.pk, known, version=version_of_settings(cluster), confirmed=True, by=by, now=now
        ),
    ]


@pytest.mark.parametrize("username", ["alice", "bob", "dana", "frank"])
def test_nobody_but_platform_admins_does_any_of_it(
    payments: Team, bob: User, cluster: Cluster, known: ClusterSettings, now: datetime, *,
    username: str,
) -> None:  # fmt: skip
    before = Event.objects.count()
    for attempt in attempts(payments, bob, cluster, known, by=acting(username), now=now):
        with pytest.raises(Forbidden):
            attempt()
    assert Event.objects.count() == before


def test_what_does_not_exist_is_not_found(
    bob: User, payments: Team, known: ClusterSettings, by_pat: By, now: datetime
) -> None:
    for attempt in (
        lambda: put_in_team(0, bob.pk, LEAD, by=by_pat, now=now),
        lambda: put_in_team(payments.pk, 0, LEAD, by=by_pat, now=now),
        lambda: change_cluster(0, known, version="", confirmed=True, by=by_pat, now=now),
        lambda: give_role(0, "auditor", by=by_pat, now=now),
    ):
        with pytest.raises(NotFound):
            attempt()
