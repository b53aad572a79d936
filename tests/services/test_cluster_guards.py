"""What guards a cluster: read at every look, tried daily, told when something begins or ends."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from onboarding.cluster.errors import Unreachable
from onboarding.domain.actions import Action
from onboarding.domain.objects import Key, Manifest, branch, items
from onboarding.models import Cluster, ClusterGuards, ClusterObservation, Event
from onboarding.services import guards
from onboarding.services.observe import observe
from tests.support.fake_cluster import FakeCluster
from tests.support.observing import look

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
POLICY = Key("ValidatingAdmissionPolicy", "", "bulkhead-confined")
BINDING = Key("ValidatingAdmissionPolicyBinding", "", "bulkhead-confined")
DEVELOPER = Key("ClusterRole", "", "bulkhead:developer")
TOLD = (Action.CLUSTER_UNGUARDED, Action.CLUSTER_GUARDED)


@pytest.fixture(autouse=True)
def _through_the_fake(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("observe", "guards"):
        monkeypatch.setattr(f"onboarding.services.{module}.open_gateway", lambda _cluster: fake)


def row(cluster: Cluster) -> ClusterGuards:
    return ClusterGuards.objects.get(cluster=cluster)


def told() -> list[str]:
    return list(
        Event.objects.filter(action__in=TOLD).order_by("id").values_list("action", flat=True)
    )


def test_a_cluster_as_it_was_prepared_is_guarded_and_nothing_is_told(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    look(cluster, now)
    found = row(cluster)
    assert (found.differing, found.unread, found.looked_at, found.since) == ([], "", now, None)
    assert told() == []


def test_what_is_missing_is_told_once_and_its_return_once(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    taken = fake.installed.pop(BINDING)
    for minute in range(3):
        look(cluster, now + minute * MINUTE)
    assert row(cluster).differing == [f"{BINDING} is missing"]
    assert (row(cluster).since, row(cluster).looked_at) == (now, now + 2 * MINUTE)
    fake.installed[BINDING] = taken
    look(cluster, now + 3 * MINUTE)
    assert (row(cluster).differing, row(cluster).since) == ([], None)
    assert told() == [Action.CLUSTER_UNGUARDED, Action.CLUSTER_GUARDED]


def test_what_is_found_besides_is_told_too_and_keeps_since_when(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    del fake.installed[BINDING]
    look(cluster, now)
    del fake.installed[POLICY]
    look(cluster, now + MINUTE)
    assert row(cluster).since == now
    assert told() == [Action.CLUSTER_UNGUARDED, Action.CLUSTER_UNGUARDED]


def _only_audits(tree: Manifest) -> None:
    branch(tree, "spec")["validationActions"] = ["Audit"]


def _never_matches(tree: Manifest) -> None:
    conditions = [*items(tree, "spec", "matchConditions"), {"name": "n", "expression": "false"}]
    branch(tree, "spec")["matchConditions"] = conditions  # type: ignore[assignment]


def _takes_parameters(tree: Manifest) -> None:
    branch(tree, "spec")["paramRef"] = {"name": "p", "parameterNotFoundAction": "Allow"}


def _matches_less(tree: Manifest) -> None:
    branch(tree, "spec")["matchResources"] = {"objectSelector": {"matchLabels": {"no": "one"}}}


def _ignores_failures(tree: Manifest) -> None:
    branch(tree, "spec")["failurePolicy"] = "Ignore"


def _allows(tree: Manifest) -> None:
    items(tree, "spec", "validations")[0]["expression"] = "true"


WEAKENED: dict[str, tuple[Key, Callable[[Manifest], None], str]] = {
    "it audits only": (BINDING, _only_audits, "spec.validationActions"),
    "it matches less": (BINDING, _matches_less, "spec.matchResources"),
    "it waits for parameters": (BINDING, _takes_parameters, "spec.paramRef"),
    "it matches nothing": (POLICY, _never_matches, "spec.matchConditions"),
    "it ignores failures": (POLICY, _ignores_failures, "spec.failurePolicy"),
    "it allows": (POLICY, _allows, "spec.validations[0].expression"),
}


@pytest.mark.parametrize("how", WEAKENED)
def test_a_guard_that_was_weakened_is_named_with_its_field(
    fake: FakeCluster, cluster: Cluster, now: datetime, how: str
) -> None:
    key, weaken, field = WEAKENED[how]
    weaken(fake.installed[key])
    look(cluster, now)
    assert row(cluster).differing == [f"{key} is not as shipped: {field}"]


def test_labels_of_a_guard_decide_nothing(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    branch(fake.installed[POLICY], "metadata")["labels"] = {}
    look(cluster, now)
    assert row(cluster).differing == []


def test_a_role_of_all_teams_that_gives_more_is_named_with_what_it_gives(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    shell: Manifest = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}
    fake.installed[DEVELOPER]["rules"] = [*items(fake.installed[DEVELOPER], "rules"), shell]
    look(cluster, now)
    assert row(cluster).differing == [f"{DEVELOPER} gives more than is shipped: create pods/exec"]


def test_what_may_not_be_read_is_unknown_and_never_called_guarded(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.withheld.add(("list", "validatingadmissionpolicies.admissionregistration.k8s.io"))
    look(cluster, now)
    assert row(cluster).differing is None
    assert "no such right" in row(cluster).unread


def test_what_was_found_stays_known_while_it_may_not_be_read(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    del fake.installed[BINDING]
    look(cluster, now)
    fake.withheld.add(("list", "validatingadmissionpolicies.admissionregistration.k8s.io"))
    look(cluster, now + MINUTE)
    assert row(cluster).findings == [f"{BINDING} is missing"]
    assert row(cluster).unread
    assert told() == [Action.CLUSTER_UNGUARDED]


def test_what_cannot_be_read_any_more_is_told_once_and_tried_at_once(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    look(cluster, now)
    ClusterGuards.objects.update(check_at=now + DAY)
    right = ("list", "validatingadmissionpolicies.admissionregistration.k8s.io")
    fake.withheld.add(right)
    for minute in (1, 2):
        look(cluster, now + minute * MINUTE)
    unread = Event.objects.filter(action=Action.CLUSTER_GUARDS_UNREAD)
    assert (unread.count(), row(cluster).check_at) == (1, now + MINUTE)
    fake.withheld.remove(right)
    look(cluster, now + 3 * MINUTE)
    assert told() == [Action.CLUSTER_GUARDED]


def test_lists_that_fail_hide_no_guard_that_is_missing(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    del fake.installed[BINDING]
    fake.withheld.add(("list", "pods"))
    look(cluster, now)
    assert ClusterObservation.objects.get().seen_at is None
    assert row(cluster).findings == [f"{BINDING} is missing"]


def test_what_breaks_on_one_cluster_keeps_no_other_from_being_tried(
    cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(asked: Cluster, _clock: object) -> bool:
        if asked.pk == cluster.pk:
            raise KeyError("unforeseen")
        return True

    monkeypatch.setattr(guards, "_due", lambda _now: [cluster, Cluster(name="another")])
    monkeypatch.setattr(guards, "_check", broken)
    assert guards.check_due(clock=lambda: now) == 1


def test_a_finding_is_no_condition_so_work_goes_on(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    del fake.installed[BINDING]
    assert observe(cluster.pk, clock=lambda: now)
    cluster.refresh_from_db()
    assert cluster.condition == "ok"


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the self-check finds wrong; nothing at first."""
    lines: list[str] = []
    monkeypatch.setattr(guards, "wrong_lines", lambda _portal, **_: [*lines])
    return lines


