"""A shell in the pods: bound where the environment grants it, and honest where a cluster cannot."""

from datetime import datetime

import pytest

from onboarding.demo.scenario import ask
from onboarding.domain.lanes import Lane
from onboarding.domain.objects import Key
from onboarding.models import Cluster
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    BINDING,
    NAME,
    approve_all,
    ask_removal,
    make_due,
    ready,
    spec_of,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")
SHELL = Key("RoleBinding", NAME, "team-shell")
DEVELOPMENT = spec_of(environment="development")


def may_exec(fake: FakeCluster) -> bool:
    return fake.review_access(
        verb="create", resource="pods/exec", namespace=NAME, group="team-payments"
    )


def test_development_gets_a_shell_and_is_ready(fake: FakeCluster, now: datetime) -> None:
    ready(DEVELOPMENT, now=now)
    assert may_exec(fake)
    assert [key for verb, key in fake.writes if key.kind == "RoleBinding"] == [BINDING, SHELL]


@pytest.mark.parametrize("environment", ["test", "production"])
def test_other_environments_get_none(fake: FakeCluster, environment: str, now: datetime) -> None:
    ready(spec_of(environment=environment), now=now)
    assert SHELL not in fake.objects
    assert not may_exec(fake)


def test_a_shell_is_a_reason_on_the_platform_lane(now: datetime) -> None:
    [platform] = ask(DEVELOPMENT, now=now).lanes.filter(lane=Lane.PLATFORM)
    assert "A shell in the team's pods would be added" in platform.reasons


def test_a_shell_somebody_binds_in_production_is_a_finding(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    fake.put(
        {
            "kind": "RoleBinding",
            "metadata": {"name": "mine", "namespace": NAME},
            "roleRef": {"kind": "ClusterRole", "name": "bulkhead:shell"},
            "subjects": [{"kind": "Group", "name": "team-payments"}],
        }
    )
    namespace = work_on(namespace, now=now)
    assert namespace.state == "drifted"
    found = [(one.object_kind, one.object_name) for one in namespace.deviations.all()]
    assert found == [("RoleBinding", "mine")]


@pytest.mark.parametrize("role_is_there", [True, False])
def test_a_cluster_prepared_before_this_role_blocks_with_what_to_do_and_goes_on_afterwards(
    fake: FakeCluster, cluster: Cluster, role_is_there: bool, now: datetime
) -> None:
    fake.unbindable = {"bulkhead:shell"}
    fake.missing_roles = set() if role_is_there else {"bulkhead:shell"}
    namespace = work_on(wanted(DEVELOPMENT, now=now), now=now)
    assert (namespace.state, namespace.reason) == ("blocked", "refused")
    assert "run manage.py prepare_cluster again" in namespace.message
    cluster.refresh_from_db()
    assert cluster.condition == "ok"
    fake.unbindable, fake.missing_roles = set(), set()
    assert work_on(namespace, now=now).state == "ready"


def test_production_does_not_notice_that_the_role_is_missing(
    fake: FakeCluster, now: datetime
) -> None:
    fake.unbindable = fake.missing_roles = {"bulkhead:shell"}
    assert ready(now=now).state == "ready"


def test_without_the_teams_own_role_the_cluster_is_what_is_wrong(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.unbindable = {"bulkhead:developer"}
    work_on(wanted(DEVELOPMENT, now=now), now=now)
    cluster.refresh_from_db()
    assert cluster.condition == "grant-missing"


def test_a_bound_role_that_gives_nothing_is_not_ready(fake: FakeCluster, now: datetime) -> None:
    fake.missing_roles = {"bulkhead:shell"}
    namespace = work_on(wanted(DEVELOPMENT, now=now), now=now)
    assert namespace.state == "retrying"
    assert "is bound to bulkhead:shell and still may not create pods/exec" in namespace.message
    fake.missing_roles = set()
    assert work_on(namespace, now=now).state == "ready"


def test_a_role_that_goes_missing_later_is_noticed(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(DEVELOPMENT, now=now)
    fake.missing_roles = {"bulkhead:shell"}
    assert work_on(namespace, now=now).state == "retrying"


def test_a_shell_that_is_taken_away_is_bound_again(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(DEVELOPMENT, now=now)
    fake.remove(SHELL)
    assert work_on(namespace, now=now).state == "ready"
    assert may_exec(fake)


def test_a_shell_goes_first_when_a_namespace_is_retired(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(DEVELOPMENT, now=now)
    approve_all(ask_removal(namespace, now=now), now=now)
    make_due(namespace)
    work_on(namespace, now=now)
    deleted = [key.kind for verb, key in fake.writes if verb == "delete"]
    assert deleted[:2] == ["RoleBinding", "RoleBinding"]
