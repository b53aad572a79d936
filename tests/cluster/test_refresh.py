"""A team's group changes: on the real API server the new one gets in, and the old one no longer."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from onboarding.demo.scenario import acting
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ManagedNamespace, Refresh, Team, User, Vote
from onboarding.queries.permissions import permissions_of
from onboarding.queries.refreshes import digest_of_parts, parts_of, together
from onboarding.services.outdated import note_outdated
from onboarding.services.refresh import ask_refresh, decide_refresh
from tests.cluster.conftest import INGRESS, Prepared, eventually
from tests.support import live_portal
from tests.support.raw_api import RawApi

pytestmark = pytest.mark.django_db
READY = NamespaceState.READY


@pytest.fixture
def ready(dev_eu: Cluster, name: str) -> ManagedNamespace:
    return live_portal.brought_to(live_portal.onboard(dev_eu, name), READY)


def may_list_pods(admin: RawApi, namespace: str, group: str) -> bool:
    """What `kubectl auth can-i list pods --as-group` asks, and what then happens."""
    member = admin.acting_as("somebody", group)
    return member.get(f"/api/v1/namespaces/{namespace}/pods").status == 200


def move_group(group: str) -> None:
    Team.objects.filter(slug="payments").update(access_group=group)
    note_outdated(now=timezone.now())


def ask(*rows: ManagedNamespace) -> Refresh:
    chosen = [row.pk for row in rows]
    by, now = acting("alice"), timezone.now()
    return ask_refresh(chosen, by=by, reason="New group.", form_key="k1", now=now)


def approve_together(refresh: Refresh) -> int:
    permissions = permissions_of(User.objects.get(username="pat"))
    shown = digest_of_parts(together(parts_of(refresh, permissions), Lane.PLATFORM))
    return decide_refresh(
        refresh, lane=Lane.PLATFORM, vote=Vote.APPROVE, by=acting("pat"), digest=shown,
        reason="", now=timezone.now(),
    )  # fmt: skip


def test_the_old_group_keeps_access_until_a_refresh_binds_the_new_one(
    ready: ManagedNamespace, admin: RawApi
) -> None:
    eventually(lambda: may_list_pods(admin, ready.name, "team-payments"), "the team has access")
    move_group("team-pay")
    row = live_portal.look(ready)
    assert row.outdated
    assert row.outdated[0]["groups"] == ["team-payments"]
    assert may_list_pods(admin, ready.name, "team-payments")
    assert approve_together(ask(row)) == 1
    after = live_portal.brought_to(row, READY)
    assert (after.observed_generation, after.outdated, after.uid) == (2, None, ready.uid)
    assert live_portal.deviations(after) == []
    eventually(lambda: may_list_pods(admin, ready.name, "team-pay"), "the new group has access")
    eventually(lambda: not may_list_pods(admin, ready.name, "team-payments"), "the old has none")


def test_nothing_but_the_binding_moves(ready: ManagedNamespace, admin: RawApi) -> None:
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{ready.name}/rolebindings"
    move_group("team-pay")
    approve_together(ask(live_portal.fresh(ready)))
    live_portal.brought_to(ready, READY)
    [binding] = admin.get(path).body["items"]
    assert [subject["name"] for subject in binding["subjects"]] == ["team-pay"]


def test_facts_that_prepare_cluster_changes_make_what_is_there_outdated(
    ready: ManagedNamespace, prepared: Prepared
) -> None:
    prepare = {"kubeconfig": prepared.kubeconfig, "stdout": StringIO()}
    call_command("prepare_cluster", "dev-eu", ingress=[INGRESS], **prepare)
    assert live_portal.fresh(ready).outdated is None
    call_command("prepare_cluster", "dev-eu", group_prefix="oidc:", **prepare)
    [entry] = live_portal.fresh(ready).outdated or []
    assert entry["groups"] == ["team-payments"]