def check(now: datetime) -> int:
    return guards.check_due(clock=lambda: now)


def test_the_self_check_is_repeated_daily(
    cluster: Cluster, now: datetime, wrong: list[str]
) -> None:
    assert check(now) == 1
    assert check(now + DAY - MINUTE) == 0
    assert check(now + DAY) == 1
    assert row(cluster).checked_at == now + DAY
    assert told() == []


def test_a_failing_line_is_found_told_and_tried_again_within_the_hour(
    cluster: Cluster, now: datetime, wrong: list[str]
) -> None:
    wrong.append("WRONG  refused  bind a person (bulkhead-confined) - accepted")
    check(now)
    assert (row(cluster).findings, row(cluster).since) == (wrong, now)
    wrong.clear()
    assert check(now + HOUR) == 1
    assert (row(cluster).findings, row(cluster).since) == ([], None)
    assert told() == [Action.CLUSTER_UNGUARDED, Action.CLUSTER_GUARDED]


def test_a_good_look_does_not_disprove_what_the_self_check_found(
    cluster: Cluster, now: datetime, wrong: list[str]
) -> None:
    wrong.append("WRONG  granted secrets: get - granted: get")
    check(now)
    look(cluster, now + MINUTE)
    assert row(cluster).findings == wrong
    assert told() == [Action.CLUSTER_UNGUARDED]


def test_two_workers_do_not_check_at_once(
    cluster: Cluster, now: datetime, wrong: list[str]
) -> None:
    """The second one begins after the first has seen that a check is due."""
    second: list[int] = []

    def clock() -> datetime:
        if not second:
            second.append(0)
        elif len(second) == 1:
            second.append(check(now))
        return now

    assert guards.check_due(clock=clock) == 0
    assert second == [0, 1]


def test_a_cluster_that_gives_no_answer_is_checked_within_the_hour(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.go_down(Unreachable("no route"))
    assert check(now) == 0
    assert row(cluster).checked_at is None
    fake.come_back()
    assert check(now + HOUR) == 1


@pytest.mark.parametrize(
    "fields",
    [{"condition": "unreachable"}, {"closed_at": "2026-01-01T00:00Z"}, {"credential": None}],
)
def test_a_cluster_that_is_not_to_be_asked_is_not_checked(
    cluster: Cluster, now: datetime, wrong: list[str], fields: dict[str, object]
) -> None:
    Cluster.objects.update(**fields)
    assert check(now) == 0


def test_a_date_that_a_wrong_clock_wrote_puts_no_check_off(
    cluster: Cluster, now: datetime, wrong: list[str]
) -> None:
    check(now)
    ClusterGuards.objects.update(check_at=now + 30 * DAY)
    assert check(now + MINUTE) == 1
