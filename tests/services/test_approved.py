"""Workers believe no row they cannot check: what SQL changed changes nothing on a cluster."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from onboarding.demo.openings import INTERNET, WEB
from onboarding.models import (
    Decision,
    EarlierApproval,
    ManagedNamespace,
    Request,
    RequestAuthor,
    RequestLane,
    Revision,
    Team,
    User,
)
from onboarding.plan.model import load_plan
from onboarding.queries.subjects import subject_of
from tests.support.behind_the_portal import without_guards
from tests.support.came_back import marked
from tests.support.database_roles import as_owner
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    approve_all,
    ask_change,
    ask_removal,
    ready,
    spec_of,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")
Forgery = Callable[[ManagedNamespace, Request], object]


def opened(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan with its deny-all open to everybody."""
    [fence] = [one for one in plan["objects"] if one["manifest"]["metadata"]["name"] == "deny-all"]
    fence["manifest"]["spec"] |= {"ingress": [{}], "egress": [{}]}
    return plan


def columns(**values: object) -> Forgery:
    return lambda _row, request: Request.objects.filter(pk=request.pk).update(**values)


def of_decisions(**values: object) -> Forgery:
    rows = Decision.objects.filter
    return lambda _row, request: rows(request=request, lane="network").update(**values)


def of_namespace(**values: object) -> Forgery:
    return lambda row, _request: ManagedNamespace.objects.filter(pk=row.pk).update(**values)


def open_request(_row: ManagedNamespace, request: Request) -> None:
    Request.objects.filter(pk=request.pk).update(plan=opened(request.plan))


def open_revision(_row: ManagedNamespace, request: Request) -> None:
    Revision.objects.filter(request=request).update(plan=opened(request.plan))


def open_everywhere(row: ManagedNamespace, request: Request) -> None:
    """Both plans, with digests that fit; only what people said is left."""
    open_request(row, request)
    open_revision(row, request)
    request.refresh_from_db()
    _name_digest(request, subject_of(request).digest)


def as_an_earlier_release(row: ManagedNamespace, request: Request) -> None:
    """The same with digests as they were of the plan alone, on decisions too."""
    digest = load_plan(request.plan).digest
    _name_digest(request, digest)
    Decision.objects.filter(request=request).update(digest=digest)


def _name_digest(request: Request, digest: str) -> None:
    Request.objects.filter(pk=request.pk).update(digest=digest)
    Revision.objects.filter(request=request).update(digest=digest)


def other_spec(_row: ManagedNamespace, request: Request) -> None:
    spec = {**request.spec, "data_class": "public"}
    Request.objects.filter(pk=request.pk).update(spec=spec)
    Revision.objects.filter(request=request).update(spec=spec)


def other_team(_row: ManagedNamespace, request: Request) -> None:
    search = Team.objects.get(slug="search")
    Request.objects.filter(pk=request.pk).update(team=search)
    ManagedNamespace.objects.filter(requests=request).update(team=search)


def decider_is_author(_row: ManagedNamespace, request: Request) -> None:
    RequestAuthor.objects.create(request=request, person=User.objects.get(username="dana"))


def asked_by_bob(_row: ManagedNamespace, request: Request) -> None:
    bob = User.objects.get(username="bob")
    Request.objects.filter(pk=request.pk).update(requester=bob)
    Decision.objects.filter(request=request).update(requester=bob)


def other_reasons(_row: ManagedNamespace, request: Request) -> None:
    RequestLane.objects.filter(request=request, lane="network").update(reasons=["Nothing to see"])


def lane_gone(_row: ManagedNamespace, request: Request) -> None:
    RequestLane.objects.filter(request=request, lane="network").delete()


def decision_gone(_row: ManagedNamespace, request: Request) -> None:
    Decision.objects.filter(request=request, lane="network").delete()


def unreadable(_row: ManagedNamespace, request: Request) -> None:
    Request.objects.filter(pk=request.pk).update(plan=["no plan"])
    Revision.objects.filter(request=request).update(plan=["no plan"])


FORGERIES: dict[str, tuple[Forgery, str]] = {
    "the plan of the request": (open_request, "The digest of REQ-"),
    "the plan of the revision": (open_revision, "is not what REQ-"),
    "both plans and their digests": (open_everywhere, "approval of REQ-"),
    "digests of the plan alone": (as_an_earlier_release, "The digest of REQ-"),
    "the answers": (other_spec, "The digest of REQ-"),
    "the team": (other_team, "The digest of REQ-"),
    "the base": (columns(base_generation=7), "generation 7, not the one before"),
    "the state": (columns(state="rejected"), "is rejected, and yet it has a revision"),
    "who asked": (asked_by_bob, "The digest of REQ-"),
    "the risk": (columns(risk="low", moves_reach=False), "The digest of REQ-"),
    "the reason": (columns(why="Nobody would mind."), "The digest of REQ-"),
    "no plan at all": (unreadable, "cannot be read"),
    "a lane": (lane_gone, "The digest of REQ-"),
    "why a lane is needed": (other_reasons, "The digest of REQ-"),
    "a decision that is gone": (decision_gone, "The network approval of REQ-"),
    "a decision that was void": (
        of_decisions(voided_at="2026-11-24T09:00Z"),
        "The network approval",
    ),
    "what was said": (of_decisions(vote="reject"), "The network approval of REQ-"),
    "what it was said of": (of_decisions(digest="sha256:other"), "The network approval of REQ-"),
    "who decided": (decider_is_author, "was given by who asked for it"),
    "the name": (of_namespace(name="kube-public"), "approved for another namespace"),
    "the generation": (of_namespace(generation=4), "No revision was approved as generation 4"),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_g38_what_was_changed_by_sql_changes_nothing_on_the_cluster(
    what: str, fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(spec_of(data_class="restricted"), now=now)
    forge, words = FORGERIES[what]
    with without_guards():
        forge(namespace, namespace.requests.get())
    fake.log.clear()
    looked = work_on(namespace, now=now)
    assert (looked.state, looked.reason) == ("blocked", "not-what-was-approved")
    assert words in looked.message
    assert fake.writes == []


@pytest.mark.parametrize("what", FORGERIES)
def test_g38_nothing_is_made_of_what_was_changed_before_it_was_applied(
    what: str, fake: FakeCluster, now: datetime
) -> None:
    namespace = wanted(spec_of(data_class="restricted"), now=now)
    with without_guards():
        FORGERIES[what][0](namespace, namespace.requests.get())
    assert work_on(namespace, now=now).reason == "not-what-was-approved"
    assert fake.objects == {}


def test_g38_a_revision_that_was_put_back_into_force_is_not_applied_again(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    approve_all(ask_change(namespace, spec_of(openings=(WEB, INTERNET)), now=now), now=now)
    namespace = work_on(namespace, now=now)
    with without_guards():
        ManagedNamespace.objects.filter(pk=namespace.pk).update(generation=1)
    fake.log.clear()
    assert work_on(namespace, now=now).reason == "not-what-was-approved"
    assert fake.writes == []


def test_what_an_earlier_release_approved_goes_on_being_kept_up(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = wanted(now=now)
    request = namespace.requests.get()
    with without_guards():
        as_an_earlier_release(namespace, request)
        EarlierApproval.objects.create(request=request)
    assert work_on(namespace, now=now).state == "ready"


def test_nobody_names_an_earlier_approval_later(now: datetime) -> None:
    request = wanted(now=now).requests.get()
    with pytest.raises(DatabaseError, match="is closed"), transaction.atomic(), as_owner():
        EarlierApproval.objects.create(request=request)


def test_a_state_written_by_sql_skips_no_phase(fake: FakeCluster, now: datetime) -> None:
    namespace = wanted(now=now)
    with without_guards():
        ManagedNamespace.objects.filter(pk=namespace.pk).update(state="draining")
    work_on(namespace, now=now)
    assert [key.kind for _verb, key in fake.writes][:1] in ([], ["Namespace"])


def test_a_uid_written_by_sql_takes_nobody_elses_namespace(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    for key in [*fake.objects]:  # somebody else's by now, under the same name
        fake.tamper(key, partial(marked, generation=1))
    approve_all(ask_removal(namespace, now=now), now=now)
    fake.log.clear()
    looked = work_on(namespace, now=now)
    assert (looked.state, looked.reason) == ("blocked", "newer-on-cluster")
    assert fake.writes == []


def test_put_right_again_it_goes_on(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    request = namespace.requests.get()
    with without_guards():
        open_request(namespace, request)
    assert work_on(namespace, now=now).state == "blocked"
    with without_guards():
        Request.objects.filter(pk=request.pk).update(plan=Revision.objects.get().plan)
    assert work_on(namespace, now=now).state == "ready"
